"""The ledger in the record: kept at the scan, known from the release on, never forgotten."""

from __future__ import annotations

import pytest

from orchestrator.airlock.ledger import store as ledger_store
from orchestrator.airlock.ledger.ledger import attack
from orchestrator.airlock.model import Severity, Submission
from orchestrator.core.errors import Conflict
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from tests.airlock.ledger.outsider import tables
from tests.airlock.world import World

MASKED = "region,F,M,All\nnorth,30,,30\nsouth,25,40,65\neast,20,21,41\nAll,75,61,136\n"
ONE_WAY = "region,n\nnorth,33\nsouth,65\neast,41\n"
DATASETS = {"version1": "dataset1"}


def event(submission: Submission, kind: str = "ledger.kept") -> Event:
    return Event(kind=kind, actor="system:airlock", subject=f"submission:{submission.submission_id}")


def keep(world: World, submission: Submission, text: str, datasets: dict[str, str] | None = None, **more) -> None:
    with world.record.change() as change:
        ledger_store.keep(
            change,
            submission,
            tables(text, **more),
            DATASETS if datasets is None else datasets,
            at=world.clock(),
            event=event(submission),
        )


def release(world: World, submission: Submission, **more) -> int:
    with world.record.change() as change:
        return ledger_store.add(
            change, submission.submission_id, at=world.clock(), event=event(submission, "ledger.added"), **more
        )


def outside(world: World, project: str, datasets: set[str], **more):
    with world.record.read() as session:
        return ledger_store.released_tables(session, project, datasets, **more)


def test_a_scan_keeps_tables_and_the_next_scan_replaces_them(world: World):
    submission = world.submit()
    keep(world, submission, MASKED)
    keep(world, submission, ONE_WAY, {"version2": "dataset1"})
    with world.record.read() as session:
        assert ledger_store.kept(session, submission.submission_id) == tables(ONE_WAY)
        assert ledger_store.versions_of(session, submission.submission_id) == {"version2": "dataset1"}


def test_what_is_only_kept_is_not_outside(world: World):
    submission = world.submit()
    keep(world, submission, MASKED)
    assert outside(world, world.project, {"dataset1"}) == []
    assert release(world, submission) == 1
    (known,) = outside(world, world.project, set())
    assert (known.project, known.release) == (world.project, submission.submission_id)
    assert (known.versions, known.recalled, known.table) == (frozenset({"version1"}), False, tables(MASKED)[0])


def test_a_released_submission_keeps_its_tables(world: World):
    submission = world.submit()
    keep(world, submission, MASKED)
    release(world, submission)
    with pytest.raises(Conflict, match="stay as they were released"):
        keep(world, submission, ONE_WAY)
    assert release(world, submission) == 0  # a worker that was killed may come again
    assert len(outside(world, world.project, set())) == 1


def test_only_files_that_left_are_outside(world: World):
    submission = world.submit()
    keep(world, submission, MASKED, file="a.csv")
    assert release(world, submission, files=["b.csv"]) == 0
    assert outside(world, world.project, {"dataset1"}) == []


def test_a_recall_changes_nothing_about_what_is_known(world: World):
    submission = world.submit()
    keep(world, submission, MASKED)
    release(world, submission)
    with world.record.change() as change:
        ledger_store.recall(
            change, submission.submission_id, at=world.clock(), event=event(submission, "ledger.recalled")
        )
    (known,) = outside(world, world.project, set())
    assert known.recalled


def test_another_project_sees_what_came_from_the_same_dataset_only(world: World):
    submission = world.submit()
    keep(world, submission, MASKED)
    release(world, submission)
    other = new_id()
    assert len(outside(world, other, {"dataset1"})) == 1
    assert outside(world, other, {"dataset2"}) == []
    assert outside(world, other, set()) == []
    assert outside(world, other, {"dataset1"}, but=submission.submission_id) == []


def test_every_write_needs_its_event(world: World):
    submission = world.submit()
    keep(world, submission, MASKED)
    with world.record.read() as session:
        kinds = [each.kind for each in _entries(session)]
    assert "ledger.kept" in kinds


def _entries(session):
    from sqlalchemy import select

    from orchestrator.audit.store import EntryRow

    return session.scalars(select(EntryRow)).all()


def test_a_release_of_somebody_else_since_the_review_is_found(world: World):
    earlier, submission = world.submit(), world.submit()
    keep(world, earlier, ONE_WAY, file="earlier.csv")
    keep(world, submission, MASKED, file="masked.csv")

    def check(**more):
        with world.record.read() as session:
            these = ledger_store.kept(session, submission.submission_id)
            return ledger_store.check_at_release(session, submission, these, world.desk.pack, **more)

    assert check() == []
    release(world, earlier)
    (finding,) = check()
    assert (finding.rule, finding.severity, finding.low) == ("LEDGER_CELL_PINNED", Severity.BLOCK, 3)
    assert finding.releases == (earlier.submission_id,)
    asked = []
    check(attacked=lambda *args, **named: asked.append((args, named)) or attack(*args, **named))
    ((new, known, _), named) = asked[0]
    assert [each.file for each in new] == ["masked.csv"]
    assert [each.release for each in known] == [earlier.submission_id]
    assert named == {"project": world.project, "versions": frozenset({"version1"})}


def test_what_checkers_have_seen_does_not_hold_the_release(world: World):
    from dataclasses import replace

    earlier, submission = world.submit(), world.submit()
    keep(world, earlier, ONE_WAY)
    release(world, earlier)
    keep(world, submission, MASKED, file="masked.csv")
    with world.record.read() as session:
        these = ledger_store.kept(session, submission.submission_id)
        (new,) = ledger_store.check_at_release(session, submission, these, world.desk.pack)
        seen = replace(submission, files=(replace(submission.files[0], findings=(new.finding(),)),))
        assert ledger_store.check_at_release(session, seen, these, world.desk.pack) == []
