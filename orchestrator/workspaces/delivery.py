"""Brings granted versions to an awake project through the credentials room, and records every lease that changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from orchestrator.access.model import Granted
from orchestrator.audit.record import Record
from orchestrator.core.errors import OrchestratorError, Unavailable
from orchestrator.core.events import Event, Json
from orchestrator.credentials.model import ClearFile, DatabaseGrant, LeaseChanges, ObjectVersion, Wanted
from orchestrator.credentials.ports import SealedStore
from orchestrator.credentials.service import Credentials
from orchestrator.discovery.model import ManifestFile

from .ports import Delivered, IncidentError

__all__ = ["RecordedDelivery"]

_CONTROLLER = "system:controller"
_VOLUMES = Path("/volumes")


class RecordedDelivery:
    """Implements ``Delivery``: what Vault and agent did becomes part of the log, incidents stop the workspace."""

    def __init__(
        self,
        *,
        record: Record,
        credentials: Credentials,
        sealed: SealedStore,
        manifest_of: Callable[[str], Sequence[ManifestFile]] = lambda _version_id: (),
    ) -> None:
        """``manifest_of`` finds in the catalogue what was read of a version that lies as objects; it never changes."""
        self._record = record
        self._credentials = credentials
        self._sealed = sealed
        self._manifest_of = lru_cache(maxsize=64)(manifest_of)

    def ensure(self, project_id: str, wanted: Sequence[Granted]) -> Delivered:
        """Take away what is not wanted, then bring what is missing. Raises ``IncidentError``, with all taken away."""
        volumes = {grant.version_id: _VOLUMES / grant.version_id for grant in wanted if grant.delivery == "volume"}
        brought = [self._wanted(grant) for grant in wanted if grant.delivery != "volume"]
        changes = self._credentials.ensure_leases(project_id, brought)
        self._note(project_id, changes)
        if changes.incidents:
            self._credentials.close_project(project_id)
            raise IncidentError(
                "The dataset agent reported an incident, so the workspace was ended; tell an operator.", system="agent"
            )
        if changes.failed and not (changes.directories or changes.databases or volumes):
            raise Unavailable(next(iter(changes.failed.values())), system="agent")
        return Delivered(
            directories={**changes.directories, **volumes}, anew=changes.agent_restarted, life=changes.agent_life
        )

    def life(self, project_id: str) -> str:
        """Return the word that ``Delivered.life`` would be now; empty while nobody answers."""
        return self._credentials.agent_life(project_id)

    def withdraw_unwanted(self, project_id: str, wanted: Sequence[Granted]) -> None:
        """Take away what is not wanted, and bring nothing: also while ``ensure`` is busy unsealing something else.

        Every version is tried, also when another one cannot be taken away; the last trouble is raised at the end.
        """
        trouble: OrchestratorError | None = None
        for version_id in sorted(self._credentials.present(project_id) - {grant.version_id for grant in wanted}):
            try:
                self._withdraw(project_id, version_id)
            except OrchestratorError as error:
                trouble = error
        if trouble is not None:
            raise trouble

    def open_databases(self, project_id: str, session_id: str, granted: Sequence[Granted]) -> Mapping[str, str]:
        """Draw a role per database for one session; return the address of each relay by the database's name."""
        return self._credentials.open_databases(project_id, session_id, [_database(grant) for grant in granted])

    def close_session(self, project_id: str, session_id: str) -> None:
        """End the session's relays and revoke its roles. Repeatable."""
        self._credentials.close_session(project_id, session_id)

    def withdraw_all(self, project_id: str) -> None:
        """Take away everything of the project: data, leases, the agent. Repeatable."""
        held = project_id in self._credentials.projects()
        self._credentials.close_project(project_id)
        if held:
            self._tell("leases.withdrawn", project_id, {})

    def projects(self) -> set[str]:
        """Return every project for which anything is held: an agent, a lease, unsealed data."""
        return self._credentials.projects()

    def _withdraw(self, project_id: str, version_id: str) -> None:
        """Take one version away: its data also while Vault is away, its lease also while the agent does not answer."""
        try:
            self._credentials.wipe(project_id, version_id)
            self._tell("data.wiped", project_id, {"version": version_id})
        finally:
            for lease in self._credentials.revoke(project_id, version_id):
                self._tell("lease.revoked", project_id, {"grant": lease.grant_id, "version": version_id})

    def _wanted(self, grant: Granted) -> Wanted:
        return Wanted(
            grant_id=grant.grant_id,
            version_id=grant.version_id,
            until=grant.until,
            sealed=self._sealed.load(grant.version_id) if grant.delivery == "files" else None,
            objects=self._objects(grant) if grant.delivery == "object" else None,
            database=_database(grant) if grant.delivery == "database" else None,
        )

    def _objects(self, grant: Granted) -> ObjectVersion:
        files = self._manifest_of(grant.version_id)
        return ObjectVersion(
            version_id=grant.version_id,
            store=grant.store,
            prefix=grant.prefix,
            files=tuple(ClearFile(path=file.path, size=file.size, sha256=file.sha256) for file in files),
        )

    def _note(self, project_id: str, changes: LeaseChanges) -> None:
        for lease in changes.revoked:
            self._tell("lease.revoked", project_id, {"grant": lease.grant_id, "version": lease.version_id})
        for version_id in changes.wiped:
            self._tell("data.wiped", project_id, {"version": version_id})
        for lease in changes.issued:
            self._tell("lease.issued", project_id, {"grant": lease.grant_id, "version": lease.version_id})
        if changes.incidents:
            self._tell("agent.incident", project_id, {"count": len(changes.incidents)})

    def _tell(self, kind: str, project_id: str, details: Mapping[str, Json]) -> None:
        with self._record.change() as change:
            change.tell(Event(kind=kind, actor=_CONTROLLER, subject=f"project:{project_id}", details=details))


def _database(grant: Granted) -> DatabaseGrant:
    return DatabaseGrant(
        version_id=grant.version_id,
        name=grant.name,
        connection=grant.connection,
        schema=grant.schema,
        views=grant.views,
    )
