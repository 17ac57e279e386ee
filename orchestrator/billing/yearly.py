"""Yearly charges: each year of an order on its first day, while the project runs; in the statement of that month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.states import GrantState, ProjectState
from orchestrator.core.clock import day_in_words
from orchestrator.core.events import Json
from orchestrator.core.money import Money
from orchestrator.discovery import store as catalogue
from orchestrator.discovery.model import DatasetState

from . import rules, store
from .fees import Fees
from .forms import read_request
from .model import INFRASTRUCTURE, Billed
from .periods import month_of, years_begun
from .priced import Priced, Relief
from .pricing import price
from .room import parsed
from .rows import OrderRow

__all__ = ["Year", "YearlyCharges", "years_due", "years_in_words"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Year:
    """One year of an order, counted from 1; ``due`` is the day on which it is charged."""

    number: int
    first: date
    last: date
    due: date


def years_due(
    start: date, last: date, *, ordered: date, ended: date | None = None, paid: date | None = None
) -> list[Year]:
    """Return the years that are charged for an order whose years begin on ``start``.

    A year that was under way when it was ordered is charged that day; not if an earlier order charged it: ``paid`` is
    the first day of the last year that one did. A year that would begin on the day on which everything ended, or later,
    is not charged.
    """
    found = []
    for number, (first, end) in enumerate(years_begun(start, last), 1):
        due = max(first, ordered)
        over = ended is not None and (ended < due or (number > 1 and ended <= first))
        if end >= ordered and not over and (paid is None or first > paid):
            found.append(Year(number=number, first=first, last=end, due=due))
    return found


def years_in_words(years: Sequence[Year]) -> list[Json]:
    """Return years as a statement tells them."""
    return [{"year": each.number, "from": each.first.isoformat(), "until": each.last.isoformat()} for each in years]


class YearlyCharges(Fees):
    """What falls due each year of an order."""

    def _years_in(self, session: Session, order: OrderRow, month: str) -> list[Year]:
        """Return the years that are charged in a month; what was due before the order's first month is due in that."""
        first, _ = self._metered_months(session, order)
        return [each for each in self._years(session, order) if max(month_of(each.due), first) == month]

    def _metered_months(self, session: Session, order: OrderRow) -> tuple[str, str]:
        """Return the first and the last month that an order meters.

        It begins in the month it was placed, or in the next where an earlier order of the same issuer for the same
        project met its end in that month; it ends with the month in which it was closed.
        """
        first = month_of(order.ordered_at.date())
        for other in store.orders(session, account_id=order.account_id) if order.account_id else []:
            before = other.issuer == order.issuer and other.order_id != order.order_id
            if before and other.closed_at is not None and other.ordered_at < order.ordered_at:
                closed = month_of(other.closed_at.date())
                first = max(first, month_of(rules.month_bounds(closed)[1]))
        return first, "9999-12" if order.closed_at is None else month_of(order.closed_at.date())

    def _priced_years(
        self, session: Session, order: OrderRow, years: Sequence[Year], reliefs: Sequence[Relief]
    ) -> Priced:
        """Price the yearly lines of an order for some years, by what was quoted."""
        quote = store.quote_row(session, order.quote_id)
        prices = parsed(store.list_row(session, quote.list_id).text)
        return price(
            prices,
            read_request(quote.document["request"]),
            billed={Billed.YEARLY},
            reliefs=reliefs,
            settled={name: Money(pence, prices.currency) for name, pence in quote.document["settled"].items()},
            years=[each.number for each in years],
        )

    def _years(self, session: Session, order: OrderRow) -> list[Year]:
        """Return every year that an order charges, as far as its end is known.

        Orders of one issuer for one project that follow on one another share their anniversaries. What each of them
        charged, in a month that it metered, none after it charges again; what none charged, the next one does.
        """
        if not self._charges_yearly(session, order):
            return []
        start, cover, paid, found = date.max, date.min, date.min, []
        for each in [*self._before(session, order), order]:
            begins, ends = self._asked(session, each)
            start = begins if cover == date.min or begins > cover + _DAY else min(start, begins)
            cover = max(cover, ends)
            ordered, ended = each.ordered_at.date(), self._ended(session, each)
            first, last = self._metered_months(session, each)
            years = years_due(start, ends, ordered=ordered, ended=ended, paid=paid)
            found = [year for year in years if max(month_of(year.due), first) <= last]
            paid = max([paid, *(year.first for year in found)])
        return found

    def beyond_orders(self, session: Session, project_id: str, before: date, end: date) -> list[str]:
        """Return a sentence for each issuer that charges a project yearly and has no order up to its new last day.

        ``before`` is its last day until now. An order that was closed reaches to that day. A custodian whose data the
        project has no more, or will not have beyond ``before``, asks nothing.
        """
        account = access.project_row(session, project_id).application_id
        needed = {INFRASTRUCTURE: end, **self._granted_until(session, project_id)}
        ordered: dict[str, date] = {}
        for order in store.orders(session, account_id=account):
            if needed.get(order.issuer, date.min) > before and self._charges_yearly(session, order):
                last = self._asked(session, order)[1] if order.closed_at is None else order.closed_at.date()
                ordered[order.issuer] = max(ordered.get(order.issuer, date.min), last)
        return [
            f"{self._issuer_name(session, issuer)} charges for each year, and what was ordered of it "
            f"{'ends' if last >= self._today() else 'ended'} on {day_in_words(last)}."
            for issuer, last in sorted(ordered.items())
            if last < min(end, needed[issuer])
        ]

    def _granted_until(self, session: Session, project_id: str) -> dict[str, date]:
        """Return for each custodian the last day on which the project has any of its data that was not withdrawn."""
        found: dict[str, date] = {}
        for grant in access.grants_of(session, project_id):
            listed = catalogue.dataset_row(session, grant.dataset_id).state == DatasetState.LISTED
            if listed and grant.state == GrantState.ACTIVE.value:
                last = (grant.agreement_until - timedelta(microseconds=1)).date()
                found[grant.custodian_id] = max(found.get(grant.custodian_id, date.min), last)
        return found

    def _charges_yearly(self, session: Session, order: OrderRow) -> bool:
        quote = store.quote_row(session, order.quote_id)
        prices = parsed(store.list_row(session, quote.list_id).text)
        return any(line.billed is Billed.YEARLY for line in prices.lines)

    def _asked(self, session: Session, order: OrderRow) -> tuple[date, date]:
        """Return the first and the last day of what was ordered."""
        request = read_request(store.quote_row(session, order.quote_id).document["request"])
        return request.start, request.last

    def _before(self, session: Session, order: OrderRow) -> list[OrderRow]:
        """Return the closed orders of the same issuer for the same project that charged yearly, the oldest first."""
        if not order.account_id:
            return []
        return [
            each
            for each in reversed(store.orders(session, account_id=order.account_id))
            if each.issuer == order.issuer
            and each.order_id != order.order_id
            and each.ordered_at < order.ordered_at
            and each.closed_at is not None
            and self._charges_yearly(session, each)
        ]

    def _ended(self, session: Session, order: OrderRow) -> date | None:
        """Return the day on which an order was closed or its project ended, whichever came first."""
        ends = [] if order.closed_at is None else [order.closed_at]
        if order.application_id:
            application = self._application(session, order.application_id)
            project_id = application.project_id or application.amends
            row = None if project_id is None else access.project_row(session, project_id)
            if row is not None:
                ends += [row.end, *([row.state_since] if row.state == ProjectState.CLOSED.value else [])]
        return min(ends).date() if ends else None
