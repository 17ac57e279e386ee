"""The world of access with evidence in it: terms that ask for kinds, and shorthand to bring and verify pieces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.access.evidence.model import Evidence
from orchestrator.access.evidence.service import EvidenceService
from orchestrator.access.model import Project
from orchestrator.policy.service import Policy
from tests.access.conftest import World


class Bringing:
    """A world whose people bring evidence."""

    def __init__(self, world: World, policy: Policy) -> None:
        self.world = world
        self.service = EvidenceService(
            record=world.record,
            policy=policy,
            identity=world.identity,
            alliance=world.alliance,
            discovery=world.discovery,
        )

    def ask_for(self, name: str, *kinds: str) -> None:
        """Publish terms of a custodian that ask for these kinds, accepted by both members."""
        self.world.alliance.publish_terms(
            self.world.actor(f"officer_{name}"),
            self.world.custodians[name],
            text="Bring what we ask for.",
            valid_until=self.world.now + timedelta(days=700),
            evidence=kinds,
        )
        for person in ("lead", "member"):
            self.world.accept(person, name)

    def bring(self, application_id: str, kind: str, *, who: str = "lead", days: int = 200, **more: Any) -> Evidence:
        values = {"reference": f"{kind}/26/1", "valid_from": self.world.day(-10), "valid_until": self.world.day(days)}
        return self.service.record(self.world.actor(who), application_id, kind, **(values | more))

    def of_organisation(self, organisation: str, kind: str = "dspt", *, who: str = "lead", days: int = 200) -> Evidence:
        return self.service.record_of_organisation(
            self.world.actor(who),
            organisation,
            kind,
            reference="8AB12",
            organisation_code="8AB12",
            valid_from=self.world.day(-10),
            valid_until=self.world.day(days),
        )

    def verify(self, evidence: Evidence, *, who: str = "operator") -> Evidence:
        actor = self.world.actor(who)
        seen = self.service.evidence(actor, evidence.evidence_id).file_sha256
        return self.service.verify(actor, evidence.evidence_id, file_sha256=seen)

    def told(self, kind: str) -> set[str]:
        """Return who waits to be told of something of this kind, by name."""
        from sqlalchemy import select

        from orchestrator.audit.store import NoticeRow

        names = {person: name for name, person in self.world.people.items()}
        with self.world.record.read() as session:
            return {names[each] for each in session.scalars(select(NoticeRow.person_id).where(NoticeRow.kind == kind))}

    def reasons(self, project: Project, name: str) -> tuple[str, ...]:
        """Return why a custodian's grant does not hold."""
        grant_id = self.world.grant_id(project, name)
        standing = self.world.access.standing(project.project_id)
        return next(each.reasons for each in standing.grants if each.grant_id == grant_id)


@pytest.fixture
def bringing(world: World, policy: Policy) -> Bringing:
    return Bringing(world, policy)
