"""Stands for the airlock's neighbours in tests: people, projects, terms, sessions, inspection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.audit.fakes import FakeSigner
from orchestrator.core.errors import Unavailable
from orchestrator.core.events import Json
from orchestrator.policy.model import Actor

from .inspection.engine import Member, inspect_file, inspect_together
from .model import Finding
from .packs import Pack
from .ports import CustodianTerms, Inspected, Inspection, LiveSession
from .reading.specimen import Specimen

__all__ = ["FakeGovernance", "FakeInspector", "FakeSessions", "FakeSigner"]


@dataclass
class FakeGovernance:
    """People and projects as plain dictionaries that a test may change at any moment."""

    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    officers_of: dict[str, frozenset[str]] = field(default_factory=dict)
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    holds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    conditions: dict[str, tuple[CustodianTerms, ...]] = field(default_factory=dict)
    versions_of: dict[str, dict[str, str]] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    untrained: set[str] = field(default_factory=set)
    down: bool = False

    def actor(self, person_id: str) -> Actor:
        """Return the person with his roles."""
        return Actor(
            person_id=person_id,
            roles=self.roles.get(person_id, frozenset()),
            custodians=self.officers_of.get(person_id, frozenset()),
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

    def versions(self, project_id: str) -> dict[str, str]:
        """Return the versions of the project's data, each with its dataset."""
        return self.versions_of.get(project_id, {})

    def holders(self, role: str) -> frozenset[str]:
        """Return everyone with the role."""
        return frozenset(person for person, roles in self.roles.items() if role in roles)

    def officers(self, custodian_id: str) -> frozenset[str]:
        """Return everyone who speaks for the custodian."""
        return frozenset(person for person, custodians in self.officers_of.items() if custodian_id in custodians)

    def trained(self, person_id: str) -> bool:
        """Say whether his training is in date."""
        return person_id not in self.untrained


@dataclass
class FakeSessions:
    """Live sessions as a list."""

    sessions: list[LiveSession] = field(default_factory=list)

    def live(self) -> list[LiveSession]:
        """List them."""
        return list(self.sessions)


@dataclass
class FakeInspector:
    """Runs the real engine in this process, without walls; ``extra`` findings are added to every file."""

    extra: Iterable[Finding] = ()
    sketches: Sequence[Any] = ()

    def inspect(
        self,
        path: Path,
        *,
        name: str,
        sha256: str,  # noqa: ARG002 - the port's
        pack: Pack,
        project_id: str = "",  # noqa: ARG002
    ) -> Inspection:
        """Run every check of one file."""
        with path.open("rb") as file:
            seen = inspect_file(Specimen(file.fileno(), name, most=pack.limits.file_bytes), pack, self.sketches)
        return replace(seen, findings=(*seen.findings, *self.extra))

    def inspect_together(
        self,
        files: Sequence[Inspected],
        *,
        released: Sequence[Json],
        pack: Pack,
        project_id: str = "",
        versions: frozenset[str] = frozenset(),
    ) -> Mapping[str, tuple[Finding, ...]]:
        """Run the checks of the whole request."""
        with ExitStack() as stack:
            members = [
                Member(
                    name=file.name,
                    kind=file.kind,
                    sha256=file.sha256,
                    tables=file.tables,
                    rules=file.rules,
                    descriptor=stack.enter_context(file.path.open("rb")).fileno(),
                )
                for file in files
            ]
            found = inspect_together(members, released=released, pack=pack, project=project_id, versions=versions)
        return {file.file_id: each for file, each in zip(files, found, strict=True)}
