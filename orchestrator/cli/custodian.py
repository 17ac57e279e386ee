"""`tre custodian`: the bodies that are responsible for data and decide on its use."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, filled
from .call import begin, begin_public, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Custodians: who is responsible for data and decides on its use.", no_args_is_help=True)
SHAPE = Shape(name="custodian_id", columns=("custodian_id", "name", "registered_at"))


@app.command("list")
def list_custodians(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List every custodian, by name; nobody needs to be signed in."""
    show_all(begin_public(context).alliance.custodians(), SHAPE, output)


@app.command("register")
def register(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option("--name", help="The custodian's name.", callback=filled)],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Register a custodian; it decides nothing until two people gave it an officer."""
    call = begin(context, dry_run=dry_run)
    made = call.house.alliance.register_custodian(call.actor, name)
    say(f"Registered. Give it an officer with “tre role propose PERSON custodian --custodian {made.custodian_id} …”.")
    show(made, SHAPE, output)
