"""Stand-alone starter of one detached process: it leaves its record behind before it becomes the program.

Reads a JSON specification from standard input and is run as ``python -I -S launch.py`` by :mod:`.processes`. Between
being made and being recorded a process can be lost; here the process writes its own record and only then turns into
the program, so whoever started it may die at any moment. Uses the standard library only.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["main", "write_atomically"]


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace ``path`` by ``text`` in one step, so that a reader sees the old or the new content and never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _start_time() -> int:
    status = Path("/proc/self/stat").read_text(encoding="utf-8")
    return int(status.rpartition(")")[2].split()[19])


def _become(specification: dict[str, Any], starter: int, report: int) -> None:
    os.setsid()
    while os.getppid() == starter:  # a death signal of the parent must mean the machine's init, never the starter
        time.sleep(0.001)
    record = {**specification["record"], "pid": os.getpid(), "started": _start_time()}
    write_atomically(Path(specification["path"]), json.dumps(record))
    log = os.open(specification["record"]["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    fcntl.fcntl(report, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    os.closerange(3, report)
    os.closerange(report + 1, 65536)
    os.chdir("/")
    os.execvpe(specification["argv"][0], specification["argv"], specification["environment"])  # noqa: S606


def main() -> None:
    """Fork, let the starter go, record, and become the program; a failure is told through the report descriptor."""
    report = int(sys.argv[1])
    specification = json.load(sys.stdin)
    os.umask(0o077)
    starter = os.getpid()
    if os.fork():
        os._exit(0)
    try:
        _become(specification, starter, report)
    except BaseException as problem:  # noqa: BLE001 - the only way to tell is the pipe
        Path(specification["path"]).unlink(missing_ok=True)  # before it is told: whoever is told may look
        os.write(report, f"{type(problem).__name__}: {problem}".encode()[:500])
        os._exit(127)


if __name__ == "__main__":
    main()
