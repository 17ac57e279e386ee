"""`tre grant`: which dataset versions a project may use."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, ReasonOption, UntilOption, YesOption, day, identifier
from .call import begin, confirm
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Grants: one dataset version for one project, as long as every condition holds.",
                  no_args_is_help=True)  # fmt: skip
SHAPE = Shape(
    name="grant_id",
    columns=("grant_id", "project_id", "dataset_id", "version_id", "custodian_id", "state", "agreement_until"),
)

GrantArgument = Annotated[str, typer.Argument(help="A grant's identifier.", callback=identifier)]


@app.command("list")
def list_grants(
    context: typer.Context,
    *,
    project: Annotated[str, typer.Option("--project", help="Only those of one project.", callback=identifier)] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """List the grants of the projects that you may see."""
    call = begin(context)
    access = call.house.access
    projects = [access.project(call.actor, project)] if project else access.projects(call.actor)
    show_all((grant for each in projects for grant in each.grants), SHAPE, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    grant: GrantArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Withdraw a grant at once: sessions that hold the dataset end, people's own work is kept."""
    call = begin(context, dry_run=dry_run)
    confirm("Withdraw this grant for ever? Sessions that hold the dataset end at once.", yes=yes, dry_run=dry_run)
    show(call.house.access.withdraw_grant(call.actor, grant, reason), SHAPE, output)


@app.command("renew")
def renew(
    context: typer.Context,
    *,
    grant: GrantArgument,
    until: UntilOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Move an agreement's last day, no further than the custodian's terms reach."""
    last = day(until)
    call = begin(context, dry_run=dry_run)
    show(call.house.access.renew_grant(call.actor, grant, last), SHAPE, output)
