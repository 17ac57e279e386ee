"""Names that look like others: mixed alphabets are said, other languages and Greek letters of science are not."""

from __future__ import annotations

import pytest

from orchestrator.airlock.checks.lookalikes import check, looks_like_another
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.world import PACK

RULES = load_pack(PACK)


@pytest.mark.parametrize(
    "text", ["p\u0430in", "\u0420atient", "T\u03bftal", "\uff54otal", "\U0001d42d\U0001d428tal", "co\u0501e"]
)
def test_a_word_of_letters_that_look_like_others_is_found(text):
    assert looks_like_another(text)


@pytest.mark.parametrize(
    "text", ["pain", "β-blocker", "μg/L", "α", "Größe", "Пациенты", "Σύνολο", "χ2", "p value", "naïve", "n₁"]
)
def test_other_languages_and_greek_letters_of_science_are_no_lookalikes(text):
    assert not looks_like_another(text)


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("r\u0435sults.csv", "arm,n\na,120\n", 1),
        ("results.csv", "\u0430rm,n\na,120\n", 1),
        ("results.csv", "arm,n\np\u0430in,120\npain,130\n", 1),
        ("results.csv", "arm,n\npain,120\nβ,130\n", 0),
    ],
    ids=["file name", "heading", "label", "plain"],
)
def test_where_a_name_looks_like_another_is_said(name, content, places):
    found = list(check(Specimen.of(content.encode(), name), RULES))
    assert [each.rule for each in found] == ["LOOKALIKE_NAME"] * places
