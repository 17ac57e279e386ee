"""What the airlock needs from outside: live sessions, the rooms below, a signature, an isolated inspection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from orchestrator.core.events import Json
    from orchestrator.policy.model import Actor

    from .model import Finding
    from .packs import Pack

__all__ = [
    "CustodianTerms",
    "Derived",
    "Governance",
    "Inspected",
    "Inspection",
    "Inspector",
    "LiveSession",
    "LiveSessions",
    "RecordSigner",
]


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
    replay_of: str | None = None
    """The submission whose program this session runs again without its author; it may do nothing else."""


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
    release_signoff: bool = False
    """Whether an officer of this custodian has to agree to every release."""
    airlock_pack: str = ""
    """The rule book of ``policies/airlock`` this custodian asks for; empty where the installation's is enough."""


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

    def versions(self, project_id: str) -> dict[str, str]:
        """Return the versions of data that the project holds or held, each with its dataset."""

    def holders(self, role: str) -> frozenset[str]:
        """Return everyone who holds this role now."""

    def officers(self, custodian_id: str) -> frozenset[str]:
        """Return everyone who speaks for this custodian now."""

    def trained(self, person_id: str) -> bool:
        """Say whether this person has training in date."""


class RecordSigner(Protocol):
    """Signs release records; the airlock holds no key."""

    def sign(self, message: bytes) -> str:
        """Sign with the record key (Ed25519); return ``vault:vN:`` and base 64."""

    def public_keys(self) -> dict[int, bytes]:
        """Return the raw Ed25519 public keys by version."""


@dataclass(frozen=True, kw_only=True)
class Derived:
    """One file made anew from a submitted one, so that what people review is what leaves."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What an inspection says of one file."""

    kind: str
    findings: tuple[Finding, ...]
    tables: tuple[Json, ...] = ()
    """The file's tables as published facts (``ledger.facts``), for the attack on all releases together."""
    derived: tuple[Derived, ...] = ()
    """What is reviewed and released in place of the submitted bytes; empty where these leave as they are."""


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """One file of a request as the checks of the whole request see it."""

    file_id: str
    path: Path
    name: str
    sha256: str
    kind: str
    tables: tuple[Json, ...] = ()
    rules: frozenset[str] = frozenset()
    """Rules of the findings that the file has already."""


class Inspector(Protocol):
    """Looks at files in isolation. Never raises for a file's sake: what failed is a finding."""

    def inspect(self, path: Path, *, name: str, sha256: str, pack: Pack, project_id: str = "") -> Inspection:
        """Run every check of the pack on the file, and compare it with the data that the project mounts."""

    def inspect_together(
        self,
        files: Sequence[Inspected],
        *,
        released: Sequence[Json],
        pack: Pack,
        project_id: str = "",
        versions: frozenset[str] = frozenset(),
    ) -> Mapping[str, tuple[Finding, ...]]:
        """Check the files of one request against each other and against ``released``; findings by ``file_id``.

        ``released`` are tables known outside (``ledger.tables``), ``versions`` those of the project’s datasets.
        """
