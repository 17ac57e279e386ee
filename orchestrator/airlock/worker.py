"""The airlock worker: entrance, scanning, releasing and deadlines, in one process of which there is one."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.errors import NotPossible, OrchestratorError

from .desk import Desk
from .file_store import known_hashes
from .inspection.scanning import Scanning
from .intake.entrance import Port
from .intake.listening import Intake
from .intake.preflight import Preflight
from .ports import Inspector, LiveSessions, RecordSigner
from .release.releasing import Releasing
from .replay.intake import ReplayIntake
from .replay.service import Replays
from .replay.store import known_hashes as replayed_hashes
from .submissions import Submissions
from .upkeep import Upkeep

__all__ = ["Worker"]

_log = logging.getLogger(__name__)
_AT_ONCE = 32
_AT_ONCE_AT_PORT = 256


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Runs the airlock. Every step may be repeated, so that a killed worker's successor simply goes on."""

    desk: Desk
    intake: Intake
    scanning: Scanning
    releasing: Releasing
    upkeep: Upkeep
    replays: Replays
    pause: float = 1.0
    upkeep_pause: float = 5.0

    @classmethod
    def of(
        cls,
        desk: Desk,
        sessions: LiveSessions,
        inspector: Inspector,
        signer: RecordSigner,
        *,
        port: Port | None = None,
    ) -> Worker:
        """Put a worker together; ``port`` is where sessions without a socket of their own come to."""
        submissions, replays = Submissions(desk), Replays(desk)
        at_once = _AT_ONCE if port is None else _AT_ONCE_AT_PORT
        return cls(
            desk=desk,
            intake=Intake(
                submissions,
                desk.frozen,
                sessions,
                desk.pack.limits,
                port=port,
                at_once=at_once,
                preflight=Preflight(desk, inspector),
                replays=ReplayIntake(replays, desk.pack.limits),
            ),
            scanning=Scanning(desk, inspector),
            releasing=Releasing(desk, signer, inspector),
            upkeep=Upkeep(desk),
            replays=replays,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set. Raises ``NotPossible`` when another worker has this airlock's store."""
        with _only_one(self.desk.frozen.directory / "worker.lock"):
            self.recover()
            parts = [
                threading.Thread(target=self.intake.run, args=(stop,), name="intake"),
                threading.Thread(target=self._repeat, args=(stop, self._keep_up, self.upkeep_pause), name="upkeep"),
                threading.Thread(target=self._repeat, args=(stop, self._scan, self.pause), name="scanning"),
                threading.Thread(target=self._repeat, args=(stop, self._release, self.pause), name="releasing"),
            ]
            for part in parts:
                part.start()
            try:
                while not stop.wait(self.pause):
                    for part in parts:
                        if not part.is_alive():
                            _log.critical("the airlock’s part “%s” ended; the worker stops", part.name)
                            stop.set()
            finally:
                stop.set()
                for part in parts:
                    part.join()

    def recover(self) -> None:
        """Put right what a killed worker left: half-received files go, half-scanned submissions start again."""
        with self.desk.record.read() as session:
            known = known_hashes(session) | replayed_hashes(session)
        self.desk.frozen.clean(known)
        self.scanning.resume()

    def once(self) -> None:
        """Do everything that is due now, once: for tests and commands."""
        self._keep_up()
        self._scan()
        self._release()

    def _keep_up(self) -> None:
        self.upkeep.hold()
        self.upkeep.expire()
        self.replays.expire()
        self.upkeep.bury()
        self.scanning.again_where_rules_changed()

    def _scan(self) -> None:
        for submission_id in self.scanning.waiting():
            _guarded(self.scanning.scan, submission_id)

    def _release(self) -> None:
        for submission_id in self.releasing.waiting():
            _guarded(self.releasing.release, submission_id)

    def _repeat(self, stop: threading.Event, work: Callable[[], None], pause: float) -> None:
        while not stop.is_set():
            try:
                work()
            except OrchestratorError as error:
                _log.warning("the airlock waits and tries again: %s", error.message)
            except Exception:  # noqa: BLE001 - one failure must not end the worker: it is logged and tried again
                _log.exception("the airlock failed at a step and tries again")
            stop.wait(pause)


def _guarded(step: Callable[[str], object], submission_id: str) -> None:
    """Do one step for one submission; its failure is logged and does not hold up the others."""
    try:
        step(submission_id)
    except OrchestratorError as error:
        _log.warning("submission %s waits: %s", submission_id, error.message)
    except Exception:  # noqa: BLE001 - a submission that cannot be handled stays where it is, never further
        _log.exception("submission %s could not be handled", submission_id)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotPossible("Another airlock worker runs on this state directory; stop it first.") from None
        yield
    finally:
        os.close(descriptor)
