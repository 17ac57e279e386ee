"""`tre hub`: the hubs that people of this installation work with."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, filled
from .call import begin, begin_public, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Hubs: who runs workspaces and answers for them.", no_args_is_help=True)
SHAPE = Shape(name="hub_id", columns=("hub_id", "name", "address", "registered_at"))


@app.command("list")
def list_hubs(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List every hub, by name; nobody needs to be signed in."""
    show_all(begin_public(context).accreditation.hubs(), SHAPE, output)


@app.command("register")
def register(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option("--name", help="The hub's name.", callback=filled)],
    address: Annotated[str, typer.Option("--address", help="Its https address, when it has one.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Register a hub; it counts for nothing until it is accredited."""
    call = begin(context, dry_run=dry_run)
    made = call.house.accreditation.register_hub(call.actor, name, address)
    say(f"Registered. Begin its accreditation with “tre onboarding open hub {made.hub_id}”.")
    show(made, SHAPE, output)
