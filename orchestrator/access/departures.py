"""What ends when a custodian leaves: all it granted and offered goes, in one change with its leaving."""

from __future__ import annotations

from sqlalchemy import select

from orchestrator.alliance import store as alliance
from orchestrator.alliance.onboarding import store as onboarding
from orchestrator.alliance.onboarding.model import DEPARTURE_STATES, Departure, DepartureState
from orchestrator.audit.record import Change, Record
from orchestrator.core.clock import iso
from orchestrator.core.events import Event, Json, Notice
from orchestrator.discovery.departing import close_sources
from orchestrator.discovery.service import DiscoveryService
from orchestrator.policy.model import Actor

from . import store
from .model import GRANT_STATES, GrantState
from .store import GrantRow

__all__ = ["Departures"]

_SYSTEM = Actor(person_id="system:controller", active=True, second_factor=True)


class Departures:
    """Carries departures out. A crash leaves a custodian there or gone, never half: everything is one change."""

    def __init__(self, *, record: Record, discovery: DiscoveryService) -> None:
        self._record = record
        self._discovery = discovery

    def chase(self) -> int:
        """Let every custodian go whose day has come; return how many went."""
        with self._record.read() as session:
            due = onboarding.departures_due(session, self._record.clock())
        for departure in due:
            self._leave(departure)
        return len(due)

    def _leave(self, departure: Departure) -> None:
        """End what the custodian granted, withdraw what it offered. Parts of applications follow their datasets."""
        with self._record.change() as change:
            row = onboarding.departure_row(change.session, departure.departure_id)
            if row.state != DepartureState.CONFIRMED:
                return
            row.state = DEPARTURE_STATES.after(DepartureState(row.state), "leave").value
            custodian = alliance.custodian(change.session, row.custodian_id)
            name = custodian.name if custodian else "The custodian"
            words = f"{name} has left the alliance."
            grants: list[Json] = [*self._withdraw_grants(change, departure, words)]
            datasets: list[Json] = [*self._discovery.withdraw_all(change, _SYSTEM, row.custodian_id, words)]
            endpoints: list[Json] = [
                *close_sources(
                    change, row.custodian_id, actor=_SYSTEM.person_id, now=self._record.clock(), reason=words
                )
            ]
            details: dict[str, Json] = {
                "custodian": row.custodian_id,
                "at": iso(row.at),
                "state": row.state,
                "grants": grants,
                "datasets": datasets,
                "endpoints": endpoints,
            }
            subject = f"departure:{row.departure_id}"
            change.tell(Event(kind="departure.done", actor=_SYSTEM.person_id, subject=subject, details=details))

    def _withdraw_grants(self, change: Change, departure: Departure, words: str) -> list[str]:
        query = select(GrantRow).where(
            GrantRow.custodian_id == departure.custodian_id, GrantRow.state == GrantState.ACTIVE.value
        )
        rows = list(change.session.scalars(query.order_by(GrantRow.grant_id)))
        for row in rows:
            row.state = GRANT_STATES.after(GrantState(row.state), "withdraw").value
            row.reason, row.ended_by, row.ended_at = words, departure.confirmed_by, self._record.clock()
            details: dict[str, Json] = {
                "project": row.project_id,
                "custodian": row.custodian_id,
                "dataset": row.dataset_id,
                "version": row.version_id,
                "state": row.state,
            }
            subject = f"grant:{row.grant_id}"
            change.tell(Event(kind="grant.withdrawn", actor=_SYSTEM.person_id, subject=subject, details=details))
            for member in store.current_members(change.session, row.project_id):
                kind, project = "grant.withdrawn", f"project:{row.project_id}"
                change.notify(Notice(person=member.person_id, kind=kind, subject=project))
        return [row.grant_id for row in rows]
