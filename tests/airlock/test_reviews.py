"""Blinded review: who may, what is bound to what, and what the votes amount to."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from orchestrator.airlock.model import Choice, Finding, Outcome, Severity, State
from orchestrator.airlock.ports import CustodianTerms
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from orchestrator.core.ids import new_id
from tests.airlock.world import SAFE

FLAGGED = b"arm,n\nplacebo,120\ntreated,4\n"


def test_two_checkers_who_agree_approve(world):
    submission = world.in_review()
    world.review(world.checkers[0], submission)
    assert world.state(submission) is State.IN_REVIEW
    world.review(world.checkers[1], submission)
    assert world.state(submission) is State.APPROVED


@pytest.mark.parametrize(
    ("choice", "state"),
    [(Choice.CHANGES, State.RETURNED), (Choice.REJECT, State.REJECTED), (Choice.APPROVE, State.APPROVED)],
)
def test_checkers_who_agree_decide(world, choice, state):
    submission = world.in_review()
    for checker in world.checkers[:2]:
        world.review(checker, submission, choice)
    assert world.state(submission) is state


@pytest.mark.parametrize(
    ("first", "second"),
    [(Choice.APPROVE, Choice.CHANGES), (Choice.APPROVE, Choice.REJECT), (Choice.CHANGES, Choice.REJECT)],
)
def test_one_doubt_is_enough_to_stop_a_release(world, first, second):
    submission = world.in_review()
    world.review(world.checkers[0], submission, first)
    world.review(world.checkers[1], submission, second)
    assert world.state(submission) is State.CONSOLIDATING
    assert world.worker.releasing.waiting() == []


def test_a_custodian_may_ask_for_more_checkers_but_never_for_fewer(world):
    terms = CustodianTerms(custodian_id=new_id(), version=1, checkers_needed=3, minimum_count=10)
    world.governance.conditions[world.project] += (terms,)
    submission = world.in_review()
    for checker, state in zip(world.checkers, [State.IN_REVIEW, State.IN_REVIEW, State.APPROVED], strict=True):
        world.review(checker, submission)
        assert world.state(submission) is state


@pytest.mark.parametrize("who", ["author", "colleague"])
def test_nobody_reviews_results_of_his_own_project(world, who):
    person = getattr(world, who)
    world.governance.roles[person] = frozenset({"checker"})
    submission = world.in_review()
    with pytest.raises(Refused) as refused:
        world.vote(person, submission)
    assert "works in" in " ".join(refused.value.reasons) or "own results" in " ".join(refused.value.reasons)
    assert world.service.queue(world.actor(person)) == []
    world.vote(world.checkers[0], submission)


@pytest.mark.parametrize("who", ["operator", "officer"])
def test_only_checkers_review(world, who):
    submission = world.in_review()
    with pytest.raises((Refused, NotFound)):
        world.vote(getattr(world, who), submission)


def test_a_stranger_does_not_learn_that_a_submission_exists(world):
    submission = world.in_review()
    for person in (new_id(), world.officer, world.colleague):
        with pytest.raises(NotFound):
            world.service.view(world.actor(person), submission.submission_id)
    assert world.service.view(world.actor(world.operator), submission.submission_id)


def test_a_checker_reviews_once(world):
    submission = world.in_review()
    world.review(world.checkers[0], submission)
    for again in (world.review, world.vote):
        with pytest.raises(NotPossible, match="cannot be changed or repeated"):
            again(world.checkers[0], submission)
    with pytest.raises(NotPossible):
        world.service.submit_review(
            world.actor(world.checkers[0]), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    assert world.state(submission) is State.IN_REVIEW


def test_approving_another_version_is_a_conflict(world):
    submission = world.in_review()
    actor, file = world.actor(world.checkers[0]), submission.files[0]
    opened = world.service.open_file(actor, submission.submission_id, file.file_id)
    for binding in ("", "0" * 64, opened.file.binding[::-1]):
        with pytest.raises(Conflict):
            world.service.vote(
                actor, submission.submission_id, file.file_id, choice=Choice.APPROVE, comment="", binding=binding
            )
    world.service.vote(
        actor, submission.submission_id, file.file_id, choice=Choice.APPROVE, comment="", binding=opened.file.binding
    )


def test_a_vote_needs_that_these_bytes_were_opened(world):
    submission = world.in_review()
    actor, file = world.actor(world.checkers[0]), submission.files[0]
    with pytest.raises(NotPossible, match="Open the file first"):
        world.service.vote(
            actor, submission.submission_id, file.file_id, choice=Choice.APPROVE, comment="", binding=file.binding
        )
    world.vote(world.checkers[0], submission)


def test_every_file_needs_a_vote_before_the_review_is_submitted(world):
    submission = world.in_review({"a.csv": SAFE, "b.csv": SAFE + b"other,130,70.1\n"})
    actor, file = world.actor(world.checkers[0]), submission.files[0]
    opened = world.service.open_file(actor, submission.submission_id, file.file_id)
    world.service.vote(
        actor, submission.submission_id, file.file_id, choice=Choice.APPROVE, comment="", binding=opened.file.binding
    )
    with pytest.raises(NotPossible, match="File 2"):
        world.service.submit_review(actor, submission.submission_id, seen=world.seen(submission.submission_id))
    world.review(world.checkers[0], submission)


@pytest.mark.parametrize("choice", list(Choice))
def test_a_flagged_file_needs_words_whatever_the_vote(world, choice):
    submission = world.in_review({"t.csv": FLAGGED})
    actor, file = world.actor(world.checkers[0]), submission.files[0]
    assert {each.rule for each in file.findings} == {"SMALL_COUNT"}
    opened = world.service.open_file(actor, submission.submission_id, file.file_id)
    with pytest.raises(Invalid) as refused:
        world.service.vote(
            actor, submission.submission_id, file.file_id, choice=choice, comment=" ", binding=opened.file.binding
        )
    assert refused.value.field == "comment"


def test_a_checker_sees_what_others_said_only_after_his_own_review(world):
    submission = world.in_review()
    one, two = world.checkers[:2]
    world.review(one, submission, Choice.CHANGES)
    view = world.service.view(world.actor(two), submission.submission_id)
    assert (view.reviews, view.reviews_submitted) == ((), 1)
    world.vote(two, submission)
    assert world.service.view(world.actor(two), submission.submission_id).reviews == ()
    assert len(world.service.view(world.actor(one), submission.submission_id).reviews) == 1
    world.service.submit_review(world.actor(two), submission.submission_id, seen=world.seen(submission.submission_id))
    assert len(world.service.view(world.actor(two), submission.submission_id).reviews) == 2


def test_the_author_sees_comments_at_the_end_and_never_names(world):
    submission = world.in_review()
    author = world.actor(world.author)
    world.review(world.checkers[0], submission, Choice.CHANGES)
    assert world.service.view(author, submission.submission_id).reviews == ()
    assert world.service.submissions.status(world.live)[0]["comments"] == []
    world.review(world.checkers[1], submission, Choice.CHANGES)
    reviews = world.service.view(author, submission.submission_id).reviews
    assert {review.person_id for review in reviews} == {""}
    assert {vote.person_id for review in reviews for vote in review.votes} == {""}
    assert len(world.service.submissions.status(world.live)[0]["comments"]) == 2


def test_withdrawing_in_the_middle_shows_the_author_no_half_review(world):
    submission = world.in_review()
    world.review(world.checkers[0], submission, Choice.CHANGES)
    world.service.withdraw(world.actor(world.author), submission.submission_id)
    assert world.service.view(world.actor(world.author), submission.submission_id).reviews == ()


def test_two_checkers_at_once_both_count_and_decide_once(world):
    submission = world.in_review()
    for checker in world.checkers:
        world.vote(checker, submission)
    outcomes, start = [], threading.Barrier(3)

    def hand_in(person: str) -> None:
        start.wait(90)
        while True:
            try:
                seen = world.seen(submission.submission_id)
                outcomes.append(
                    world.service.submit_review(world.actor(person), submission.submission_id, seen=seen).outcome
                )
            except Conflict:
                continue  # somebody was faster: look again
            except NotPossible:
                outcomes.append(None)
            return

    threads = [threading.Thread(target=hand_in, args=(each,)) for each in world.checkers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes, key=str) == [None, Outcome.APPROVE, Outcome.APPROVE]
    assert world.state(submission) is State.APPROVED


def test_changed_rules_void_votes_and_scan_again(world):
    submission = world.in_review()
    world.review(world.checkers[0], submission)
    terms = world.governance.conditions[world.project][0]
    world.governance.conditions[world.project] = (replace(terms, minimum_count=200),)
    world.worker.once()
    again = world.now(submission)
    assert (again.state, again.round) == (State.IN_REVIEW, 2)
    assert {each.rule for each in again.files[0].findings} >= {"SMALL_COUNT"}
    assert again.files[0].binding != submission.files[0].binding
    assert world.service.view(world.actor(world.checkers[0]), submission.submission_id).reviews_submitted == 0
    world.review(world.checkers[0], again)


def test_a_held_submission_takes_no_votes(world):
    submission = world.in_review()
    world.vote(world.checkers[0], submission)
    world.governance.holds[world.project] = ("The project is suspended.",)
    world.worker.upkeep.hold()
    with pytest.raises(NotPossible, match="held"):
        world.service.submit_review(
            world.actor(world.checkers[0]), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    world.governance.holds.clear()
    world.worker.upkeep.hold()
    world.service.submit_review(
        world.actor(world.checkers[0]), submission.submission_id, seen=world.seen(submission.submission_id)
    )


def test_a_blocked_submission_goes_back_and_can_be_replaced(world):
    submission = world.submit({"model.csv": b"\x80\x04\x95pickle"})
    assert world.worker.scanning.scan(submission.submission_id) is State.BLOCKED
    with pytest.raises(NotPossible):
        world.vote(world.checkers[0], submission)
    again = world.submit(revises=submission.submission_id, whole=True)
    assert (again.submission_id, again.round, again.state) == (submission.submission_id, 2, State.FROZEN)
    assert [file.name for file in again.files] == ["table.csv"]


def test_only_ones_own_returned_submission_is_revised(world):
    submission = world.in_review()
    with pytest.raises(NotPossible):
        world.submit(revises=submission.submission_id)
    world.review(world.checkers[0], submission, Choice.CHANGES)
    world.review(world.checkers[1], submission, Choice.CHANGES)
    mine = world.live
    world.live = replace(mine, person_id=world.colleague)
    with pytest.raises((Refused, NotFound)):
        world.submit(revises=submission.submission_id)
    world.live = mine
    world.submit(revises=submission.submission_id)


def test_only_the_author_withdraws(world):
    submission = world.in_review()
    for person in (world.colleague, world.operator, world.checkers[0]):
        with pytest.raises((Refused, NotFound)):
            world.service.withdraw(world.actor(person), submission.submission_id)
    world.service.withdraw(world.actor(world.author), submission.submission_id)
    assert world.state(submission) is State.WITHDRAWN


def test_notices_carry_identifiers_only_and_reach_eligible_checkers(world):
    from sqlalchemy import select

    from orchestrator.audit.store import EntryRow, NoticeRow

    world.governance.roles[world.colleague] = frozenset({"checker"})
    submission = world.in_review({"secret-name.csv": SAFE})
    world.review(world.checkers[0], submission, Choice.CHANGES)
    with world.record.read() as session:
        notices = list(session.scalars(select(NoticeRow)))
        bodies = " ".join(session.scalars(select(EntryRow.body)))
    assert {notice.person_id for notice in notices} == set(world.checkers)
    assert {notice.subject for notice in notices} == {f"submission:{submission.submission_id}"}
    for word in ("secret-name", "Ages by arm", "rounded", "looked at"):
        assert word not in bodies


def test_a_file_altered_in_the_store_is_not_shown_and_its_scan_quarantines(world):
    submission = world.submit()
    path = world.desk.frozen.path(submission.files[0].sha256)
    path.chmod(0o600)
    path.write_bytes(SAFE.replace(b"118", b"999"))
    assert world.worker.scanning.scan(submission.submission_id) is State.QUARANTINED
    world.governance.roles[world.colleague] = frozenset({"operator"})
    with pytest.raises((Refused, NotFound)):
        world.service.reject_quarantined(world.actor(world.colleague), submission.submission_id)
    world.service.reject_quarantined(world.actor(world.operator), submission.submission_id)
    assert world.state(submission) is State.REJECTED_FINALLY


def test_one_finding_of_a_failed_inspection_is_never_a_pass(world):
    world.worker.scanning._inspector.extra = (
        Finding(rule="INSPECTION_INCOMPLETE", severity=Severity.FLAG, where="whole file", message="It crashed."),
    )
    assert world.in_review().files[0].verdict == "flag"


@pytest.mark.parametrize("loss", ["role", "account"])
def test_a_checker_who_lost_his_role_or_account_since_the_page_was_opened_does_nothing_more(world, loss):
    submission = world.in_review()
    checker, (file,) = world.checkers[0], submission.files
    actor = world.actor(checker)
    seen = world.service.open_file(actor, submission.submission_id, file.file_id).file
    vote = {"choice": Choice.APPROVE, "comment": "fine", "binding": seen.binding}
    world.service.vote(actor, submission.submission_id, file.file_id, **vote)
    if loss == "role":
        world.governance.roles[checker] = frozenset()
    else:
        world.governance.suspended.add(checker)
    for attempt in (
        lambda: world.service.open_file(actor, submission.submission_id, file.file_id),
        lambda: world.service.vote(actor, submission.submission_id, file.file_id, **vote),
        lambda: world.service.submit_review(actor, submission.submission_id, seen=world.seen(submission.submission_id)),
    ):
        with pytest.raises((Refused, NotFound)):
            attempt()
    with pytest.raises(NotFound):
        world.service.view(actor, submission.submission_id)


def test_what_cannot_be_shown_to_a_checker_cannot_be_approved_by_one(world):
    submission = world.in_review({"figure.pdf": b"%PDF-1.7\n" + bytes(range(256)) * 8, "table.csv": SAFE})
    actor = world.actor(world.checkers[0])
    hidden, shown = submission.files
    for file in submission.files:
        world.service.open_file(actor, submission.submission_id, file.file_id)
    words = {"comment": "It looks fine.", "binding": hidden.binding}
    with pytest.raises(NotPossible, match="cannot be shown"):
        world.service.vote(actor, submission.submission_id, hidden.file_id, choice=Choice.APPROVE, **words)
    world.service.vote(actor, submission.submission_id, hidden.file_id, choice=Choice.CHANGES, **words)
    words["binding"] = shown.binding
    world.service.vote(actor, submission.submission_id, shown.file_id, choice=Choice.APPROVE, **words)
