"""One replay: which program, where it stands, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["PENDING", "PROGRAMS", "REPLAY_STATES", "Replay", "ReplayState", "Replayed"]

PROGRAMS = (".ipynb", ".py", ".r")
"""Endings of what can be run again: notebooks, Python and R scripts."""


class ReplayState(StrEnum):
    """Where a replay stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


PENDING = (ReplayState.WAITING, ReplayState.RUNNING)
"""States of a replay that is still to come to an end."""

REPLAY_STATES = StateTable(
    noun="replay",
    start=ReplayState.WAITING,
    steps=(
        Step(action="start", source=ReplayState.WAITING, target=ReplayState.RUNNING, by="controller"),
        Step(action="give up", source=ReplayState.WAITING, target=ReplayState.FAILED, by="controller or system"),
        Step(action="try again", source=ReplayState.RUNNING, target=ReplayState.WAITING, by="controller"),
        Step(action="finish", source=ReplayState.RUNNING, target=ReplayState.FINISHED, by="session"),
        Step(action="give up", source=ReplayState.RUNNING, target=ReplayState.FAILED, by="controller or system"),
    ),
    waiting={
        ReplayState.WAITING: Waiting(owner="controller", days=1, then="it failed, and the checkers are told so"),
        ReplayState.RUNNING: Waiting(owner="session", days=1, then="it failed, and the checkers are told so"),
    },
)
"""A replay always ends: what did not run is a finding, and the submission goes on to its checks."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One file that the replay made, under the name of the output it is compared with."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The replay of one round of a submission. ``trouble`` is a sentence on what failed, for author and checkers."""

    submission_id: str
    round: int
    project_id: str
    author_id: str
    session_id: str
    """The session the submission came from: its datasets are those that the replay is given."""
    program: str
    state: ReplayState
    entered_at: datetime
    deadline: datetime | None
    replay_session_id: str = ""
    trouble: str = ""
    environment: str = ""
    """What is not as it was in the author's session, in a sentence; empty when nothing is."""
    made: tuple[Replayed, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether it is still to come to an end."""
        return self.state in PENDING
