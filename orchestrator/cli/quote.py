"""`tre quote`: a price that is frozen for an application, from asking to ordering."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import (
    ApplicationArgument,
    DryRunOption,
    OutputOption,
    ReasonOption,
    YesOption,
    day,
    filled,
    identifier,
)
from .call import begin, confirm, say
from .failures import ExitCode
from .fee import LastOption, StartOption
from .output import Output, Shape, show, show_all
from .pricing import AnswersOption, IssuerArgument, PeriodsOption, amounts, answers, numbers, show_document

__all__ = ["app"]

app = typer.Typer(help="Quotes: prices that are frozen, and orders at them.", no_args_is_help=True)
SHAPE = Shape(
    name="quote_id", columns=("quote_id", "issuer_name", "application_id", "organisation", "state", "valid_until")
)
_ORDER = Shape(name="order_id", columns=("order_id", "quote_id", "state", "bill_to", "purchase_reference"))
_CHECK = Shape(name="hash_agrees", columns=("hash_agrees", "amounts_agree"))
QuoteArgument = Annotated[str, typer.Argument(metavar="QUOTE", help="A quote's identifier.", callback=identifier)]
_ID_HELP = "Its identifier in a public register, such as ror:052gg0110, ods:RRK or companies-house:01234567."
OrganisationIdOption = Annotated[str, typer.Option("--organisation-id", help=f"If it subscribes here: {_ID_HELP}")]


@app.command("list")
def list_quotes(
    context: typer.Context,
    *,
    application: Annotated[str | None, typer.Option("--application", help="Only those of this application.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the quotes you may see, the newest first."""
    call = begin(context)
    show_all(call.house.billing.quotes(call.actor, application_id=application), SHAPE, output)


@app.command("show")
def show_quote(context: typer.Context, *, quote: QuoteArgument, output: OutputOption = Output.TABLE) -> None:
    """Show a quote: its lines, each with how it came about."""
    call = begin(context)
    found = call.house.billing.quote(call.actor, quote)
    if output is not Output.TABLE:
        show(found, SHAPE, output)
        return
    until = f", until {found.valid_until}" if found.valid_until else ""
    say(f"{found.issuer_name} for {found.organisation}: {found.state.value}{until}. sha256 {found.sha256 or '-'}")
    show_document(found.document["priced"], output)  # type: ignore[arg-type]


@app.command("ask")
def ask(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    issuer: IssuerArgument,
    answer: AnswersOption = None,
    periods: PeriodsOption = None,
    organisation_id: OrganisationIdOption = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask an issuer for a quote for your application."""
    told, years = answers(answer), numbers(periods, field="--periods")
    call = begin(context, dry_run=dry_run)
    made = call.house.billing.ask_quote(
        call.actor, application, issuer, answers=told, periods=years, organisation_id=organisation_id
    )
    show(made, SHAPE, output)


@app.command("ask-subscription")
def ask_subscription(
    context: typer.Context,
    *,
    organisation: Annotated[str, typer.Option("--organisation", help="Who subscribes.", callback=filled)],
    organisation_id: Annotated[str, typer.Option("--organisation-id", help=_ID_HELP)],
    start: StartOption,
    last: LastOption,
    answer: AnswersOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask the infrastructure for a subscription of an organisation."""
    first, end, told = day(start, field="--start"), day(last, field="--last"), answers(answer)
    call = begin(context, dry_run=dry_run)
    made = call.house.billing.ask_subscription(
        call.actor,
        organisation,
        organisation_id=organisation_id,
        start=first,
        last=end,
        answers=told,
    )
    show(made, SHAPE, output)


@app.command("offer")
def offer(
    context: typer.Context,
    *,
    quote: QuoteArgument,
    amount: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="LINE=AMOUNT", help="What an open line costs; for a metered one, each unit."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="A word to the person who asked.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Offer a quote that was asked for: from now on its price is frozen."""
    settled = amounts(amount, field="--set")
    call = begin(context, dry_run=dry_run)
    confirm("Offer this quote? It binds you until its last day.", yes=yes, dry_run=dry_run)
    show(call.house.billing.offer_quote(call.actor, quote, settled=settled, reason=reason), SHAPE, output)


@app.command("accept")
def accept(
    context: typer.Context,
    *,
    quote: QuoteArgument,
    bill_to: Annotated[str, typer.Option("--bill-to", help="Who is invoiced, with the address.")],
    reference: Annotated[str, typer.Option("--reference", help="Your purchase order's number.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Order at a quoted price."""
    call = begin(context, dry_run=dry_run)
    confirm("Order at this price?", yes=yes, dry_run=dry_run)
    made = call.house.billing.accept_quote(call.actor, quote, bill_to=bill_to, purchase_reference=reference)
    show(made, _ORDER, output)


@app.command("decline")
def decline(
    context: typer.Context,
    *,
    quote: QuoteArgument,
    reason: Annotated[str, typer.Option("--reason", help="A word to the issuer.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Decline a quote, or take back what you asked for."""
    call = begin(context, dry_run=dry_run)
    show(call.house.billing.decline_quote(call.actor, quote, reason), SHAPE, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    quote: QuoteArgument,
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take back a quote of yours before it is ordered."""
    call = begin(context, dry_run=dry_run)
    show(call.house.billing.withdraw_quote(call.actor, quote, reason), SHAPE, output)


@app.command("check")
def check(context: typer.Context, *, quote: QuoteArgument, output: OutputOption = Output.TABLE) -> None:
    """Price a quote again from what it froze, and compare; ends with 7 when it is not as it was offered."""
    call = begin(context)
    found = call.house.billing.check_quote(call.actor, quote)
    show(found, _CHECK, output)
    if not (found.hash_agrees and found.amounts_agree):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("close-order")
def close_order(
    context: typer.Context,
    *,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="An order's identifier.", callback=identifier)],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End what an order meters, after this month."""
    call = begin(context, dry_run=dry_run)
    show(call.house.billing.close_order(call.actor, order), _ORDER, output)
