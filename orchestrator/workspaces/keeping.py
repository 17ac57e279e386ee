"""Keeps every workspace in step with the record: what may not be there goes first, then what should be there comes."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from orchestrator.access.service import AccessService
from orchestrator.core.clock import Clock
from orchestrator.core.errors import NotFound, OrchestratorError

from .launching import SessionLauncher
from .model import Admission, SessionState, WorkspacePlan
from .ports import Delivery, IncidentError, WorkspaceBackend
from .sessions import SessionRegister
from .store import SessionRow, WorkspaceRow

__all__ = ["WorkspaceKeeper"]

_log = logging.getLogger(__name__)
_WORDS = {
    "gone": "A session's processes were taken away from outside. What was saved is kept; start it again.",
    "start-interrupted": "A session's start was interrupted, so it was ended. Start it again.",
    "wall-open": "The project's network policies did not hold for a moment, so its sessions ended. Start them again.",
}


class WorkspaceKeeper:
    """One pass over one project at a time, level-triggered: it compares, never remembers, and may be repeated."""

    def __init__(
        self,
        *,
        access: AccessService,
        credentials: Delivery,
        register: SessionRegister,
        launcher: SessionLauncher,
        backend: WorkspaceBackend,
        address: Callable[[WorkspaceRow], str],
        portal_url: str,
        sleep_after: timedelta,
        clock: Clock,
        wall_open: Callable[[str], datetime | None] = lambda _project: None,
    ) -> None:
        """``wall_open`` says when a project's network policies last did not hold: sessions from before then end."""
        self._wall_open = wall_open
        self._access = access
        self._credentials = credentials
        self._register = register
        self._launcher = launcher
        self._backend = backend
        self._address = address
        self._portal_url = portal_url
        self._sleep_after = sleep_after
        self._clock = clock
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def lock(self, project_id: str) -> threading.RLock:
        """Return the lock that whoever changes this project's workspace holds."""
        return self._locks[project_id]

    def keep(self, project_id: str) -> list[str]:
        """Bring one awake project in step; return in words what could not be done, and will be tried again.

        Withdrawal comes before everything else and each of its steps is tried even when another one fails.
        """
        with self.lock(project_id):
            row = self._register.workspace(project_id)
            if not row.awake:
                return self.put_to_sleep(project_id, "closed")
            trouble: list[str] = []
            people = self._access.admitted(project_id)
            if not people:
                self._register.asleep(project_id, "nobody-admitted")
                return self.put_to_sleep(project_id, "nobody-admitted")
            if self._idle(row):
                self._register.asleep(project_id, "idle")
                return self.put_to_sleep(project_id, "idle")
            if row.ready_at is not None:
                self._attempt(trouble, lambda: self._backend.admit(Admission(project_id=project_id, people=people)))
            for session in self._register.live(project_id):
                self._attempt(trouble, self._session_step(session, people.keys()))
            awake: list[bool] = []

            def wake() -> None:
                awake.append(self._wake(row, Admission(project_id=project_id, people=people)))

            if row.ready_at is None:
                with contextlib.suppress(OrchestratorError):
                    wake()  # hub and gate start while the data come; they are looked at again below
                awake.clear()
            try:
                self._launcher.provide(project_id)
            except IncidentError as incident:
                self._register.asleep(project_id, "incident")
                return [incident.message, *self.put_to_sleep(project_id, "incident")]
            except OrchestratorError as error:
                trouble.append(error.message)
            self._attempt(trouble, wake)
            if trouble:
                self._register.troubled(project_id, trouble[0])
            elif all(awake):
                self._register.ready(project_id)
            return trouble

    def withdraw(self, project_id: str) -> list[str]:
        """Take away what may not be there any more, and nothing else.

        Takes no lock, so that a pass or a launch that is busy unsealing large data holds no withdrawal up. Sessions
        that are just starting are left to their launch, which looks again before it starts anything.
        """
        trouble: list[str] = []
        row = self._register.workspace(project_id)
        awake = row.awake
        people = self._access.admitted(project_id) if awake else {}
        if row.ready_at is not None:
            self._attempt(trouble, lambda: self._backend.admit(Admission(project_id=project_id, people=people)))
        for session in self._register.live(project_id):
            reason = self._withdrawn(session, people) if session.state is SessionState.RUNNING else ""
            if reason:
                self._attempt(trouble, self._ending(session, reason))
        wanted = self._launcher.wanted(project_id) if awake else []
        self._attempt(trouble, lambda: self._credentials.withdraw_unwanted(project_id, wanted))
        return trouble

    def put_to_sleep(self, project_id: str, reason: str) -> list[str]:
        """End everything of one project: gate and sessions, data, leases. Homes are kept."""
        with self.lock(project_id):
            trouble: list[str] = []
            for session in self._register.live(project_id):
                self._attempt(trouble, self._ending(session, reason))
            with contextlib.suppress(OrchestratorError):
                self._count(project_id)  # a gate that has gone cannot be asked ever again
            self._attempt(trouble, lambda: self._backend.sleep(project_id))
            self._attempt(trouble, lambda: self._credentials.withdraw_all(project_id))
            return trouble

    def end_orphans(self) -> list[str]:
        """End workspaces and sessions that run and that the record does not want."""
        trouble: list[str] = []
        seen_workspaces = self._backend.observe()
        for project_id in {seen.project_id for seen in seen_workspaces} | self._credentials.projects():
            with self.lock(project_id):
                if project_id not in {row.project_id for row in self._register.workspaces_wanted()}:
                    trouble += self.put_to_sleep(project_id, "not-wanted")
        for seen in seen_workspaces:
            with self.lock(seen.project_id):
                live = {row.session_id for row in self._register.live(seen.project_id)}
                for session in seen.sessions:
                    if session.session_id not in live and session.state is not SessionState.ENDED:
                        self._attempt(trouble, self._stopping(seen.project_id, session.session_id))
        return trouble

    def count_bytes(self, project_id: str) -> None:
        """Add what the gate counted since the last time to the record."""
        with self.lock(project_id):
            self._count(project_id)

    def _count(self, project_id: str) -> None:
        self._register.note_bytes(project_id, self._backend.bytes_to_browser(project_id))

    def _wake(self, row: WorkspaceRow, admission: Admission) -> bool:
        """Have hub and gate run and admit people; False while they are still starting."""
        project = self._access.project_record(row.project_id)
        plan = WorkspacePlan(
            project_id=row.project_id,
            title=project.title,
            url=self._address(row),
            port=row.port or 0,
            portal_url=self._portal_url,
            user_number=row.user_number,
        )
        if not self._backend.wake(plan):
            return False
        self._backend.admit(admission)
        return True

    def _session_step(self, session: SessionRow, people: Collection[str]) -> Callable[[], None]:
        def step() -> None:
            reason, words = self._reason_to_end(session, people)
            if reason:
                self._launcher.end(session.project_id, session.session_id, reason, words)

        return step

    def _reason_to_end(self, session: SessionRow, people: Collection[str]) -> tuple[str, str]:
        """Say why a session must go, in a word and for people: its person, its data or its processes are gone."""
        withdrawn = self._withdrawn(session, people)
        if withdrawn:
            return withdrawn, _WORDS.get(withdrawn, "")
        if session.state is SessionState.STARTING:
            # a launch holds the project's lock: whoever sees this state, it was cut off
            return "start-interrupted", _WORDS["start-interrupted"]
        try:
            seen = self._backend.session(session.project_id, session.session_id)
        except NotFound:
            return "gone", _WORDS["gone"]
        return (seen.reason or "ended", seen.trouble) if seen.state is SessionState.ENDED else ("", "")

    def _withdrawn(self, session: SessionRow, people: Collection[str]) -> str:
        if session.person_id not in people:
            return "person-not-admitted"
        opened = self._wall_open(session.project_id)
        if opened is not None and session.started_at <= opened:
            return "wall-open"
        allowed = {grant.version_id for grant in self._access.granted(session.project_id, session.person_id)}
        return "" if self._register.mounts(session.session_id) <= allowed else "data-withdrawn"

    def _ending(self, session: SessionRow, reason: str) -> Callable[[], None]:
        return lambda: self._launcher.end(session.project_id, session.session_id, reason, _WORDS.get(reason, ""))

    def _stopping(self, project_id: str, session_id: str) -> Callable[[], None]:
        return lambda: self._backend.stop_session(project_id, session_id)

    def _idle(self, row: WorkspaceRow) -> bool:
        return row.ready_at is not None and self._clock() - row.used_at > self._sleep_after

    def _attempt(self, trouble: list[str], step: Callable[[], None]) -> None:
        try:
            step()
        except OrchestratorError as error:
            _log.warning("%s: %s", error.word, error.message)
            trouble.append(error.message)
