"""Runs submitted programs again: the airlock says which, the launcher starts them, this looks until they have ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from orchestrator.access.service import AccessService
from orchestrator.airlock.replay.model import Replay
from orchestrator.airlock.replay.service import Replays
from orchestrator.core.clock import Clock
from orchestrator.core.errors import NotFound, OrchestratorError, Unavailable
from orchestrator.workspaces.keeping import WorkspaceKeeper
from orchestrator.workspaces.launching import SessionLauncher
from orchestrator.workspaces.model import SessionState
from orchestrator.workspaces.sessions import SessionRegister
from orchestrator.workspaces.store import SessionRow

__all__ = ["Replayer"]

_log = logging.getLogger(__name__)
_KILLED = 137


class Replayer:
    """One step over all replays, from the record alone: after a controller that was killed the next one goes on."""

    def __init__(
        self,
        *,
        replays: Replays,
        access: AccessService,
        launcher: SessionLauncher,
        register: SessionRegister,
        keeper: WorkspaceKeeper,
        clock: Clock,
        at_once: int = 2,
        longest: timedelta = timedelta(hours=2),
    ) -> None:
        """``at_once`` replays run together in the installation; one that takes ``longest`` is ended."""
        self._replays, self._access, self._launcher = replays, access, launcher
        self._register, self._keeper, self._clock = register, keeper, clock
        self._at_once, self._longest = at_once, longest
        self._over: dict[str, int | None] = {}
        """Sessions that were seen to be over once, with their exit codes."""

    def step(self) -> None:
        """Look at what runs, end what is over, start what waits. One that fails does not hold up the others."""
        running = self._replays.running()
        for replay in running:
            self._guarded(replay, self._look)
        self._end_finished()
        room = self._at_once - len(self._replays.running())
        for replay in self._replays.waiting()[: max(0, room)]:
            self._guarded(replay, self._start)

    def _guarded(self, replay: Replay, step: Callable[[Replay], None]) -> None:
        try:
            step(replay)
        except Unavailable as error:
            _log.warning("the replay of submission %s waits: %s", replay.submission_id, error.message)
        except OrchestratorError as error:
            self._replays.give_up(replay, error.message)

    def _start(self, replay: Replay) -> None:
        """Start it once the workspace is awake; what may no longer be used is refused by the launcher, in words."""
        project_id = replay.project_id
        if replay.author_id not in self._access.admitted(project_id):
            self._replays.give_up(replay, "Its author may not work in the project any more.")
            return
        self._register.wake(project_id)
        if self._register.workspace(project_id).ready_at is None:
            return
        versions = self._register.mounts(replay.session_id)
        with self._keeper.lock(project_id):
            try:
                session_id = self._launcher.replay(
                    project_id,
                    replay.author_id,
                    submission_id=replay.submission_id,
                    versions=versions,
                    begun=lambda begun: self._replays.started(replay, begun),
                )
            except Unavailable:
                self._replays.try_again(replay)
                raise
        self._compare_environments(replay, session_id)

    def _compare_environments(self, replay: Replay, session_id: str) -> None:
        then = self._register.session(replay.project_id, replay.session_id).environment
        now = self._register.session(replay.project_id, session_id).environment
        if then != now:
            known = "is not known" if not then else "has changed since"
            self._replays.note_environment(
                replay, f"The environment that the author worked in {known}; the program ran again in the present one."
            )

    def _look(self, replay: Replay) -> None:
        """Give up a replay whose session is over without a word, or that takes too long.

        Who ends a session writes down why a moment after its processes are gone: an end without a reason is looked at
        once more before it is taken for the program's own.
        """
        project_id, session_id = replay.project_id, replay.replay_session_id
        try:
            seen = self._launcher.seen(project_id, session_id)
            row = self._register.session(project_id, session_id)
        except NotFound:
            self._replays.give_up(replay, "Its session is not known any more.")
            return
        over = seen.state is SessionState.ENDED
        if over and session_id not in self._over:
            self._over[session_id] = seen.exit_code
            return
        if over:
            self._replays.give_up(replay, _why(row, self._over.pop(session_id)))
        elif self._clock() - row.started_at > self._longest:
            minutes = int(self._longest.total_seconds() // 60)
            self._replays.give_up(replay, f"It had not ended after {minutes} minutes.")
        else:
            self._register.active(project_id, session_id, busy=True, last_activity=self._clock())

    def _end_finished(self) -> None:
        """End every session of a replay that has handed in, or that was given up."""
        running = {replay.replay_session_id for replay in self._replays.running()}
        for row in self._register.live():
            if row.replay_of is not None and row.session_id not in running:
                with self._keeper.lock(row.project_id):
                    self._launcher.end(row.project_id, row.session_id, "replayed")


def _why(row: SessionRow, exit_code: int | None) -> str:
    if row.state is SessionState.ENDED and row.reason not in {"ended", "replayed", "gone"}:
        return f"Its session was ended ({row.reason}) before it had handed anything in."
    if exit_code == _KILLED:
        return "It was ended before it had handed anything in, as a session is that needs more memory than it may have."
    return "Its session ended before it had handed anything in."
