"""Stands for the airlock's neighbours in tests: people, projects, terms, sessions, inspection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestrator.audit.fakes import FakeSigner
from orchestrator.core.errors import Unavailable
from orchestrator.core.events import Json
from orchestrator.policy.model import Actor

from .checks import run
from .checks.specimen import Specimen
from .model import Finding
from .packs import Pack
from .ports import CustodianTerms, Inspected, Inspection, LiveSession

__all__ = ["FakeGovernance", "FakeInspector", "FakeSessions", "FakeSigner"]


@dataclass
class FakeGovernance:
    """People and projects as plain dictionaries that a test may change at any moment."""

    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    officers: dict[str, frozenset[str]] = field(default_factory=dict)
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    holds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    conditions: dict[str, tuple[CustodianTerms, ...]] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    down: bool = False

    def actor(self, person_id: str) -> Actor:
        """Return the person with his roles."""
        return Actor(
            person_id=person_id,
            roles=self.roles.get(person_id, frozenset()),
            custodians=self.officers.get(person_id, frozenset()),
            active=person_id not in self.suspended,
            second_factor=True,
        )

    def hold_reasons(self, project_id: str, author_id: str, *, since: datetime) -> tuple[str, ...]:  # noqa: ARG002
        """Return the project's holds."""
        if self.down:
            raise Unavailable("The record does not answer.", system="record")
        return self.holds.get(project_id, ())

    def members_within_a_year(self, project_id: str) -> frozenset[str]:
        """Return the project's people."""
        return self.members.get(project_id, frozenset())

    def terms(self, project_id: str) -> tuple[CustodianTerms, ...]:
        """Return the terms on the project's data."""
        return self.conditions.get(project_id, ())

    def checkers(self) -> frozenset[str]:
        """Return everyone with the role."""
        return frozenset(person for person, roles in self.roles.items() if "checker" in roles)


@dataclass
class FakeSessions:
    """Live sessions as a list."""

    sessions: list[LiveSession] = field(default_factory=list)

    def live(self) -> list[LiveSession]:
        """List them."""
        return list(self.sessions)


@dataclass
class FakeInspector:
    """Runs the real checks in this process; ``extra`` findings are added to every file."""

    extra: Iterable[Finding] = ()

    def inspect(
        self,
        path: Path,
        *,
        name: str,
        sha256: str,
        pack: Pack,
        project_id: str = "",  # noqa: ARG002
    ) -> Inspection:
        with path.open("rb") as file:
            specimen = Specimen(file.fileno(), name)
            return Inspection(kind=specimen.kind, findings=(*run(specimen, pack), *self.extra))

    def inspect_together(
        self,
        files: Sequence[Inspected],
        *,
        released: Sequence[Json],
        pack: Pack,  # noqa: ARG002
    ) -> Mapping[str, tuple[Finding, ...]]:
        return {file.file_id: () for file in files}
