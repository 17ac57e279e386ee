"""Where checkers disagree: a changed vote, an SDC lead's written decision, or back to the author."""

from __future__ import annotations

import json
import threading

import pytest

from orchestrator.airlock.cases.model import CaseKind
from orchestrator.airlock.model import Choice, Outcome, State
from orchestrator.airlock.release import documents
from orchestrator.airlock.release.verification import verify_release
from orchestrator.airlock.review.claims import CLAIM_LASTS
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, OrchestratorError, Refused
from tests.airlock.places import consolidating
from tests.airlock.world import SAFE

FLAGGED = b"arm,n\nplacebo,120\ntreated,4\n"


def settle(world, submission, outcome=Outcome.APPROVE, *, person=None, reason="Both numbers are rounded.", **more):
    return world.service.settle(
        world.actor(person or world.lead),
        submission.submission_id,
        outcome=outcome,
        reason=reason,
        **({"seen": world.seen(submission.submission_id)} | more),
    )


def test_a_voter_who_changes_his_vote_settles_it_and_both_votes_are_kept(world):
    submission = consolidating(world)
    doubter, file = world.checkers[1], world.now(submission).files[0]
    assert len(world.service.view(world.actor(doubter), submission.submission_id).reviews) == 2
    world.vote_on(doubter, submission, file, Choice.APPROVE, "The other one is right.")
    assert world.state(submission) is State.APPROVED
    (case,) = world.service.history(world.actor(doubter), submission.submission_id).cases
    assert (case.kind, case.detail, case.reason) == (
        CaseKind.CHANGED_VOTE, "changes to approve", "The other one is right."
    )  # fmt: skip
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    document = world.service.signed_record(world.actor(world.author), submission.submission_id)
    assert verify_release(document, world.signer.public_keys()) == []


def test_the_approving_one_may_change_his_vote_too(world):
    submission = consolidating(world)
    world.vote_on(world.checkers[0], submission, world.now(submission).files[0], Choice.CHANGES, "I overlooked it.")
    assert world.state(submission) is State.RETURNED


def test_a_vote_that_changes_nothing_leaves_it_open(world):
    submission = consolidating(world)
    world.vote_on(world.checkers[1], submission, world.now(submission).files[0], Choice.REJECT, "Worse.")
    assert world.state(submission) is State.CONSOLIDATING


def test_only_those_who_reviewed_it_change_votes(world):
    submission = consolidating(world)
    with pytest.raises(NotPossible):
        world.vote(world.checkers[2], submission)
    assert world.service.view(world.actor(world.checkers[2]), submission.submission_id).reviews == ()
    assert [view.submission.submission_id for view in world.service.queue(world.actor(world.checkers[0]))]
    assert world.service.queue(world.actor(world.checkers[2])) == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.APPROVE, State.APPROVED), (Outcome.RETURN, State.RETURNED), (Outcome.REJECT, State.REJECTED)],
)
def test_a_lead_settles_in_writing_and_whom_he_overruled_is_recorded(world, outcome, state):
    from sqlalchemy import select

    from orchestrator.audit.store import EntryRow

    submission = consolidating(world)
    settle(world, submission, outcome)
    assert world.state(submission) is state
    with world.record.read() as session:
        entry = json.loads(session.scalars(select(EntryRow.body).where(EntryRow.kind == "submission.settled")).one())
    overruled = {
        Outcome.APPROVE: [world.checkers[1]], Outcome.RETURN: [world.checkers[0]], Outcome.REJECT: world.checkers[:2]
    }[outcome]  # fmt: skip
    assert sorted(entry["details"]["overruled"]) == sorted(overruled)
    author = world.service.history(world.actor(world.author), submission.submission_id)
    assert author.rounds[0].reason == ("" if outcome is Outcome.APPROVE else "Both numbers are rounded.")
    assert [case for case in author.cases if case.asked_by] == []


def test_what_a_lead_settled_is_released_and_verifies_and_not_without_his_word(world):
    submission = consolidating(world)
    settle(world, submission)
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    document = world.service.signed_record(world.actor(world.author), submission.submission_id)
    keys = world.signer.public_keys()
    assert verify_release(document, keys) == []
    for change in ("none", "by-a-reviewer", "other-files", "nobody-approved"):
        record = json.loads(document)["record"]
        if change == "none":
            record["settlements"] = []
        elif change == "by-a-reviewer":
            record["settlements"][0]["asked_by"] = record["reviews"][0]["checker"]
        elif change == "other-files":
            record["settlements"][0]["bindings"] = ["0" * 64]
        else:
            for review in record["reviews"]:
                review["votes"][0]["choice"] = "changes"
        assert verify_release(documents.signed(record, world.signer), keys), change


