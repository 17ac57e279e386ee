"""What every part of the fees room does first: know the application, who pays, who issues, and ask policy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.applications import application_thing
from orchestrator.access.model import Application, PartState
from orchestrator.access.states import ApplicationState
from orchestrator.access.values import to_application
from orchestrator.alliance import store as alliance
from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event, Json, Notice
from orchestrator.identity import store as identity
from orchestrator.identity.asking import Asking
from orchestrator.identity.model import Role, RoleHolding
from orchestrator.policy.model import Actor, Thing
from orchestrator.policy.service import Policy

from .grammar import read_list
from .model import INFRASTRUCTURE, PriceList
from .ports import Meter
from .rows import OrderRow, QuoteRow

__all__ = ["Room", "digest", "issuer_thing", "parsed"]


@lru_cache(maxsize=256)
def parsed(text: str) -> PriceList:
    """Read a published list; the same text is read once."""
    return read_list(text)


def digest(document: Mapping[str, Json]) -> str:
    """Return the SHA-256 of a document's canonical JSON (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


class Room(Asking):
    """The record, the rules, the meter, and the few questions that all parts ask."""

    def __init__(self, *, record: Record, policy: Policy, meter: Meter) -> None:
        super().__init__(record, policy)
        self._meter = meter

    def _today(self) -> date:
        return self._now().date()

    def _issuer_name(self, session: Session, issuer: str) -> str:
        if issuer == INFRASTRUCTURE:
            return "The infrastructure"
        found = alliance.custodian(session, issuer)
        if found is None:
            raise NotFound(f"There is no custodian “{issuer[:40]}”; look at the list of custodians.")
        return found.name

    def _must_offer(self, session: Session, issuer: str) -> None:
        """Raise ``NotPossible`` for a custodian that has left: what it invoices and credits still is not asked here."""
        if issuer != INFRASTRUCTURE:
            check_present(session, issuer, now=self._now())

    def _issuers_people(self, session: Session, issuer: str) -> list[str]:
        """Return who acts for an issuer now."""
        now = self._now()
        if issuer == INFRASTRUCTURE:
            return identity.operators(session, now)
        query = select(identity.HoldingRow).where(
            identity.HoldingRow.role == Role.CUSTODIAN, identity.HoldingRow.custodian_id == issuer
        )
        holdings = identity.find(session, RoleHolding, query)
        return sorted({holding.person_id for holding in holdings if holding.in_force(now)})

    def _application(self, session: Session, application_id: str) -> Application:
        return to_application(session, access.application_row(session, application_id))

    def _account(self, session: Session, application: Application) -> str:
        """Return the first application of a project, to which its budget belongs."""
        if application.amends is None:
            return application.application_id
        return access.project_row(session, application.amends).application_id

    def _members(self, session: Session, application: Application) -> frozenset[str]:
        """Return everybody who works or worked in what the application is for."""
        if application.project_id is None:
            return application.people
        return application.people | access.workers(session, application.project_id)

    def _refused(self, application: Application, issuer: str) -> bool:
        """Whether this issuer's part of an application was refused, or for the infrastructure all of it."""
        if application.state is ApplicationState.REFUSED:
            return True
        parts = [part for part in application.parts if part.custodian_id == issuer]
        return bool(parts) and all(part.state is PartState.REFUSED for part in parts)

    def _quote_thing(self, session: Session, row: QuoteRow) -> Thing:
        customers = {row.asked_by}
        if row.application_id:
            customers |= self._members(session, self._application(session, row.application_id))
        return Thing(
            kind="Quote",
            id=row.quote_id,
            attributes={"custodian": row.issuer, "askedBy": row.asked_by, "customers": frozenset(customers)},
        )

    def _order_thing(self, session: Session, row: OrderRow) -> Thing:
        quote = session.get(QuoteRow, row.quote_id)
        if quote is None:
            raise AssertionError("an order without its quote")
        return self._quote_thing(session, quote)

    def _spending_thing(self, session: Session, application: Application) -> Thing:
        return Thing(
            kind="Spending",
            id=application.application_id,
            attributes={"lead": self._lead(session, application), "members": self._members(session, application)},
        )

    def _check_spending(self, session: Session, actor: Actor, action: str, application: Application) -> None:
        """Raise ``Refused`` unless the actor may do it, ``NotFound`` where he may not know of the application."""
        self._check_known(
            session,
            actor,
            action,
            self._spending_thing(session, application),
            sight="showApplication",
            unknown="There is no such application, or none that you may see.",
            shown=application_thing(application),
        )

    def _lead(self, session: Session, application: Application) -> str:
        """Return who answers for the costs: the project's lead once there is a project, before that the applicant."""
        if application.project_id is None:
            return application.applicant_id
        members = access.current_members(session, application.project_id)
        return next((member.person_id for member in members if member.role == "lead"), application.applicant_id)

    def _tell_people(self, change: Change, people: list[str], *, kind: str, subject: str) -> None:
        for person_id in sorted(set(people)):
            change.notify(Notice(person=person_id, kind=kind, subject=subject))

    def _event(self, kind: str, actor: str, subject: str, **details: Json) -> Event:
        return Event(kind=kind, actor=actor, subject=subject, details=details)


def issuer_thing(issuer: str, customers: frozenset[str] = frozenset()) -> Thing:
    """Return an issuer's prices as the rules see them."""
    return Thing(kind="PriceList", id=issuer, attributes={"custodian": issuer, "customers": customers})
