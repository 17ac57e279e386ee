"""What an agent holds: its identity, the leases, the unsealed data and the relays, and how each of them ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..adapters.memory_volume import MemoryVolume
from ..adapters.vault.token import DrawnRole, LeaseToken, Life, unwrap
from ..core.clock import iso
from ..core.errors import Conflict, NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from ..core.ids import check_id
from ..credentials.model import SealedVersion
from .configuration import Configuration
from .relay import DatabaseRelay

__all__ = ["Holdings"]

_log = logging.getLogger("agent")


@dataclass(frozen=True, kw_only=True)
class _OpenDatabase:
    version_id: str
    relay: DatabaseRelay
    role: DrawnRole
    lease: LeaseToken


class Holdings:
    """Everything one agent holds; each version is handled by one task at a time."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._volume = MemoryVolume(configuration.memory_directory, group=configuration.group)
        self._volume.wipe_all()  # what a killed agent left is not covered by any lease of this one
        self._identity: LeaseToken | None = None
        self._leases: dict[str, LeaseToken] = {}
        self._databases: dict[tuple[str, str], _OpenDatabase] = {}
        self._unfinished: list[tuple[LeaseToken, DrawnRole]] = []
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unwanted: set[str] = set()
        self.incidents: list[dict[str, str]] = []

    @property
    def identified(self) -> bool:
        """Say whether this agent has its identity."""
        return self._identity is not None

    def held(self) -> dict[str, str]:
        """Return the versions that lie unsealed now, and where."""
        return {version: str(path) for version, path in self._volume.held().items()}

    def holding(self) -> dict[str, str]:
        """Return the accessor of each version's lease."""
        return {version: lease.accessor for version, lease in self._leases.items()}

    async def identify(self, *, wrapped_token: str, accessor: str) -> None:
        """Take the agent's own identity, once."""
        if self._identity is not None:
            raise Conflict("This agent has its identity already: ask it for what it holds.")
        self._identity = await self._unwrap(wrapped_token, accessor)

    async def adopt(self, version_id: str, *, wrapped_token: str, accessor: str) -> None:
        """Take the lease of one version; a lease for the same version held so far is replaced. Repeatable."""
        if self._identity is None:
            raise NotPossible("The agent has no identity yet: start it anew.")
        async with self._locks[check_id(version_id)]:
            held = self._leases.get(version_id)
            if held is not None and held.accessor == accessor:
                return
            lease = await self._unwrap(wrapped_token, accessor)
            if lease.version_id != version_id:
                self._incident("A lease was delivered for another dataset version than it names.")
                raise Refused("The lease is for another dataset version: nothing was unsealed.")
            self._leases[version_id] = lease

    async def unseal(self, version: SealedVersion, source: Path) -> str:
        """Unseal a version whose lease is held; return its directory."""
        version_id = version.version_id
        async with self._locks[version_id]:
            lease = self._lease(version_id)
            self._unwanted.discard(version_id)
            key = await asyncio.to_thread(lease.data_key, version.wrapped_key)
            directory = await asyncio.to_thread(
                self._volume.unseal, version, source, key, lambda: version_id in self._unwanted
            )
            if version_id in self._unwanted or self._leases.get(version_id) is None:
                await asyncio.to_thread(self._volume.wipe, version_id)
                raise Refused("The dataset was withdrawn while it was being unsealed.")
            return str(directory)

    async def open_database(self, session_id: str, version_id: str, name: str, connection: str) -> str:
        """Open a relay for one session; return the directory that holds ``NAME/.s.PGSQL.5432``. Repeatable."""
        directory = self._configuration.relay_directory / check_id(session_id, field="session_id")
        server = self._configuration.databases.get(connection)
        if server is None:
            raise NotFound(f"The agent knows no database server “{connection}”: name it in the settings.")
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise Refused("A database dataset's name may hold letters, digits, - and _ only.")
        async with self._locks[check_id(version_id)]:
            if (session_id, version_id) in self._databases:
                return str(directory)
            lease = self._lease(version_id)
            role = await asyncio.to_thread(lease.draw_role)
            group = self._configuration.group
            relay = DatabaseRelay(
                directory / name, name=name, server=server, user=role.user, password=role.password, group=group
            )
            try:
                await relay.open()
            except BaseException:
                self._unfinished.append((lease, role))
                raise
            opened = _OpenDatabase(version_id=version_id, relay=relay, role=role, lease=lease)
            self._databases[session_id, version_id] = opened
        return str(directory)

    async def close_session(self, session_id: str) -> None:
        """End a session's relays and roles. Repeatable."""
        for key in [key for key in self._databases if key[0] == session_id]:
            await self._close(key)
        await self._finish()
        with contextlib.suppress(OSError):
            (self._configuration.relay_directory / check_id(session_id)).rmdir()

    async def drop(self, version_id: str) -> None:
        """End everything of one version: relays and roles first, then the data, then the lease. Repeatable."""
        self._unwanted.add(check_id(version_id))
        lease = self._leases.pop(version_id, None)
        for key in [key for key in self._databases if key[1] == version_id]:
            await self._close(key)
        async with self._locks[version_id]:
            await asyncio.to_thread(self._volume.wipe, version_id)
        await self._finish()
        if lease is not None:
            _log.info("dropped version %s", version_id)

    async def drop_all(self) -> None:
        """End everything, the identity included."""
        self._identity = None
        for version_id in {*self._leases, *self.held(), *(key[1] for key in self._databases)}:
            await self.drop(version_id)
        await asyncio.to_thread(self._volume.remove)

    async def check(self) -> bool:
        """Look at every lease and role once; end what has ended. Return False when the agent's own identity is gone."""
        if self._identity is not None and await asyncio.to_thread(self._identity.check) is Life.GONE:
            return False
        held = list(self._leases.items())
        lives = await asyncio.gather(*(asyncio.to_thread(lease.check) for _, lease in held))
        for (version_id, lease), life in zip(held, lives, strict=True):
            if life is Life.GONE and self._leases.get(version_id) is lease:
                _log.warning("the lease of version %s has ended", version_id)
                await self.drop(version_id)
        for key, opened in list(self._databases.items()):
            if await asyncio.to_thread(opened.lease.keep_role, opened.role) is Life.GONE:
                await self._close(key)
        await self._finish()
        return True

    async def _close(self, key: tuple[str, str]) -> None:
        opened = self._databases.pop(key, None)
        if opened is None:
            return
        await opened.relay.close()
        self._unfinished.append((opened.lease, opened.role))

    async def _finish(self) -> None:
        """Revoke the roles whose relay is closed; what cannot be reached now is tried again at the next look."""
        waiting, self._unfinished = self._unfinished, []
        for lease, role in waiting:
            try:
                await asyncio.to_thread(lease.end_role, role)
            except (Refused, NotFound):
                continue  # the lease's token is gone, and Vault ends every role with its token
            except Unavailable:
                self._unfinished.append((lease, role))

    def _lease(self, version_id: str) -> LeaseToken:
        lease = self._leases.get(version_id)
        if lease is None:
            raise Refused("The agent holds no lease for this dataset version: its grant may have ended.")
        return lease

    async def _unwrap(self, wrapped_token: str, accessor: str) -> LeaseToken:
        try:
            return await asyncio.to_thread(
                unwrap,
                self._configuration.vault_address,
                project_id=self._configuration.project_id,
                wrapped_token=wrapped_token,
                accessor=accessor,
                certificate=self._configuration.vault_certificate,
            )
        except Unavailable:
            raise
        except OrchestratorError as error:
            self._incident("A wrapped token could not be unwrapped: somebody else may have used it first.")
            raise Refused(
                "A wrapped token could not be unwrapped: somebody else may have used it first. Stop the workspace."
            ) from error

    def _incident(self, words: str) -> None:
        self.incidents.append({"at": iso(datetime.now(UTC)), "kind": "unwrap-failed", "message": words})
        _log.error("incident: %s", words)