def test_a_settlement_does_not_hold_once_its_lead_may_not_judge(world):
    submission = consolidating(world)
    settle(world, submission)
    world.governance.roles[world.lead] = frozenset()
    assert world.worker.releasing.release(submission.submission_id) is State.IN_REVIEW
    assert not world.desk.frozen.released(submission.submission_id).exists()


def test_a_lead_needs_words_the_right_the_time_and_one_approval_at_least(world):
    submission = consolidating(world)
    with pytest.raises(Invalid):
        settle(world, submission, reason="  ")
    for person in (world.author, world.colleague, world.operator, world.checkers[2], world.officer):
        with pytest.raises((Refused, NotFound)):
            settle(world, submission, person=person)
    world.governance.roles[world.checkers[1]] = frozenset({"checker", "sdc-lead"})
    with pytest.raises(Refused, match="reviewed"):
        settle(world, submission, person=world.checkers[1])
    with pytest.raises(Conflict):
        settle(world, submission, seen=1)
    fine = world.in_review()
    with pytest.raises(NotPossible):
        settle(world, fine)
    doubted = world.in_review()
    world.review(world.checkers[0], doubted, Choice.CHANGES)
    world.review(world.checkers[1], doubted, Choice.REJECT)
    with pytest.raises(NotPossible, match="No checker approved"):
        settle(world, doubted)
    settle(world, doubted, Outcome.RETURN)
    assert world.state(doubted) is State.RETURNED


def test_a_voter_who_drops_out_opens_the_review_again(world):
    submission = consolidating(world)
    world.service.declare_conflict(
        world.actor(world.checkers[1]), submission.submission_id, reason="I know the author."
    )
    assert world.state(submission) is State.IN_REVIEW
    with pytest.raises(Refused, match="conflict"):
        world.review(world.checkers[1], submission)
    world.review(world.checkers[2], submission)
    assert world.state(submission) is State.APPROVED


