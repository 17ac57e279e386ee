"""Totals in words."""

from __future__ import annotations

import pytest

from orchestrator.airlock.ledger.words import stated_in_words
from orchestrator.airlock.model import Severity
from tests.airlock.ledger.outsider import found, released, tables


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("The cohort had 3289 people.", 3289),
        ("In total, 1,204 patients were seen.", 1204),
        ("We studied the sample (n = 341).", 341),
        ("Of these 120 women were in the study.", 120),
        ("The cohort had 3289 people; the study included 200 people.", None),
        ("In 2019 there were 12 regions.", None),
        ("", None),
    ],
)
def test_one_total_is_read(text: str, total: int | None):
    answers = stated_in_words(text, file="a.txt")
    assert [each.facts[0].low for each in answers] == ([] if total is None else [total])


def test_totals_in_words_are_compared_with_each_other_and_with_tables():
    earlier = stated_in_words("The cohort had 3292 people.", file="a.txt")
    (finding,) = found(list(stated_in_words("The cohort had 3289 people.", file="b.txt")), released(earlier))
    assert (finding.rule, finding.severity, finding.low) == ("LEDGER_DIFFERENCE", Severity.FLAG, 3)
    (finding,) = found(tables("sex,n\nF,1500\nM,1790\nTotal,3290\n"), released(earlier))
    assert (finding.rule, finding.low) == ("LEDGER_DIFFERENCE", 2)


def test_nothing_is_computed_from_words():
    words = list(stated_in_words("The cohort had 103 people.", file="a.txt"))
    assert found(tables("region,n\nnorth,*\nsouth,100\n") + words) == []


def test_a_hostile_text_is_read_in_good_time():
    assert stated_in_words("cohort " * 200_000 + "1" * 100_000, file="a.txt") == ()
