"""`tre purpose`: what an application wants data for, and what each dataset's terms say to it."""

from __future__ import annotations

import typer

from orchestrator.core.errors import NotFound

from .arguments import ApplicationArgument, DryRunOption, OutputOption, mapping_file
from .call import begin
from .output import Output, Shape, show
from .uses import PurposeFile, answered

__all__ = ["app"]

app = typer.Typer(help="Purposes: what the data of an application are wanted for.", no_args_is_help=True)
SHAPE = Shape(name="version", columns=("version", "declared_at"))


@app.command("declare")
def declare(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    file: PurposeFile,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Declare what the data of your application are wanted for; with a new file, again."""
    from orchestrator.alliance.uses.reading import read_purpose  # noqa: PLC0415

    purpose = read_purpose(mapping_file(file, field="FILE"))
    call = begin(context, dry_run=dry_run)
    show(call.house.data_uses.declare(call.actor, application, purpose), SHAPE, output)


@app.command("show")
def show_purpose(
    context: typer.Context, *, application: ApplicationArgument, output: OutputOption = Output.TABLE
) -> None:
    """Show what an application declares."""
    call = begin(context)
    found = call.house.data_uses.purpose(call.actor, application)
    if found is None:
        raise NotFound("This application declares no purpose yet; its applicant does it with “tre purpose declare”.")
    show(found, SHAPE, output)


@app.command("answer")
def answer(context: typer.Context, *, application: ApplicationArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what each dataset's terms say to the purpose; leaves with 7 unless everything is permitted."""
    call = begin(context)
    found = call.house.data_uses.assessments(call.actor, application)
    answered([(each.title, each.assessment) for each in found], output)