def test_a_lead_and_a_voter_at_once_decide_once(world):
    submission = consolidating(world)
    file = world.now(submission).files[0]
    world.service.open_file(world.actor(world.checkers[1]), submission.submission_id, file.file_id)
    outcomes, start = [], threading.Barrier(2)

    def act(do):
        start.wait(90)
        try:
            do()
            outcomes.append("done")
        except OrchestratorError as error:
            outcomes.append(type(error).__name__)

    both = [
        lambda: settle(world, submission, Outcome.RETURN),
        lambda: world.service.vote(
            world.actor(world.checkers[1]), submission.submission_id, file.file_id,
            choice=Choice.APPROVE, comment="Fine after all.", binding=file.binding,
        ),
    ]  # fmt: skip
    threads = [threading.Thread(target=act, args=(each,)) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["NotPossible", "done"]
    assert world.state(submission) in (State.RETURNED, State.APPROVED)


# ---- answers, claims, training --------------------------------------------------------------------------------------


def test_every_flag_needs_an_answer_before_a_review_is_handed_in(world):
    submission = world.in_review({"t.csv": FLAGGED})
    (file,) = submission.files
    actor = world.actor(world.checkers[0])
    world.service.open_file(actor, submission.submission_id, file.file_id)
    words = {"choice": Choice.APPROVE, "comment": "It is a page number.", "binding": file.binding}
    world.service.vote(actor, submission.submission_id, file.file_id, **words)
    waiting = [finding for finding in file.findings if finding.needs_answer]
    assert world.service.view(actor, submission.submission_id).unanswered == len(waiting) > 0
    with pytest.raises(NotPossible, match="no answer of yours"):
        world.service.submit_review(actor, submission.submission_id, seen=world.seen(submission.submission_id))
    for finding in waiting:
        with pytest.raises(Invalid):
            world.service.answer_finding(actor, submission.submission_id, file.file_id, finding.key, comment=" ")
        world.service.answer_finding(actor, submission.submission_id, file.file_id, finding.key, comment="No count.")
    with pytest.raises(NotFound):
        world.service.answer_finding(actor, submission.submission_id, file.file_id, "0" * 32, comment="None.")
    world.service.submit_review(actor, submission.submission_id, seen=world.seen(submission.submission_id))
    other = world.service.view(world.actor(world.checkers[1]), submission.submission_id)
    assert (other.answers, other.own_answers) == ((), ())
    assert {each.comment for each in world.service.view(actor, submission.submission_id).answers} == {"No count."}


def test_answers_count_for_the_version_they_were_given_on(world):
    submission = world.in_review({"t.csv": FLAGGED, "a.csv": SAFE})
    for checker in world.checkers[:2]:
        world.review(checker, submission, Choice.CHANGES)
    world.submit({"t.csv": FLAGGED + b"other,3\n"}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    assert world.service.view(world.actor(world.checkers[0]), submission.submission_id).unanswered > 0


def test_a_claim_is_seen_runs_out_and_keeps_nobody_out(world):
    submission = world.in_review()
    one, two, three = (world.actor(each) for each in world.checkers)
    claim = world.service.claim(one, submission.submission_id)
    assert claim.until == world.clock() + CLAIM_LASTS
    assert [each.person_id for each in world.service.view(two, submission.submission_id).claims] == [one.person_id]
    assert [len(task.claims) for task in world.service.tasks(two)] == [1]
    assert world.service.view(world.actor(world.author), submission.submission_id).claims == ()
    world.service.claim(two, submission.submission_id)
    world.service.unclaim(one, submission.submission_id)
    assert [each.person_id for each in world.service.view(three, submission.submission_id).claims] == [two.person_id]
    world.clock.advance(CLAIM_LASTS)
    assert world.service.view(three, submission.submission_id).claims == ()
    for checker in (one, three):
        world.review(checker.person_id, submission)
    assert world.state(submission) is State.APPROVED
    for person in (world.author, world.lead, world.operator):
        with pytest.raises((Refused, NotFound)):
            world.service.claim(world.actor(person), submission.submission_id)


def test_a_checker_without_training_judges_nothing(world):
    submission = world.in_review()
    world.governance.untrained.add(world.checkers[0])
    with pytest.raises(Refused, match="training"):
        world.review(world.checkers[0], submission)
    assert world.service.queue(world.actor(world.checkers[0])) == []
    world.governance.untrained.clear()
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    world.governance.untrained.add(world.checkers[0])
    assert world.worker.releasing.release(submission.submission_id) is State.IN_REVIEW


def test_tasks_name_the_act_of_each_person(world):
    submission = consolidating(world)
    acts = {
        who: [task.act for task in world.service.tasks(world.actor(person))] for who, person in world.people().items()
    }
    assert acts == {
        "author": [], "done": ["vote"], "fresh": [], "lead": ["settle"], "officer": [], "operator": [], "stranger": []
    }  # fmt: skip
    settle(world, submission, Outcome.REJECT)
    world.service.appeal(world.actor(world.author), submission.submission_id, reason="It is rounded.")
    assert [task.act for task in world.service.tasks(world.actor(world.checkers[2]))] == ["decide_appeal"]
    assert world.service.tasks(world.actor(world.lead)) == [], "who settled it does not judge the appeal"


def test_what_checkers_said_to_each_other_is_hidden_from_one_who_is_still_to_review(world):
    submission = consolidating(world)
    doubter, fresh = world.checkers[1], world.actor(world.checkers[2])
    file = world.now(submission).files[0]
    world.vote_on(doubter, submission, file, Choice.REJECT, "A word that must not be read.")
    world.service.declare_conflict(world.actor(doubter), submission.submission_id, reason="A friend wrote it.")
    assert world.state(submission) is State.IN_REVIEW
    assert world.service.history(fresh, submission.submission_id).cases == ()
    world.review(fresh.person_id, submission)
    (case,) = world.service.history(fresh, submission.submission_id).cases
    assert case.reason == "A word that must not be read."


def test_a_settlement_that_was_voided_is_hidden_from_whoever_reviews_anew(world):
    submission = consolidating(world)
    settle(world, submission, reason="A word that must not be read.")
    world.governance.members[world.project] |= {world.done}
    assert world.worker.releasing.release(submission.submission_id) is State.IN_REVIEW
    fresh = world.actor(world.checkers[2])
    assert world.service.history(fresh, submission.submission_id).cases == ()


def test_words_that_count_no_more_are_not_told_in_the_workspace(world):
    submission = world.in_review()
    one, two = world.checkers[:2]
    world.review(one, submission)
    world.service.declare_conflict(world.actor(one), submission.submission_id, reason="A friend wrote it.")
    for checker in (two, world.checkers[2]):
        world.review(checker, submission)
    (status,) = world.service.submissions.status(world.live)
    said = [each["comment"] for each in status["comments"]]
    assert sorted(said) == sorted(f"looked at by {checker}" for checker in (two, world.checkers[2]))
