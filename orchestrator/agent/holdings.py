"""What an agent holds: its identity, the leases, the unsealed data and the relays, and how each of them ends."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..adapters.memory_volume import MemoryVolume
from ..adapters.objects.reading import ObjectReader
from ..adapters.vault.token import DrawnRole, LeaseToken, Life, unwrap
from ..core.clock import iso
from ..core.errors import Conflict, NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from ..core.ids import check_id, new_id
from ..credentials.model import ObjectVersion, SealedVersion
from .identity import Identity
from .places import RelayPlaces
from .postgres import Server
from .relay import DatabaseRelay
from .sources import Opener, check_stock

__all__ = ["Ground", "Holdings"]

_log = logging.getLogger("agent")


@dataclass(frozen=True, kw_only=True)
class _OpenDatabase:
    version_id: str
    relay: DatabaseRelay
    role: DrawnRole
    lease: LeaseToken


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What an agent stands on: its project, the Vault, its databases, and where it may listen."""

    project_id: str
    vault_address: str
    vault_certificate: Path | None
    databases: Mapping[str, Server]
    places: RelayPlaces


class Holdings:
    """Everything one agent holds; each version is handled by one task at a time."""

    def __init__(self, ground: Ground, *, volume: MemoryVolume, identity: Identity) -> None:
        self._ground = ground
        self._volume = volume
        self._volume.wipe_all()  # what a killed agent left is not covered by any lease of this one
        self.life = new_id()
        """Another one at each start: what was mounted in another life of this agent is gone."""
        self.identity = identity
        self._leases: dict[str, LeaseToken] = {}
        self._databases: dict[tuple[str, str], _OpenDatabase] = {}
        self._unfinished: list[tuple[LeaseToken, DrawnRole]] = []
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unwanted: set[str] = set()
        self.incidents: list[dict[str, str]] = []

    @property
    def identified(self) -> bool:
        """Say whether this agent has its identity."""
        return self.identity.present

    def empty(self) -> bool:
        """Say whether no clear data lie in the volume, not even a part of a version."""
        return self._volume.empty()

    def held(self) -> dict[str, str]:
        """Return the versions that lie unsealed now, and where."""
        return {version: str(path) for version, path in self._volume.held().items()}

    def holding(self) -> dict[str, str]:
        """Return the accessor of each version's lease."""
        return {version: lease.accessor for version, lease in self._leases.items()}

    async def identify(self, *, wrapped_token: str, accessor: str) -> None:
        """Take the agent's own identity, once."""
        if self.identity.present or self.identity.comes_back:
            raise Conflict("This agent has its identity, or takes it itself: ask it for what it holds.")
        self.identity.take(await self._unwrap(wrapped_token, accessor))

    async def adopt(self, version_id: str, *, wrapped_token: str, accessor: str) -> None:
        """Take the lease of one version; a lease for the same version held so far is replaced. Repeatable."""
        if not self.identity.present:
            raise NotPossible(f"The agent has no identity: {self.identity.trouble}")
        async with self._locks[check_id(version_id)]:
            held = self._leases.get(version_id)
            if held is not None and held.accessor == accessor:
                return
            lease = await self._unwrap(wrapped_token, accessor)
            if lease.version_id != version_id:
                self._incident("A lease was delivered for another dataset version than it names.")
                raise Refused("The lease is for another dataset version: nothing was unsealed.")
            self._leases[version_id] = lease

    async def unseal(self, version: SealedVersion, opener: Opener) -> str:
        """Unseal a version whose lease is held; return its directory."""

        def bring(lease: LeaseToken, unwanted: Callable[[], bool]) -> Path:
            return self._volume.unseal(version, opener, lease.data_key(version.wrapped_key), unwanted)

        return await self._bring(version.version_id, bring)

    async def stage(self, version: ObjectVersion, reader: ObjectReader) -> str:
        """Bring a version whose lease is held from its store; return its directory."""

        def bring(lease: LeaseToken, unwanted: Callable[[], bool]) -> Path:
            if lease.check() is Life.GONE:
                raise Refused("The lease of this dataset version has ended, so nothing was brought.")
            check_stock(version, reader.list())
            return self._volume.stage(version, reader.open, unwanted)

        return await self._bring(version.version_id, bring)

    async def _bring(self, version_id: str, bring: Callable[[LeaseToken, Callable[[], bool]], Path]) -> str:
        async with self._locks[version_id]:
            lease = self._lease(version_id)
            self._unwanted.discard(version_id)
            directory = await asyncio.to_thread(bring, lease, lambda: version_id in self._unwanted)
            if version_id in self._unwanted or self._leases.get(version_id) is None:
                await asyncio.to_thread(self._volume.wipe, version_id)
                raise Refused("The dataset was withdrawn while it was being unsealed.")
            return str(directory)

    async def open_database(self, session_id: str, version_id: str, name: str, connection: str) -> str:
        """Open a relay for one session; return where the session finds it. Repeatable."""
        server = self._ground.databases.get(connection)
        if server is None:
            raise NotFound(f"The agent knows no database server “{connection}”: name it in the settings.")
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise Refused("A database dataset's name may hold letters, digits, - and _ only.")
        key = check_id(session_id, field="session_id"), check_id(version_id)
        async with self._locks[version_id]:
            if key not in self._databases:
                self._databases[key] = opened = await self._opened(*key, name, server)
                if self._leases.get(version_id) is None:
                    await self._close(key)
                    raise Refused("The dataset was withdrawn while its database was being opened.")
                return opened.relay.address
            return self._databases[key].relay.address

    async def _opened(self, session_id: str, version_id: str, name: str, server: Server) -> _OpenDatabase:
        lease = self._lease(version_id)
        place = self._ground.places.place(session_id, name)
        try:
            role = await asyncio.to_thread(lease.draw_role)
        except BaseException:
            place.leave()
            raise
        relay = DatabaseRelay(place, name=name, server=server, user=role.user, password=role.password)
        try:
            await relay.open()
        except BaseException:
            self._unfinished.append((lease, role))
            raise
        return _OpenDatabase(version_id=version_id, relay=relay, role=role, lease=lease)

    async def close_session(self, session_id: str) -> None:
        """End a session's relays and roles. Repeatable."""
        for key in [key for key in self._databases if key[0] == session_id]:
            await self._close(key)
        await self._finish()
        self._ground.places.leave(session_id)

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
        """End everything, the identity included; nothing waits for a Vault that is slow."""
        self.identity.forget()
        versions = {*self._leases, *self.held(), *(key[1] for key in self._databases)}
        await asyncio.gather(*(self.drop(version_id) for version_id in versions))
        await asyncio.to_thread(self._volume.remove)

    async def expire(self) -> None:
        """End what has outlived itself by this machine's own clock, without asking anybody."""
        gone = [version_id for version_id, lease in self._leases.items() if lease.ended]
        for version_id in gone:
            _log.warning("the lease of version %s has run out", version_id)
        await asyncio.gather(*(self.drop(version_id) for version_id in gone))

    async def check(self) -> bool:
        """Look at every lease and role once; end what has ended. Return False when the identity is gone for good.

        An identity that can come back is waited for, with nothing held meanwhile.
        """
        if await asyncio.to_thread(self.identity.check) is Life.GONE:
            if not self.identity.comes_back:
                return False
            if self._leases or not self.empty():
                _log.warning("the agent's identity has ended, everything is wiped: %s", self.identity.trouble)
            await self.drop_all()
            return True
        await self._check_leases()
        for key, opened in list(self._databases.items()):
            if await asyncio.to_thread(opened.lease.keep_role, opened.role) is Life.GONE:
                await self._close(key)
        await self._finish()
        return True

    async def _check_leases(self) -> None:
        held = list(self._leases.items())
        lives = await asyncio.gather(*(asyncio.to_thread(lease.check) for _, lease in held))
        for (version_id, lease), life in zip(held, lives, strict=True):
            if life is Life.GONE and self._leases.get(version_id) is lease:
                _log.warning("the lease of version %s has ended", version_id)
                await self.drop(version_id)

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
                self._ground.vault_address,
                project_id=self._ground.project_id,
                wrapped_token=wrapped_token,
                accessor=accessor,
                certificate=self._ground.vault_certificate,
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
