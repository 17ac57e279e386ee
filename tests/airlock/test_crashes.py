"""Killed at any effect, the airlock converges: nothing twice, nothing half, nothing that was not approved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from orchestrator.airlock.frozen import file_sha256
from orchestrator.airlock.ledger.rows import LedgerTableRow
from orchestrator.airlock.model import State
from orchestrator.airlock.release.verification import verify_release
from orchestrator.airlock.rows import FileRow, ReleaseRow, SubmissionRow
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import NotPossible
from tests.airlock.story import FILES, RELEASED, Stepper, go_on, instrument, open_world

ROOT = Path(__file__).parents[2]


class Killed(BaseException):
    """Not an ordinary error: nothing may catch it."""


def crash() -> None:
    raise Killed


def check_never_too_much(world) -> None:
    """Whatever happened, nothing that is not released can be collected, or counts as known outside."""
    for submission in world.service.mine(world.actor(world.author)):
        if submission.state is not State.RELEASED:
            with pytest.raises(NotPossible):
                world.service.make_link(world.actor(world.author), submission.submission_id)
        with world.record.read() as session:
            known = list(session.scalars(select(LedgerTableRow).where(LedgerTableRow.released_at.is_not(None))))
            released = list(session.scalars(select(ReleaseRow)))
        assert bool(known) == bool(released) == (submission.state is State.RELEASED)


def check_end(world) -> None:
    with world.record.read() as session:
        releases = list(session.scalars(select(ReleaseRow)))
        submissions = list(session.scalars(select(SubmissionRow.submission_id)))
        kinds = list(session.scalars(select(EntryRow.kind)))
        known = [(row.file, row.released_at is not None) for row in session.scalars(select(LedgerTableRow))]
        reviewed = list(session.scalars(select(FileRow.name).where(FileRow.reviewed).order_by(FileRow.name)))
    assert (len(releases), len(submissions), kinds.count("submission.released")) == (1, 1, 1)
    directory = world.desk.frozen.released(submissions[0])
    assert ("a.csv", True) in known
    assert all(out for _, out in known)
    assert len(known) == len(set(known)), "no table is kept twice"
    assert reviewed == sorted(FILES)
    assert sorted(path.read_bytes() for path in directory.iterdir()) == sorted(RELEASED)
    store = world.desk.frozen.directory
    assert list((store / "incoming").iterdir()) == []
    assert [path.name for path in (store / "released").iterdir()] == submissions
    assert all(file_sha256(path)[0] == path.name for path in (store / "frozen").glob("??/*"))
    assert len(list((store / "frozen").glob("??/*"))) == len({*FILES.values(), *RELEASED})
    document = releases[0].document.encode()
    assert verify_release(document, world.signer.public_keys(), directory.iterdir()) in (
        [],
        [
            "The signature was not made by the record key: the record was changed, or is somebody else’s."
        ],  # a new fake key
    )


def test_a_crash_at_any_effect_converges(tmp_path, monkeypatch):
    stop_at = 0
    while True:
        stop_at += 1
        directory = tmp_path / str(stop_at)
        directory.mkdir()
        world = open_world(directory)
        stepper = Stepper(crash)
        stepper.stop_at = stop_at
        finished = False
        with monkeypatch.context() as patch:
            instrument(stepper, patch.setattr, world.signer)
            try:
                finished = go_on(world) is State.RELEASED
            except Killed:
                check_never_too_much(world)
        world.record.engine.dispose()
        again = open_world(directory)
        assert go_on(again) is State.RELEASED
        check_end(again)
        again.record.engine.dispose()
        if finished and stepper.count < stop_at:
            break
    assert stop_at > 15


@pytest.mark.parametrize("stop_at", range(2, 30, 9))
def test_a_process_killed_at_an_effect_leaves_what_its_successor_can_finish(tmp_path, stop_at):
    command = [sys.executable, "-m", "tests.airlock.story", str(tmp_path)]
    killed = subprocess.run([*command, str(stop_at)], check=False, capture_output=True, timeout=60, cwd=ROOT)
    assert killed.returncode == -9
    done = subprocess.run([*command, "0"], check=False, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.stdout.split()[:1] == ["released"], done.stderr
    world = open_world(tmp_path)
    check_end(world)
    world.record.engine.dispose()
