"""Budgets: what an application and its project may cost, where it stands, and what stops when nothing is left."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from orchestrator.access.model import Application
from orchestrator.core.errors import NotPossible
from orchestrator.core.money import Money, total
from orchestrator.policy.model import Actor

from . import rules, store
from .documents import Budget, InvoiceKind, OrderState, Spending
from .forms import read_request
from .metering import metered_request
from .model import Billed
from .periods import month_of
from .priced import Priced
from .pricing import price
from .request import Usage
from .room import parsed
from .rows import BudgetRow, OrderRow, QuoteRow
from .yearly import YearlyCharges

__all__ = ["Budgets", "once_gross"]


class Budgets(YearlyCharges):
    """Limits that hold: an order beyond them is refused, and use that costs stops when they are reached."""

    def set_budget(self, actor: Actor, application_id: str, limit: Money, reason: str = "") -> Budget:
        """Set what an application, and the project it becomes, may cost in all, VAT included."""
        with self._record.change() as change:
            application = self._application(change.session, application_id)
            self._check_spending(change.session, actor, "setBudget", application)
            if not 0 <= limit.pence <= rules.LARGEST:
                raise NotPossible(f"A budget lies between nothing and {Money(rules.LARGEST, limit.currency)}.")
            account = self._account(change.session, application)
            rules.check_currency(limit.currency, budget=None, ordered=self._ordered_in(change.session, account))
            earlier = store.budget(change.session, account)
            row = BudgetRow(
                account_id=account,
                version=earlier.version + 1 if earlier else 1,
                pence=limit.pence,
                currency=limit.currency,
                reason=rules.check_text(reason, field="reason", least=0),
                set_by=actor.person_id,
                set_at=self._now(),
            )
            event = self._event(
                "budget.set",
                actor.person_id,
                f"application:{account}",
                pence=limit.pence,
                currency=limit.currency,
                version=row.version,
            )
            store.add(change, row, event=event)
            return store.to_budget(row)

    def spending(self, actor: Actor, application_id: str) -> Spending:
        """Return where an application stands against its budget; for its people and for operators."""
        with self._record.read() as session:
            application = self._application(session, application_id)
            self._check_spending(session, actor, "seeSpending", application)
            return self._spending(session, self._account(session, application))

    def stops(self, session: Session, application_id: str) -> list[str]:
        """Return why the use of an application's project must stop now: nothing while something is left of its budget.

        For a project without a budget it is one question to the record.
        """
        held = store.budget(session, application_id)
        if held is None:
            return []
        spending = self._spending(session, application_id)
        left = spending.left
        orders = store.orders(session, account_id=application_id)
        costing = any(row.state == OrderState.OPEN.value and self._costs(session, row) for row in orders)
        if left is None or left > Money(0, left.currency) or not costing:
            return []
        return [
            "The project’s budget is used up, and its use goes on costing. Its lead can raise the budget on the page "
            "of its costs."
        ]

    def _costs(self, session: Session, order: OrderRow) -> bool:
        """Whether an order costs by use, or year by year."""
        prices = parsed(store.list_row(session, self._quote_of(session, order).list_id).text)
        return any(line.billed is not Billed.ONCE for line in prices.lines)

    def _quote_of(self, session: Session, order: OrderRow) -> QuoteRow:
        return store.quote_row(session, order.quote_id)

    def _spending(self, session: Session, account_id: str) -> Spending:
        held = store.budget(session, account_id)
        currency = held.currency if held else self._ordered_in(session, account_id) or "GBP"
        ordered, metered, credited = [], [], []
        for order in store.orders(session, account_id=account_id):
            invoices = store.invoices(session, order_id=order.order_id)
            billed = [each for each in invoices if each.kind == InvoiceKind.INVOICE.value]
            once = [each.net + each.vat for each in billed if not each.month]
            credited += [each.net + each.vat for each in invoices if each.kind == InvoiceKind.CREDIT.value]
            ordered.append(sum(once) if once else self._once_due(session, order))
            metered.append(self._metered(session, order))
        return Spending(
            account_id=account_id,
            limit=Money(held.pence, currency) if held else None,
            ordered=Money(sum(ordered), currency),
            metered=total(metered, currency),
            credited=Money(sum(credited), currency),
        )

    def _currency(self, session: Session, order: OrderRow) -> str:
        priced: Any = self._quote_of(session, order).document["priced"]
        return str(priced["currency"])

    def _ordered_in(self, session: Session, account_id: str) -> str | None:
        """Return the currency of a project's orders, which is one for all of them; none while there are none."""
        orders = store.orders(session, account_id=account_id)
        return self._currency(session, orders[0]) if orders else None

    def _once_due(self, session: Session, order: OrderRow) -> int:
        """Return what an order will cost once, in pence, while it is not invoiced."""
        quote = self._quote_of(session, order)
        lines = self._charged(session, quote)
        return sum(int(each["gross"]) for each in once_lines(quote.document) if each["line"] in lines)

    def _charged(self, session: Session, quote: QuoteRow) -> frozenset[str]:
        """Return which lines are charged: all, unless the application was refused and the list's rule says less."""
        prices = parsed(store.list_row(session, quote.list_id).text)
        every = [line.line_id for line in prices.lines]
        if quote.application_id:
            application = self._application(session, quote.application_id)
            if self._refused(application, quote.issuer):
                return rules.charged_after_refusal(prices.refusal, every)
        return frozenset(every)

    def _metered(self, session: Session, order: OrderRow) -> Money:
        """Return what was metered until now: statements, and for an open order the months without one."""
        quote = self._quote_of(session, order)
        currency = parsed(store.list_row(session, quote.list_id).text).currency
        stated = {row.month: row for row in store.statements(session, order.order_id)}
        costs = [Money(int(row.document["priced"]["gross"]), currency) for row in stated.values()]
        if self._costs(session, order):
            first, last = self._metered_months(session, order)
            for month in _months(first, min(last, month_of(self._today()))):
                if month not in stated:
                    priced = self._priced_month(session, order, month)
                    if priced is not None:
                        costs.append(priced.gross.high)
        return total(costs, currency)

    def _usage(self, session: Session, order: OrderRow, month: str) -> list[Usage]:
        """Return what an order's project used in a month, as the installation recorded it."""
        if not order.application_id:
            return []
        project_id = _metered_project(self._application(session, order.application_id))
        return [] if project_id is None else self._meter.usage(session, project_id, month)

    def _priced_month(self, session: Session, order: OrderRow, month: str) -> Priced | None:
        """Price what an order's project used in a month, and the years that fall due in it; none without a project.

        A subscription has none: of it only years fall due.
        """
        if order.application_id and _metered_project(self._application(session, order.application_id)) is None:
            return None
        quote = self._quote_of(session, order)
        first, after = rules.month_bounds(month)
        reliefs = self._month_reliefs(session, order.issuer, order.application_id, first, after)
        usage = self._usage(session, order, month)
        request = metered_request(read_request(quote.document["request"]), usage)
        prices = parsed(store.list_row(session, quote.list_id).text)
        used = price(
            prices,
            request,
            billed={Billed.MONTHLY},
            reliefs=reliefs,
            settled={name: Money(pence, prices.currency) for name, pence in quote.document["settled"].items()},
        )
        years = self._years_in(session, order, month)
        return used.with_lines(self._priced_years(session, order, years, reliefs)) if years else used


def _metered_project(application: Application) -> str | None:
    """Return the project whose use an order pays: of an amendment the running one, also while it is not approved.

    The order for the amendment closed the one before it; nobody else would meter what goes on.
    """
    return application.project_id or application.amends


def once_lines(document: Any) -> list[Any]:
    """Return the lines of a quote that are charged once."""
    return [line for line in document["priced"]["lines"] if line["billed"] == Billed.ONCE.value]


def once_gross(document: Any) -> int:
    """Return what a quote costs once, VAT included, in pence."""
    return sum(int(line["gross"]) for line in once_lines(document))


def _months(first: str, last: str) -> list[str]:
    """Return every calendar month from one to another."""
    months = []
    while first <= last:
        months.append(first)
        first = month_of(rules.month_bounds(first)[1])
    return months
