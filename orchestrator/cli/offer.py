"""`tre offer`: the services of the hub that people may ask for."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, YesOption, filled, identifier
from .call import begin, begin_public, confirm
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Offers: what the hub does for people besides giving access.", no_args_is_help=True)
SHAPE = Shape(name="offer_id", columns=("offer_id", "kind", "title", "state", "description"))


@app.command("list")
def list_offers(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List what the hub offers; nobody needs to be signed in."""
    show_all(begin_public(context).enquiries.offers(), SHAPE, output)


@app.command("publish")
def publish(
    context: typer.Context,
    *,
    kind: Annotated[str, typer.Option("--kind", help="curation, clinical-trials, analytics and the like.")],
    title: Annotated[str, typer.Option("--title", help="Its name.", callback=filled)],
    description: Annotated[str, typer.Option("--description", help="What it is, in plain words.", callback=filled)],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Offer a service of the hub to everybody."""
    from orchestrator.access.enquiries.model import OfferKind  # noqa: PLC0415 - heavy

    if kind not in tuple(OfferKind):
        raise Invalid(f"“{kind[:40]}” is none of: {', '.join(OfferKind)}.", field="--kind")
    call = begin(context, dry_run=dry_run)
    show(call.house.enquiries.publish_offer(call.actor, OfferKind(kind), title, description), SHAPE, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="An offer's identifier.", callback=identifier)],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Offer a service no longer."""
    call = begin(context, dry_run=dry_run)
    confirm("Withdraw this offer?", yes=yes, dry_run=dry_run)
    show(call.house.enquiries.withdraw_offer(call.actor, offer), SHAPE, output)
