"""Leases and sealed datasets, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

__all__ = [
    "AgentIdentity",
    "ClearFile",
    "DatabaseGrant",
    "Lease",
    "LeaseChanges",
    "LeasePlan",
    "ObjectVersion",
    "SealedFile",
    "SealedVersion",
    "Wanted",
]


@dataclass(frozen=True, kw_only=True)
class SealedFile:
    """One file of a dataset version: where its ciphertext lies below the sealed directory, and its clear content."""

    path: str
    stored_as: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SealedVersion:
    """A dataset version at rest. ``wrapped_key`` is the data key, wrapped by the version's own transit key."""

    version_id: str
    wrapped_key: str
    files: tuple[SealedFile, ...]


@dataclass(frozen=True, kw_only=True)
class ClearFile:
    """One file as its custodian keeps it: the path below its version's folder, its size and its content's SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ObjectVersion:
    """A dataset version that lies as objects below a prefix of a custodian's store, one object for each file."""

    version_id: str
    store: str
    prefix: str
    files: tuple[ClearFile, ...]


@dataclass(frozen=True, kw_only=True)
class DatabaseGrant:
    """A dataset version that is a set of views: read through a role made for one session."""

    version_id: str
    name: str
    connection: str
    schema: str
    views: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AgentIdentity:
    """An agent's own Vault identity. ``wrapped_token`` can be unwrapped once; ``accessor`` revokes it."""

    project_id: str
    accessor: str
    wrapped_token: str


@dataclass(frozen=True, kw_only=True)
class Lease:
    """One granted dataset in one awake project: ``accessor`` names the token in Vault, ``until`` its last moment."""

    project_id: str
    grant_id: str
    version_id: str
    accessor: str
    wrapped_token: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One dataset version that a project should have now: sealed files, objects of a store, or views in a database."""

    grant_id: str
    version_id: str
    until: datetime
    sealed: SealedVersion | None = None
    objects: ObjectVersion | None = None
    database: DatabaseGrant | None = None

    @property
    def brought(self) -> bool:
        """Whether the agent brings its files into the data volume."""
        return self.sealed is not None or self.objects is not None


@dataclass(frozen=True, kw_only=True)
class LeasePlan:
    """What makes a project's leases agree with its grants. ``wipe`` holds version identifiers."""

    revoke: tuple[Lease, ...]
    wipe: tuple[str, ...]
    issue: tuple[Wanted, ...]
    replace: tuple[Wanted, ...]
    unseal: tuple[Wanted, ...]


@dataclass(frozen=True, kw_only=True)
class LeaseChanges:
    """What one look at a project's leases did, for the record, and what is there now.

    ``failed`` gives a sentence for each version that could not be delivered; the others were. ``incidents`` are for a
    person to look at: the workspace must stop. ``agent_restarted`` means that everything was revoked and issued anew.
    ``agent_life`` was read before ``directories``: they are of this life of the agent, or of a later one.
    """

    issued: tuple[Lease, ...] = ()
    revoked: tuple[Lease, ...] = ()
    wiped: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    incidents: tuple[str, ...] = ()
    agent_restarted: bool = False
    agent_life: str = ""
    directories: dict[str, Path] = field(default_factory=dict)
    """Unsealed and verified versions, and where: what a session may mount."""
    databases: frozenset[str] = frozenset()
    """Database versions whose lease the agent holds: what a session may open."""
