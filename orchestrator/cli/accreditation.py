"""`tre accreditation`: a researcher's accreditation under its number, valid until a day."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, PersonArgument, UntilOption, YesOption, end_of, filled, identifier
from .call import begin, confirm
from .output import Output, Shape, show

__all__ = ["app"]

app = typer.Typer(help="Accreditation of researchers; without one in date nobody enters a workspace.",
                  no_args_is_help=True)  # fmt: skip
SHAPE = Shape(name="accreditation_id", columns=())


@app.command("record")
def record(
    context: typer.Context,
    *,
    person: PersonArgument,
    number: Annotated[str, typer.Option("--number", help="The accreditation's number.", callback=filled)],
    until: UntilOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Record somebody else's accreditation."""
    last = end_of(until)
    call = begin(context, dry_run=dry_run)
    show(call.house.identity.record_accreditation(call.actor, person, number, last), SHAPE, output)


@app.command("end")
def end(
    context: typer.Context,
    *,
    accreditation: Annotated[
        str, typer.Argument(help="Its identifier, as “tre person show” says.", callback=identifier)
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End an accreditation at once; the person's sessions end if no other is in date."""
    call = begin(context, dry_run=dry_run)
    confirm("End this accreditation now? The person's sessions may end at once.", yes=yes, dry_run=dry_run)
    show(call.house.identity.end_accreditation(call.actor, accreditation), SHAPE, output)
