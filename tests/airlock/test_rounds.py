"""Rounds of one submission: what was changed is judged anew, what was not keeps its approvals, and all is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.airlock.intake.announcing import announced
from orchestrator.airlock.model import Choice, FileRole, State
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from tests.airlock.world import SAFE

OTHER = SAFE + b"other,130,70.1\n"
TWO = {"a.csv": SAFE, "b.csv": OTHER}


def returned(world, files=None, *, changes="b.csv"):
    """One file approved by both, the other sent back by both."""
    submission = world.in_review(files or TWO)
    for checker in world.checkers[:2]:
        for file in world.now(submission).files:
            choice = Choice.CHANGES if file.name == changes else Choice.APPROVE
            world.vote_on(checker, submission, file, choice)
        world.service.submit_review(
            world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    assert world.state(submission) is State.RETURNED
    return submission


def own_votes(world, person, submission):
    return {vote.file_id: vote for vote in world.service.view(world.actor(person), submission.submission_id).own_votes}


def test_only_what_changed_loses_its_approvals(world):
    submission = returned(world)
    kept, sent_back = world.now(submission).files
    again = world.submit({"b.csv": SAFE}, revises=submission.submission_id, title="")
    assert (again.submission_id, again.round, again.title) == (submission.submission_id, 2, "Ages by arm")
    assert [file.file_id == kept.file_id for file in again.files] == [True, False]
    assert world.worker.scanning.scan(again.submission_id) is State.IN_REVIEW
    changed = next(file for file in world.now(again).files if file.name == "b.csv")
    assert changed.file_id != sent_back.file_id
    for checker in world.checkers[:2]:
        votes = own_votes(world, checker, submission)
        assert set(votes) == {kept.file_id}
        assert (votes[kept.file_id].choice, votes[kept.file_id].carried_from) == (Choice.APPROVE, 1)
        with pytest.raises(NotPossible, match="has no vote"):
            world.service.submit_review(
                world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
            )
        world.vote_on(checker, submission, changed)
        world.service.submit_review(
            world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    assert world.state(submission) is State.APPROVED
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED


def test_a_third_checker_may_take_part_in_the_next_round_and_votes_on_all_of_it(world):
    submission = returned(world)
    world.submit({"b.csv": SAFE}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    assert own_votes(world, world.checkers[2], submission) == {}
    world.review(world.checkers[2], submission)
    world.review(world.checkers[0], submission)
    assert world.state(submission) is State.APPROVED


@pytest.mark.parametrize("loss", ["role", "joined", "conflict"])
def test_a_carried_approval_counts_only_while_its_checker_may_judge(world, loss):
    submission = returned(world)
    world.submit({"b.csv": SAFE}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    one = world.checkers[0]
    if loss == "role":
        world.governance.roles[one] = frozenset()
    elif loss == "joined":
        world.governance.members[world.project] |= {one}
    else:
        world.service.declare_conflict(world.actor(one), submission.submission_id, reason="A friend wrote it.")
    assert world.worker.releasing.release(submission.submission_id) is State.IN_REVIEW
    assert not world.desk.frozen.released(submission.submission_id).exists()


def test_the_same_bytes_with_other_words_are_another_file(world):
    submission = returned(world)
    world.submit({"a.csv": SAFE}, context="counts of people, not rounded", revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    assert own_votes(world, world.checkers[0], submission) == {}


def test_what_is_sent_again_unchanged_is_the_same_file(world):
    submission = returned(world)
    kept = world.now(submission).files[0]
    again = world.submit({"a.csv": SAFE, "b.csv": SAFE}, revises=submission.submission_id)
    assert again.files[0].file_id == kept.file_id


def test_another_title_voids_every_approval_because_it_is_part_of_what_was_approved(world):
    submission = returned(world)
    world.submit({"b.csv": SAFE}, revises=submission.submission_id, title="Ages by sex")
    world.worker.scanning.scan(submission.submission_id)
    assert world.now(submission).title == "Ages by sex"
    assert own_votes(world, world.checkers[0], submission) == {}


def test_other_rules_void_every_approval(world):
    submission = returned(world)
    terms = world.governance.conditions[world.project][0]
    world.governance.conditions[world.project] = (replace(terms, minimum_count=11),)
    world.submit({"b.csv": SAFE}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    assert own_votes(world, world.checkers[0], submission) == {}


def test_a_file_can_be_dropped_and_the_rest_keeps_its_approvals(world):
    submission = returned(world)
    again = world.submit({}, revises=submission.submission_id, drop=("b.csv",))
    assert [file.name for file in again.files] == ["a.csv"]
    world.worker.scanning.scan(again.submission_id)
    for checker in world.checkers[:2]:
        world.service.submit_review(
            world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    assert world.state(submission) is State.APPROVED


def test_replacing_the_whole_drops_what_is_not_sent(world):
    submission = returned(world)
    again = world.submit({"a.csv": SAFE}, revises=submission.submission_id, whole=True)
    assert [file.name for file in again.files] == ["a.csv"]


def test_bad_revisions_are_refused_and_change_nothing(world):
    submission = returned(world)
    before = world.now(submission)
    for changes, error in (
        ({"drop": ("c.csv",)}, Invalid),
        ({"drop": ("a.csv", "b.csv")}, Invalid),
        ({"revises": "a" * 16}, NotFound),
    ):
        with pytest.raises(error):
            world.submit({}, **{"revises": submission.submission_id, **changes})
    with pytest.raises(Invalid, match="one file"):
        world.submit({"A.csv": SAFE}, revises=submission.submission_id)
    mine, world.live = world.live, replace(world.live, person_id=world.colleague)
    with pytest.raises((Refused, NotFound)):
        world.submit({"b.csv": SAFE}, revises=submission.submission_id)
    world.live = mine
    assert world.now(submission) == before


@pytest.mark.parametrize("early", [False, True])
def test_the_history_tells_each_round_as_it_was_and_the_author_no_names(world, early):
    submission = world.in_review(TWO)
    world.review(world.checkers[0], submission, Choice.CHANGES)
    if early:
        world.service.return_early(
            world.actor(world.checkers[1]),
            submission.submission_id,
            reason="Round it first.",
            seen=world.seen(submission.submission_id),
        )
    else:
        world.review(world.checkers[1], submission, Choice.CHANGES)
    world.submit({"b.csv": SAFE}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    world.review(world.checkers[0], submission)
    first, second = world.service.history(world.actor(world.checkers[2]), submission.submission_id).rounds
    assert (first.number, second.number, second.ended_by, second.reviews) == (1, 2, "", ())
    assert first.ended_by == ("return early" if early else "return")
    assert first.reason == ("Round it first." if early else "")
    assert [file.sha256 for file in first.files] != [file.sha256 for file in second.files]
    assert all(file.verdict for file in first.files)
    assert {review.void for review in first.reviews} == {early}
    seen = world.service.history(world.actor(world.author), submission.submission_id)
    assert seen.rounds[0].reason == first.reason
    assert {review.person_id for each in seen.rounds for review in each.reviews} <= {""}
    assert len(seen.rounds[0].reviews) == (0 if early else 2)
    for someone in (world.colleague, world.officer):
        with pytest.raises(NotFound):
            world.service.history(world.actor(someone), submission.submission_id)


def test_after_an_early_return_no_vote_of_the_turn_counts(world):
    submission = world.in_review(TWO)
    world.review(world.checkers[0], submission)
    world.service.return_early(
        world.actor(world.checkers[1]),
        submission.submission_id,
        reason="The title is wrong.",
        seen=world.seen(submission.submission_id),
    )
    world.submit({"b.csv": SAFE}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    assert own_votes(world, world.checkers[0], submission) == {}


def test_an_early_return_needs_words_and_the_right_and_the_time(world):
    submission = world.in_review()
    with pytest.raises(Invalid):
        world.service.return_early(
            world.actor(world.checkers[0]),
            submission.submission_id,
            reason=" ",
            seen=world.seen(submission.submission_id),
        )
    for person in (world.author, world.colleague, world.operator, world.lead):
        with pytest.raises((Refused, NotFound)):
            world.service.return_early(
                world.actor(person), submission.submission_id, reason="No.", seen=world.seen(submission.submission_id)
            )
    with pytest.raises(Conflict):
        world.service.return_early(world.actor(world.checkers[0]), submission.submission_id, reason="No.", seen=1)
    seen = world.now(submission).version
    world.service.return_early(world.actor(world.checkers[0]), submission.submission_id, reason="No.", seen=seen)
    with pytest.raises(NotPossible):
        world.service.return_early(
            world.actor(world.checkers[1]),
            submission.submission_id,
            reason="No.",
            seen=world.seen(submission.submission_id),
        )


def test_supporting_files_are_shown_and_never_leave(world):
    submission = world.in_review({"a.csv": SAFE, "log.txt": b"Model fitted on 240 people.\n"}, supporting={"log.txt"})
    output, support = submission.files
    assert (output.role, support.role) == (FileRole.OUTPUT, FileRole.SUPPORTING)
    world.service.open_file(world.actor(world.checkers[0]), submission.submission_id, support.file_id)
    with pytest.raises(NotPossible, match="never leaves"):
        world.vote_on(world.checkers[0], submission, support)
    for checker in world.checkers[:2]:
        world.vote_on(checker, submission, output)
        world.service.submit_review(
            world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    released = world.desk.frozen.released(submission.submission_id)
    assert [path.name for path in released.iterdir()] == [output.sha256]
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    collected = world.service.collect(world.actor(world.author), secret)
    assert [file.name for file, _ in collected.files] == ["a.csv"]
    assert b"log.txt" not in collected.document


def test_a_header_says_what_it_revises_and_nonsense_is_told(world):
    limits = world.desk.pack.limits
    header = {"protocol": 1, "action": "submit", "title": "t", "files": [{"name": "a.csv", "context": "c"}]}
    mine = "a" * 16
    assert announced({**header, "revises": mine}, limits).whole is False
    assert announced({**header, "replaces": mine}, limits).whole is True
    assert announced({**header, "revises": mine, "title": None}, limits).title == ""
    assert announced({**header, "revises": mine, "files": [], "drop": ["b.csv"]}, limits).drop == ("b.csv",)
    for changes, field in (
        ({"revises": mine, "replaces": mine}, "revises"),
        ({"revises": 7}, "revises"),
        ({"revises": "../x"}, "revises"),
        ({"drop": ["a.csv"]}, "drop"),
        ({"revises": mine, "drop": ["a.csv"]}, "drop"),
        ({"revises": mine, "drop": "a.csv"}, "drop"),
        ({"revises": mine, "files": []}, "files"),
        ({"title": None}, "title"),
        ({"files": [{"name": "a.csv", "context": "c", "role": "hidden"}]}, "files"),
        ({"files": [{"name": "a.csv", "context": "c", "role": "supporting"}]}, "files"),
    ):
        with pytest.raises(Invalid) as refused:
            announced({**header, **changes}, limits)
        assert refused.value.field == field, changes
