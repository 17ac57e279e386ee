"""Who is told of an endpoint, and how its events are written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json, Notice
from orchestrator.identity import store as identity
from orchestrator.identity.model import Role, RoleHolding

from .store import EndpointRow, PullRow

__all__ = ["SYSTEM", "about_endpoint", "about_pull", "tell_keepers"]

SYSTEM = "system:controller"


def about_endpoint(kind: str, actor: str, row: EndpointRow, **details: Json) -> Event:
    """Return an event about an endpoint."""
    return Event(
        kind=f"endpoint.{kind}",
        actor=actor,
        subject=f"endpoint:{row.endpoint_id}",
        details={"custodian": row.custodian_id, **details},
    )


def about_pull(kind: str, row: PullRow, *, actor: str = SYSTEM, **details: Json) -> Event:
    """Return an event about a pull."""
    return Event(
        kind=f"pull.{kind}",
        actor=actor,
        subject=f"pull:{row.pull_id}",
        details={"endpoint": row.endpoint_id, **details},
    )


def tell_keepers(change: Change, row: EndpointRow, kind: str, now: datetime, *, apart_from: str = "") -> None:
    """Notify the custodian's officers and the operators that an endpoint needs them."""
    people = {*_officers(change.session, row.custodian_id, now), *identity.operators(change.session, now)}
    for person_id in sorted(people - {apart_from}):
        change.notify(Notice(person=person_id, kind=f"endpoint.{kind}", subject=f"endpoint:{row.endpoint_id}"))


def _officers(session: Session, custodian_id: str, now: datetime) -> list[str]:
    query = select(identity.HoldingRow).where(
        identity.HoldingRow.role == Role.CUSTODIAN, identity.HoldingRow.custodian_id == custodian_id
    )
    return [each.person_id for each in identity.find(session, RoleHolding, query) if each.in_force(now)]
