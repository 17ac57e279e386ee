"""Appeals: once for each rejection, within thirty days, judged by people who had no part in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.airlock.cases.appeals import verdict_of_panel
from orchestrator.airlock.cases.model import Opinion
from orchestrator.airlock.model import Choice, Outcome, State
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from orchestrator.core.ids import new_id
from tests.airlock.places import appealed, consolidating, rejected


def decide(world, submission, person, *, uphold=True, reason="The rounding was overlooked."):
    return world.service.decide_appeal(
        world.actor(person),
        submission.submission_id,
        uphold=uphold,
        reason=reason,
        seen=world.seen(submission.submission_id),
    )


def more_checkers(world, number=2):
    people = [new_id() for _ in range(number)]
    for person in people:
        world.governance.roles[person] = frozenset({"checker"})
    return people


def test_an_upheld_appeal_is_reviewed_anew_by_others(world):
    submission = appealed(world)
    assert decide(world, submission, world.checkers[2]) is State.APPEALED
    assert decide(world, submission, world.lead) is State.IN_REVIEW
    now = world.now(submission)
    assert now.round == 2
    for earlier in world.checkers[:2]:
        with pytest.raises(Refused, match="appeal"):
            world.review(earlier, submission)
        assert world.service.queue(world.actor(earlier)) == []
    fresh = more_checkers(world)
    for checker in fresh:
        world.review(checker, submission)
    assert world.state(submission) is State.APPROVED
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False), (False, False)])
def test_one_who_is_not_convinced_is_enough_to_dismiss_it_for_good(world, first, second):
    submission = appealed(world)
    decide(world, submission, world.lead, uphold=first)
    assert decide(world, submission, world.checkers[2], uphold=second) is State.REJECTED_FINALLY
    with pytest.raises(NotPossible):
        world.service.appeal(world.actor(world.author), submission.submission_id, reason="Again.")
    cases = world.service.history(world.actor(world.author), submission.submission_id).cases
    assert [len(case.opinions) for case in cases] == [2]
    assert {each.person_id for case in cases for each in case.opinions} == {""}


def test_nobody_who_judged_it_sits_on_the_panel(world):
    submission = appealed(world)
    for person in (*world.checkers[:2], world.author, world.colleague, world.operator, world.officer):
        with pytest.raises((Refused, NotFound)):
            decide(world, submission, person)
    world.governance.roles[world.author] = frozenset({"sdc-lead", "checker"})
    with pytest.raises((Refused, NotFound)):
        decide(world, submission, world.author)


def test_one_person_is_no_panel_and_says_his_word_once(world):
    submission = appealed(world)
    both = world.checkers[2]
    world.governance.roles[both] = frozenset({"checker", "sdc-lead"})
    assert decide(world, submission, both) is State.APPEALED
    with pytest.raises(Conflict, match="already"):
        decide(world, submission, both)
    assert world.state(submission) is State.APPEALED


def test_checkers_alone_are_no_panel(world):
    submission = appealed(world)
    for person in more_checkers(world, 3):
        assert decide(world, submission, person) is State.APPEALED
    assert decide(world, submission, world.lead) is State.IN_REVIEW


def test_a_panelist_who_may_judge_no_more_does_not_count(world):
    submission = appealed(world)
    decide(world, submission, world.checkers[2])
    world.governance.roles[world.checkers[2]] = frozenset()
    assert decide(world, submission, world.lead) is State.APPEALED


def test_only_the_author_appeals_only_a_rejection_and_only_in_time(world):
    submission = rejected(world)
    for person in (world.colleague, world.checkers[2], world.operator):
        with pytest.raises((Refused, NotFound)):
            world.service.appeal(world.actor(person), submission.submission_id, reason="No.")
    with pytest.raises(Invalid):
        world.service.appeal(world.actor(world.author), submission.submission_id, reason="")
    world.clock.advance(timedelta(days=30))
    with pytest.raises(NotPossible, match="final"):
        world.service.appeal(world.actor(world.author), submission.submission_id, reason="Late.")
    world.worker.upkeep.expire()
    assert world.state(submission) is State.REJECTED_FINALLY
    with pytest.raises(NotPossible):
        world.service.appeal(world.actor(world.author), world.in_review().submission_id, reason="Why not.")


def test_an_appeal_that_no_panel_answers_is_not_lost(world):
    submission = appealed(world)
    world.clock.advance(timedelta(days=28))
    world.worker.upkeep.expire()
    assert world.state(submission) is State.REJECTED
    world.service.appeal(world.actor(world.author), submission.submission_id, reason="Nobody met.")
    decide(world, submission, world.checkers[2])
    assert decide(world, submission, world.lead) is State.IN_REVIEW


def test_a_second_rejection_can_be_appealed_again(world):
    from orchestrator.airlock.model import Choice

    submission = appealed(world)
    decide(world, submission, world.checkers[2])
    decide(world, submission, world.lead)
    for checker in more_checkers(world):
        world.review(checker, submission, Choice.REJECT)
    assert world.state(submission) is State.REJECTED
    world.service.appeal(world.actor(world.author), submission.submission_id, reason="Once more.")
    assert world.state(submission) is State.APPEALED


def test_the_panel_as_a_rule():
    at = FixedClock()()

    def word(person, yes):
        return Opinion(person_id=person, yes=yes, reason="", said_at=at)

    lead = frozenset({"l"})
    assert verdict_of_panel((), lead) is None
    assert verdict_of_panel((word("l", True),), lead) is None
    assert verdict_of_panel((word("a", True), word("b", True)), lead) is None
    assert verdict_of_panel((word("a", True), word("a", True)), frozenset({"a"})) is None
    assert verdict_of_panel((word("a", True), word("l", True)), lead) is True
    assert verdict_of_panel((word("a", False), word("l", True)), lead) is False


def test_nobody_reads_what_one_of_the_panel_said_before_his_own_word(world):
    submission = appealed(world)
    word = "A word that must not be read."
    decide(world, submission, world.checkers[2], reason=word)
    for person in (world.author, world.lead, world.checkers[0]):
        (case,) = world.service.history(world.actor(person), submission.submission_id).cases
        assert case.opinions == ()
    assert world.service.search_precedents(world.actor(world.lead), "must not be read") == []
    decide(world, submission, world.lead, uphold=False)
    (case,) = world.service.history(world.actor(world.author), submission.submission_id).cases
    assert word in {each.reason for each in case.opinions}


def test_a_lead_who_settled_for_the_rejection_has_no_part_after_the_appeal(world):
    submission = consolidating(world)
    lead = world.actor(world.lead)
    world.service.settle(
        lead,
        submission.submission_id,
        outcome=Outcome.REJECT,
        reason="It names people.",
        seen=world.seen(submission.submission_id),
    )
    world.service.appeal(world.actor(world.author), submission.submission_id, reason="It is rounded.")
    another = new_id()
    world.governance.roles[another] = frozenset({"sdc-lead"})
    decide(world, submission, world.checkers[2])
    assert decide(world, submission, another) is State.IN_REVIEW
    fresh = more_checkers(world)
    world.review(fresh[0], submission)
    world.review(fresh[1], submission, Choice.CHANGES)
    assert world.state(submission) is State.CONSOLIDATING
    with pytest.raises(Refused, match="appeal"):
        world.service.settle(
            lead,
            submission.submission_id,
            outcome=Outcome.REJECT,
            reason="As before.",
            seen=world.seen(submission.submission_id),
        )
    assert world.service.tasks(lead) == []
