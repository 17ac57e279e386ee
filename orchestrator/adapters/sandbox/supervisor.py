"""One session's own process: the parent of its sandbox, which dies with it, and the child of nobody who might die.

Run as ``python -m orchestrator.adapters.sandbox.supervisor PLAN``; the plan is removed once read, because it carries
the server's token. It places the session in control groups, starts bubblewrap with its arguments through a
descriptor, keeps the session's output within a bound, and leaves an ending behind. It restarts nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from orchestrator.workspaces.model import Limits

from .confine import Sandbox, View, outer_arguments, sandbox_arguments, setpriv_prefix
from .launch import write_atomically
from .limits import ControlGroups, Placement, apply_resource_limits
from .seccomp import filter_program

__all__ = ["main", "supervise"]

_OUTPUT_BYTES = 2 * 1024 * 1024
_POLITE_SECONDS = 1.0


def _descriptor(name: str, content: bytes) -> int:
    descriptor = os.memfd_create(name)
    os.write(descriptor, content) if content else None
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _words(arguments: list[str]) -> bytes:
    return b"".join(os.fsencode(argument) + b"\0" for argument in arguments)


def _sandbox(description: dict[str, Any]) -> Sandbox:
    views = tuple(View(**{**view, "source": Path(view["source"])}) for view in description["views"])
    pairs = {name: tuple((str(a), b) for a, b in description[name]) for name in ("links", "memory_directories")}
    lists = {name: tuple(description[name]) for name in ("directories", "command")}
    return Sandbox(**{**description, **pairs, **lists, "views": views})


def _command(plan: dict[str, Any], sandbox: Sandbox) -> tuple[list[str], list[int]]:
    """Return the command line, which holds no secret, and the descriptors it reads its arguments from."""
    filtered = filter_program()
    descriptors = []
    number = None
    if filtered is not None:
        number = _descriptor("filter", filtered)
        descriptors.append(number)
    root = plan["user_number"] is not None
    inner = _descriptor("inner", _words(sandbox_arguments(sandbox, staged=root, seccomp=number)))
    descriptors.append(inner)
    command = ["--args", str(inner), "--", *sandbox.command]
    if not root:
        return [plan["program"], *command], descriptors
    arguments, place = outer_arguments(sandbox, Path(plan["program"]))
    outer = _descriptor("outer", _words(arguments))
    descriptors.append(outer)
    return [
        plan["program"],
        "--args",
        str(outer),
        "--",
        *setpriv_prefix(plan["user_number"]),
        place,
        *command,
    ], descriptors


class _Session:
    """The running sandbox, as its supervisor sees it."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.groups = ControlGroups(instance=plan["instance"])
        self.limits = Limits(**plan["limits"])
        self.asked_to_end = False

    def start(self) -> subprocess.Popen[bytes]:
        """Place and start the sandbox, and say which limits are really enforced."""
        placement = self.groups.place(self.plan["project"], self.plan["session"], self.limits)
        self.note(state="started", unenforced=list(placement.unenforced))
        command, descriptors = _command(self.plan, _sandbox(self.plan["sandbox"]))
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd="/",
            preexec_fn=lambda: self._enter(placement),  # noqa: PLW1509 - this process has one thread
        )
        for descriptor in descriptors:
            os.close(descriptor)
        self.unenforced = list(placement.unenforced)
        return process

    def _enter(self, placement: Placement) -> None:
        placement.join()
        apply_resource_limits(self.limits, controllers=placement.controllers)

    def note(self, **words: object) -> None:
        """Leave the session's present state behind for whoever asks."""
        write_atomically(Path(self.plan["ending"]), json.dumps(words))

    def follow(self, process: subprocess.Popen[bytes]) -> int:
        """Pass the session's output on, up to a bound, until it ends by itself or is asked to."""
        output = process.stdout
        assert output is not None  # noqa: S101 - a pipe was asked for
        written = 0
        while process.poll() is None and not self.asked_to_end:
            ready, _, _ = select.select([output], [], [], 0.2)
            if not ready:
                continue
            chunk = os.read(output.fileno(), 65536)
            if not chunk:
                break
            written += len(chunk)
            if written <= _OUTPUT_BYTES:
                os.write(1, chunk)
        return self.end(process)

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """End every process of the session and return how its server ended."""
        if self.asked_to_end:
            self._ask(process)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLITE_SECONDS)
        process.kill()
        code = process.wait()
        self.groups.end(self.plan["project"], self.plan["session"])
        return code

    def _ask(self, process: subprocess.Popen[bytes]) -> None:
        """Ask the processes inside to end and give them a moment; bubblewrap itself would end them at once.

        The oldest first: who started another must not live to report its end as the other's own doing.
        """
        for pid in sorted(self.groups.processes(self.plan["project"], self.plan["session"])):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip() != "bwrap":
                    os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLITE_SECONDS if self.groups.processes(self.plan["project"], self.plan["session"]) else 0)


def supervise(plan: dict[str, Any]) -> int:
    """Run one session to its end and leave the record of it."""
    session = _Session(plan)

    def ask(_number: int, _frame: FrameType | None) -> None:
        session.asked_to_end = True

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = session.start()
    code = session.follow(process)
    session.note(state="ended", exit=code if code >= 0 else 128 - code, unenforced=session.unenforced)
    Path(plan["socket"]).unlink(missing_ok=True)
    return 0


def main() -> None:
    """Read the plan, remove it, and supervise."""
    path = Path(sys.argv[1])
    plan = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    os.umask(0o077)
    sys.exit(supervise(plan))


if __name__ == "__main__":
    main()
