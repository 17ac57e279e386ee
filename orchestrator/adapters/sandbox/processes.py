"""Detached processes that outlive whoever starts them: recorded, found again, and ended without touching another.

A process is known by its pid *and* its start time on this boot; signals go through a pidfd, so a number that the
system has given to somebody else is never hit. Output goes to a log file that :meth:`Processes.trim` keeps bounded.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.core.errors import Unavailable

from . import launch

__all__ = ["ProcessRecord", "Processes", "alive"]

_START_SECONDS = 20.0
_MARK = "TRE_PROCESS"


@dataclass(frozen=True, kw_only=True)
class ProcessRecord:
    """One process of ours. ``group`` is a project's id, or empty for the platform's own processes."""

    name: str
    group: str
    pid: int
    started: int
    boot: str
    digest: str
    mark: str
    log: str


@dataclass(frozen=True, kw_only=True)
class _Status:
    state: str
    session: int
    started: int


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _status(pid: int) -> _Status | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return _Status(state=fields[0], session=int(fields[3]), started=int(fields[19]))


def alive(record: ProcessRecord) -> bool:
    """Say whether exactly this process still runs: same boot, same pid, same start time, not a zombie."""
    status = _status(record.pid)
    return (
        status is not None and status.started == record.started and status.state not in "ZX" and _boot() == record.boot
    )


def _signal(pid: int, started: int, number: signal.Signals) -> None:
    """Signal the process only if it is still the one that began at ``started``."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        status = _status(pid)
        if status is not None and status.started == started:
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


class Processes:
    """The processes recorded under one run directory."""

    def __init__(self, *, run: Path, logs: Path, log_bytes: int = 4 * 1024 * 1024) -> None:
        self._run = run
        self._logs = logs
        self._log_bytes = log_bytes

    def ensure(
        self,
        name: str,
        argv: Sequence[str],
        *,
        group: str = "",
        environment: Mapping[str, str] | None = None,
        fingerprint: str = "",
    ) -> ProcessRecord:
        """Return the running process of this name, or start it; restart it if it was started with other arguments.

        ``fingerprint`` stands for what the arguments do not show, such as the content of a configuration file.
        """
        digest = hashlib.sha256(json.dumps([list(argv), fingerprint]).encode()).hexdigest()
        with self._locked(group):
            record = self._read(self._path(name, group))
            if record is not None and alive(record) and record.digest == digest:
                return record
            if record is not None:
                self._end(record, deadline=10.0)
            return self._start(name, argv, group=group, environment=environment, digest=digest)

    def find(self, name: str, *, group: str = "") -> ProcessRecord | None:
        """Return the record if its process still runs."""
        record = self._read(self._path(name, group))
        return record if record is not None and alive(record) else None

    def known(self, name: str, *, group: str = "") -> ProcessRecord | None:
        """Return the record, whether its process still runs or not."""
        return self._read(self._path(name, group))

    def records(self) -> list[ProcessRecord]:
        """Return every record below the run directory, of living and of dead processes."""
        paths = sorted([*self._run.glob("p/*.json"), *self._run.glob("*/p/*.json")])
        return [record for path in paths if (record := self._read(path)) is not None]

    def stop(self, name: str, *, group: str = "", deadline: float = 10.0) -> None:
        """End the process and its whole session: politely, then by force; forget its record. Repeatable."""
        path = self._path(name, group)
        if not path.parent.is_dir():
            return
        with self._locked(group):
            record = self._read(path)
            if record is not None:
                self._end(record, deadline=deadline)
            path.unlink(missing_ok=True)

    def trim(self) -> None:
        """Cut every log that has outgrown its bound to its newest half. Logs are opened for appending only."""
        for path in self._logs.rglob("*.log"):
            with contextlib.suppress(OSError):
                if path.stat().st_size <= self._log_bytes:
                    continue
                with path.open("r+b") as file:
                    file.seek(-self._log_bytes // 2, os.SEEK_END)
                    newest = file.read()
                    file.seek(0)
                    file.write(newest)
                    file.truncate()

    def _path(self, name: str, group: str) -> Path:
        return (self._run / group if group else self._run) / "p" / f"{name}.json"

    @contextlib.contextmanager
    def _locked(self, group: str) -> Iterator[None]:
        directory = self._path("x", group).parent
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self, path: Path) -> ProcessRecord | None:
        try:
            return ProcessRecord(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        group: str,
        environment: Mapping[str, str] | None,
        digest: str,
    ) -> ProcessRecord:
        log = self._logs / group / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = secrets.token_hex(8)
        draft = ProcessRecord(
            name=name, group=group, pid=0, started=0, boot=_boot(), digest=digest, mark=mark, log=str(log.absolute())
        )
        path = self._path(name, group)
        path.unlink(missing_ok=True)
        specification = {
            "record": asdict(draft),
            "path": str(path.absolute()),
            "argv": list(argv),
            "environment": {**(environment or {}), _MARK: mark},
        }
        self._launch(name, specification)
        record = self._read(path)
        if record is None:
            raise Unavailable(f"The process “{name}” was started but left no record; try again.", system=name)
        return record

    def _launch(self, name: str, specification: Mapping[str, object]) -> None:
        reading, writing = os.pipe()
        try:
            command = [sys.executable, "-I", "-S", str(Path(launch.__file__)), str(writing)]
            subprocess.run(
                command,
                input=json.dumps(specification).encode(),
                pass_fds=(writing,),
                check=True,
                timeout=_START_SECONDS,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            os.close(writing)
            writing = -1
            ready, _, _ = select.select([reading], [], [], _START_SECONDS)
            problem = os.read(reading, 500).decode(errors="replace") if ready else "no answer in time"
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"The process “{name}” could not be started: {error}.", system=name) from error
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)
        if problem:
            raise Unavailable(f"The process “{name}” could not be started: {problem}.", system=name)

    def _end(self, record: ProcessRecord, *, deadline: float) -> None:
        if record.boot != _boot():
            return
        members = self._members(record)
        # bubblewrap ends at once when asked, and takes the program with it by force: ask the program instead
        polite = [(pid, started) for pid, started in members if _command(pid) != "bwrap"] or members
        for pid, started in polite:
            _signal(pid, started, signal.SIGTERM)
        end = time.monotonic() + deadline
        while self._members(record) and time.monotonic() < end:
            time.sleep(0.02)
        end = time.monotonic() + max(deadline, 5.0)
        while members := self._members(record):
            for pid, started in members:
                _signal(pid, started, signal.SIGKILL)
            if time.monotonic() > end:
                raise Unavailable(
                    f"Processes of “{record.name}” do not end ({', '.join(str(pid) for pid, _ in members)}); "
                    "look for a hung disk or mount.",
                    system=record.name,
                    unknown_outcome=True,
                )
            time.sleep(0.02)

    def _members(self, record: ProcessRecord) -> list[tuple[int, int]]:
        """List pid and start time of every living process of the session, never one that is not ours."""
        leader = _status(record.pid)
        if leader is not None and leader.started != record.started:
            return []  # the number belongs to somebody else now, so nobody of our session is left
        found = []
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            pid = int(entry.name)
            status = _status(pid)
            if status is None or status.state in "ZX" or status.session != record.pid:
                continue
            if leader is not None or _carries_mark(pid, record.mark):
                found.append((pid, status.started))
        return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _carries_mark(pid: int, mark: str) -> bool:
    try:
        return f"{_MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
