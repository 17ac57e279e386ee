"""Precedents, earlier versions, and the count of checks: all read from the record, none kept beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.airlock.model import Choice, State
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.ids import new_id
from tests.airlock.world import SAFE

OTHER = SAFE + b"other,130,70.1\n"


def search(world, person, text):
    return world.service.search_precedents(world.actor(person), text)


def test_what_was_decided_is_found_by_its_words_and_nothing_that_is_not(world):
    submission = world.in_review({"ages.csv": SAFE}, context="Kaplan-Meier, 100 % rounded_down", title="Survival")
    checker, other = world.checkers[0], world.checkers[2]
    assert search(world, other, "kaplan-meier") == []
    for each in world.checkers[:2]:
        for file in submission.files:
            world.vote_on(each, submission, file, Choice.REJECT, "Too few at risk in the tail.")
        world.service.submit_review(
            world.actor(each), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    found = search(world, other, "TAIL risk")
    assert {(each.submission_id, each.place, each.choice) for each in found} == {
        (submission.submission_id, "comment", Choice.REJECT)
    }
    for words in ("kaplan-meier", "Survival", "ages.csv", "100 %", "rounded_down"):
        assert [each.place for each in search(world, checker, words)] == ["context"], words
    for words in ("100_%", "%%%", "rounded%down", "nothing of it"):
        assert search(world, checker, words) == [], words
    world.service.appeal(world.actor(world.author), submission.submission_id, reason="The tail was truncated.")
    assert {each.place for each in search(world, other, "truncated")} == {"appeal"}


def test_words_of_wiped_and_unsubmitted_votes_are_not_found(world):
    submission = world.in_review()
    world.vote_on(world.checkers[0], submission, submission.files[0], Choice.CHANGES, "unsubmitted thought")
    world.service.return_early(
        world.actor(world.checkers[1]),
        submission.submission_id,
        reason="Again.",
        seen=world.seen(submission.submission_id),
    )
    assert search(world, world.checkers[2], "thought") == []


def test_only_who_judges_searches_and_never_in_his_own_project(world):
    world.released()
    for person in (world.author, world.operator, world.officer, new_id()):
        with pytest.raises(Refused):
            search(world, person, "rounded")
    world.governance.roles[world.colleague] = frozenset({"checker"})
    assert search(world, world.colleague, "rounded") == []
    assert search(world, world.checkers[2], "rounded")
    for text, error in (("", Invalid), ("ab", NotPossible), ("x" * 5000, Invalid)):
        with pytest.raises(error):
            search(world, world.checkers[0], text)


def test_earlier_versions_of_a_file_are_named_and_opened_and_noted(world):
    from sqlalchemy import select

    from orchestrator.audit.store import EntryRow

    first = world.released({"a.csv": SAFE})
    other = world.in_review({"b.csv": OTHER})
    second = world.in_review({"a.csv": OTHER})
    checker, (file,) = world.actor(world.checkers[0]), second.files
    (earlier,) = world.service.earlier(checker, second.submission_id, file.file_id)
    assert (earlier.submission.submission_id, earlier.sha256, earlier.released) == (
        first.submission_id, first.files[0].sha256, True
    )  # fmt: skip
    opened = world.service.open_earlier(checker, second.submission_id, file.file_id, earlier.file.file_id)
    assert opened.path.read_bytes() == SAFE
    with world.record.read() as session:
        kinds = list(session.scalars(select(EntryRow.kind).order_by(EntryRow.position.desc()).limit(2)))
    assert kinds == ["file.compared", "file.opened"]
    with pytest.raises(NotPossible):
        world.service.open_earlier(checker, second.submission_id, file.file_id, other.files[0].file_id)
    for person in (world.author, world.colleague, world.operator):
        with pytest.raises((Refused, NotFound)):
            world.service.earlier(world.actor(person), second.submission_id, file.file_id)


def test_the_version_of_the_last_round_is_an_earlier_one(world):
    submission = world.in_review({"a.csv": SAFE})
    for checker in world.checkers[:2]:
        world.review(checker, submission, Choice.CHANGES)
    world.submit({"a.csv": OTHER}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    (file,) = world.now(submission).files
    (earlier,) = world.service.earlier(world.actor(world.checkers[0]), submission.submission_id, file.file_id)
    assert (earlier.file.sha256, earlier.released) == (submission.files[0].sha256, False)


def checks(world, person, month="2026-11"):
    return world.service.checks(world.actor(person), month)


def test_every_handed_in_review_is_one_check_of_its_month(world):
    world.clock.now = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    submission = world.released({"a.csv": SAFE, "b.csv": OTHER})
    world.clock.now = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    doubted = world.in_review()
    world.review(world.checkers[0], doubted)
    world.service.declare_conflict(world.actor(world.checkers[0]), doubted.submission_id, reason="I know her.")
    november, december = checks(world, world.operator), checks(world, world.operator, "2026-12")
    assert {(each.person_id, each.checks, each.void, each.files) for each in november} == {
        (checker, 1, 0, 2) for checker in world.checkers[:2]
    }
    assert [(each.person_id, each.checks, each.void) for each in december] == [(world.checkers[0], 1, 1)]
    assert {each.project_id for each in november} == {submission.project_id}
    assert {each.custodians for each in november} == {(world.custodian,)}
    assert checks(world, world.officer) == november
    assert world.state(submission) is State.RELEASED


def test_carried_votes_are_not_counted_as_files_looked_at(world):
    world.clock.now = datetime(2026, 11, 22, tzinfo=UTC)
    submission = world.in_review({"a.csv": SAFE, "b.csv": OTHER})
    for checker in world.checkers[:2]:
        for file in submission.files:
            world.vote_on(checker, submission, file, Choice.CHANGES if file.name == "b.csv" else Choice.APPROVE)
        world.service.submit_review(
            world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    world.submit({"b.csv": SAFE}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    for checker in world.checkers[:2]:
        world.review(checker, submission, Choice.CHANGES)
    counted = {each.person_id: (each.checks, each.files) for each in checks(world, world.operator)}
    assert counted == dict.fromkeys(world.checkers[:2], (2, 4))


def test_counts_are_for_operators_and_the_custodians_concerned(world):
    world.clock.now = datetime(2026, 11, 22, tzinfo=UTC)
    world.released()
    for person in (world.author, world.checkers[0], world.lead, new_id()):
        with pytest.raises(Refused):
            checks(world, person)
    stranger = new_id()
    world.governance.officers_of[stranger] = frozenset({new_id()})
    assert checks(world, stranger) == []
    for month in ("", "2026", "2026-13", "2026-00", "26-11", "2026-11-01", "٢٠٢٦-11", "0000-01", "9999-12"):
        with pytest.raises(Invalid):
            checks(world, world.operator, month)
