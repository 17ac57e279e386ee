"""James' story, walked over real HTTP with a real kernel and real reviews; each step is ok only if it was observed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.assembly import House
from orchestrator.core.errors import OrchestratorError

from . import asking, checking, showing, working
from .people import Cast
from .stage import Stage

__all__ = ["Story", "StoryStep"]

_STEPS: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("everybody signs in, terminals by code", asking.sign_in),
    ("the datasets are sealed", asking.await_sealed),
    ("James finds three datasets and accepts their terms", asking.find),
    ("James is told what it costs before he asks", asking.price),
    ("James applies to three custodians", asking.apply),
    ("each custodian decides on its own part only", asking.decide),
    ("the operator approves on the command line", asking.approve),
    ("the workspace wakes", working.wake),
    ("a notebook reads exactly what was granted", working.analyse),
    ("the results go to the airlock and are checked", working.submit),
    ("James cannot check his own results", checking.own_check_refused),
    ("two checkers review, blinded, and approve", checking.review),
    ("only the reviewed bytes come out, once", checking.collect),
    ("the released record and its proof verify", checking.verify_record),
    ("a withdrawn dataset is gone within ten seconds", working.withdraw),
    ("the audit log verifies as a whole", showing.verify_log),
    ("the public register shows the project", showing.see_register),
    ("each owner sees on one sheet that it complied", showing.see_sheets),
)
_FIGURES = ("first_cell_seconds", "withdrawal_seconds")


@dataclass(frozen=True, kw_only=True)
class StoryStep:
    """One step: what was done, whether it was seen to work, how long it took."""

    name: str
    ok: bool
    seconds: float
    reason: str = ""


class Story:
    """Walks the story once; ``tell`` is called after each step."""

    def __init__(
        self, house: House, cast: Cast, tell: Callable[[StoryStep], None], *, awake_seconds: float = 60.0
    ) -> None:
        self.stage = Stage(house=house, cast=cast, awake_seconds=awake_seconds)
        self.steps: list[StoryStep] = []
        self._tell = tell

    def walk(self) -> bool:
        """Walk every step in order; stop at the first that fails. Returns whether all were ok."""
        try:
            return all(self._step(name, step) for name, step in _STEPS)
        finally:
            self.stage.close()

    def figures(self) -> dict[str, float]:
        """Return seconds that were measured on the way."""
        return {name: self.stage.seen[name] for name in _FIGURES if name in self.stage.seen}

    def _step(self, name: str, step: Callable[[Stage], None]) -> bool:
        started, reason = time.monotonic(), ""
        try:
            step(self.stage)
        except OrchestratorError as error:
            reason = "; ".join(getattr(error, "reasons", (error.message,)))
        except Exception as error:  # noqa: BLE001 - whatever keeps a step from being seen to work is its reason
            reason = f"{type(error).__name__}: {error}"
        done = StoryStep(name=name, ok=not reason, seconds=round(time.monotonic() - started, 2), reason=reason)
        self.steps.append(done)
        self._tell(done)
        return done.ok
