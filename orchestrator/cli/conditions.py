"""`tre conditions`: what every custodian of the alliance agrees to, in versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import CustodianArgument, DryRunOption, OutputOption, YesOption, day
from .call import begin, begin_public, confirm, say
from .output import Output, Shape, show, show_all
from .terms import text_of

__all__ = ["app"]

app = typer.Typer(
    help="Standard conditions: what every custodian agrees to, besides its own terms.", no_args_is_help=True
)
SHAPE = Shape(name="version", columns=("version", "state", "applies_from", "text_sha256"))
VersionArgument = Annotated[int, typer.Argument(min=1, max=1_000_000, help="The version.")]


@app.command("list")
def list_conditions(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List every version, newest first; nobody needs to be signed in."""
    show_all(begin_public(context).onboarding.conditions(), SHAPE, output)


@app.command("propose")
def propose(
    context: typer.Context,
    *,
    text: Annotated[Path, typer.Argument(metavar="FILE", help="The conditions as a text file.")],
    applies_from: Annotated[str, typer.Option("--from", help="The first day they bind, as YYYY-MM-DD.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write the next version; another operator publishes it."""
    from orchestrator.access.rules import start_of  # noqa: PLC0415 - one meaning everywhere

    words, first = text_of(text), start_of(day(applies_from, field="--from"))
    call = begin(context, dry_run=dry_run)
    show(call.house.onboarding.propose_conditions(call.actor, words, first), SHAPE, output)


@app.command("publish")
def publish(
    context: typer.Context,
    *,
    version: VersionArgument,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the proposed version back instead.")] = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish what another operator proposed; officers are told to accept it."""
    call = begin(context, dry_run=dry_run)
    confirm("Take it back?" if withdraw else "Publish these conditions?", yes=yes, dry_run=dry_run)
    service = call.house.onboarding
    act = service.withdraw_conditions if withdraw else service.publish_conditions
    show(act(call.actor, version), SHAPE, output)


@app.command("accept")
def accept(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    version: VersionArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Accept a version in your custodian's name."""
    call = begin(context, dry_run=dry_run)
    confirm(f"Have you read version {version}, and does your custodian accept it?", yes=yes, dry_run=dry_run)
    call.house.onboarding.accept_conditions(call.actor, custodian, version)
    say("Accepted.")
