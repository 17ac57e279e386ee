"""`tre application amend` and `renew`: ask for a change of a running project, or more time for it."""

from __future__ import annotations

from pathlib import Path

import typer

from .application import SHAPE, FileArgument, read_answers, say_members, with_members
from .arguments import DryRunOption, OutputOption, ProjectArgument
from .call import Call, begin, say
from .output import Output, show

__all__ = ["add_to"]


def amend(
    context: typer.Context,
    *,
    project: ProjectArgument,
    file: FileArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Begin an amendment of a running project: its custodians decide anew, and until then it goes on as it is."""
    _begin(begin(context, dry_run=dry_run), project, file, "amendment", output)


def renew(
    context: typer.Context,
    *,
    project: ProjectArgument,
    file: FileArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Begin a renewal of a running project: more time, which each custodian grants or not."""
    _begin(begin(context, dry_run=dry_run), project, file, "renewal", output)


def _begin(call: Call, project: str, file: Path, kind: str, output: Output) -> None:
    from orchestrator.access.model import ApplicationKind  # noqa: PLC0415

    answers, datasets, justifications = read_answers(file)
    made = call.house.access.amend(
        call.actor,
        project,
        with_members(call, answers),
        kind=ApplicationKind(kind),
        dataset_ids=datasets,
        justifications=justifications,
    )
    say_members(call, made)
    say(f"Drafted. Submit it with “tre application submit {made.application_id}”.")
    show(made, SHAPE, output)


def add_to(app: typer.Typer) -> None:
    """Add these commands to `tre application`."""
    app.command("amend")(amend)
    app.command("renew")(renew)
