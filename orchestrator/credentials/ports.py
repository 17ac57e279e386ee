"""What the credentials room needs from a Vault, from an agent and from a sealed store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ..core.events import Json
from .model import AgentIdentity, ClearFile, DatabaseGrant, Lease, ObjectVersion, SealedVersion

__all__ = ["DatasetAgent", "Prefixes", "SealedStore", "Source", "VaultPort"]

Source = Mapping[str, Json]
"""Where an agent reads a version: ``{"kind": "directory", "path": …}``, or ``{"kind": "objects", …}`` with credentials
that read one prefix and end soon: it goes to the agent over its control channel and is written down nowhere."""


class VaultPort(Protocol):
    """Issues and revokes. ``Unavailable(unknown_outcome=True)`` means: look with ``leases`` before repeating."""

    def ready(self) -> bool:
        """Say whether the Vault is unsealed, active and answers within its deadline."""

    def prepare_version(self, version_id: str) -> None:
        """Make the version's transit key and the policy that may only unwrap with it. Repeatable."""

    def new_data_key(self, version_id: str) -> tuple[bytes, str]:
        """Return a fresh 32-byte data key and the same key wrapped by the version's transit key."""

    def prepare_database(self, grant: DatabaseGrant) -> None:
        """Make the database role that reads the granted views only, and the policy that may draw it. Repeatable."""

    def open_agent(self, project_id: str, until: datetime) -> AgentIdentity:
        """Give the project's agent an identity that may renew and look up itself, and nothing else."""

    def lease(self, project_id: str, grant_id: str, version_id: str, until: datetime) -> Lease:
        """Issue one granted dataset: a token that may unwrap this version (or draw its database role) until then."""

    def leases(self, project_id: str) -> list[Lease]:
        """List what Vault really holds for the project (``wrapped_token`` empty)."""

    def projects(self) -> set[str]:
        """Return every project that Vault holds an agent's identity or a lease for, so that orphans are found."""

    def revoke_lease(self, accessor: str) -> None:
        """Revoke one dataset's lease and every database role drawn under it. Repeatable."""

    def revoke_project(self, project_id: str) -> None:
        """Revoke the agent and all that was issued under it. Repeatable."""

    def sign(self, message: bytes) -> str:
        """Sign with the record key (Ed25519); return ``vault:vN:`` and base 64 as Vault does."""

    def public_keys(self) -> dict[int, bytes]:
        """Return the record key's raw Ed25519 public keys by version."""


class SealedStore(Protocol):
    """Keeps dataset versions encrypted at rest."""

    def seal(self, version_id: str, source: Path, data_key: bytes, wrapped_key: str) -> SealedVersion:
        """Encrypt every file below ``source``; all or nothing; repeatable."""

    def load(self, version_id: str) -> SealedVersion:
        """Read what was sealed; ``NotFound`` if nothing was."""

    def source(self, version_id: str) -> Source:
        """Tell an agent where the ciphertext lies, with what it needs to read this version and no other."""


class Prefixes(Protocol):
    """Prefixes of the object stores that the settings name: data that their custodians keep there themselves."""

    def take_stock(self, store: str, prefix: str) -> tuple[ClearFile, ...]:
        """Read every object below the prefix once; return path, size and SHA-256 of each, sorted by path."""

    def source(self, store: str, prefix: str, version_id: str) -> Source:
        """Tell an agent where the objects lie, with credentials that read this prefix and end soon."""


class DatasetAgent(Protocol):
    """One project's agent process: unseals into memory, relays databases, wipes."""

    def start(self, identity: AgentIdentity) -> None:
        """Start it with its identity, or leave it alone when it runs. ``Unavailable`` while it is still starting."""

    def running(self, project_id: str) -> bool:
        """Say whether the project's agent answers and has its identity."""

    def comes_back(self, project_id: str) -> bool:
        """Say whether an agent that is not running was started and comes by itself; it is then not stopped first."""

    def keep(self, project_id: str) -> None:
        """Put right what others changed about an agent that runs; at rest nothing is written."""

    def adopt(self, lease: Lease) -> None:
        """Deliver a lease; it replaces what the agent held for the same version. Repeatable."""

    def holding(self, project_id: str) -> dict[str, str]:
        """Return the accessor of the lease that the agent holds for each version."""

    def life(self, project_id: str) -> str:
        """Return a word that is another one after each start: data and relays of another life are gone.

        Empty for an agent that tells none, or that there is none of.
        """

    def may_hold(self, project_id: str) -> set[str]:
        """Return the versions for which it was given what nobody can take back, whatever it says it holds.

        ``wipe`` takes that away too.
        """

    def incidents(self, project_id: str) -> list[str]:
        """Return what a person has to look at, such as a token that somebody else unwrapped first."""

    def unseal(self, project_id: str, lease: Lease, version: SealedVersion, source: Source) -> Path:
        """Unseal the version into memory, verify its manifest, return the directory to mount."""

    def stage(self, project_id: str, lease: Lease, version: ObjectVersion, source: Source) -> Path:
        """Bring the objects of the version, verify each against the manifest, return the directory to mount."""

    def open_database(self, project_id: str, session_id: str, lease: Lease, grant: DatabaseGrant) -> str:
        """Draw a role for the session and open its relay.

        Returns where the session finds it: the directory that holds ``.s.PGSQL.5432``, or ``host:port``.
        """

    def close_session(self, project_id: str, session_id: str) -> None:
        """End the session's relays and revoke its roles. Repeatable."""

    def wipe(self, project_id: str, version_id: str) -> None:
        """Remove the unsealed data of one version and drop its lease. Repeatable."""

    def held(self, project_id: str) -> dict[str, Path]:
        """Return the versions that lie unsealed now, and where."""

    def projects(self) -> set[str]:
        """Return every project with an agent or with data in memory, wanted or not, so that none is left."""

    def stop(self, project_id: str) -> None:
        """Wipe everything and end the process. Repeatable, also after it was killed."""
