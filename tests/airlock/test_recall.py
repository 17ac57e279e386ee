"""Recalls and holds: one person stops what left, two take it back; who has it is listed, and the facts stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from orchestrator.airlock.cases.model import CaseKind, CaseOutcome, Gravity
from orchestrator.airlock.ledger.rows import LedgerTableRow
from orchestrator.airlock.model import State
from orchestrator.audit.store import NoticeRow
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from orchestrator.core.ids import new_id
from tests.airlock.places import recall_asked, signing
from tests.airlock.world import SAFE

OTHER = SAFE + b"other,130,70.1\n"
TWO = {"a.csv": SAFE, "b.csv": OTHER}


def recall(world, submission, person=None, **more):
    words = {"reason": "A name is in it.", "gravity": Gravity.HIGH, **more}
    return world.service.recall(world.actor(person or world.checkers[2]), submission.submission_id, **words)


def confirm(world, submission, person=None, *, yes=True, **more):
    return world.service.confirm_recall(
        world.actor(person or world.operator),
        submission.submission_id,
        confirm=yes,
        **({"seen": world.seen(submission.submission_id)} | more),
    )


def collect(world, submission):
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    return world.service.collect(world.actor(world.author), secret)


def test_links_end_at_once_and_a_second_person_takes_it_back_for_good(world):
    submission = world.released()
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    recall(world, submission)
    assert world.state(submission) is State.RECALL_ASKED
    with pytest.raises(Refused, match="recall"):
        world.service.collect(world.actor(world.author), secret)
    with pytest.raises(NotPossible):
        world.service.make_link(world.actor(world.author), submission.submission_id)
    assert world.desk.frozen.released(submission.submission_id).exists()
    assert confirm(world, submission) is State.RECALLED
    assert not world.desk.frozen.released(submission.submission_id).exists()
    assert world.desk.frozen.path(submission.files[0].sha256).exists(), "the record keeps the frozen bytes"
    assert all(file.recalled_at for file in world.now(submission).files)
    with pytest.raises((Refused, NotFound)):
        world.service.collect(world.actor(world.author), secret)


def test_whoever_asked_does_not_confirm_and_others_without_the_right_neither(world):
    submission = world.released()
    for person in (world.author, world.colleague, world.officer, new_id()):
        with pytest.raises((Refused, NotFound)):
            recall(world, submission, person)
    recall(world, submission, world.checkers[2])
    for person in (world.checkers[2], world.author, world.colleague, world.officer):
        with pytest.raises((Refused, NotFound)):
            confirm(world, submission, person)
    world.governance.roles[world.author] = frozenset({"operator", "checker"})
    with pytest.raises((Refused, NotFound)):
        confirm(world, submission, world.author)
    assert confirm(world, submission, world.lead) is State.RECALLED


def test_recipients_are_listed_from_the_receipts(world):
    submission = world.released()
    collect(world, submission)
    at = world.clock()
    recall(world, submission)
    history = world.service.history(world.actor(world.operator), submission.submission_id)
    assert history.recipients == ((world.author, at),)
    (incident,) = world.service.incidents(world.actor(world.operator))
    assert (incident.kind, incident.case.detail, incident.recipients) == ("recall", "high", history.recipients)
    with pytest.raises((Refused, NotFound)):
        world.service.incidents(world.actor(world.author))
    world.governance.roles[world.colleague] = frozenset({"operator"})
    assert world.service.incidents(world.actor(world.colleague)) == []


def test_a_part_is_taken_back_and_the_rest_may_be_collected_again(world):
    submission = world.released(TWO)
    gone, kept = submission.files
    recall(world, submission, files=[gone.file_id])
    assert confirm(world, submission) is State.LAPSED
    assert [path.name for path in world.desk.frozen.released(submission.submission_id).iterdir()] == [kept.sha256]
    assert [file.name for file, _ in collect(world, submission).files] == ["b.csv"]
    recall(world, submission)
    assert confirm(world, submission) is State.RECALLED


def test_the_same_bytes_under_two_names_are_recalled_under_both(world):
    submission = world.released({"a.csv": SAFE, "again.csv": SAFE, "b.csv": OTHER})
    case = recall(world, submission, files=[submission.files[0].file_id])
    assert len(case.covers) == 2
    confirm(world, submission)
    assert [file.name for file, _ in collect(world, submission).files] == ["b.csv"]


def test_a_dismissed_recall_lets_the_author_ask_for_a_link_again(world):
    submission = world.released()
    recall(world, submission)
    with pytest.raises(Invalid):
        confirm(world, submission, yes=False)
    assert confirm(world, submission, yes=False, reason="It is the trial’s own name.") is State.LAPSED
    assert collect(world, submission).files
    (case,) = world.service.history(world.actor(world.operator), submission.submission_id).cases
    assert case.outcome is CaseOutcome.REFUSED


def test_unconfirmed_it_stays_suspended_and_the_operators_are_told_each_day(world):
    submission = world.released()
    recall(world, submission)
    for day in (1, 2, 3):
        world.clock.advance(timedelta(days=1))
        world.worker.once()
        assert world.state(submission) is State.RECALL_ASKED
        with world.record.read() as session:
            told = list(session.scalars(select(NoticeRow.person_id).where(NoticeRow.kind.like("%unconfirmed"))))
        assert told == [world.operator] * day
    assert world.desk.frozen.released(submission.submission_id).exists()
    assert confirm(world, submission) is State.RECALLED


def test_facts_that_were_out_stay_in_the_ledger(world):
    submission = world.released()
    with world.record.read() as session:
        before = list(session.scalars(select(LedgerTableRow)))
    assert before
    assert all(row.released_at and row.recalled_at is None for row in before)
    recall(world, submission)
    confirm(world, submission)
    with world.record.read() as session:
        after = list(session.scalars(select(LedgerTableRow)))
    assert [row.document for row in after] == [row.document for row in before]
    assert all(row.released_at and row.recalled_at for row in after)


def test_nonsense_is_refused_and_changes_nothing(world):
    submission = world.released()
    for files in ([], [new_id()], [submission.files[0].file_id, new_id()]):
        with pytest.raises(NotFound):
            recall(world, submission, files=files)
    with pytest.raises(Invalid):
        recall(world, submission, reason=" ")
    with pytest.raises(NotPossible):
        confirm(world, submission)
    assert world.state(submission) is State.RELEASED
    recall(world, submission)
    with pytest.raises(NotPossible):
        recall(world, submission, world.operator)
    with pytest.raises(Conflict):
        confirm(world, submission, seen=1)


def test_what_a_crash_left_of_a_recalled_release_is_removed_by_the_worker(world):
    submission = world.released()
    released = world.desk.frozen.released(submission.submission_id)
    recall(world, submission)
    keep_only, world.desk.frozen.keep_only = world.desk.frozen.keep_only, lambda *_: None
    confirm(world, submission)
    assert released.exists()
    world.desk.frozen.keep_only = keep_only
    world.worker.once()
    assert not released.exists()


def test_what_a_crash_left_is_removed_even_when_the_rest_was_issued_again_meanwhile(world):
    submission = world.released(TWO)
    taken, left = submission.outputs
    recall(world, submission, files=[taken.file_id])
    keep_only, world.desk.frozen.keep_only = world.desk.frozen.keep_only, lambda *_: None
    confirm(world, submission)
    world.desk.frozen.keep_only = keep_only
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    world.worker.once()
    released = world.desk.frozen.released(submission.submission_id)
    assert {file.name for file in released.iterdir()} == {left.sha256}
    collected = world.service.collect(world.actor(world.author), secret)
    assert [file.name for file, _ in collected.files] == [left.name]


# ---- holds ----------------------------------------------------------------------------------------------------------


def test_an_operator_stops_a_release_and_lets_it_go_on(world):
    submission = world.released()
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    world.service.hold(world.actor(world.operator), submission.submission_id, reason="A laptop was stolen.")
    assert world.now(submission).held == ("An operator holds it: A laptop was stolen.",)
    with pytest.raises(Refused, match="laptop"):
        world.service.collect(world.actor(world.author), secret)
    world.worker.once()
    assert world.now(submission).held
    with pytest.raises(Invalid):
        world.service.let_go(world.actor(world.operator), submission.submission_id, reason="")
    world.service.let_go(world.actor(world.operator), submission.submission_id, reason="It was found.")
    assert world.now(submission).held == ()
    assert world.service.collect(world.actor(world.author), secret).files


def test_a_hold_of_an_operator_does_not_end_with_one_of_the_project(world):
    submission = world.approved()
    world.service.hold(world.actor(world.operator), submission.submission_id, reason="A question.")
    world.governance.holds[world.project] = ("The project is suspended.",)
    world.worker.once()
    assert len(world.now(submission).held) == 2
    world.governance.holds.clear()
    world.worker.once()
    assert world.now(submission).held == ("An operator holds it: A question.",)
    assert world.state(submission) is State.APPROVED


def test_only_an_operator_outside_the_project_holds(world):
    submission = world.in_review()
    for person in (world.author, world.checkers[0], world.lead, world.officer):
        with pytest.raises((Refused, NotFound)):
            world.service.hold(world.actor(person), submission.submission_id, reason="No.")
    world.governance.roles[world.colleague] = frozenset({"operator"})
    with pytest.raises((Refused, NotFound)):
        world.service.hold(world.actor(world.colleague), submission.submission_id, reason="No.")
    with pytest.raises(NotPossible):
        world.service.let_go(world.actor(world.operator), submission.submission_id, reason="Nothing to end.")


def test_an_author_with_a_role_does_not_read_in_the_incidents_who_recalled_his_release(world):
    signing(world)
    submission = recall_asked(world)
    world.governance.roles[world.author] = frozenset({"checker"})
    assert world.service.incidents(world.actor(world.author)) == []
    assert len(world.service.incidents(world.actor(world.checkers[0]))) == 1
    (case,) = [
        each
        for each in world.service.history(world.actor(world.author), submission.submission_id).cases
        if each.kind is CaseKind.RECALL
    ]
    assert case.asked_by == ""
