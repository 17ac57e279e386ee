"""Ordering at a quoted price, and closing what an order meters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from orchestrator.access.states import ApplicationState
from orchestrator.audit.record import Change
from orchestrator.core.clock import day_in_words
from orchestrator.core.errors import NotPossible
from orchestrator.core.ids import new_id
from orchestrator.core.money import Money
from orchestrator.policy.model import Actor

from . import rules, store
from .budgets import once_gross
from .documents import ORDER_STATES, QUOTE_STATES, Order, OrderState, QuoteState
from .forms import read_request
from .model import Billed
from .offering import OfferingQuotes
from .request import Request
from .rows import OrderRow, QuoteRow

__all__ = ["Ordering"]


class Ordering(OfferingQuotes):
    """Orders: within the budget, for what is still asked, one after another."""

    def accept_quote(self, actor: Actor, quote_id: str, *, bill_to: str, purchase_reference: str = "") -> Order:
        """Order at a quoted price; refused after its last day, and when the budget does not reach."""
        with self._record.change() as change:
            session = change.session
            row = self._load_quote(session, actor, "acceptQuote", quote_id)
            after = QUOTE_STATES.after(QuoteState(row.state), "accept")
            self._must_offer(session, row.issuer)
            if row.valid_until is None:
                raise NotPossible("This quote was not offered; ask its issuer for a price first.")
            if self._today() > row.valid_until:
                raise NotPossible(f"This quote lapsed on {day_in_words(row.valid_until)}; ask for a new one.")
            if row.account_id:
                self._check_still_asked(session, row)
                self._check_affordable(session, row)
            else:
                self._check_subscribes_once(session, row.organisation_id, read_request(row.document["request"]))
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

    def order(self, actor: Actor, order_id: str) -> Order:
        """Return an order that this person may see."""
        with self._record.read() as session:
            row = store.order_row(session, order_id)
            self._must_see(session, actor, self._order_thing(session, row))
            return store.to_order(row)

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _check_still_asked(self, session: Session, row: QuoteRow) -> None:
        """Raise unless what was quoted is what the application asks for, and it cannot be rewritten any more."""
        application = self._application(session, row.application_id)
        if application.state is ApplicationState.DRAFT:
            raise NotPossible("Submit the application first: its draft can change, and the price is for what it says.")
        document: Mapping[str, Any] = row.document
        quoted = read_request(document["request"])
        periods = {each.key: each.periods for each in quoted.datasets}
        asked = self._request_of(
            session, application, row.issuer, quoted.answers, periods, organisation_id=row.organisation_id
        )
        if row.organisation != application.answers.organisation or _scope(asked) != _scope(quoted):
            raise NotPossible(
                "The application has changed since this was quoted: its organisation, its days or its datasets. "
                "Decline the quote and ask for a new one."
            )

    def _check_affordable(self, session: Session, row: QuoteRow) -> None:
        spending = self._spending(session, row.account_id)
        self._check_currency(session, row, spending)
        priced = self._priced(session, row)
        later = priced.part(Billed.MONTHLY).gross.low + priced.part(Billed.YEARLY).gross.low
        amount = Money(once_gross(row.document), priced.currency) + later
        rules.check_budget(spending, amount, what="This order, with its years and the use it expects,")

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


def _scope(request: Request) -> tuple[date, date, list[str]]:
    """Return what an application can change of a request: its days and its datasets."""
    return request.start, request.last, sorted(each.key for each in request.datasets)
