"""What the airlock needs from outside: live sessions, the rooms below, a signature, an isolated inspection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from orchestrator.policy.model import Actor

    from .model import Finding
    from .packs import Pack

__all__ = ["CustodianTerms", "Governance", "Inspection", "Inspector", "LiveSession", "LiveSessions", "RecordSigner"]


@dataclass(frozen=True, kw_only=True)
class LiveSession:
    """A running workspace session, known by a socket of its own or by a secret at the airlock's port."""

    session_id: str
    project_id: str
    person_id: str
    directory: Path | None = None
    """The host directory that the session sees as ``/run/tre/intake``, on a machine where there is one."""
    user_number: int | None = None
    """The user id the sandbox runs under, checked against the caller's where it is known."""
    intake_sha256: bytes | None = None
    """Hash of the secret that the session shows at the port."""


class LiveSessions(Protocol):
    """Says which sessions run now: the socket a submission arrives on is its identity."""

    def live(self) -> list[LiveSession]:
        """List the sessions that run now."""


@dataclass(frozen=True, kw_only=True)
class CustodianTerms:
    """What one custodian of the project's data asks of output checking."""

    custodian_id: str
    version: int
    checkers_needed: int
    minimum_count: int


class Governance(Protocol):
    """What the airlock asks of the rooms below: people, projects and terms as they are now."""

    def actor(self, person_id: str) -> Actor:
        """Return the person with the roles held at this moment."""

    def hold_reasons(self, project_id: str, author_id: str, *, since: datetime) -> tuple[str, ...]:
        """Say in sentences why nothing of this author may leave this project now; empty when it may.

        Data that the project lost after ``since``, when the results were handed in, is a reason too.
        """

    def members_within_a_year(self, project_id: str) -> frozenset[str]:
        """Return everyone who is a member of the project or was one within the last twelve months."""

    def terms(self, project_id: str) -> tuple[CustodianTerms, ...]:
        """Return the terms in force of every custodian whose data the project holds or held."""

    def checkers(self) -> frozenset[str]:
        """Return everyone who holds the checker role now."""


class RecordSigner(Protocol):
    """Signs release records; the airlock holds no key."""

    def sign(self, message: bytes) -> str:
        """Sign with the record key (Ed25519); return ``vault:vN:`` and base 64."""

    def public_keys(self) -> dict[int, bytes]:
        """Return the raw Ed25519 public keys by version."""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What an inspection says of one file."""

    kind: str
    findings: tuple[Finding, ...]


class Inspector(Protocol):
    """Looks at one file in isolation. Never raises for the file's sake: what failed is a finding."""

    def inspect(self, path: Path, *, name: str, sha256: str, pack: Pack) -> Inspection:
        """Run every check of the pack on the file."""
