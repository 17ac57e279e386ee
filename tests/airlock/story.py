"""One submission from intake to release, written so that it can be begun again after a crash at any effect.

Run as a program, it is killed for real: ``python -m tests.airlock.story DIRECTORY N`` ends itself with SIGKILL at the
N-th effect; with N = 0 it runs to the end and prints the state.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.airlock import frozen
from orchestrator.airlock.model import State
from orchestrator.airlock.store import select_ids
from orchestrator.audit import record as audit_record
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.core.ids import new_id
from orchestrator.policy.service import Policy
from tests.airlock.world import SAFE, World, make_world
from tests.empty_record import lay_tables

FILES = {"a.csv": SAFE, "c.txt": b"\xef\xbb\xbfIn all 310 people took part.\r\n"}
"""The second is made anew before review, so that a scan freezes bytes too."""
RELEASED = [SAFE, b"In all 310 people took part.\n"]
RULES = Path(__file__).parents[2] / "policies" / "access"


class Stepper:
    """Counts effects on disk, record and key; does ``crash`` before the n-th, which is after the one before it."""

    def __init__(self, crash: Callable[[], None]) -> None:
        self.crash, self.stop_at, self.count = crash, 0, 0

    def wrap(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count == self.stop_at:
                self.crash()
            return effect(*arguments, **named)

        return stepped


def instrument(stepper: Stepper, patch: Callable[[Any, str, Any], None], signer: Any) -> None:
    """Put the stepper into every effect of the story."""
    for owner, name in (
        (frozen, "_copy"), (frozen.os, "link"), (frozen.os, "fsync"), (frozen.Path, "rename"),
        (audit_record.Session, "commit"), (signer, "sign"),
    ):  # fmt: skip
        patch(owner, name, stepper.wrap(getattr(owner, name)))


def go_on(world: World) -> State:
    """Recover like a new worker, then do whatever is still to be done, to the end."""
    world.worker.recover()
    with world.record.read() as session:
        known = select_ids(session)
    if not known:
        known = [world.submit(FILES).submission_id]
    for _ in range(4):
        world.worker.once()
        submission = world.service.submissions.mine(world.actor(world.author))[0]
        if submission.state is State.IN_REVIEW:
            for checker in world.checkers[:2]:
                if not world.service.view(world.actor(checker), submission.submission_id).own_review_submitted:
                    world.review(checker, submission)
    return world.state(submission)


@cache
def _policy() -> Policy:
    return Policy(RULES)


def open_world(directory: Path) -> World:
    """Open the same airlock again in a new process."""
    names = directory / "ids.json"
    if not names.exists():
        names.write_text(json.dumps([new_id() for _ in range(10)]))
    engine, clock = make_engine(f"sqlite:///{directory}/record.db"), FixedClock()
    lay_tables(engine)
    return make_world(Record(engine, clock), clock, _policy(), directory, ids=json.loads(names.read_text()))


def main(directory: Path, stop_at: int) -> None:
    world = open_world(directory)
    stepper = Stepper(lambda: os.kill(os.getpid(), signal.SIGKILL))
    stepper.stop_at = stop_at
    instrument(stepper, setattr, world.signer)
    print(go_on(world).value, stepper.count)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
