"""Yearly charges: each year of an order on its first day, while the project runs; in the statement of that month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.states import ProjectState
from orchestrator.core.events import Json
from orchestrator.core.money import Money

from . import store
from .fees import Fees
from .forms import read_request
from .model import Billed
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
    start: date, last: date, *, ordered: date, ended: date | None = None, paid_until: date | None = None
) -> list[Year]:
    """Return the years that are charged for an order whose years begin on ``start``.

    A year that was under way when it was ordered is charged that day; not if an earlier order, closed on
    ``paid_until``, charged it. A year that would begin on the day on which everything ended, or later, is not charged.
    """
    found = []
    for number, (first, end) in enumerate(years_begun(start, last), 1):
        due = max(first, ordered)
        paid = paid_until is not None and first < ordered and (first < paid_until or number == 1)
        over = ended is not None and (ended < due or (number > 1 and ended <= first))
        if end >= ordered and not paid and not over:
            found.append(Year(number=number, first=first, last=end, due=due))
    return found


def years_in_words(years: Sequence[Year]) -> list[Json]:
    """Return years as a statement tells them."""
    return [{"year": each.number, "from": each.first.isoformat(), "until": each.last.isoformat()} for each in years]


class YearlyCharges(Fees):
    """What falls due each year of an order."""

    def _years_in(self, session: Session, order: OrderRow, month: str, *, first_month: str) -> list[Year]:
        """Return the years that are charged in a month; what was due before the order's first month is due in that."""
        return [each for each in self._years(session, order) if max(month_of(each.due), first_month) == month]

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

        Orders of one issuer for one project that follow on one another share their anniversaries.
        """
        if not self._charges_yearly(session, order):
            return []
        own = self._asked(session, order)
        start, cover, closed = None, date.min, None
        for earlier in self._before(session, order):
            begins, ends = self._asked(session, earlier)
            start = begins if start is None or begins > cover + _DAY else start
            cover, closed = max(cover, ends), earlier.closed_at
        goes_on = start is not None and own[0] <= cover + _DAY
        return years_due(
            min(start, own[0]) if start is not None and goes_on else own[0],
            own[1],
            ordered=order.ordered_at.date(),
            ended=self._ended(session, order),
            paid_until=closed.date() if closed is not None and goes_on else None,
        )

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
                ends.append(row.state_since if row.state == ProjectState.CLOSED.value else row.end)
        return min(ends).date() if ends else None
