"""One step over replays: an end is believed on the second look, with the reason of whoever ended the session."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.airlock.replay.model import Replay, ReplayState
from orchestrator.assembly.controller.replaying import Replayer
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Refused, Unavailable
from orchestrator.workspaces.model import SeenSession, SessionState

SESSION = "sessionaaaaaaaaa"


@dataclass
class Around:
    """The rooms that a replayer asks, as one thing that remembers."""

    clock: FixedClock
    state: ReplayState = ReplayState.RUNNING
    row: Any = None
    seen_state: SessionState = SessionState.STARTING
    exit_code: int | None = None
    ready: bool = True
    fails: Exception | None = None
    said: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def replay(self) -> Replay:
        return Replay(
            submission_id="submissionaaaaaa",
            round=1,
            project_id="projectaaaaaaaaa",
            author_id="personaaaaaaaaaa",
            session_id="sessionbbbbbbbbb",
            program="make.py",
            state=self.state,
            entered_at=self.clock(),
            deadline=None,
            replay_session_id=SESSION,
        )

    def running(self) -> list[Replay]:
        return [self.replay()] if self.state is ReplayState.RUNNING else []

    def waiting(self) -> list[Replay]:
        return [self.replay()] if self.state is ReplayState.WAITING else []

    def give_up(self, _replay: Replay, trouble: str) -> None:
        self.state = ReplayState.FAILED
        self.said.append(trouble)

    def try_again(self, _replay: Replay) -> None:
        self.state = ReplayState.WAITING
        self.said.append("again")

    def started(self, _replay: Replay, _session: str) -> None:
        self.state = ReplayState.RUNNING

    def seen(self, _project: str, session_id: str) -> SeenSession:
        return SeenSession(session_id=session_id, state=self.seen_state, exit_code=self.exit_code)

    def session(self, _project: str, _session: str) -> Any:
        return self.row

    def workspace(self, _project: str) -> Any:
        return SimpleNamespace(ready_at=self.clock() if self.ready else None)

    def wake(self, _project: str) -> None:
        self.said.append("woken")

    def mounts(self, _session: str) -> frozenset[str]:
        return frozenset()

    def live(self) -> list[Any]:
        return [self.row]

    def active(self, *_: Any, **__: Any) -> None:
        self.said.append("active")

    def end(self, _project: str, _session: str, reason: str) -> None:
        self.ended.append(reason)

    def admitted(self, _project: str) -> dict[str, Any]:
        return {"personaaaaaaaaaa": self.clock()}

    def lock(self, _project: str) -> Any:
        return nullcontext()

    def launch(self, *_: Any, begun: Any, **__: Any) -> str:
        begun(SESSION)
        if self.fails is not None:
            raise self.fails
        return SESSION


def row(clock: FixedClock, **changes: Any) -> Any:
    first = {"session_id": SESSION, "project_id": "projectaaaaaaaaa", "replay_of": "submissionaaaaaa"}
    more = {"state": SessionState.RUNNING, "reason": "", "started_at": clock(), "environment": "one"}
    return SimpleNamespace(**{**first, **more, **changes})


@pytest.fixture
def around(clock: FixedClock) -> Around:
    made = Around(clock)
    made.row = row(clock)
    return made


@pytest.fixture
def replayer(around: Around) -> Replayer:
    launcher = SimpleNamespace(replay=around.launch, seen=around.seen, end=around.end)
    parts: Any = {"replays": around, "access": around, "launcher": launcher, "register": around, "keeper": around}
    return Replayer(**parts, clock=around.clock)


def test_what_runs_counts_as_work(around: Around, replayer: Replayer) -> None:
    replayer.step()
    assert (around.said, around.ended) == (["active"], [])


def test_the_reason_that_is_written_a_moment_later_is_the_one_told(around: Around, replayer: Replayer) -> None:
    around.seen_state, around.exit_code = SessionState.ENDED, 137
    replayer.step()
    assert around.said == []
    around.row = row(around.clock, state=SessionState.ENDED, reason="data-withdrawn")
    around.exit_code = None
    replayer.step()
    assert around.said == ["Its session was ended (data-withdrawn) before it had handed anything in."]


@pytest.mark.parametrize(
    ("code", "words"), [(137, "more memory"), (0, "Its session ended"), (None, "Its session ended")]
)
def test_an_end_without_a_reason_is_the_programs_own(
    around: Around, replayer: Replayer, code: int | None, words: str
) -> None:
    around.seen_state, around.exit_code = SessionState.ENDED, code
    replayer.step()
    replayer.step()
    assert len(around.said) == 1
    assert words in around.said[0]
    assert around.ended == ["replayed"]


def test_what_takes_too_long_is_ended(around: Around, replayer: Replayer) -> None:
    around.clock.advance(timedelta(hours=2, minutes=1))
    replayer.step()
    assert around.said == ["It had not ended after 120 minutes."]
    assert around.ended == ["replayed"]


def test_a_sleeping_workspace_is_woken_first(around: Around, replayer: Replayer) -> None:
    around.state, around.ready = ReplayState.WAITING, False
    replayer.step()
    assert (around.state, around.said) == (ReplayState.WAITING, ["woken"])


def test_what_may_not_run_is_given_up_in_words(around: Around, replayer: Replayer) -> None:
    around.state, around.fails = ReplayState.WAITING, Refused("Data are no longer granted.")
    replayer.step()
    assert around.said == ["woken", "Data are no longer granted."]


def test_what_does_not_answer_is_tried_again(around: Around, replayer: Replayer) -> None:
    around.state, around.fails = ReplayState.WAITING, Unavailable("Away.", system="vault")
    replayer.step()
    assert (around.state, around.said) == (ReplayState.WAITING, ["woken", "again"])
