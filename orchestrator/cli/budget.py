"""`tre budget`: what an application and its project may cost, and where it stands."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.core.money import Money

from .arguments import ApplicationArgument, DryRunOption, OutputOption
from .call import begin
from .output import Output, Shape, show

__all__ = ["app"]

app = typer.Typer(help="Budgets: limits that hold.", no_args_is_help=True)
_BUDGET = Shape(name="account_id", columns=("account_id", "version", "limit", "reason"))
_SPENDING = Shape(name="account_id", columns=("account_id", "limit", "ordered", "metered", "credited", "spent", "left"))


@app.command("set")
def set_budget(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="The limit, VAT included, such as 5000 or 4999.50.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is so much.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Set what your application, and the project it becomes, may cost; use that costs stops when it is reached."""
    limit = Money.of(amount, field="AMOUNT")
    call = begin(context, dry_run=dry_run)
    show(call.house.billing.set_budget(call.actor, application, limit, reason), _BUDGET, output)


@app.command("show")
def show_budget(
    context: typer.Context, *, application: ApplicationArgument, output: OutputOption = Output.TABLE
) -> None:
    """Show what was ordered, used and credited, and what is left of the budget."""
    call = begin(context)
    found = call.house.billing.spending(call.actor, application)
    written = {name: None if value is None else str(value) for name, value in vars(found).items()}
    left = None if found.left is None else str(found.left)
    show({**written, "spent": str(found.spent), "left": left}, _SPENDING, output)
