"""Starts and ends one person's session: what it holds is decided here, from the record, at this moment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.access.model import Granted
from orchestrator.access.service import AccessService
from orchestrator.core.errors import NotFound, OrchestratorError, Refused, Unavailable

from .model import Limits, Mount, SeenSession, SessionPlan, SessionState
from .ports import Delivered, Delivery, WorkspaceBackend
from .sessions import SessionRegister

__all__ = ["SessionLauncher"]

_log = logging.getLogger(__name__)
_HOLDS_NOTHING = "-"
_ANEW = "The project's data had to be brought anew, so sessions that mounted the old ones ended. Start them again."


class SessionLauncher:
    """The only way a session starts. Callers hold the project's lock, so no withdrawal passes between the steps."""

    def __init__(
        self,
        *,
        access: AccessService,
        credentials: Delivery,
        register: SessionRegister,
        backend: WorkspaceBackend,
        limits: Limits,
        told: Callable[[str, str, str], None] = lambda _project, _reason, _words: None,
    ) -> None:
        """``told`` learns of a project's session that did not end because its person wanted it: reason and words."""
        self._told = told
        self._access = access
        self._credentials = credentials
        self._register = register
        self._backend = backend
        self._limits = limits

    def launch(
        self, project_id: str, person_id: str, *, environment: Mapping[str, str], arguments: Sequence[str]
    ) -> str:
        """Start the person's session with exactly what is granted now; return its identifier.

        Raises ``Refused`` when the person is not admitted, ``Unavailable`` when a part does not answer; nothing is
        left running then.
        """
        if person_id not in self._access.admitted(project_id):
            raise Refused("You may not work in this project now; the portal says why.")
        for earlier in self._register.live(project_id):
            if earlier.person_id == person_id and earlier.replay_of is None:
                self.end(project_id, earlier.session_id, "replaced")
        granted = self._access.granted(project_id, person_id)
        session_id, intake_secret = self._register.begin(project_id, person_id, granted)
        self._start(
            project_id,
            person_id,
            session_id,
            granted,
            environment=dict(environment),
            arguments=tuple(arguments),
            intake_secret=intake_secret,
        )
        return session_id

    def replay(
        self,
        project_id: str,
        person_id: str,
        *,
        submission_id: str,
        versions: Collection[str],
        begun: Callable[[str], None],
    ) -> str:
        """Start a session that runs a submitted program again, on exactly these dataset versions.

        ``begun`` learns the session's identifier before anything runs. Raises ``Refused`` when the author or a version
        is no longer admitted or granted: what may not be used does not run again either.
        """
        if person_id not in self._access.admitted(project_id):
            raise Refused("The author may not work in this project now, so the program does not run again.")
        granted = [each for each in self._access.granted(project_id, person_id) if each.version_id in versions]
        if {each.version_id for each in granted} != set(versions):
            raise Refused("Data that the program was run on are no longer granted, so it does not run again.")
        session_id, intake_secret = self._register.begin(project_id, person_id, granted, replay_of=submission_id)
        begun(session_id)
        self._start(project_id, person_id, session_id, granted, replay=True, intake_secret=intake_secret)
        return session_id

    def _start(self, project_id: str, person_id: str, session_id: str, granted: Sequence[Granted], **told: Any) -> None:
        try:
            plan, life = self._plan(project_id, person_id, session_id, granted)
            plan = replace(plan, **told)
            self._still_granted(project_id, person_id, granted)
            environment = self._backend.environment(project_id)
            self._backend.start_session(plan)
        except OrchestratorError as error:
            self.end(project_id, session_id, "start-failed", error.message)
            raise
        self._register.running(session_id, environment=environment, data_life=life)

    def _still_granted(self, project_id: str, person_id: str, given: Sequence[Granted]) -> None:
        """Refuse a start whose person or data were withdrawn while the data were made ready."""
        allowed = {grant.version_id for grant in self._access.granted(project_id, person_id)}
        admitted = person_id in self._access.admitted(project_id)
        if not admitted or not {grant.version_id for grant in given} <= allowed:
            raise Refused("Your access changed while the workspace was started; look at the portal and start again.")

    def end(self, project_id: str, session_id: str, reason: str, words: str = "") -> None:
        """End a session and everything it held: processes first, then its database roles, then the record of it."""
        try:
            self._backend.stop_session(project_id, session_id)
        except OrchestratorError:  # its node may be away and its processes live on: they keep no way to a database
            self._credentials.close_session(project_id, session_id)
            raise
        self._credentials.close_session(project_id, session_id)
        self._register.ended(session_id, reason)
        if words:
            self._told(project_id, reason, words)

    def seen(self, project_id: str, session_id: str) -> SeenSession:
        """Look at a session; one that the backend has forgotten has ended."""
        row = self._register.session(project_id, session_id)
        if row.state is SessionState.ENDED:
            return SeenSession(session_id=session_id, state=SessionState.ENDED)
        try:
            return self._backend.session(project_id, session_id)
        except NotFound:
            return SeenSession(session_id=session_id, state=SessionState.ENDED)

    def _plan(
        self, project_id: str, person_id: str, session_id: str, granted: Sequence[Granted]
    ) -> tuple[SessionPlan, str]:
        """Return what to start, and the life of the agent whose data it mounts."""
        workspace = self._register.workspace(project_id)
        delivered = self.provide(project_id, starting=session_id)
        held = delivered.directories
        files = [grant for grant in granted if grant.delivery != "database"]
        missing = [grant.name for grant in files if grant.version_id not in held]
        if missing:
            raise Unavailable(
                f"The data of {', '.join(missing)} could not be made ready; try again in a moment.",
                system="dataset agent",
            )
        databases = [grant for grant in granted if grant.delivery == "database"]
        relays = self._credentials.open_databases(project_id, session_id, databases)
        plan = SessionPlan(
            session_id=session_id,
            project_id=project_id,
            person_id=person_id,
            user_number=workspace.user_number,
            mounts=tuple(Mount(name=grant.name, source=held[grant.version_id]) for grant in files),
            relays=relays,
            limits=self._limits,
        )
        return plan, delivered.life if any(grant.delivery != "volume" for grant in granted) else _HOLDS_NOTHING

    def provide(self, project_id: str, *, starting: str = "") -> Delivered:
        """Bring the project's data in step; sessions that still hold those of another life of the agent end.

        Each session knows the life whose data it holds, so it does not matter who was away when the agent was
        replaced, nor whether this look brings the data back.
        """
        try:
            delivered = self._credentials.ensure(project_id, self.wanted(project_id))
        except Unavailable:
            if life := self._credentials.life(project_id):
                self._end_outlived(project_id, starting, life=life, anew=False)
            raise
        self._end_outlived(project_id, starting, life=delivered.life, anew=delivered.anew)
        return delivered

    def _end_outlived(self, project_id: str, starting: str, *, life: str, anew: bool) -> None:
        for session in self._register.live(project_id):
            if session.session_id == starting or session.data_life == _HOLDS_NOTHING:
                continue
            # an agent of an older kind tells none: one that told and one that does not cannot be the same
            if session.data_life != life or (not life and anew):
                self.end(project_id, session.session_id, "data-anew", _ANEW)

    def wanted(self, project_id: str) -> list[Granted]:
        """Return every version that anybody who is admitted may hold now, each once."""
        versions: dict[str, Granted] = {}
        for person_id in self._access.admitted(project_id):
            for grant in self._access.granted(project_id, person_id):
                known = versions.get(grant.version_id)
                if known is None or grant.until > known.until:
                    versions[grant.version_id] = grant
        return [versions[version] for version in sorted(versions)]
