"""What every part of the enquiries does first: load, ask policy, and tell the people concerned."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access.service import AccessService
from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event, Json, Notice
from orchestrator.core.ids import new_id
from orchestrator.discovery.model import DatasetState
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity import store as identity
from orchestrator.identity.asking import Asking
from orchestrator.identity.model import Role, RoleHolding
from orchestrator.policy.model import Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .model import ENQUIRY_STATES, Enquiry, EnquiryState
from .ports import Candidates
from .store import EnquiryRow, MessageRow, SuggestionRow

__all__ = ["STRANGER", "Ground", "enquiry_event", "enquiry_thing"]

STRANGER = Actor(person_id="stranger", active=True, second_factor=False)
"""Whoever asks without an account. What he may see of an enquiry hangs on the secret of its page."""

_UNSEEN = "There is no such enquiry, or none that you may see."


class Ground(Asking):
    """The record, the rules, and the rooms that enquiries stand on."""

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        access: AccessService,
        discovery: DiscoveryService,
        candidates: Candidates,
    ) -> None:
        super().__init__(record, policy)
        self._access = access
        self._discovery = discovery
        self.candidates = candidates

    def as_now(self, session: Session, actor: Actor) -> Actor:
        """Return the actor as he is in this transaction; a stranger stays one."""
        return actor if actor is STRANGER else super().as_now(session, actor)

    def _load(self, session: Session, actor: Actor, action: str, enquiry_id: str) -> tuple[EnquiryRow, Enquiry]:
        """Return an enquiry that the actor may see and do ``action`` to; who may not see it is told of nothing."""
        row = store.enquiry_row(session, enquiry_id)
        thing = enquiry_thing(row)
        if not self._policy.may(self.as_now(session, actor), "showEnquiry", thing):
            raise NotFound(_UNSEEN)
        self._check(session, actor, action, thing)
        return row, store.to_enquiry(session, row)

    def _say(self, change: Change, row: EnquiryRow, person_id: str | None, text: str) -> None:
        """Add a message; its words are kept apart from the log."""
        number = len(store.to_enquiry(change.session, row).messages)
        change.session.add(
            MessageRow(
                message_id=new_id(),
                enquiry_id=row.enquiry_id,
                person_id=person_id,
                text=text,
                at=self._now(),
                number=number,
            )
        )

    def _suggest(self, change: Change, row: EnquiryRow, dataset_id: str, reasons: Iterable[str], by: str = "") -> None:
        """Put a dataset before the enquirer, or renew the reasons for it."""
        known = change.session.get(SuggestionRow, (row.enquiry_id, dataset_id))
        if known is not None:
            known.reasons, known.by, known.at = list(reasons), by, self._now()
            return
        rank = len(store.to_enquiry(change.session, row).suggestions)
        change.session.add(
            SuggestionRow(
                enquiry_id=row.enquiry_id,
                dataset_id=dataset_id,
                reasons=list(reasons),
                by=by,
                at=self._now(),
                rank=rank,
            )
        )
        change.session.flush()

    def _listed(self, dataset_id: str) -> bool:
        try:
            return self._discovery.dataset(dataset_id).state is DatasetState.LISTED
        except NotFound:
            return False

    def _move(self, row: EnquiryRow, action: str) -> None:
        state = ENQUIRY_STATES.after(EnquiryState(row.state), action)
        row.state, row.state_since, row.reminded_at = state.value, self._now(), None

    def _concierges(self, session: Session) -> list[str]:
        """Return who answers for the hub now; the operators where there is nobody else."""
        query = select(identity.HoldingRow).where(identity.HoldingRow.role == Role.CONCIERGE)
        now = self._now()
        found = {each.person_id for each in identity.find(session, RoleHolding, query) if each.in_force(now)}
        return sorted(found) or sorted(identity.operators(session, now))

    def _notify(self, change: Change, people: Iterable[str | None], kind: str, row: EnquiryRow) -> None:
        for person_id in sorted({each for each in people if each is not None} - {row.asker_id or ""}):
            change.notify(Notice(person=person_id, kind=kind, subject=f"enquiry:{row.enquiry_id}"))

    def _tell_asker(self, change: Change, row: EnquiryRow, kind: str) -> None:
        if row.asker_id is not None:
            change.notify(Notice(person=row.asker_id, kind=kind, subject=f"enquiry:{row.enquiry_id}"))


def enquiry_thing(row: EnquiryRow) -> Thing:
    """Return an enquiry as the rules see it."""
    return Thing(
        kind="Enquiry",
        id=row.enquiry_id,
        attributes={"asker": row.asker_id or STRANGER.person_id, "colleague": row.colleague_id or ""},
    )


def enquiry_event(kind: str, actor: Actor, row: EnquiryRow, **details: Json) -> Event:
    """Return what is recorded of an enquiry: its state and identifiers, none of its words."""
    subject = f"enquiry:{row.enquiry_id}"
    return Event(kind=kind, actor=actor.person_id, subject=subject, details={"state": row.state, **details})
