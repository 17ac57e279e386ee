"""The airlock's intake: one listening unix socket for each live session, or one TLS port for the sessions of pods.

The socket says who submits; at the port a secret does (``entrance.py``). From then on both speak the same.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.airlock.frozen import FrozenStore, Incoming, IncomingFile
from orchestrator.airlock.packs import Limits
from orchestrator.airlock.ports import LiveSession, LiveSessions
from orchestrator.airlock.replay.intake import ReplayIntake
from orchestrator.airlock.submissions import Submissions, announced
from orchestrator.core.errors import Invalid, NotPossible, OrchestratorError, Refused, Unavailable

from .entrance import Entrance, Port, farewell, shut
from .frames import Channel, HungUpError, TooSlowError, problem
from .preflight import Preflight, named

__all__ = ["Intake", "IntakeTimes"]

_log = logging.getLogger(__name__)
_PATH_BYTES = 107
_SOCKET, _BEFORE = "intake.sock", "intake.new"


@dataclass(frozen=True, kw_only=True)
class IntakeTimes:
    """Seconds: how long one wait and one whole submission may take, how often live sessions are looked up.

    ``turn`` is how long a connection waits for an earlier one of its session, before it is told that all is busy.
    """

    idle: float = 30.0
    total: float = 1800.0
    look: float = 1.0
    turn: float = 2.0


class Intake:
    """Listens for every live session; receives, freezes, answers. A slow sender holds up nobody but itself."""

    def __init__(
        self,
        submissions: Submissions,
        frozen: FrozenStore,
        sessions: LiveSessions,
        limits: Limits,
        *,
        port: Port | None = None,
        times: IntakeTimes | None = None,
        at_once: int = 32,
        at_once_per_session: int = 2,
        preflight: Preflight | None = None,
        replays: ReplayIntake | None = None,
    ) -> None:
        self._submissions, self._frozen, self._sessions, self._limits = submissions, frozen, sessions, limits
        self._preflight, self._replays = preflight, replays
        self._times = times or IntakeTimes()
        self._at_once, self._per_session = at_once, at_once_per_session
        self._live: list[LiveSession] = []
        self._listening: dict[str, tuple[LiveSession, Path, socket.socket]] = {}
        self._present: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._turns = threading.Condition(self._lock)
        self._selector = selectors.DefaultSelector()
        self._entrance = Entrance(port, live=lambda: self._live, serve=self._serve_from_port) if port else None

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop`` is set; then close every socket and remove it."""
        if self._entrance is not None:
            self._entrance.listener.setblocking(False)
            self._selector.register(self._entrance.listener, selectors.EVENT_READ, self._entrance.accept)
        try:
            next_look = 0.0
            while not stop.is_set():
                if time.monotonic() >= next_look:
                    self._follow_sessions()
                    next_look = time.monotonic() + self._times.look
                for key, _ in self._selector.select(self._times.look):
                    key.data()
        finally:
            self._end()

    def _end(self) -> None:
        for session_id in list(self._listening):
            self._close(session_id)
        if self._entrance is not None:
            self._selector.unregister(self._entrance.listener)
            self._entrance.close()
        with self._lock:
            for connection in self._connections:
                shut(connection)
        self._selector.close()

    def _follow_sessions(self) -> None:
        try:
            self._live = self._sessions.live()
        except OrchestratorError as error:
            _log.warning("live sessions are unknown now, so nothing new is let in: %s", error.message)
            self._live = []
        live = {session.session_id: session for session in self._live if session.directory is not None}
        for session_id in set(self._listening) - set(live):
            self._close(session_id)
        for session_id in set(live) - set(self._listening):
            try:
                self._open(live[session_id])
            except (OSError, Invalid) as error:
                _log.error("no intake for session %s: %s", session_id, error)

    def _open(self, session: LiveSession) -> None:
        if session.directory is None:
            return
        path = session.directory / _SOCKET
        if len(os.fsencode(path)) > _PATH_BYTES:
            raise Invalid(
                f"{path} is longer than {_PATH_BYTES} bytes; choose a shorter state directory.", field="state"
            )
        session.directory.mkdir(parents=True, exist_ok=True)
        session.directory.chmod(0o755)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _listen(listener, path)
        except OSError:
            listener.close()
            raise
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(session))
        self._listening[session.session_id] = (session, path, listener)

    def _close(self, session_id: str) -> None:
        _, path, listener = self._listening.pop(session_id)
        self._selector.unregister(listener)
        listener.close()
        path.unlink(missing_ok=True)

    def _accept(self, session: LiveSession) -> None:
        if session.session_id not in self._listening:
            return
        try:
            connection, _ = self._listening[session.session_id][2].accept()
        except OSError:
            return
        if self._take(session, connection):
            threading.Thread(target=self._serve, args=(session, connection), name="intake", daemon=True).start()
        else:
            connection.close()

    def _serve_from_port(self, session: LiveSession, connection: socket.socket) -> None:
        if self._take(session, connection):
            self._serve(session, connection)

    def _take(self, session: LiveSession, connection: socket.socket) -> bool:
        """Count a connection in: as many may wait as are served. Beyond that answer that the airlock is busy."""
        with self._lock:
            many = self._present[session.session_id] >= 2 * self._per_session
            full = many or len(self._connections) >= self._at_once
            if not full:
                self._connections.add(connection)
                self._present[session.session_id] += 1
        if full:
            self._channel(connection).answer(problem(_busy()))
        return not full

    @contextmanager
    def _turn(self, session: LiveSession) -> Iterator[None]:
        """Serve only so many of a session at once; the next waits for its turn, then is told to come again."""
        with self._turns:
            if not self._turns.wait_for(lambda: self._busy[session.session_id] < self._per_session, self._times.turn):
                raise _busy()
            self._busy[session.session_id] += 1
        try:
            yield
        finally:
            with self._turns:
                self._busy[session.session_id] -= 1
                self._turns.notify_all()

    def _channel(self, connection: socket.socket) -> Channel:
        connection.setblocking(True)
        return Channel(connection, idle=self._times.idle, total=self._times.total)

    def _serve(self, session: LiveSession, connection: socket.socket) -> None:
        channel = self._channel(connection)
        try:
            _check_caller(session, connection)
            with self._turn(session):
                channel.answer(self._converse(session, channel))
        except HungUpError:
            _log.info("session %s hung up before the end; nothing was kept", session.session_id)
        except TooSlowError:
            slow = Unavailable("Sending took too long, so nothing was kept; submit again.", system="airlock")
            channel.answer(problem(slow))
        except OrchestratorError as error:
            channel.answer(problem(error))
        except Exception:  # noqa: BLE001 - one broken conversation must not end the entrance for all
            _log.exception("the intake failed for session %s", session.session_id)
            channel.answer({"error": "error", "message": "The airlock failed, so nothing was kept. Tell an operator."})
        finally:
            with self._lock:
                self._connections.discard(connection)
                self._present[session.session_id] -= 1
            farewell(connection)

    def _converse(self, session: LiveSession, channel: Channel) -> dict[str, Any]:
        header = channel.json(channel.next(b"H")[1])
        if session.replay_of is not None:
            return self._replay(session, channel, header)
        action = header.get("action") if isinstance(header, dict) else None
        if not isinstance(header, dict) or header.get("protocol") != 1 or action not in ("submit", "check", "status"):
            raise Invalid("This airlock does not know that request; use its own tre-airlock.", field="header")
        if action == "status":
            channel.next(b"F")
            return {"submissions": self._submissions.status(session)}
        if action == "check":
            return self._check(session, channel, header)
        said = announced(header, self._limits)
        revising = said.revises is not None
        self._submissions.check_may_submit(session.project_id, session.person_id, revising=revising)
        with self._frozen.incoming() as incoming:
            self._receive([name for name, _ in said.files], incoming, channel)
            channel.next(b"F")
            self._check_live(session)
            kept = self._submissions.receive(session, said, incoming.files)
        return {
            "submission": kept.submission_id,
            "state": kept.state.value,
            "files": [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in kept.files],
        }

    def _check(self, session: LiveSession, channel: Channel, header: dict[str, Any]) -> dict[str, Any]:
        """Run the checks on what the session sends; nothing of it is kept."""
        if self._preflight is None:
            raise NotPossible("This airlock checks files only once they are submitted.")
        names = named(header, self._limits)
        with self._frozen.incoming() as incoming:
            self._receive(names, incoming, channel)
            channel.next(b"F")
            self._check_live(session)
            return self._preflight.check(session, names, incoming.files)

    def _replay(self, session: LiveSession, channel: Channel, header: Any) -> dict[str, Any]:
        """Give a session that runs a program again its task, or take what it made; it may ask for nothing else."""
        if self._replays is None:
            raise NotPossible("This airlock runs no program again.")
        wanted = self._replays.asked(session, header)
        if wanted is None:
            channel.next(b"F")
            return self._replays.job(session)
        with self._frozen.incoming() as incoming:
            self._receive(wanted.names, incoming, channel)
            channel.next(b"F")
            self._check_live(session)
            return self._replays.keep(session, wanted, incoming.files)

    def _receive(self, names: Sequence[str], incoming: Incoming, channel: Channel) -> None:
        total = 0
        for name in names:
            with incoming.file() as file:
                while True:
                    letter, payload = channel.next(b"D", b"E")
                    if letter == b"E":
                        _check_end(channel.json(payload), name, file)
                        break
                    total += len(payload)
                    if file.size + len(payload) > self._limits.file_bytes:
                        raise Invalid(f"“{name}” has more than {self._limits.file_bytes} bytes.", field="file")
                    if total > self._limits.total_bytes:
                        raise Invalid(
                            f"The files have more than {self._limits.total_bytes} bytes together.", field="files"
                        )
                    file.write(payload)

    def _check_live(self, session: LiveSession) -> None:
        if session not in self._sessions.live():
            raise Refused("Your session has ended meanwhile, so nothing was kept.")


def _listen(listener: socket.socket, path: Path) -> None:
    """Listen at a path that shows only once it listens: whoever sees it there is answered, never refused."""
    before = path.with_name(_BEFORE)
    before.unlink(missing_ok=True)
    listener.bind(str(before))
    before.chmod(0o666)
    listener.listen(8)
    listener.setblocking(False)
    before.replace(path)


def _busy() -> Unavailable:
    return Unavailable("The airlock is busy; try again.", system="airlock")


def _check_caller(session: LiveSession, connection: socket.socket) -> None:
    """Where the airlock is root, each project has a user id of its own: the caller must have this project's."""
    if session.user_number is None or connection.family != socket.AF_UNIX or os.geteuid() != 0:
        return
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    if struct.unpack("3i", credentials)[1] != session.user_number:
        raise Refused("This entrance belongs to another workspace.")


def _check_end(said: Any, name: str, file: IncomingFile) -> None:
    if said != {"size": file.size, "sha256": file.digest.hexdigest()}:
        raise Invalid(f"“{name}” did not arrive as it was sent; submit again.", field="file")
