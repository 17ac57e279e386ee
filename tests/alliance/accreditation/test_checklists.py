"""Checklists are data: the shipped ones are whole; what is wrong in one is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.alliance.accreditation.checklist import Subject, load_checklists, read_checklist
from orchestrator.core.errors import Invalid
from tests.alliance.conftest import CHECKLISTS

GOOD = {
    "subject": "hub",
    "version": 1,
    "lasts_days": 300,
    "items": [{"key": "people", "title": "People", "ask": "Who?"}, {"key": "data", "title": "Data", "ask": "Which?"}],
}


def read(written: object):
    return read_checklist(yaml.safe_dump(written).encode(), name="x.yaml")


def test_the_shipped_checklists_ask_for_what_the_papers_name() -> None:
    lists = load_checklists(CHECKLISTS)
    custodian = {item.key for item in lists[Subject.CUSTODIAN].items}
    assert {"opt-outs", "security-standard", "de-identification", "lawful-basis", "terms"} <= custodian
    assert {"people", "projects", "setting", "outputs", "data"} <= {item.key for item in lists[Subject.HUB].items}
    assert all(len(each.sha256) == 64 for each in lists.values())


def test_a_checklist_is_read_whole() -> None:
    made = read(GOOD)
    assert [item.key for item in made.items] == ["people", "data"]
    assert made.item("data").needed
    with pytest.raises(Invalid, match="its items are people, data"):
        made.item("nothing")


@pytest.mark.parametrize(
    "change",
    [
        {"items": []},
        {"items": "people"},
        {"items": [GOOD["items"][0], GOOD["items"][0]]},
        {"items": [GOOD["items"][0] | {"needed": False}]},
        {"items": [GOOD["items"][0] | {"needed": "yes"}]},
        {"items": [GOOD["items"][0] | {"lasts_days": 0}]},
        {"items": [GOOD["items"][0] | {"lasts_days": True}]},
        {"items": [GOOD["items"][0] | {"key": "../x"}]},
        {"items": [GOOD["items"][0] | {"title": " "}]},
        {"items": [{"key": "people"}]},
        {"version": 0},
        {"version": "1"},
        {"lasts_days": 10_000},
        {"subject": "person"},
        {"surplus": 1},
    ],
    ids=str,
)
def test_what_is_wrong_in_a_checklist_stops_the_start_and_names_the_file(change: dict[str, object]) -> None:
    with pytest.raises(Invalid, match=r"x\.yaml"):
        read(GOOD | change)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_checklist_are_refused_in_words(raw: bytes) -> None:
    with pytest.raises(Invalid):
        read_checklist(raw, name="x.yaml")


def test_a_missing_or_misplaced_checklist_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"custodian\.yaml"):
        load_checklists(tmp_path)
    for subject in Subject:
        (tmp_path / f"{subject.value}.yaml").write_text(yaml.safe_dump(GOOD))
    with pytest.raises(Invalid, match="another kind of body"):
        load_checklists(tmp_path)
