"""`tre submission`: results that wait to leave, or have left."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.core.ids import check_id

from .arguments import DryRunOption, OutputOption, YesOption
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Submissions: results on their way out, under review or released.", no_args_is_help=True)
SHAPE = Shape(
    name="submission_id",
    columns=("submission_id", "title", "state", "project_id", "author_id", "submitted_at", "deadline"),
)

SubmissionArgument = Annotated[str, typer.Argument(help="A submission's identifier.")]


@app.command("list")
def list_submissions(
    context: typer.Context,
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="What waits for your review, not your own.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List your own submissions, or those that you may review."""
    call = begin(context)
    if waiting:
        found = [view.submission for view in call.house.airlock.queue(call.actor)]
    else:
        found = call.house.airlock.mine(call.actor)
    show_all(found, SHAPE, output)


@app.command("show")
def show_submission(
    context: typer.Context, *, submission: SubmissionArgument, output: OutputOption = Output.TABLE
) -> None:
    """Show one submission with its files, findings and as much of the reviews as you may see."""
    check_id(submission, field="submission")
    call = begin(context)
    view = call.house.airlock.view(call.actor, submission)
    show({"submission_id": submission, **_fields(view)}, SHAPE, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Take your own submission back."""
    check_id(submission, field="submission")
    call = begin(context, dry_run=dry_run)
    confirm("Withdraw this submission for ever?", yes=yes, dry_run=dry_run)
    call.house.airlock.withdraw(call.actor, submission)
    say("Withdrawn.")


def _fields(view: object) -> dict[str, object]:
    from dataclasses import fields, is_dataclass  # noqa: PLC0415

    if not is_dataclass(view):
        raise TypeError("a view has fields")
    return {field.name: getattr(view, field.name) for field in fields(view)}
