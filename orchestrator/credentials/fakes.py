"""Stand-ins for Vault, agent and sealed store that behave like the real ones as far as the rooms above can see."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime
from pathlib import Path

from ..core.clock import Clock, system_clock
from ..core.errors import Conflict, NotFound, NotPossible, Refused, Unavailable
from .model import AgentIdentity, ClearFile, DatabaseGrant, Lease, ObjectVersion, SealedFile, SealedVersion
from .ports import Source

__all__ = ["FakeAgent", "FakePrefixes", "FakeStore", "FakeVault"]


class FakeVault:
    """A Vault in memory. ``outage`` makes every call fail; ``lose_answers`` lets writes happen and then fail."""

    def __init__(self, *, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._versions: set[str] = set()
        self._databases: set[str] = set()
        self._leases: dict[str, Lease] = {}
        self._agents: dict[str, str] = {}
        self.outage = False
        self.lose_answers = 0

    def ready(self) -> bool:
        """Say whether there is no outage."""
        return not self.outage

    def prepare_version(self, version_id: str) -> None:
        """Know the version."""
        self._check()
        self._versions.add(version_id)
        self._answer()

    def new_data_key(self, version_id: str) -> tuple[bytes, str]:
        """Return a data key; its wrapped form is only an encoding here."""
        self._check()
        if version_id not in self._versions:
            raise NotFound("Vault has no key for this version.")
        key = secrets.token_bytes(32)
        return key, "vault:v1:" + base64.b64encode(key).decode()

    def prepare_database(self, grant: DatabaseGrant) -> None:
        """Know the database version."""
        self._check()
        self._databases.add(grant.version_id)
        self._answer()

    def open_agent(self, project_id: str, until: datetime) -> AgentIdentity:
        """Make an identity."""
        self._check()
        self._check_end(until)
        accessor = secrets.token_hex(12)
        self._agents[accessor] = project_id
        self._answer()
        return AgentIdentity(project_id=project_id, accessor=accessor, wrapped_token=secrets.token_hex(12))

    def lease(self, project_id: str, grant_id: str, version_id: str, until: datetime) -> Lease:
        """Issue a lease."""
        self._check()
        self._check_end(until)
        lease = Lease(
            project_id=project_id,
            grant_id=grant_id,
            version_id=version_id,
            accessor=secrets.token_hex(12),
            wrapped_token="",
            until=until,
        )
        self._leases[lease.accessor] = lease
        self._answer()
        return Lease(**{**lease.__dict__, "wrapped_token": secrets.token_hex(12)})

    def leases(self, project_id: str) -> list[Lease]:
        """List the project's living leases."""
        self._check()
        now = self._clock()
        return [lease for lease in self._leases.values() if lease.project_id == project_id and lease.until > now]

    def projects(self) -> set[str]:
        """List the projects that hold anything."""
        self._check()
        return {*self._agents.values(), *(lease.project_id for lease in self._leases.values())}

    def revoke_lease(self, accessor: str) -> None:
        """Forget a lease."""
        self._check()
        self._leases.pop(accessor, None)
        self._answer()

    def revoke_project(self, project_id: str) -> None:
        """Forget all of a project."""
        self._check()
        self._leases = {key: lease for key, lease in self._leases.items() if lease.project_id != project_id}
        self._agents = {key: owner for key, owner in self._agents.items() if owner != project_id}
        self._answer()

    def sign(self, message: bytes) -> str:
        """Return something that depends on the message; no real signature."""
        self._check()
        return "vault:v1:" + base64.b64encode(hashlib.sha512(message).digest()).decode()

    def public_keys(self) -> dict[int, bytes]:
        """Return a key that verifies nothing."""
        self._check()
        return {1: bytes(32)}

    def _check_end(self, until: datetime) -> None:
        if until <= self._clock():
            raise NotPossible("The grant has already ended, so no lease can be issued for it.")

    def _check(self) -> None:
        if self.outage:
            raise Unavailable("Vault could not be reached: check that it runs.", system="vault")

    def _answer(self) -> None:
        if self.lose_answers > 0:
            self.lose_answers -= 1
            raise Unavailable("Vault gave no proper answer.", system="vault", unknown_outcome=True)


