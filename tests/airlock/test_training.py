"""The training queue counts what checkers let through, per rule and person, and touches no real submission."""

from __future__ import annotations

import pytest

from orchestrator.airlock.model import Choice
from orchestrator.airlock.training.service import NOTHING_PLANTED, Training, TrainingCase
from orchestrator.audit.record import Record
from orchestrator.core.errors import Conflict, Invalid, NotFound, Refused
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy
from tests.airlock.world import World

SMALL = TrainingCase(
    case_id="small",
    name="a.csv",
    content=b"k,n\na,3\n",
    context="counts",
    rules=("SMALL_COUNT",),
    lesson="Three people.",
)
BOTH = TrainingCase(
    case_id="both",
    name="b.csv",
    content=b"k,n\na,4\n",
    context="x",
    rules=("SMALL_COUNT", "FORMULA"),
    lesson="Two faults.",
)
CLEAN = TrainingCase(case_id="clean", name="c.csv", content=b"k,n\na,400\n", context="x", rules=(), lesson="Nothing.")


def actor(name: str, *roles: str) -> Actor:
    return Actor(person_id=name, roles=frozenset(roles), second_factor=True, active=True)


CHECKER, OTHER = actor("checkeraaaaaaaaa", "checker"), actor("checkerbbbbbbbbb", "checker")
LEAD, RESEARCHER = actor("leadaaaaaaaaaaaa", "sdc-lead"), actor("researcheraaaaaa")


@pytest.fixture
def training(record: Record, policy: Policy) -> Training:
    return Training(record, policy, [SMALL, BOTH, CLEAN])


def answer(training: Training, who: Actor, case: TrainingCase, choice: Choice, comment: str = "because"):
    return training.answer(who, case.case_id, choice=choice, comment=comment, sha256=case.sha256)


def test_misses_are_counted_per_rule_and_person_and_false_alarms_apart(training: Training) -> None:
    assert answer(training, CHECKER, SMALL, Choice.APPROVE).missed
    assert not answer(training, CHECKER, BOTH, Choice.CHANGES).missed
    assert answer(training, CHECKER, CLEAN, Choice.REJECT).false_alarm
    answer(training, OTHER, SMALL, Choice.REJECT)
    own = training.own_results(CHECKER)
    assert [(rate.rule, rate.answered, rate.wrong, rate.percent) for rate in own.rates] == [
        ("FORMULA", 1, 0, 0),
        ("SMALL_COUNT", 2, 1, 50),
        (NOTHING_PLANTED, 1, 1, 100),
    ]
    everybody, *people = training.results(LEAD)
    assert (everybody.person_id, everybody.answered) == ("", 4)
    assert {rate.rule: (rate.answered, rate.wrong) for rate in everybody.rates}["SMALL_COUNT"] == (3, 1)
    assert [each.person_id for each in people] == [CHECKER.person_id, OTHER.person_id]


def test_only_the_first_answer_counts_and_the_case_leaves_the_queue(training: Training) -> None:
    assert len(training.queue(CHECKER)) == 3
    answer(training, CHECKER, SMALL, Choice.REJECT)
    assert SMALL not in training.queue(CHECKER)
    with pytest.raises(Conflict, match="already"):
        answer(training, CHECKER, SMALL, Choice.APPROVE)
    assert SMALL in training.queue(OTHER)
    assert training.case(CHECKER, "small")[1] is not None
    assert training.case(OTHER, "small")[1] is None


def test_a_changed_case_is_to_be_answered_anew(record: Record, policy: Policy, training: Training) -> None:
    answer(training, CHECKER, SMALL, Choice.REJECT)
    changed = TrainingCase(case_id="small", name="a.csv", content=b"k,n\na,2\n", context="", rules=("X",), lesson="")
    later = Training(record, policy, [changed])
    assert later.queue(CHECKER) == [changed]
    with pytest.raises(Conflict, match="changed"):
        later.answer(CHECKER, "small", choice=Choice.APPROVE, comment="", sha256=SMALL.sha256)


def test_an_objection_needs_words_and_an_unknown_case_is_none(training: Training) -> None:
    with pytest.raises(Invalid, match="wrong with it"):
        answer(training, CHECKER, SMALL, Choice.CHANGES, "  ")
    with pytest.raises(Invalid, match="at most"):
        answer(training, CHECKER, SMALL, Choice.CHANGES, "x" * 3_000)
    with pytest.raises(NotFound):
        training.case(CHECKER, "nothing")
    assert len(training.queue(CHECKER)) == 3


def test_nobody_but_judges_trains_and_nobody_but_leads_and_operators_sees_all_results(training: Training) -> None:
    for act in (training.queue, training.own_results, training.results):
        with pytest.raises(Refused):
            act(RESEARCHER)
    with pytest.raises(Refused):
        training.results(CHECKER)
    assert training.results(actor("operatoraaaaaaaa", "operator")) == []
    with pytest.raises(Refused):
        answer(training, RESEARCHER, SMALL, Choice.REJECT)


def test_two_cases_of_one_name_are_refused(record: Record, policy: Policy) -> None:
    with pytest.raises(Invalid):
        Training(record, policy, [SMALL, SMALL])


def test_training_moves_no_submission_and_makes_no_vote(world: World, policy: Policy) -> None:
    submission = world.in_review()
    training = Training(world.record, policy, [SMALL], as_now=world.desk.as_now)
    checker = world.actor(world.checkers[0])
    training.answer(checker, "small", choice=Choice.REJECT, comment="small", sha256=SMALL.sha256)
    after = world.service.view(checker, submission.submission_id)
    assert after.submission.state == submission.state
    assert after.own_votes == ()
