"""The state table, explored whole; and every act of every person in every state, tried on the real service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest

from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.model import Choice, Outcome, State
from orchestrator.airlock.rules import DECIDED, OPEN
from orchestrator.airlock.states import AIRLOCK_STATES, AT_DEADLINE, ROUND_ENDS, Action, may_while_held
from orchestrator.core.errors import OrchestratorError
from tests.airlock.places import PLACES, signing
from tests.airlock.world import World

STEPS = AIRLOCK_STATES.steps
TOWARDS_RELEASE = {State.APPROVED, State.SIGN_OFF, State.RELEASING, State.RELEASED}


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


# ---- the table by itself --------------------------------------------------------------------------------------------


def test_every_state_can_be_reached_and_every_state_comes_to_an_end():
    assert reachable(State.FROZEN) == set(State)
    final = AIRLOCK_STATES.final()
    assert final == {State.REJECTED_FINALLY, State.RECALLED, State.WITHDRAWN, State.EXPIRED}
    for state in State:
        ends = reachable(state) & (final | {State.LAPSED})
        assert ends, f"{state} is a dead end"


def test_every_state_that_is_not_final_waits_for_somebody_until_a_date_or_says_what_ends_it():
    for state in set(State) - AIRLOCK_STATES.final():
        assert (state in AIRLOCK_STATES.waiting) != (state in AIRLOCK_STATES.lasting)


def test_the_owner_of_every_waiting_state_has_a_step_to_take():
    for state, waiting in AIRLOCK_STATES.waiting.items():
        takers = " ".join(step.by for step in STEPS if step.source is state)
        owner = waiting.owner.split(" and ")[0]
        assert owner in takers or state is State.RELEASED, f"{state} waits for {owner}, who can do nothing"


def test_every_deadline_has_one_step_of_the_system_and_none_leads_towards_a_release():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert set(AT_DEADLINE) == set(AIRLOCK_STATES.waiting)
    for state, action in AT_DEADLINE.items():
        assert AIRLOCK_STATES.deadline(state, now) > now
        (step,) = [each for each in STEPS if each.source is state and each.action is action]
        assert step.by == "system"
        assert step.target not in TOWARDS_RELEASE


def test_time_alone_never_releases_anything():
    def aged(state: State) -> set[State]:
        seen = {state}
        while state in AT_DEADLINE and (state := AIRLOCK_STATES.after(state, AT_DEADLINE[state])) not in seen:
            seen.add(state)
        return seen

    for state in set(State) - TOWARDS_RELEASE:
        assert not aged(state) & TOWARDS_RELEASE


def test_there_is_no_way_to_release_without_approval():
    assert State.RELEASED not in reachable(State.FROZEN, without=frozenset({Action.APPROVE}))
    assert State.RELEASED in reachable(State.FROZEN)


def test_there_is_no_way_to_review_without_a_scan():
    assert State.IN_REVIEW not in reachable(State.FROZEN, without=frozenset({Action.START_SCAN}))
    blocked = reachable(State.BLOCKED, without=frozenset({Action.ACCEPT_OVERRIDE, Action.REVISE}))
    assert State.IN_REVIEW not in blocked


def test_the_author_changes_nothing_that_is_under_review():
    revised = {step.source for step in STEPS if step.action is Action.REVISE}
    assert revised == {State.RETURNED, State.BLOCKED}


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
    assert not DECIDED & {State.IN_REVIEW, State.CONSOLIDATING, State.FROZEN, State.SCANNING}
    assert all(any(step.action is action for step in STEPS) for action in ROUND_ENDS)


# ---- every act of every person in every state -----------------------------------------------------------------------


class Undone(Exception):
    """The act was possible; its change was taken back."""


def undo(_events: object) -> NoReturn:
    raise Undone


ACTS: dict[str, Callable[[World, object, str, str], object]] = {
    "claim": lambda w, a, s, _: w.service.claim(a, s),
    "vote": lambda w, a, s, f: w.service.vote(a, s, f, choice=Choice.CHANGES, comment="No.", binding=w.binding(s, f)),
    "submit_review": lambda w, a, s, _: w.service.submit_review(a, s, seen=w.seen(s)),
    "return_early": lambda w, a, s, _: w.service.return_early(a, s, reason="No.", seen=w.seen(s)),
    "settle": lambda w, a, s, _: w.service.settle(a, s, outcome=Outcome.APPROVE, reason="Because.", seen=w.seen(s)),
    "ask_override": lambda w, a, s, _: w.service.ask_override(a, s, reason="Safe."),
    "decide_override": lambda w, a, s, _: w.service.decide_override(a, s, accept=True, reason="Yes.", seen=w.seen(s)),
    "sign_off": lambda w, a, s, _: w.service.sign_off(a, s, agree=True, seen=w.seen(s)),
    "appeal": lambda w, a, s, _: w.service.appeal(a, s, reason="Overlooked."),
    "decide_appeal": lambda w, a, s, _: w.service.decide_appeal(a, s, uphold=True, reason="Yes.", seen=w.seen(s)),
    "withdraw": lambda w, a, s, _: w.service.withdraw(a, s),
    "make_link": lambda w, a, s, _: w.service.make_link(a, s),
    "recall": lambda w, a, s, _: w.service.recall(a, s, reason="Wrong.", gravity=Gravity.HIGH),
    "confirm_recall": lambda w, a, s, _: w.service.confirm_recall(a, s, confirm=True, seen=w.seen(s)),
    "reject_quarantined": lambda w, a, s, _: w.service.reject_quarantined(a, s),
    "hold": lambda w, a, s, _: w.service.hold(a, s, reason="Incident."),
    "open_file": lambda w, a, s, f: w.service.open_file(a, s, f),
}

JUDGED = {State.IN_REVIEW, State.CONSOLIDATING, State.OVERRIDE_ASKED, State.SIGN_OFF, State.APPEALED,
          State.RECALL_ASKED}  # fmt: skip
WITHDRAWN_FROM = {step.source for step in STEPS if step.action is Action.WITHDRAW}
NOT_FINAL = set(State) - AIRLOCK_STATES.final()

ALLOWED: dict[str, dict[str, set[State]]] = {
    "claim": {"fresh": {State.IN_REVIEW}, "done": {State.IN_REVIEW}},
    "vote": {"fresh": {State.IN_REVIEW}, "done": {State.CONSOLIDATING}},
    "submit_review": {},
    "return_early": {"fresh": {State.IN_REVIEW, State.CONSOLIDATING}, "done": {State.IN_REVIEW, State.CONSOLIDATING}},
    "settle": {"lead": {State.CONSOLIDATING}},
    "ask_override": {"author": {State.BLOCKED}},
    "decide_override": {"lead": {State.OVERRIDE_ASKED}},
    "sign_off": {"officer": {State.SIGN_OFF}},
    "appeal": {"author": {State.REJECTED}},
    "decide_appeal": {"fresh": {State.APPEALED}, "lead": {State.APPEALED}},
    "withdraw": {"author": WITHDRAWN_FROM},
    "make_link": {"author": {State.RELEASED, State.LAPSED}},
    "recall": {who: {State.RELEASED, State.LAPSED} for who in ("fresh", "done", "lead", "operator")},
    "confirm_recall": {who: {State.RECALL_ASKED} for who in ("fresh", "done", "lead")},
    "reject_quarantined": {"operator": {State.QUARANTINED}},
    "hold": {"operator": NOT_FINAL},
    "open_file": dict.fromkeys(("fresh", "done", "lead", "officer"), JUDGED),
}
"""Who may do what, in which states: written by hand from the specification, not from the code."""


@pytest.mark.parametrize("state", sorted(State))
def test_nobody_can_do_anything_but_what_the_specification_says(world, state):
    signing(world)
    submission = PLACES[state](world)
    assert world.now(submission).state is state
    file_id = world.now(submission).files[0].file_id
    world.opened_by_all(submission)
    world.record.rehearse(undo)
    possible = {act: {who for who, states in whose.items() if state in states} for act, whose in ALLOWED.items()}
    people = {**world.people(), "colleague": world.colleague}
    found: dict[str, set[str]] = {act: set() for act in ACTS}
    for act, attempt in ACTS.items():
        for who, person in people.items():
            try:
                attempt(world, world.actor(person), submission.submission_id, file_id)
            except Undone:
                found[act].add(who)
            except OrchestratorError:
                pass
    assert found == possible


@pytest.mark.parametrize("state", sorted(State))
def test_somebody_with_every_role_still_judges_nothing_of_his_own_project(world, state):
    signing(world)
    submission = PLACES[state](world)
    file_id = world.now(submission).files[0].file_id
    for person in (world.author, world.colleague):
        world.governance.roles[person] = frozenset({"checker", "sdc-lead", "operator"})
        world.governance.officers_of[person] = frozenset({world.custodian})
    world.record.rehearse(undo)
    own = {"ask_override", "appeal", "withdraw", "make_link", "recall"}
    for person, may in ((world.author, own), (world.colleague, {"recall"})):
        for act in set(ACTS) - may:
            with pytest.raises(OrchestratorError):
                ACTS[act](world, world.actor(person), submission.submission_id, file_id)


@pytest.mark.parametrize("state", sorted(AIRLOCK_STATES.waiting))
def test_every_deadline_is_kept_by_the_worker_and_releases_nothing(world, state):
    signing(world)
    submission = PLACES[state](world)
    waiting = AIRLOCK_STATES.waiting[state]
    released = list((world.desk.frozen.directory / "released").iterdir())
    world.clock.advance(timedelta(days=waiting.days) - timedelta(seconds=2))
    world.worker.upkeep.expire()
    assert world.now(submission).state is state
    world.clock.advance(timedelta(seconds=2))
    world.worker.upkeep.expire()
    assert world.now(submission).state is AIRLOCK_STATES.after(state, AT_DEADLINE[state])
    assert {path.name for path in (world.desk.frozen.directory / "released").iterdir()} <= {
        path.name for path in released
    }