class FakeAgent:
    """Agents in memory. ``kill`` is what kill -9 does: the process goes, its data stay until they are cleaned."""

    def __init__(self) -> None:
        self._running: dict[str, dict[str, str]] = {}
        self._lives: dict[str, str] = {}
        self._data: dict[str, set[str]] = {}
        self.sessions: dict[tuple[str, str], set[str]] = {}
        self.coming: set[str] = set()
        self.keys: dict[str, set[str]] = {}

    def start(self, identity: AgentIdentity) -> None:
        """Run; what a killed one left is wiped, as real ones do."""
        if not self.running(identity.project_id):
            self._data.pop(identity.project_id, None)
            self.coming.discard(identity.project_id)
            self._lives[identity.project_id] = secrets.token_hex(8)
        self._running.setdefault(identity.project_id, {})

    def running(self, project_id: str) -> bool:
        """Say whether it runs."""
        return project_id in self._running

    def keep(self, project_id: str) -> None:
        """Nobody changes it."""

    def comes_back(self, project_id: str) -> bool:
        """Say whether it was killed and comes by itself, as in a cluster."""
        return project_id in self.coming

    def kill(self, project_id: str, *, comes_back: bool = False) -> None:
        """End without cleaning up."""
        self._running.pop(project_id, None)
        if comes_back:
            self.coming.add(project_id)

    def adopt(self, lease: Lease) -> None:
        """Hold a lease."""
        if not self.running(lease.project_id):
            raise Unavailable("The project's dataset agent does not answer.", system="agent")
        self._running[lease.project_id][lease.version_id] = lease.accessor

    def holding(self, project_id: str) -> dict[str, str]:
        """Return the leases held."""
        return dict(self._running.get(project_id, {}))

    def life(self, project_id: str) -> str:
        """Return its word since it was started."""
        return self._lives.get(project_id, "") if self.running(project_id) else ""

    def may_hold(self, project_id: str) -> set[str]:
        """Return what a test says it was given for good."""
        return set(self.keys.get(project_id, set()))

    def incidents(self, project_id: str) -> list[str]:  # noqa: ARG002
        """Return nothing."""
        return []

    def unseal(self, project_id: str, lease: Lease, version: SealedVersion, source: Source) -> Path:  # noqa: ARG002
        """Hold a version's data."""
        if version.version_id not in self.holding(project_id):
            raise Refused("The agent holds no lease for this dataset version: its grant may have ended.")
        self._data.setdefault(project_id, set()).add(version.version_id)
        return self.held(project_id)[version.version_id]

    def stage(self, project_id: str, lease: Lease, version: ObjectVersion, source: Source) -> Path:  # noqa: ARG002
        """Hold a version's data."""
        if version.version_id not in self.holding(project_id):
            raise Refused("The agent holds no lease for this dataset version: its grant may have ended.")
        self._data.setdefault(project_id, set()).add(version.version_id)
        return self.held(project_id)[version.version_id]

    def open_database(self, project_id: str, session_id: str, lease: Lease, grant: DatabaseGrant) -> str:  # noqa: ARG002
        """Open a relay."""
        if grant.version_id not in self.holding(project_id):
            raise Refused("The agent holds no lease for this dataset version: its grant may have ended.")
        self.sessions.setdefault((project_id, session_id), set()).add(grant.name)
        return f"/relays/{project_id}/{session_id}/{grant.name}"

    def close_session(self, project_id: str, session_id: str) -> None:
        """Close a session's relays."""
        self.sessions.pop((project_id, session_id), None)

    def wipe(self, project_id: str, version_id: str) -> None:
        """Drop a version."""
        self.keys.get(project_id, set()).discard(version_id)
        self._running.get(project_id, {}).pop(version_id, None)
        self._data.get(project_id, set()).discard(version_id)

    def held(self, project_id: str) -> dict[str, Path]:
        """Return the versions unsealed."""
        return {version: Path("/memory") / project_id / version for version in self._data.get(project_id, set())}

    def projects(self) -> set[str]:
        """Return the projects with a process or with data."""
        return {*self._running, *self.coming, *(project for project, data in self._data.items() if data)}

    def stop(self, project_id: str) -> None:
        """Drop everything."""
        self._running.pop(project_id, None)
        self._data.pop(project_id, None)
        self.coming.discard(project_id)
        self.sessions = {key: names for key, names in self.sessions.items() if key[0] != project_id}


class FakePrefixes:
    """Custodians' prefixes in memory."""

    def __init__(self) -> None:
        self.content: dict[tuple[str, str], dict[str, bytes]] = {}

    def take_stock(self, store: str, prefix: str) -> tuple[ClearFile, ...]:
        """Return what was put there."""
        if (store, prefix) not in self.content:
            raise NotFound("There is no such prefix.")
        return tuple(
            ClearFile(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
            for path, content in sorted(self.content[store, prefix].items())
        )

    def source(self, store: str, prefix: str, version_id: str) -> Source:  # noqa: ARG002
        """Name a place that does not exist."""
        return {"kind": "objects", "bucket": store, "prefix": prefix, "credentials": {}}


class FakeStore:
    """A sealed store in memory."""

    def __init__(self) -> None:
        self._versions: dict[str, SealedVersion] = {}

    def seal(self, version_id: str, source: Path, data_key: bytes, wrapped_key: str) -> SealedVersion:  # noqa: ARG002
        """Keep the manifest."""
        clear = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()}
        files = tuple(
            SealedFile(
                path=path,
                stored_as=secrets.token_hex(16),
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
            for path, content in sorted(clear.items())
        )
        present = self._versions.get(version_id)
        if present is not None:
            if [(f.path, f.sha256) for f in present.files] != [(f.path, f.sha256) for f in files]:
                raise Conflict("This dataset version is already sealed with other content: register a new version.")
            return present
        self._versions[version_id] = SealedVersion(version_id=version_id, wrapped_key=wrapped_key, files=files)
        return self._versions[version_id]

    def load(self, version_id: str) -> SealedVersion:
        """Return what was sealed."""
        if version_id not in self._versions:
            raise NotFound("This dataset version was never sealed.")
        return self._versions[version_id]

    def source(self, version_id: str) -> Source:
        """Name a place that does not exist."""
        return {"kind": "directory", "path": f"/sealed/{version_id}"}
