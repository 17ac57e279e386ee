"""`tre submission`: results that wait to leave, or have left."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, ReasonOption, SeenOption, YesOption, identifier
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["CASE", "SubmissionArgument", "app"]

app = typer.Typer(help="Submissions: results on their way out, under review or released.", no_args_is_help=True)
SHAPE = Shape(
    name="submission_id",
    columns=("submission_id", "version", "title", "state", "project_id", "author_id", "submitted_at", "deadline"),
)

CASE = Shape(name="case_id", columns=("case_id", "kind", "round", "asked_by", "asked_at", "detail", "outcome"))
ROUND = Shape(name="number", columns=("number", "ended_at", "ended_by", "reason"))

SubmissionArgument = Annotated[str, typer.Argument(help="A submission's identifier.", callback=identifier)]


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
    call = begin(context, dry_run=dry_run)
    confirm("Withdraw this submission for ever?", yes=yes, dry_run=dry_run)
    call.house.airlock.withdraw(call.actor, submission)
    say("Withdrawn.")


@app.command("history")
def history(context: typer.Context, *, submission: SubmissionArgument, output: OutputOption = Output.TABLE) -> None:
    """Show every round of a submission, its overrides, settlements, sign-offs, appeals, recalls, and who has it."""
    call = begin(context)
    found = call.house.airlock.history(call.actor, submission)
    if output is Output.TABLE:
        show_all(found.rounds, ROUND, output)
        show_all(found.cases, CASE, output)
    else:
        show({"submission_id": submission, **_fields(found)}, SHAPE, output)


@app.command("ask-override")
def ask_override(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask, as its author, that people look at what the checks block."""
    call = begin(context, dry_run=dry_run)
    show(call.house.airlock.ask_override(call.actor, submission, reason=reason), CASE, output)


@app.command("decide-override")
def decide_override(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    accept: Annotated[bool, typer.Option("--accept/--decline", help="Let it go to review, or send it back.")],
    reason: ReasonOption,
    seen: SeenOption,
    dry_run: DryRunOption = False,
) -> None:
    """Let blocked files go to review as SDC lead, or send the submission back."""
    call = begin(context, dry_run=dry_run)
    state = call.house.airlock.decide_override(call.actor, submission, accept=accept, reason=reason, seen=seen)
    say(f"The submission is {state.value} now.")


@app.command("sign-off")
def sign_off(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    agree: Annotated[bool, typer.Option("--agree/--refuse", help="Let it leave, or send it back.")],
    seen: SeenOption,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the author; needed for a refusal.")] = "",
    custodian: Annotated[
        str | None,
        typer.Option("--custodian", help="For which custodian, where you speak for several.", callback=identifier),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Agree to a release as an officer of a custodian whose terms ask for it, or send it back."""
    call = begin(context, dry_run=dry_run)
    state = call.house.airlock.sign_off(
        call.actor, submission, agree=agree, reason=reason, custodian_id=custodian, seen=seen
    )
    say(f"The submission is {state.value} now.")


@app.command("appeal")
def appeal(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Appeal as its author against a rejection: once, and within 30 days."""
    call = begin(context, dry_run=dry_run)
    show(call.house.airlock.appeal(call.actor, submission, reason=reason), CASE, output)


@app.command("decide-appeal")
def decide_appeal(
    context: typer.Context,
    *,
    submission: SubmissionArgument,
    uphold: Annotated[bool, typer.Option("--uphold/--dismiss", help="Whether it is looked at anew.")],
    reason: ReasonOption,
    seen: SeenOption,
    dry_run: DryRunOption = False,
) -> None:
    """Say your word on an appeal, as a checker or SDC lead who never judged this submission."""
    call = begin(context, dry_run=dry_run)
    state = call.house.airlock.decide_appeal(call.actor, submission, uphold=uphold, reason=reason, seen=seen)
    say(f"The submission is {state.value} now.")


@app.command("hold")
def hold(
    context: typer.Context, *, submission: SubmissionArgument, reason: ReasonOption, dry_run: DryRunOption = False
) -> None:
    """Stop a submission and its links, as an operator, because of an incident."""
    call = begin(context, dry_run=dry_run)
    call.house.airlock.hold(call.actor, submission, reason=reason)
    say("Held: nothing of it moves or is handed out.")


@app.command("let-go")
def let_go(
    context: typer.Context, *, submission: SubmissionArgument, reason: ReasonOption, dry_run: DryRunOption = False
) -> None:
    """Let a submission go on that an operator held."""
    call = begin(context, dry_run=dry_run)
    call.house.airlock.let_go(call.actor, submission, reason=reason)
    say("It goes on.")


def _fields(view: object) -> dict[str, object]:
    from dataclasses import fields, is_dataclass  # noqa: PLC0415

    if not is_dataclass(view):
        raise TypeError("a view has fields")
    return {field.name: getattr(view, field.name) for field in fields(view)}
