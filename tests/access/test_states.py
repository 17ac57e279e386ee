"""State tables of the catalogue and of access, explored whole: no dead ends, no wait without an owner and a date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.access.model import APPLICATION_STATES, GRANT_STATES, PART_STATES, PROJECT_STATES
from orchestrator.core.errors import NotPossible
from orchestrator.core.states import StateTable
from orchestrator.discovery.model import DATASET_STATES, VERSION_STATES

TABLES: dict[str, StateTable[Any]] = {
    table.noun: table
    for table in (APPLICATION_STATES, PART_STATES, PROJECT_STATES, GRANT_STATES, DATASET_STATES, VERSION_STATES)
}
FINAL = {
    "application": {"approved", "refused", "withdrawn", "lapsed"},
    "custodian's part of an application": {"refused", "void"},
    "project": {"closed"},
    "grant": {"withdrawn", "ended"},
    "dataset": {"withdrawn"},
    "dataset version": {"withdrawn"},
}


def _reachable(table: StateTable[Any], start: Any) -> set[Any]:
    found, ahead = set(), [start]
    while ahead:
        state = ahead.pop()
        if state not in found:
            found.add(state)
            ahead += [step.target for step in table.steps if step.source == state]
    return found


@pytest.mark.parametrize("noun", TABLES)
def test_every_state_is_reached_and_leads_to_an_end(noun: str) -> None:
    table = TABLES[noun]
    assert _reachable(table, table.start) == set(table.states())
    assert {state.value for state in table.final()} == FINAL[noun]
    for state in table.states():
        assert _reachable(table, state) & table.final(), state


@pytest.mark.parametrize("noun", TABLES)
def test_every_state_waits_for_somebody_until_a_date_or_lasts_until_something_or_is_final(noun: str) -> None:
    table = TABLES[noun]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for state in table.states():
        kinds = [state in table.waiting, state in table.lasting, state in table.final()]
        assert kinds.count(True) == 1, state
        if state in table.waiting:
            waiting = table.waiting[state]
            takers = " ".join(step.by for step in table.steps if step.source == state)
            assert waiting.owner in takers
            assert waiting.then
            assert (table.deadline(state, now) or now) > now
        else:
            assert table.deadline(state, now) is None


@pytest.mark.parametrize("noun", TABLES)
def test_every_action_in_every_state_leads_where_the_table_says_or_is_refused_in_words(noun: str) -> None:
    table = TABLES[noun]
    expected = {(step.source, step.action): step.target for step in table.steps}
    assert len(expected) == len(table.steps)
    for state in table.states():
        for action in {step.action for step in table.steps} | {"unheard of"}:
            if (state, action) in expected:
                assert table.after(state, action) == expected[state, action]
                assert table.allows(state, action)
            else:
                assert not table.allows(state, action)
                with pytest.raises(NotPossible, match=f"This {noun} is {state.value}; to {action} it, it must be"):
                    table.after(state, action)
