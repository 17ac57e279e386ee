"""`tre training`: courses that people passed, valid until a day."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, PersonArgument, UntilOption, YesOption, end_of, filled, identifier
from .call import begin, confirm
from .output import Output, Shape, show

__all__ = ["app"]

app = typer.Typer(help="Training: courses passed; without one in date nobody enters a workspace.", no_args_is_help=True)
SHAPE = Shape(name="training_id", columns=())


@app.command("record")
def record(
    context: typer.Context,
    *,
    person: PersonArgument,
    course: Annotated[str, typer.Option("--course", help="The course's name.", callback=filled)],
    until: UntilOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Record that somebody else passed a course."""
    last = end_of(until)
    call = begin(context, dry_run=dry_run)
    show(call.house.identity.record_training(call.actor, person, course, last), SHAPE, output)


@app.command("end")
def end(
    context: typer.Context,
    *,
    training: Annotated[
        str, typer.Argument(help="The training's identifier, as “tre person show” says.", callback=identifier)
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a training at once; the person's sessions end if no other is in date."""
    call = begin(context, dry_run=dry_run)
    confirm("End this training now? The person's sessions may end at once.", yes=yes, dry_run=dry_run)
    show(call.house.identity.end_training(call.actor, training), SHAPE, output)
