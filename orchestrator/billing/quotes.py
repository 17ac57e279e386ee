"""Quotes and orders: asked for by who leads an application, offered by a person of the issuer, frozen, accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access.states import ApplicationState
from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.core.money import Money
from orchestrator.policy.model import Actor, Thing

from . import rules, store
from .answers import check_request
from .budgets import Budgets, once_gross
from .documents import ORDER_STATES, QUOTE_STATES, Order, OrderState, Quote, QuoteState, Spending
from .fees import own_answers
from .forms import read_relief, read_request, write_relief, write_request
from .model import INFRASTRUCTURE, Billed, PriceList
from .priced import Priced, as_document
from .pricing import price
from .request import Answer, Request, RequestKind
from .room import digest, parsed
from .rows import OrderRow, QuoteRow

__all__ = ["Check", "Quotes"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """Whether a quote is as it was offered: its hash, and its amounts priced again from list and request."""

    hash_agrees: bool
    amounts_agree: bool


class Quotes(Budgets):
    """From asking for a price to ordering at it."""

    def ask_quote(
        self,
        actor: Actor,
        application_id: str,
        issuer: str,
        *,
        answers: Mapping[str, Answer],
        periods: Mapping[str, int] | None = None,
    ) -> Quote:
        """Ask one issuer for a quote for an application; a person of the issuer looks at it and offers it.

        Refused when the least it can cost is more than what is left of the budget.
        """
        with self._record.change() as change:
            session = change.session
            application = self._application(session, application_id)
            self._check(session, actor, "askQuote", self._spending_thing(session, application))
            prices, list_id = self._list_today(session, issuer)
            _nothing_strange(prices, answers)
            request = self._request_of(session, application, issuer, answers, periods or {})
            row = QuoteRow(
                issuer=issuer,
                application_id=application_id,
                account_id=self._account(session, application),
                organisation=application.answers.organisation,
                list_id=list_id,
                asked_by=actor.person_id,
            )
            quote = self._ask(session, row, prices, request)
            spending = self._spending(session, row.account_id)
            self._check_currency(session, row, spending)
            rules.check_budget(spending, self._priced(session, quote).gross.low, what="This")
            event = self._event(
                "quote.asked", actor.person_id, f"quote:{quote.quote_id}", issuer=issuer, application=application_id
            )
            store.add(change, quote, event=event)
            people = self._issuers_people(session, issuer)
            self._tell_people(change, people, kind="quote.asked", subject=f"quote:{quote.quote_id}")
            return self._shown(session, quote)

    def ask_subscription(
        self, actor: Actor, organisation: str, *, start: date, last: date, answers: Mapping[str, Answer]
    ) -> Quote:
        """Ask the infrastructure for a subscription of an organisation."""
        with self._record.change() as change:
            session = change.session
            thing = Thing(
                kind="Spending", id="subscription", attributes={"lead": actor.person_id, "members": frozenset()}
            )
            self._check(session, actor, "askQuote", thing)
            prices, list_id = self._list_today(session, INFRASTRUCTURE)
            _nothing_strange(prices, answers)
            told = {**answers, "request": RequestKind.SUBSCRIPTION.value}
            row = QuoteRow(
                issuer=INFRASTRUCTURE,
                application_id="",
                account_id="",
                organisation=rules.check_text(organisation, field="organisation", most=200),
                list_id=list_id,
                asked_by=actor.person_id,
            )
            quote = self._ask(session, row, prices, Request(start=start, last=last, answers=told))
            event = self._event("quote.asked", actor.person_id, f"quote:{quote.quote_id}", issuer=INFRASTRUCTURE)
            store.add(change, quote, event=event)
            people = self._issuers_people(session, INFRASTRUCTURE)
            self._tell_people(change, people, kind="quote.asked", subject=f"quote:{quote.quote_id}")
            return self._shown(session, quote)

    def offer_quote(
        self, actor: Actor, quote_id: str, *, settled: Mapping[str, Money] | None = None, reason: str = ""
    ) -> Quote:
        """Offer a quote: its document is frozen now, with amounts for what the list leaves open."""
        with self._record.change() as change:
            session = change.session
            row = self._load_quote(session, actor, "offerQuote", quote_id)
            after = QUOTE_STATES.after(QuoteState(row.state), "offer")
            self._must_offer(session, row.issuer)
            prices = parsed(store.list_row(session, row.list_id).text)
            rules.check_settled(prices, self._priced(session, row), settled or {})
            reliefs = self._reliefs(session, row.issuer, row.application_id, self._today())
            row.document = {
                **row.document,
                "settled": {name: amount.pence for name, amount in sorted((settled or {}).items())},
                "reliefs": [write_relief(each) for each in reliefs],
            }
            priced = self._priced(session, row)
            _complete(priced)
            self._freeze(row, prices, priced)
            row.state, row.state_since, row.offered_by = after.value, self._now(), actor.person_id
            row.reason = rules.check_text(reason, field="reason", least=0)
            change.tell(
                self._event("quote.offered", actor.person_id, f"quote:{quote_id}", sha256=row.sha256, state=row.state)
            )
            self._tell_people(change, [row.asked_by], kind="quote.offered", subject=f"quote:{quote_id}")
            return self._shown(session, row)

    def withdraw_quote(self, actor: Actor, quote_id: str, reason: str) -> Quote:
        """Take a quote back before it is ordered."""
        return self._end_quote(actor, quote_id, "withdrawQuote", "withdraw", reason)

    def decline_quote(self, actor: Actor, quote_id: str, reason: str = "") -> Quote:
        """Decline a quote, or what was asked for."""
        return self._end_quote(actor, quote_id, "acceptQuote", "decline", reason)

    def accept_quote(self, actor: Actor, quote_id: str, *, bill_to: str, purchase_reference: str = "") -> Order:
        """Order at a quoted price; refused after its last day, and when the budget does not reach."""
        with self._record.change() as change:
            session = change.session
            row = self._load_quote(session, actor, "acceptQuote", quote_id)
            after = QUOTE_STATES.after(QuoteState(row.state), "accept")
            self._must_offer(session, row.issuer)
            if row.valid_until is None or self._today() > row.valid_until:
                raise NotPossible(f"This quote lapsed on {row.valid_until}; ask for a new one.")
            if row.account_id:
                self._check_still_asked(session, row)
                self._check_affordable(session, row)
            row.state, row.state_since = after.value, self._now()
            order = OrderRow(
                order_id=new_id(),
                quote_id=quote_id,
                issuer=row.issuer,
                application_id=row.application_id,
                account_id=row.account_id,
                state=ORDER_STATES.start.value,
                ordered_by=actor.person_id,
                ordered_at=self._now(),
                bill_to=rules.check_text(bill_to, field="bill_to"),
                purchase_reference=rules.check_text(purchase_reference, field="purchase_reference", least=0, most=100),
            )
            event = self._event(
                "quote.ordered", actor.person_id, f"quote:{quote_id}", order=order.order_id, sha256=row.sha256
            )
            self._close_earlier(change, actor, order)
            store.add(change, order, event=event)
            people = self._issuers_people(session, row.issuer)
            self._tell_people(change, people, kind="quote.ordered", subject=f"quote:{quote_id}")
            return store.to_order(order)

    def close_order(self, actor: Actor, order_id: str) -> Order:
        """End what an order meters; months that were metered are stated still."""
        with self._record.change() as change:
            row = store.order_row(change.session, order_id)
            self._must_see(change.session, actor, self._order_thing(change.session, row))
            self._check(change.session, actor, "closeOrder", self._order_thing(change.session, row))
            row.state = ORDER_STATES.after(OrderState(row.state), "close").value
            row.closed_at = self._now()
            change.tell(self._event("order.closed", actor.person_id, f"order:{order_id}", state=row.state))
            return store.to_order(row)

    def leads(self, actor: Actor, application_id: str) -> bool:
        """Say whether this person answers for an application's costs: asks for quotes and sets its budget."""
        with self._record.read() as session:
            thing = self._spending_thing(session, self._application(session, application_id))
            return self._policy.may(self.as_now(session, actor), "askQuote", thing)

    # ---- looking --------------------------------------------------------------------------------------------------

    def quote(self, actor: Actor, quote_id: str) -> Quote:
        """Return a quote that this person may see."""
        with self._record.read() as session:
            row = store.quote_row(session, quote_id)
            self._must_see(session, actor, self._quote_thing(session, row))
            return self._shown(session, row)

    def quotes(self, actor: Actor, *, application_id: str | None = None) -> list[Quote]:
        """Return every quote that this person may see, the newest first."""
        with self._record.read() as session:
            current = self.as_now(session, actor)
            return [
                self._shown(session, row)
                for row in store.quotes(session)
                if application_id in (None, row.application_id)
                and self._policy.may(current, "seeQuote", self._quote_thing(session, row))
            ]

    def order(self, actor: Actor, order_id: str) -> Order:
        """Return an order that this person may see."""
        with self._record.read() as session:
            row = store.order_row(session, order_id)
            self._must_see(session, actor, self._order_thing(session, row))
            return store.to_order(row)

    def check_quote(self, actor: Actor, quote_id: str) -> Check:
        """Price a quote again from the list and the request it froze, and compare."""
        with self._record.read() as session:
            row = store.quote_row(session, quote_id)
            self._must_see(session, actor, self._quote_thing(session, row))
            again = as_document(self._priced(session, row))
            return Check(
                hash_agrees=not row.sha256 or digest(row.document) == row.sha256,
                amounts_agree=again == row.document["priced"],
            )

    def lapse(self) -> int:
        """Note what lapsed: quotes whose last day has passed; return how many."""
        with self._record.change() as change:
            query = select(QuoteRow).where(
                QuoteRow.state == QuoteState.OFFERED.value, QuoteRow.valid_until < self._today()
            )
            rows = list(change.session.scalars(query))
            for row in rows:
                row.state = QUOTE_STATES.after(QuoteState.OFFERED, "lapse").value
                row.state_since = self._now()
                change.tell(self._event("quote.lapsed", "system:controller", f"quote:{row.quote_id}", state=row.state))
                self._tell_people(change, [row.asked_by], kind="quote.lapsed", subject=f"quote:{row.quote_id}")
            return len(rows)

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _list_today(self, session: Session, issuer: str) -> tuple[PriceList, str]:
        name = self._issuer_name(session, issuer)
        self._must_offer(session, issuer)
        row = store.in_force(session, issuer, self._today())
        if row is None:
            raise NotPossible(
                f"{name} has no price list in force today, so nothing can be quoted; ask it to publish one."
            )
        return parsed(row.text), row.list_id

    def _ask(self, session: Session, row: QuoteRow, prices: PriceList, request: Request) -> QuoteRow:
        """Fill a quote that is asked for; another of the same kind must not be under way."""
        check_request(prices, request)
        under_way = (QuoteState.ASKED.value, QuoteState.OFFERED.value)
        for other in store.quotes(session):
            same = (other.issuer, other.application_id, other.organisation) == (
                row.issuer,
                row.application_id,
                row.organisation,
            )
            if same and other.state in under_way:
                raise NotPossible("A quote for this is under way; accept it, or decline it before asking for another.")
        reliefs = self._reliefs(session, row.issuer, row.application_id, self._today())
        row.quote_id, row.state = new_id(), QUOTE_STATES.start.value
        row.state_since = row.asked_at = self._now()
        row.document = {
            "quote": row.quote_id,
            "issuer": row.issuer,
            "issuer_name": self._issuer_name(session, row.issuer),
            "application": row.application_id,
            "organisation": row.organisation,
            "list": {"list": row.list_id, "title": prices.title, "series": prices.series, "sha256": prices.sha256},
            "request": write_request(request),
            "reliefs": [write_relief(each) for each in reliefs],
            "settled": {},
        }
        row.document = {**row.document, "priced": as_document(self._priced(session, row))}
        row.sha256, row.reason = "", ""
        return row

    def _priced(self, session: Session, row: QuoteRow) -> Priced:
        """Price a quote from what it froze."""
        prices = parsed(store.list_row(session, row.list_id).text)
        document: Mapping[str, Any] = row.document
        return price(
            prices,
            read_request(document["request"]),
            reliefs=[read_relief(each) for each in document["reliefs"]],
            settled={name: Money(pence, prices.currency) for name, pence in document["settled"].items()},
        )

    def _freeze(self, row: QuoteRow, prices: PriceList, priced: Priced) -> None:
        row.valid_until = rules.lapses_on(prices, self._today())
        document: dict[str, Json] = {
            **row.document,
            "priced": as_document(priced),
            "offered_on": self._today().isoformat(),
            "valid_until": row.valid_until.isoformat(),
        }
        row.document, row.sha256 = document, digest(document)

    def _check_still_asked(self, session: Session, row: QuoteRow) -> None:
        """Raise unless what was quoted is what the application asks for, and it cannot be rewritten any more."""
        application = self._application(session, row.application_id)
        if application.state is ApplicationState.DRAFT:
            raise NotPossible("Submit the application first: its draft can change, and the price is for what it says.")
        document: Mapping[str, Any] = row.document
        quoted = read_request(document["request"])
        periods = {each.key: each.periods for each in quoted.datasets}
        asked = self._request_of(session, application, row.issuer, quoted.answers, periods)
        if row.organisation != application.answers.organisation or _scope(asked) != _scope(quoted):
            raise NotPossible(
                "The application has changed since this was quoted: its organisation, its days or its datasets. "
                "Decline the quote and ask for a new one."
            )

    def _check_currency(self, session: Session, row: QuoteRow, spending: Spending) -> None:
        priced: Any = row.document["priced"]
        limit = None if spending.limit is None else spending.limit.currency
        rules.check_currency(priced["currency"], budget=limit, ordered=self._ordered_in(session, row.account_id))

    def _check_affordable(self, session: Session, row: QuoteRow) -> None:
        spending = self._spending(session, row.account_id)
        self._check_currency(session, row, spending)
        priced = self._priced(session, row)
        monthly = priced.part(Billed.MONTHLY).gross.low
        amount = Money(once_gross(row.document), priced.currency) + monthly
        rules.check_budget(spending, amount, what="This order, with the use it expects,")

    def _close_earlier(self, change: Change, actor: Actor, order: OrderRow) -> None:
        """Close what the same issuer metered for the same project until now: the new order goes on from next month."""
        if not order.account_id:
            return
        for row in store.orders(change.session, account_id=order.account_id):
            if row.issuer == order.issuer and row.state == OrderState.OPEN.value:
                row.state = ORDER_STATES.after(OrderState.OPEN, "close").value
                row.closed_at = self._now()
                subject = f"order:{row.order_id}"
                change.tell(self._event("order.closed", actor.person_id, subject, followed_by=order.order_id))

    def _end_quote(self, actor: Actor, quote_id: str, action: str, step: str, reason: str) -> Quote:
        with self._record.change() as change:
            row = self._load_quote(change.session, actor, action, quote_id)
            row.state = QUOTE_STATES.after(QuoteState(row.state), step).value
            row.state_since = self._now()
            row.reason = rules.check_text(reason, field="reason", least=0 if step == "decline" else 3)
            kind = f"quote.{row.state}"
            change.tell(self._event(kind, actor.person_id, f"quote:{quote_id}", state=row.state))
            people = [row.asked_by] if step == "withdraw" else self._issuers_people(change.session, row.issuer)
            self._tell_people(change, people, kind=kind, subject=f"quote:{quote_id}")
            return self._shown(change.session, row)

    def _load_quote(self, session: Session, actor: Actor, action: str, quote_id: str) -> QuoteRow:
        row = store.quote_row(session, quote_id)
        thing = self._quote_thing(session, row)
        self._must_see(session, actor, thing)
        self._check(session, actor, action, thing)
        return row

    def _must_see(self, session: Session, actor: Actor, thing: Thing) -> None:
        """Raise ``NotFound`` for who may not know of a quote: no custodian learns of another's."""
        try:
            self._check(session, actor, "seeQuote", thing)
        except Refused as error:
            raise NotFound("There is no such quote or order, or none that you may see.") from error

    def _shown(self, session: Session, row: QuoteRow) -> Quote:
        return store.to_quote(session, row, issuer_name=self._issuer_name(session, row.issuer))


def _scope(request: Request) -> tuple[date, date, list[str]]:
    """Return what an application can change of a request: its days and its datasets."""
    return request.start, request.last, sorted(each.key for each in request.datasets)


def _nothing_strange(prices: PriceList, answers: Mapping[str, Answer]) -> None:
    strange = sorted(set(answers) - set(own_answers(prices, answers)))
    if strange:
        raise Invalid(f"No price depends on “{strange[0]}”; look at the questions of this list.", field=strange[0])


def _complete(priced: Priced) -> None:
    """Raise unless everything that is charged once has one amount."""
    once = priced.part(Billed.ONCE)
    missing = [line for line in once.lines if line.open or not line.net.certain]
    if missing:
        raise NotPossible(
            "The quote is not complete: set the amount of "
            + ", ".join(f"“{line.line_id}” ({line.open or line.listed})" for line in missing)
            + "."
        )
