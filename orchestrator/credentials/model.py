"""Leases and sealed datasets, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["AgentIdentity", "DatabaseGrant", "Lease", "SealedFile", "SealedVersion"]


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
