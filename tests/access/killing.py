"""A program that goes on with an application's life in a child, and kills that child with SIGKILL at its next commit.

It is given the directory of a life in which nobody is killed, which it lives itself, and that of the one for its
children. Then it reads a line for every child: the phase of the child's first commit at which it is killed, or
``never``; and answers ``killed`` or ``done``. It is started once, because starting Python takes longer than a life.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from orchestrator.policy.service import Policy
from tests.access.life import open_life

PHASES = ("flushed", "before", "after")
"""Rows were written; all is written and the commit is next; the commit was made, and nobody was told of it."""


def main() -> None:
    """Serve until there is no more line."""
    undisturbed, directory, policy = Path(sys.argv[1]), Path(sys.argv[2]), Policy(Path(sys.argv[3]))
    life = open_life(undisturbed, policy)
    life.go_on()
    life.world.record.engine.dispose()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _child(directory, policy, line.strip())
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else "done" if status == 0 else f"failed {status}", flush=True)  # noqa: T201


def _child(directory: Path, policy: Policy, phase: str) -> None:
    """Go on until killed; leave without any of the parent's ends."""
    try:
        life = open_life(directory, policy)
        if phase != "never":
            _arm(phase)
        life.go_on()
    except BaseException:  # noqa: BLE001 - told by the exit code, and on stderr
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _arm(phase: str) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def wrote(session: Session, _: object) -> None:
        session.info["wrote"] = True
        if phase == "flushed":
            die()

    def ending(session: Session) -> None:
        if session.info.get("wrote"):
            die()

    event.listen(Session, "after_flush", wrote)
    if phase in ("before", "after"):
        event.listen(Session, f"{phase}_commit", ending)


if __name__ == "__main__":
    main()
