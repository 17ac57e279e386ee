"""`tre review`: what waits for a checker, an SDC lead, an officer or an operator at the airlock."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, ReasonOption, SeenOption, YesOption, filled
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all
from .submission import CASE, SubmissionArgument

__all__ = ["app"]

app = typer.Typer(help="Reviews: what waits for you at the airlock, and your word on it.", no_args_is_help=True)
TASK = Shape(
    name="submission_id",
    columns=("submission_id", "version", "act", "title", "round", "highest", "deadline", "claims"),
)
CLAIM = Shape(name="person_id", columns=("person_id", "claimed_at", "until"))
PRECEDENT = Shape(name="submission_id", columns=("submission_id", "state", "file", "place", "choice", "text", "at"))


@app.command("list")
def list_tasks(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List what waits for you, the nearest deadline first; files are looked at on the portal."""
    call = begin(context)
    tasks = [
        {
            "submission_id": task.submission.submission_id,
            "version": task.submission.version,
            "act": task.act,
            "title": task.submission.title,
            "round": task.submission.round,
            "highest": task.highest,
            "deadline": task.submission.deadline,
            "claims": len(task.claims),
        }
        for task in call.house.airlock.tasks(call.actor)
    ]
    show_all(tasks, TASK, output)


@app.command("claim")
def claim(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say that you are at it, for two days: advice to others, never a lock."""
    call = begin(context, dry_run=dry_run)
    show(call.house.airlock.claim(call.actor, submission), CLAIM, output)


@app.command("unclaim")
def unclaim(context: typer.Context, *, submission: SubmissionArgument, dry_run: DryRunOption = False) -> None:
    """Give your claim up."""
    call = begin(context, dry_run=dry_run)
    call.house.airlock.unclaim(call.actor, submission)
    say("Given up.")


@app.command("declare-conflict")
def declare_conflict(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Declare a conflict of interest: you judge this submission no more, and what you said counts no more."""
    call = begin(context, dry_run=dry_run)
    confirm("Step back from this submission for good?", yes=yes, dry_run=dry_run)
    call.house.airlock.declare_conflict(call.actor, submission, reason=reason)
    say("Noted: others judge it.")


@app.command("return")
def return_early(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    reason: ReasonOption,
    seen: SeenOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Send a submission back before all have reviewed it: the votes of this turn count no more."""
    call = begin(context, dry_run=dry_run)
    confirm("Send it back now? The votes of this turn count no more.", yes=yes, dry_run=dry_run)
    call.house.airlock.return_early(call.actor, submission, reason=reason, seen=seen)
    say("Returned to its author.")


@app.command("settle")
def settle(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    outcome: Annotated[str, typer.Option("--outcome", help="approve, return or reject.")],
    reason: ReasonOption,
    seen: SeenOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Decide as SDC lead where checkers disagree; whom you overrule, and why, is part of the record."""
    from orchestrator.airlock.model import Outcome  # noqa: PLC0415 - heavy

    if outcome not in list(Outcome):
        raise typer.BadParameter("It is approve, return or reject.", param_hint="--outcome")
    call = begin(context, dry_run=dry_run)
    confirm("Decide this disagreement?", yes=yes, dry_run=dry_run)
    case = call.house.airlock.settle(call.actor, submission, outcome=Outcome(outcome), reason=reason, seen=seen)
    show(case, CASE, output)


@app.command("search")
def search(
    context: typer.Context,
    *,
    text: Annotated[
        str, typer.Argument(help="Words that contexts, comments, reasons or findings hold.", callback=filled)
    ],
    output: OutputOption = Output.TABLE,
) -> None:
    """Find what was decided before: precedents by their words."""
    call = begin(context)
    show_all(call.house.airlock.search_precedents(call.actor, text), PRECEDENT, output)
