"""`tre invoice`: statements of use, invoices numbered without a gap, credits, payments."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, ReasonOption, YesOption, identifier
from .call import begin, confirm
from .output import Output, Shape, show, show_all
from .pricing import amounts, show_document

__all__ = ["app"]

app = typer.Typer(help="Invoices: what is owed, credited and paid.", no_args_is_help=True)
SHAPE = Shape(
    name="invoice_id", columns=("invoice_id", "issuer", "label", "order_id", "month", "state", "gross", "due")
)
InvoiceArgument = Annotated[
    str, typer.Argument(metavar="INVOICE", help="An invoice's identifier.", callback=identifier)
]
OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="An order's identifier.", callback=identifier)]
MonthOption = Annotated[str, typer.Option("--month", help="The month in UTC, as YYYY-MM.")]


@app.command("list")
def list_invoices(
    context: typer.Context,
    *,
    order: Annotated[str | None, typer.Option("--order", help="Only those of this order.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the invoices and credits you may see, the newest first."""
    call = begin(context)
    found = call.house.billing.invoices(call.actor, order_id=order)
    rows = [{**vars(each), "label": each.label, "gross": str(each.gross)} for each in found]
    show_all(rows, SHAPE, output)


@app.command("show")
def show_invoice(context: typer.Context, *, invoice: InvoiceArgument, output: OutputOption = Output.TABLE) -> None:
    """Show an invoice with every line and how it came about."""
    call = begin(context)
    found = call.house.billing.invoice(call.actor, invoice)
    show({**vars(found), "label": found.label, "gross": str(found.gross)}, SHAPE, output)


@app.command("statement")
def statement(
    context: typer.Context,
    *,
    order: OrderArgument,
    month: MonthOption,
    so_far: Annotated[bool, typer.Option("--so-far", help="Only look, also at a month that is not over.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """State what an order's project used in a month and what it costs; issued once, when the month is over."""
    call = begin(context)
    billing = call.house.billing
    read = billing.so_far if so_far else lambda *each: billing.statement(*each).document
    document = read(call.actor, order, month)
    if output is Output.TABLE:
        show_document(document["priced"], output)  # type: ignore[arg-type]
        return
    show(dict(document), Shape(name="order", columns=()), output)


@app.command("issue")
def issue(
    context: typer.Context,
    *,
    order: OrderArgument,
    month: Annotated[str, typer.Option("--month", help="A month's use; without it what is charged once.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Invoice an order: what it costs once, or what was used in a month."""
    call = begin(context, dry_run=dry_run)
    confirm("Issue this invoice? Its number is taken for good.", yes=yes, dry_run=dry_run)
    billing = call.house.billing
    made = billing.invoice_month(call.actor, order, month) if month else billing.invoice_order(call.actor, order)
    show({**vars(made), "label": made.label, "gross": str(made.gross)}, SHAPE, output)


@app.command("credit")
def credit(
    context: typer.Context,
    *,
    invoice: InvoiceArgument,
    reason: ReasonOption,
    line: Annotated[
        list[str] | None,
        typer.Option("--line", metavar="LINE=AMOUNT", help="Only so much of a line, without VAT; repeatable."),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Credit an invoice: all that is left of it, or some of its lines."""
    some = amounts(line, field="--line") if line else None
    call = begin(context, dry_run=dry_run)
    confirm("Credit this invoice?", yes=yes, dry_run=dry_run)
    made = call.house.billing.credit(call.actor, invoice, reason=reason, amounts=some)
    show({**vars(made), "label": made.label, "gross": str(made.gross)}, SHAPE, output)


@app.command("pay")
def pay(
    context: typer.Context,
    *,
    invoice: InvoiceArgument,
    reference: Annotated[str, typer.Option("--reference", help="Where the payment is found in your books.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Note that an invoice of yours was paid."""
    call = begin(context, dry_run=dry_run)
    made = call.house.billing.record_payment(call.actor, invoice, reference)
    show({**vars(made), "label": made.label, "gross": str(made.gross)}, SHAPE, output)
