"""A part of the open corpus is scored with every run: rates may rise, never fall below what was reached."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from orchestrator.airlock.checks.catalogue import RULES
from orchestrator.airlock.ledger.ledger import LEDGER_RULES
from orchestrator.airlock.model import Finding, Severity
from tests.airlock.corpus import open_part
from tests.airlock.corpus.held_back.case import FAMILIES, Case, labels
from tests.airlock.corpus.looking import look
from tests.airlock.corpus.scoring import FAMILY, REMOVED, Score, judge, score, wilson

EVERY = {"numbers": 4, "linked": 6, "leaks": 19, "identities": 3, "containers": 4, "disguised": 9}
FOUND, STOPPED = 0.93, 0.06
"""Lowest share of disclosive requests found, highest of harmless ones stopped (4 % of all; this choice has 3 of 57)."""


@pytest.fixture(scope="module")
def scored() -> dict[str, Score]:
    return {part: score(islice(make(), 0, None, EVERY[part]), look) for part, make in open_part.PARTS.items()}


def test_disclosive_requests_are_found(scored):
    wrong = [verdict for part in scored.values() for verdict in part.wrong]
    missed = [verdict.case.name for verdict in wrong if not verdict.hit]
    assert len(wrong) > 80
    assert len(missed) <= (1 - FOUND) * len(wrong), missed


def test_harmless_requests_pass(scored):
    clean = [verdict for part in scored.values() for verdict in part.clean]
    alarms = {verdict.case.name: sorted(verdict.alarms) for verdict in clean if verdict.alarms}
    assert len(clean) > 50
    assert len(alarms) <= STOPPED * len(clean), alarms


@pytest.mark.parametrize("part", sorted(EVERY))
def test_no_part_lags_far_behind(scored, part):
    wrong = scored[part].wrong
    missed = [verdict.case.name for verdict in wrong if not verdict.hit]
    assert len(missed) <= 0.25 * len(wrong), missed


def test_the_open_part_is_made_the_same_each_time():
    first, second = labels(open_part.cases()), labels(open_part.cases())
    assert json.dumps(first) == json.dumps(second)
    assert len(first) >= 700


def test_every_rule_that_is_scored_exists():
    assert set(FAMILY) <= set(RULES) | set(LEDGER_RULES)
    assert frozenset().union(*FAMILY.values()) == set(FAMILIES) | {"general"}


def finding(rule: str, severity: Severity, message: str = "Seen.") -> Finding:
    return Finding(rule=rule, severity=severity, where="row 2", message=message, guidance="Look.")


def test_a_finding_of_another_family_is_no_hit_but_an_alarm():
    case = Case(name="a", files={}, expected=frozenset({"small-count"}), acceptable=frozenset({"extreme"}))
    verdict = judge(case, [finding("NHS_NUMBER", Severity.BLOCK), finding("EXTREME_VALUE", Severity.FLAG)])
    assert not verdict.hit
    assert verdict.alarms == {"NHS_NUMBER"}


def test_what_was_removed_before_review_counts_and_a_mere_note_does_not():
    case = Case(name="a", files={}, expected=frozenset({"hidden-content"}))
    assert judge(case, [finding("HIDDEN_SHEET", Severity.NOTE, f"A sheet is hidden. {REMOVED}")]).hit
    assert not judge(case, [finding("HIDDEN_SHEET", Severity.NOTE)]).hit


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (0, 0, 0, 1)],
)
def test_intervals_are_those_of_wilson(hits, cases, low, high):
    assert wilson(hits, cases) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
