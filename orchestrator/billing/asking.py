"""Asking for quotes: what is to be priced is put together, priced by the list in force, and kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from orchestrator.access.evidence.rules import same_name
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.ids import new_id
from orchestrator.core.money import Money
from orchestrator.identity import store as identity
from orchestrator.identity.model import Person
from orchestrator.policy.model import Actor, Thing

from . import rules, store
from .answers import check_request
from .budgets import Budgets
from .documents import QUOTE_STATES, Quote, QuoteState, Spending
from .fees import own_answers
from .forms import read_relief, read_request, write_relief, write_request
from .model import INFRASTRUCTURE, PriceList
from .organisations import check_organisation
from .priced import Priced, as_document
from .pricing import price
from .request import Answer, Request, RequestKind
from .room import parsed
from .rows import QuoteRow

__all__ = ["AskingQuotes"]


class AskingQuotes(Budgets):
    """Quotes from being asked for, and what every step with a quote needs."""

    def ask_quote(
        self,
        actor: Actor,
        application_id: str,
        issuer: str,
        *,
        answers: Mapping[str, Answer],
        periods: Mapping[str, int] | None = None,
        organisation_id: str = "",
    ) -> Quote:
        """Ask one issuer for a quote for an application; a person of the issuer looks at it and offers it.

        With the identifier of an organisation that subscribes it is priced as that subscriber's.
        Refused when the least it can cost is more than what is left of the budget.
        """
        with self._record.change() as change:
            session = change.session
            application = self._application(session, application_id)
            self._check_spending(session, actor, "askQuote", application)
            prices, list_id = self._list_today(session, issuer)
            _nothing_strange(prices, answers)
            known = check_organisation(organisation_id, needed=False)
            request = self._request_of(session, application, issuer, answers, periods or {}, organisation_id=known)
            row = QuoteRow(
                issuer=issuer,
                application_id=application_id,
                account_id=self._account(session, application),
                organisation=application.answers.organisation,
                organisation_id=known,
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
        self,
        actor: Actor,
        organisation: str,
        *,
        organisation_id: str,
        start: date,
        last: date,
        answers: Mapping[str, Answer],
    ) -> Quote:
        """Ask the infrastructure for a subscription of an organisation, which is known by its identifier.

        Its own people ask, by the organisation that they are registered with, or an operator does.
        """
        with self._record.change() as change:
            session = change.session
            known = check_organisation(organisation_id)
            self._check(session, actor, "askSubscription", self._subscriber(session, actor, organisation, known))
            prices, list_id = self._list_today(session, INFRASTRUCTURE)
            _nothing_strange(prices, answers)
            told = {**answers, "request": RequestKind.SUBSCRIPTION.value}
            row = QuoteRow(
                issuer=INFRASTRUCTURE,
                application_id="",
                account_id="",
                organisation=rules.check_text(organisation, field="organisation", most=200),
                organisation_id=known,
                list_id=list_id,
                asked_by=actor.person_id,
            )
            request = Request(start=start, last=last, answers=told)
            self._check_subscribes_once(session, row.organisation_id, request)
            quote = self._ask(session, row, prices, request)
            event = self._event("quote.asked", actor.person_id, f"quote:{quote.quote_id}", issuer=INFRASTRUCTURE)
            store.add(change, quote, event=event)
            people = self._issuers_people(session, INFRASTRUCTURE)
            self._tell_people(change, people, kind="quote.asked", subject=f"quote:{quote.quote_id}")
            return self._shown(session, quote)

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _subscriber(self, session: Session, actor: Actor, organisation: str, organisation_id: str) -> Thing:
        """Return an organisation as the rules see it: whether the person belongs to it, by every name it has here."""
        person = identity.load(session, Person, actor.person_id)
        names = [person.affiliation, *(row.organisation for row, _ in self._subscriptions(session, organisation_id))]
        belongs = all(same_name(organisation, each) for each in names)
        return Thing(kind="Subscriber", id=organisation_id, attributes={"belongs": belongs})

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
            same = (other.issuer, other.application_id) == (row.issuer, row.application_id)
            same = same and (bool(row.application_id) or other.organisation_id == row.organisation_id)
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
            "organisation_id": row.organisation_id,
            "subscription": self._subscription_of(session, row),
            "list": {"list": row.list_id, "title": prices.title, "series": prices.series, "sha256": prices.sha256},
            "request": write_request(request),
            "reliefs": [write_relief(each) for each in reliefs],
            "settled": {},
        }
        row.document = {**row.document, "priced": as_document(self._priced(session, row))}
        row.sha256, row.reason = "", ""
        return row

    def _subscription_of(self, session: Session, row: QuoteRow) -> str:
        """Return the name under which the organisation of an application subscribed, for who offers to compare."""
        held = self._subscription(session, row.organisation_id) if row.application_id else None
        return "" if held is None else held.organisation

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

    def _check_currency(self, session: Session, row: QuoteRow, spending: Spending) -> None:
        priced: Any = row.document["priced"]
        limit = None if spending.limit is None else spending.limit.currency
        rules.check_currency(priced["currency"], budget=limit, ordered=self._ordered_in(session, row.account_id))

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
            raise NotFound(store.UNKNOWN) from error

    def _shown(self, session: Session, row: QuoteRow) -> Quote:
        return store.to_quote(session, row, issuer_name=self._issuer_name(session, row.issuer))


def _nothing_strange(prices: PriceList, answers: Mapping[str, Answer]) -> None:
    strange = sorted(set(answers) - set(own_answers(prices, answers)))
    if strange:
        raise Invalid(f"No price depends on “{strange[0]}”; look at the questions of this list.", field=strange[0])
