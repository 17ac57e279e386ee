"""Joins the alliance's rooms to the people of identity: who is told, who speaks for a custodian, what is asked for."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.alliance.accreditation.checklist import load_checklists
from orchestrator.alliance.accreditation.service import AccreditationService, Contacts
from orchestrator.alliance.onboarding.service import OnboardingService
from orchestrator.audit.record import Record
from orchestrator.core.clock import Clock
from orchestrator.identity import store as identity
from orchestrator.identity.model import Role, RoleHolding
from orchestrator.identity.service import IdentityService
from orchestrator.policy.service import Policy

__all__ = ["contacts_of", "open_onboarding"]


def contacts_of(clock: Clock) -> Contacts:
    """Return who is told of what concerns operators, or one custodian."""

    def officers(session: Session, custodian_id: str) -> list[str]:
        query = select(identity.HoldingRow).where(
            identity.HoldingRow.role == Role.CUSTODIAN, identity.HoldingRow.custodian_id == custodian_id
        )
        now = clock()
        return sorted({each.person_id for each in identity.find(session, RoleHolding, query) if each.in_force(now)})

    return Contacts(operators=lambda session: identity.operators(session, clock()), officers=officers)


def open_onboarding(
    record: Record, policy: Policy, people: IdentityService, *, checklists: Path, accreditation_needed: bool
) -> tuple[AccreditationService, OnboardingService]:
    """Open accreditation and onboarding; raises ``Invalid`` when a checklist is not complete and correct."""
    contacts = contacts_of(record.clock)
    accreditation = AccreditationService(
        record, policy, checklists=load_checklists(checklists), as_now=people.as_now, contacts=contacts
    )
    onboarding = OnboardingService(
        record,
        policy,
        accreditation=accreditation,
        as_now=people.as_now,
        contacts=contacts,
        accreditation_needed=accreditation_needed,
    )
    return accreditation, onboarding
