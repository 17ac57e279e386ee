"""`tre departure`: a custodian leaves the alliance, announced by one person and confirmed by another."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import (
    CustodianArgument,
    DryRunOption,
    OutputOption,
    ReasonOption,
    YesOption,
    end_of,
    identifier,
)
from .call import begin, begin_public, confirm, say
from .output import Output, Shape, show

__all__ = ["app"]

app = typer.Typer(help="Departures: how a custodian leaves, and what then ends.", no_args_is_help=True)
SHAPE = Shape(name="departure_id", columns=("departure_id", "custodian_id", "state", "at", "reason"))
_JOINED = Shape(name="custodian_id", columns=("custodian_id", "accreditation", "conditions_accepted", "barriers"))
DepartureArgument = Annotated[
    str, typer.Argument(metavar="DEPARTURE", help="A departure's identifier.", callback=identifier)
]


@app.command("show")
def show_joined(context: typer.Context, *, custodian: CustodianArgument, output: OutputOption = Output.TABLE) -> None:
    """Show how a custodian stands in the alliance; nobody needs to be signed in."""
    show(begin_public(context).onboarding.joined(custodian), _JOINED, output)


@app.command("announce")
def announce(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    last_day: Annotated[str, typer.Option("--last-day", help="Its last day in the alliance, as YYYY-MM-DD.")],
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Announce that your custodian leaves; somebody else confirms it."""
    at = end_of(last_day, field="--last-day")
    call = begin(context, dry_run=dry_run)
    confirm("Announce that this custodian leaves?", yes=yes, dry_run=dry_run)
    made = call.house.onboarding.announce_departure(call.actor, custodian, at, reason)
    say("Announced. Another officer or an operator has to confirm it.")
    show(made, SHAPE, output)


@app.command("confirm")
def confirm_departure(
    context: typer.Context,
    *,
    departure: DepartureArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Confirm it: nothing new is granted from now, and after its last day everything granted ends."""
    call = begin(context, dry_run=dry_run)
    confirm("Confirm that this custodian leaves?", yes=yes, dry_run=dry_run)
    show(call.house.onboarding.confirm_departure(call.actor, departure), SHAPE, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    departure: DepartureArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take it back, while the custodian has not left."""
    call = begin(context, dry_run=dry_run)
    confirm("Stay in the alliance?", yes=yes, dry_run=dry_run)
    show(call.house.onboarding.withdraw_departure(call.actor, departure), SHAPE, output)
