"""The worker as a whole: one at a time, everything by itself, over the record on both databases."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.model import State
from orchestrator.airlock.worker import Worker
from orchestrator.core.errors import NotPossible
from tests.airlock.world import make_world


def wait_for(condition, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def running(world):
    directory = Path(tempfile.mkdtemp(prefix="in-", dir="/tmp"))
    world.sessions.sessions[:] = [replace(world.live, directory=directory)]
    world.worker = replace(world.worker, pause=0.05)
    stop, failed = threading.Event(), []

    def run() -> None:
        try:
            world.worker.run(stop)
        except NotPossible as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_for((directory / "intake.sock").exists)
    yield world
    stop.set()
    thread.join(90)
    assert not thread.is_alive()
    assert failed == []
    assert not (directory / "intake.sock").exists()
    shutil.rmtree(directory)


def test_the_worker_scans_and_releases_by_itself(running):
    submission = running.submit()
    wait_for(lambda: running.state(submission) is State.IN_REVIEW)
    for checker in running.checkers[:2]:
        running.review(checker, submission)
    wait_for(lambda: running.state(submission) is State.RELEASED)


def test_there_is_one_worker_only(running):
    with pytest.raises(NotPossible, match="Another airlock worker"):
        running.worker.run(threading.Event())


def test_a_submission_that_cannot_be_handled_holds_up_no_other(running):
    class Broken(FakeInspector):
        def inspect(self, path, *, name, **named):
            if name == "bad.csv":
                raise RuntimeError("a fault of ours")
            return super().inspect(path, name=name, **named)

    running.worker.scanning._inspector = Broken()
    bad, good = running.submit({"bad.csv": b"a,b\n1.5,2.5\n"}), running.submit()
    wait_for(lambda: running.state(good) is State.IN_REVIEW)
    assert running.state(bad) in (State.SCANNING, State.FROZEN)


def test_what_was_half_scanned_is_scanned_again(world):
    submission = world.submit()

    class Killed(FakeInspector):
        def inspect(self, *_, **__):
            raise KeyboardInterrupt

    worker = Worker.of(world.desk, world.sessions, Killed(), world.signer)
    with pytest.raises(KeyboardInterrupt):
        worker.scanning.scan(submission.submission_id)
    assert world.state(submission) is State.SCANNING
    world.worker.recover()
    world.worker.once()
    assert world.state(submission) is State.IN_REVIEW


def test_the_whole_way_works_on_both_databases(record_everywhere, clock, policy, tmp_path):
    world = make_world(record_everywhere, clock, policy, tmp_path)
    submission = world.released()
    author = world.actor(world.author)
    secret, _ = world.service.make_link(author, submission.submission_id)
    assert world.service.collect(author, secret).files
    assert world.submit(revises=None).state is State.FROZEN
