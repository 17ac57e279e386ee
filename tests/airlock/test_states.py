"""The state table, explored whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.airlock.model import State
from orchestrator.airlock.rules import DECIDED, OPEN
from orchestrator.airlock.states import AIRLOCK_STATES, Action, may_while_held

STEPS = AIRLOCK_STATES.steps


def reachable(start: State, *, without: frozenset[Action] = frozenset(), held: bool = False) -> set[State]:
    seen, waiting = set(), [start]
    while waiting:
        state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        waiting += [
            step.target
            for step in STEPS
            if step.source is state
            and step.action not in without
            and (not held or may_while_held(step.source, step.action))
        ]
    return seen


def test_every_state_can_be_reached():
    assert reachable(State.FROZEN) == set(State)


def test_every_state_that_is_not_final_waits_for_somebody_until_a_date_or_says_what_ends_it():
    for state in set(State) - AIRLOCK_STATES.final():
        assert (state in AIRLOCK_STATES.waiting) != (state in AIRLOCK_STATES.lasting)


def test_every_deadline_leads_somewhere_and_never_to_a_release():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for state in AIRLOCK_STATES.waiting:
        assert AIRLOCK_STATES.deadline(state, now) > now
        action = Action.LAPSE if state is State.RELEASED else Action.EXPIRE
        assert AIRLOCK_STATES.after(state, action) in (State.EXPIRED, State.LAPSED)


def test_there_is_no_way_to_release_without_approval():
    assert State.RELEASED not in reachable(State.FROZEN, without=frozenset({Action.APPROVE}))
    assert State.RELEASED in reachable(State.FROZEN)


def test_there_is_no_way_to_review_without_a_scan():
    assert State.IN_REVIEW not in reachable(State.FROZEN, without=frozenset({Action.ASK_REVIEW}))


@pytest.mark.parametrize("state", sorted(set(State) - {State.RELEASED}))
def test_a_held_submission_never_becomes_released(state):
    assert State.RELEASED not in reachable(state, held=True)


@pytest.mark.parametrize("state", sorted(State))
def test_each_action_leads_from_a_state_to_one_other(state):
    actions = [step.action for step in STEPS if step.source is state]
    assert len(actions) == len(set(actions))


def test_everything_after_release_stays_out_of_review():
    assert State.IN_REVIEW not in reachable(State.RELEASED)


def test_the_lists_of_states_fit_the_table():
    assert not OPEN & AIRLOCK_STATES.final()
    assert State.IN_REVIEW not in DECIDED
