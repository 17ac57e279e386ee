"""Enquiries in one place for their neighbours: both sides, the hub's offers, what is asked for, and deadlines."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import delete, update

from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.core.working_days import OFFICE, WorkingDays
from orchestrator.identity import store as identity
from orchestrator.identity.model import Person
from orchestrator.policy.model import SITE, Actor

from . import rules, store
from .ground import enquiry_event, enquiry_thing
from .model import (
    ENQUIRY_STATES,
    OFFER_STATES,
    Enquiry,
    EnquiryDemand,
    EnquiryState,
    Offer,
    OfferKind,
    OfferState,
    Wish,
)
from .questions import Questions
from .replies import Replies
from .store import EnquiryRow, MessageRow, OfferRow, SuggestionRow

__all__ = ["EnquiryService"]

_REMIND_AFTER = 2
"""Working days between two reminders."""

_SYSTEM = Actor(person_id="system:controller", active=True, second_factor=False)


class EnquiryService(Questions, Replies):
    """The one way to read or change what people ask the hub."""

    # ---- looking ------------------------------------------------------------------------------------------------

    def enquiry(self, actor: Actor, enquiry_id: str) -> Enquiry:
        """Return an enquiry: to whoever asked it, to concierges and operators."""
        with self._record.read() as session:
            return self._load(session, actor, "showEnquiry", enquiry_id)[1]

    def enquiries(self, actor: Actor, *, waiting: bool = False) -> list[Enquiry]:
        """Return every enquiry this person may see; those that wait longest first."""
        states = [EnquiryState.WAITING] if waiting else None
        with self._record.read() as session:
            current = self.as_now(session, actor)
            rows = [store.enquiry_row(session, each) for each in store.ids(session, states=states)]
            seen = [row for row in rows if self._policy.may(current, "showEnquiry", enquiry_thing(row))]
            return [store.to_enquiry(session, row) for row in seen]

    def concierges(self) -> list[tuple[str, str]]:
        """Return who answers for the hub, as identifiers and names: they are named to enquirers anyhow."""
        with self._record.read() as session:
            people = [identity.load(session, Person, each) for each in self._concierges(session)]
            return sorted(((each.person_id, each.name) for each in people), key=lambda pair: pair[1].casefold())

    # ---- the hub's offers -----------------------------------------------------------------------------------------

    def publish_offer(self, actor: Actor, kind: OfferKind, title: str, description: str) -> Offer:
        """Offer a service of the hub to everybody."""
        row = OfferRow(
            offer_id=new_id(),
            kind=kind.value,
            title=rules.check_line(title, field="title", most=120),
            description=rules.check_words(description, field="description"),
            state=OFFER_STATES.start.value,
            published_by=actor.person_id,
            published_at=self._now(),
        )
        with self._record.change() as change:
            self._check(change.session, actor, "publishOffer", SITE)
            store.add(change, row, event=_offer_event("offer.published", actor, row))
            return store.to_offer(row)

    def withdraw_offer(self, actor: Actor, offer_id: str) -> Offer:
        """Offer a service no longer; enquiries about it go on."""
        with self._record.change() as change:
            self._check(change.session, actor, "withdrawOffer", SITE)
            row = store.offer_row(change.session, offer_id)
            row.state = OFFER_STATES.after(OfferState(row.state), "withdraw").value
            change.tell(_offer_event("offer.withdrawn", actor, row))
            return store.to_offer(row)

    def offers(self) -> list[Offer]:
        """Return what the hub offers: it is public."""
        with self._record.read() as session:
            return [store.to_offer(row) for row in store.offers(session)]

    def offer(self, offer_id: str) -> Offer:
        """Return one offer, withdrawn or not."""
        with self._record.read() as session:
            return store.to_offer(store.offer_row(session, offer_id))

    # ---- demand ---------------------------------------------------------------------------------------------------

    def demand(self, actor: Actor, *, since: datetime | None = None) -> list[EnquiryDemand]:
        """Return how often datasets came up in enquiries; an officer sees his own custodian's datasets only."""
        with self._record.read() as session:
            self._check(session, actor, "seeDemand", SITE)
            current = self.as_now(session, actor)
            rows = [(each, row) for each, row in store.suggested(session) if since is None or row.asked_at >= since]
        asked = Counter(dataset_id for dataset_id, _ in rows)
        applied = Counter(dataset_id for dataset_id, row in rows if row.state == EnquiryState.APPLIED)
        everything = bool(current.roles & {"operator", "concierge"})
        return [
            EnquiryDemand(dataset_id=each, enquiries=rules.told(count), applications=rules.told(applied[each]))
            for each, count in sorted(asked.items())
            if everything or self._discovery.dataset(each).custodian_id in current.custodians
        ]

    def wishes(self, actor: Actor) -> list[Wish]:
        """Return what was asked for and does not exist here, by topic in the hub's words, the latest first."""
        with self._record.read() as session:
            self._check(session, actor, "seeDemand", SITE)
            rows = store.wishes(session)
        by_topic: dict[str, list[datetime]] = {}
        for row in rows:
            by_topic.setdefault(row.topic.casefold(), []).append(row.at)
        named = {row.topic.casefold(): row.topic for row in reversed(rows)}
        return [
            Wish(topic=named[key], enquiries=rules.told(len(moments)), last_at=max(moments))
            for key, moments in by_topic.items()
        ]

    # ---- deadlines ------------------------------------------------------------------------------------------------

    def chase(self) -> int:
        """Remind the hub of waiting questions, let answered ones lapse, erase old words; return how many."""
        now = self._now()
        with self._record.read() as session:
            rows = [store.enquiry_row(session, each) for each in store.ids(session)]
            late = [row.enquiry_id for row in rows if _overdue(row, now)]
            old = [row.enquiry_id for row in rows if _outlived(row, now)]
        for enquiry_id in late:
            self._act(enquiry_id, now)
        for enquiry_id in old:
            self._erase(enquiry_id)
        return len(late) + len(old)

    def _act(self, enquiry_id: str, now: datetime) -> None:
        with self._record.change() as change:
            row = store.enquiry_row(change.session, enquiry_id)
            if not _overdue(row, now):
                return
            if row.state == EnquiryState.ANSWERED:
                self._move(row, "lapse")
                change.tell(enquiry_event("enquiry.lapsed", _SYSTEM, row))
                self._tell_asker(change, row, "enquiry.lapsed")
                return
            row.reminded_at = now
            change.tell(enquiry_event("enquiry.overdue", _SYSTEM, row))
            operators = identity.operators(change.session, now)
            self._notify(change, [*self._concierges(change.session), *operators], "enquiry.overdue", row)

    def _erase(self, enquiry_id: str) -> None:
        """Forget what was said; that there was an enquiry, its datasets and its end are kept."""
        with self._record.change() as change:
            row = store.enquiry_row(change.session, enquiry_id)
            row.question, row.organisation, row.reason, row.erased, row.secret_sha256 = "", "", "", True, None
            change.session.execute(delete(MessageRow).where(MessageRow.enquiry_id == enquiry_id))
            change.session.execute(
                update(SuggestionRow).where(SuggestionRow.enquiry_id == enquiry_id).values(reasons=[])
            )
            change.tell(enquiry_event("enquiry.erased", _SYSTEM, row))


def _overdue(row: EnquiryRow, now: datetime) -> bool:
    deadline = ENQUIRY_STATES.deadline(EnquiryState(row.state), row.state_since)
    reminded = row.reminded_at
    if deadline is None or now < deadline:
        return False
    return reminded is None or now >= WorkingDays.of(OFFICE).over(reminded, _REMIND_AFTER)


def _outlived(row: EnquiryRow, now: datetime) -> bool:
    ended = EnquiryState(row.state) in ENQUIRY_STATES.final()
    return ended and not row.erased and now >= row.state_since + rules.KEPT_AFTER_END


def _offer_event(kind: str, actor: Actor, row: OfferRow) -> Event:
    return Event(
        kind=kind, actor=actor.person_id, subject=f"offer:{row.offer_id}", details={"state": row.state, "of": row.kind}
    )
