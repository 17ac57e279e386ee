"""What is planted in the training cases is there: the engine finds it, and stops none of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.inspection.request import check_request
from orchestrator.airlock.model import Severity
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.training.examples import TRAINING_CASES

PACK = load_pack(Path(__file__).parents[2] / "policies" / "airlock" / "sdap.yaml")


def stopping(case, tmp_path) -> set[str]:
    path = tmp_path / case.name
    path.write_bytes(case.content)
    checked = check_request([(case.name, path)], FakeInspector(), PACK)
    return {finding.rule for finding in checked[0].findings if finding.severity is not Severity.NOTE}


@pytest.mark.parametrize("case", [each for each in TRAINING_CASES if each.rules], ids=lambda case: case.case_id)
def test_what_is_planted_is_found_by_its_rule(case, tmp_path):
    assert set(case.rules) <= stopping(case, tmp_path)


@pytest.mark.parametrize("case", [each for each in TRAINING_CASES if not each.rules], ids=lambda case: case.case_id)
def test_nothing_is_found_where_nothing_is_planted(case, tmp_path):
    assert stopping(case, tmp_path) == set()


def test_about_a_third_are_clean_and_no_case_is_there_twice():
    clean = [case for case in TRAINING_CASES if not case.rules]
    assert len(TRAINING_CASES) // 4 <= len(clean) <= len(TRAINING_CASES) // 2
    assert len({case.case_id for case in TRAINING_CASES}) == len({case.sha256 for case in TRAINING_CASES}) == 23


def test_every_lesson_says_something_of_its_own():
    assert len({case.lesson for case in TRAINING_CASES}) == len(TRAINING_CASES)
    assert all(case.context and case.lesson.endswith(".") for case in TRAINING_CASES)
