"""Statements of what was metered, invoices numbered without a gap, credits, payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.core.money import Money
from orchestrator.policy.model import Actor

from . import rules, store
from .budgets import once_lines
from .credits import credit_lines
from .documents import INVOICE_STATES, Invoice, InvoiceKind, InvoiceState, Statement
from .forms import write_usage
from .priced import as_document
from .quotes import Quotes
from .room import digest
from .rows import InvoiceRow, OrderRow, QuoteRow, StatementRow
from .yearly import years_in_words

__all__ = ["Invoices"]

_DUE = timedelta(days=30)
_REFUSED = "The application was refused; by this price list nothing is charged for it."


class Invoices(Quotes):
    """What is owed for an order: once, and month by month as it was used."""

    def statement(self, actor: Actor, order_id: str, month: str) -> Statement:
        """Return what an order's project used in a month and what it costs: issued once, when the month is over."""
        with self._record.change() as change:
            order = self._load_order(change.session, actor, "issueInvoice", order_id)
            return self._statement(change, order, actor, month)

    def so_far(self, actor: Actor, order_id: str, month: str) -> Mapping[str, Json]:
        """Return the same for a month that is not over: nothing is kept."""
        with self._record.read() as session:
            row = store.order_row(session, order_id)
            self._must_see(session, actor, self._order_thing(session, row))
            return self._metered_document(session, row, month)

    def invoice_order(self, actor: Actor, order_id: str) -> Invoice:
        """Invoice what an order costs once; after a refused application only what its list still charges."""
        with self._record.change() as change:
            session = change.session
            order = self._load_order(session, actor, "issueInvoice", order_id)
            quote = self._quote_of(session, order)
            charged = self._charged(session, quote)
            lines = [line for line in once_lines(quote.document) if line["line"] in charged]
            if not lines and order.application_id and once_lines(quote.document):
                raise NotPossible(_REFUSED)
            return self._invoice(change, actor, order, lines, month="", basis={"quote_sha256": quote.sha256})

    def invoice_month(self, actor: Actor, order_id: str, month: str) -> Invoice:
        """Invoice a month by its statement; what has no agreed price stands there and is not charged."""
        with self._record.change() as change:
            order = self._load_order(change.session, actor, "issueInvoice", order_id)
            stated = self._statement(change, order, actor, month)
            priced: Any = stated.document["priced"]
            lines = [line for line in priced["lines"] if not line["open"]]
            basis: dict[str, Json] = {"statement": stated.statement_id, "statement_sha256": stated.sha256}
            return self._invoice(change, actor, order, lines, month=month, basis=basis)

    def credit(
        self, actor: Actor, invoice_id: str, *, reason: str, amounts: Mapping[str, Money] | None = None
    ) -> Invoice:
        """Credit an invoice: all that is left of it, or some of its lines without VAT, never more than was charged."""
        with self._record.change() as change:
            session = change.session
            row = store.invoice_row(session, invoice_id)
            order = self._load_order(session, actor, "creditInvoice", row.order_id)
            if row.kind != InvoiceKind.INVOICE.value:
                raise NotPossible("This is a credit already; issue a new invoice instead of crediting it.")
            earlier = [each.document for each in store.invoices(session, credits_id=invoice_id)]
            lines = credit_lines(row.document, earlier, amounts, currency=row.currency)
            words = rules.check_text(reason, field="reason")
            made = self._numbered(session, actor, order, InvoiceKind.CREDIT, lines)
            made.credits_id, made.month, made.currency = invoice_id, row.month, row.currency
            extra: dict[str, Json] = {"credits": _label(row), "reason": words}
            self._finish(session, made, order, lines, extra)
            event = self._event(
                "invoice.credited",
                actor.person_id,
                f"invoice:{invoice_id}",
                credit=made.invoice_id,
                sha256=made.sha256,
                pence=made.net + made.vat,
            )
            store.add(change, made, event=event)
            self._tell_people(change, [order.ordered_by], kind="invoice.credited", subject=f"invoice:{invoice_id}")
            return store.to_invoice(made)

    def record_payment(self, actor: Actor, invoice_id: str, reference: str) -> Invoice:
        """Note that an invoice was paid."""
        with self._record.change() as change:
            row = store.invoice_row(change.session, invoice_id)
            self._load_order(change.session, actor, "recordPayment", row.order_id)
            if row.kind != InvoiceKind.INVOICE.value:
                raise NotPossible("A credit is not paid to you; it is set against what is owed.")
            row.state = INVOICE_STATES.after(InvoiceState(row.state), "pay").value
            row.paid_at = self._now()
            row.payment_reference = rules.check_text(reference, field="reference", least=1, most=200)
            change.tell(self._event("invoice.paid", actor.person_id, f"invoice:{invoice_id}", state=row.state))
            return store.to_invoice(row)

    # ---- looking --------------------------------------------------------------------------------------------------

    def invoice(self, actor: Actor, invoice_id: str) -> Invoice:
        """Return an invoice or credit that this person may see."""
        with self._record.read() as session:
            row = store.invoice_row(session, invoice_id)
            self._must_see(session, actor, self._order_thing(session, store.order_row(session, row.order_id)))
            return store.to_invoice(row)

    def invoices(self, actor: Actor, *, order_id: str | None = None) -> list[Invoice]:
        """Return every invoice and credit that this person may see, the newest first."""
        with self._record.read() as session:
            current = self.as_now(session, actor)
            seen: dict[str, bool] = {}
            found = []
            for row in store.invoices(session, order_id=order_id):
                if row.order_id not in seen:
                    thing = self._order_thing(session, store.order_row(session, row.order_id))
                    seen[row.order_id] = self._policy.may(current, "seeQuote", thing)
                if seen[row.order_id]:
                    found.append(store.to_invoice(row))
            return found

    def statements(self, actor: Actor, order_id: str) -> list[Statement]:
        """Return every statement of an order, by month."""
        with self._record.read() as session:
            row = store.order_row(session, order_id)
            self._must_see(session, actor, self._order_thing(session, row))
            return [store.to_statement(each) for each in store.statements(session, order_id)]

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _load_order(self, session: Session, actor: Actor, action: str, order_id: str) -> OrderRow:
        row = store.order_row(session, order_id)
        thing = self._order_thing(session, row)
        self._must_see(session, actor, thing)
        self._check(session, actor, action, thing)
        return row

    def _metered_document(self, session: Session, order: OrderRow, month: str) -> dict[str, Json]:
        rules.month_bounds(month)
        priced = self._priced_month(session, order, month)
        if priced is None:
            raise NotPossible("There is no project yet, so nothing is metered for this order.")
        usage = self._usage(session, order, month)
        years = self._years_in(session, order, month)
        return {
            **({"years": years_in_words(years)} if years else {}),
            "order": order.order_id,
            "issuer": order.issuer,
            "month": month,
            "usage": write_usage(tuple(usage)),
            "priced": as_document(priced),
        }

    def _statement(self, change: Change, order: OrderRow, actor: Actor, month: str) -> Statement:
        session = change.session
        held = store.statement(session, order.order_id, month)
        if held is not None:
            return store.to_statement(held)
        rules.check_month(month, self._metered_months(session, order), today=self._today())
        document = self._metered_document(session, order, month)
        row = StatementRow(
            statement_id=new_id(),
            order_id=order.order_id,
            issuer=order.issuer,
            month=month,
            document=document,
            sha256=digest(document),
            issued_at=self._now(),
        )
        event = self._event(
            "statement.issued", actor.person_id, f"order:{order.order_id}", month=month, sha256=row.sha256
        )
        store.add(change, row, event=event)
        return store.to_statement(row)

    def _invoice(
        self,
        change: Change,
        actor: Actor,
        order: OrderRow,
        lines: Sequence[Any],
        *,
        month: str,
        basis: Mapping[str, Json],
    ) -> Invoice:
        session = change.session
        self._not_twice(session, order, month)
        charged: list[Any] = [line for line in lines if line["net"] or line["waived"]]
        if not any(line["net"] for line in charged):
            raise NotPossible("There is nothing to pay, so there is no invoice; the quote or statement says so.")
        row = self._numbered(session, actor, order, InvoiceKind.INVOICE, charged)
        row.month, row.currency = month, self._currency(session, order)
        self._finish(session, row, order, charged, basis)
        event = self._event(
            "invoice.issued",
            actor.person_id,
            f"invoice:{row.invoice_id}",
            issuer=order.issuer,
            number=row.number,
            order=order.order_id,
            sha256=row.sha256,
            pence=row.net + row.vat,
        )
        store.add(change, row, event=event)
        self._tell_people(change, [order.ordered_by], kind="invoice.issued", subject=f"invoice:{row.invoice_id}")
        return store.to_invoice(row)

    def _not_twice(self, session: Session, order: OrderRow, month: str) -> None:
        """Raise when the same was invoiced before, unless all of that was credited."""
        for row in store.invoices(session, order_id=order.order_id):
            if row.kind == InvoiceKind.INVOICE.value and row.month == month:
                given_back = store.invoices(session, credits_id=row.invoice_id)
                if sum(each.net + each.vat for each in given_back) < row.net + row.vat:
                    raise NotPossible(f"This is invoiced already, as {_label(row)}; credit that first if it is wrong.")

    def _numbered(
        self, session: Session, actor: Actor, order: OrderRow, kind: InvoiceKind, lines: Sequence[Any]
    ) -> InvoiceRow:
        now = self._now()
        return InvoiceRow(
            invoice_id=new_id(),
            issuer=order.issuer,
            kind=kind.value,
            number=store.next_number(session, order.issuer, kind),
            order_id=order.order_id,
            credits_id="",
            month="",
            state=INVOICE_STATES.start.value,
            net=sum(int(line["net"]) for line in lines),
            vat=sum(int(line["vat"]) for line in lines),
            issued_by=actor.person_id,
            issued_at=now,
            due=now.date() + _DUE,
            payment_reference="",
        )

    def _finish(
        self, session: Session, row: InvoiceRow, order: OrderRow, lines: Sequence[Any], extra: Mapping[str, Json]
    ) -> None:
        """Write the document of an invoice or credit and its hash."""
        quote: QuoteRow = self._quote_of(session, order)
        infrastructure = sum(int(line["infrastructure"]) for line in lines)
        document: dict[str, Json] = {
            "number": _label(row),
            "issuer": order.issuer,
            "issuer_name": self._issuer_name(session, order.issuer),
            "bill_to": order.bill_to,
            "purchase_reference": order.purchase_reference,
            "order": order.order_id,
            "quote": quote.quote_id,
            "month": row.month,
            "currency": row.currency,
            "lines": list(lines),
            "net": row.net,
            "vat": row.vat,
            "gross": row.net + row.vat,
            "vat_by_rate": _by_rate(lines),
            "shares": {"infrastructure": infrastructure, "issuer": row.net - infrastructure},
            "issued_on": row.issued_at.date().isoformat(),
            "due": row.due.isoformat(),
            **extra,
        }
        row.document, row.sha256 = document, digest(document)


def _label(row: InvoiceRow) -> str:
    return f"{'INV' if row.kind == InvoiceKind.INVOICE.value else 'CRN'}-{row.number:06}"


def _by_rate(lines: Sequence[Any]) -> dict[str, Json]:
    """Return net and VAT by percentage, as a VAT invoice shows them."""
    rates: dict[str, Json] = {}
    for rate in sorted({str(line["vat_percent"]) for line in lines}):
        same = [line for line in lines if str(line["vat_percent"]) == rate]
        rates[rate] = {"net": sum(int(line["net"]) for line in same), "vat": sum(int(line["vat"]) for line in same)}
    return rates
