"""`tre application`: ask several custodians for data at once, follow the request, decide on a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from .arguments import (
    ApplicationArgument,
    CustodianArgument,
    DryRunOption,
    OutputOption,
    ReadOption,
    YesOption,
    day,
    mapping_file,
    some_text,
)
from .call import Call, begin, confirm, say
from .output import Output, Shape, plain, show, show_all

if TYPE_CHECKING:
    from orchestrator.access.model import Answers, Application

__all__ = ["SHAPE", "ApplicationArgument", "FileArgument", "app", "read_answers", "say_members", "with_members"]

app = typer.Typer(help="Applications: one request over several custodians.", no_args_is_help=True)
SHAPE = Shape(name="application_id", columns=("application_id", "title", "state", "applicant_id", "deadline"))

FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="YAML or JSON: title, lay_summary, purpose, organisation, ethics_reference, ethics_until, start, end, "
        "members (e-mail addresses or identifiers), datasets (identifiers), justifications (text by custodian's "
        "identifier).",
    ),
]


@app.command("list")
def list_applications(
    context: typer.Context,
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for your decision.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the applications that you may see."""
    call = begin(context)
    if waiting:
        found = [application for application, _ in call.house.access.parts_to_decide(call.actor)]
    else:
        found = call.house.access.applications(call.actor)
    show_all((_row(application) for application in found), SHAPE, output)


@app.command("show")
def show_application(
    context: typer.Context, *, application: ApplicationArgument, output: OutputOption = Output.TABLE
) -> None:
    """Show what you may see of one application; “read” and “parts_read” are what “--read” takes."""
    call = begin(context)
    readings = call.house.access.readings(call.actor, application)
    found = plain(call.house.access.application(call.actor, application))
    shown = found if isinstance(found, dict) else {}
    show({**shown, "read": readings.whole, "parts_read": dict(readings.parts)}, SHAPE, output)


@app.command("draft")
def draft(
    context: typer.Context, *, file: FileArgument, dry_run: DryRunOption = False, output: OutputOption = Output.TABLE
) -> None:
    """Begin an application from a file of answers."""
    answers, datasets, justifications = read_answers(file)
    call = begin(context, dry_run=dry_run)
    answers = with_members(call, answers)
    made = call.house.access.draft(call.actor, answers, datasets, justifications=justifications)
    say_members(call, made)
    say(f"Drafted. Submit it with “tre application submit {made.application_id}”.")
    show(made, SHAPE, output)


@app.command("redraft")
def redraft(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    file: FileArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Replace what a draft says."""
    answers, datasets, justifications = read_answers(file)
    call = begin(context, dry_run=dry_run)
    answers = with_members(call, answers)
    made = call.house.access.redraft(call.actor, application, answers, datasets, justifications=justifications)
    say_members(call, made)
    show(made, SHAPE, output)


@app.command("submit")
def submit(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Freeze a draft and put each part before its custodian."""
    call = begin(context, dry_run=dry_run)
    confirm("Submit this application? It cannot be changed afterwards.", yes=yes, dry_run=dry_run)
    show(call.house.access.submit(call.actor, application), SHAPE, output)


@app.command("decide")
def decide(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    approve: Annotated[bool, typer.Option("--approve/--refuse", help="What this custodian decides.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; a refusal needs one.")] = "",
    until: Annotated[str, typer.Option("--until", help="The agreement's last day; an approval needs one.")] = "",
    read: ReadOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Decide on one custodian's part, as its officer; what was changed since you read it (--read) is not decided."""
    if approve and not until:
        raise Invalid("An approval needs --until, the last day of the agreement.", field="--until")
    if not approve:
        some_text(reason, field="--reason")
    call = begin(context, dry_run=dry_run)
    confirm(f"{'Approve' if approve else 'Refuse'} this part for good?", yes=yes, dry_run=dry_run)
    decided = call.house.access.decide(
        call.actor,
        application,
        custodian,
        approve=approve,
        reason=reason,
        agreement_until=day(until) if until else None,
        read=read,
    )
    show(decided, SHAPE, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, if you like to say it.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take back an application that is not approved yet."""
    call = begin(context, dry_run=dry_run)
    confirm("Withdraw this application for ever?", yes=yes, dry_run=dry_run)
    show(call.house.access.withdraw_application(call.actor, application, reason), SHAPE, output)


def _row(application: Any) -> dict[str, object]:
    return {
        "application_id": application.application_id,
        "title": application.answers.title,
        "state": application.state,
        "applicant_id": application.applicant_id,
        "deadline": application.deadline,
        "project_id": application.project_id,
    }


def read_answers(file: Path) -> tuple[Answers, list[str], dict[str, str]]:
    """Read a file of answers; each fault names its field."""
    from orchestrator.access.model import Answers  # noqa: PLC0415 - only needed here

    content = mapping_file(file, field="FILE")
    datasets = [check_id(item, field="datasets") for item in _texts(content.pop("datasets", []), "datasets")]
    justifications = content.pop("justifications", {})
    if not isinstance(justifications, Mapping):
        raise Invalid("justifications must be a text for each custodian's identifier.", field="justifications")
    known = {field.name for field in fields(Answers)}
    if unknown := sorted(content.keys() - known):
        raise Invalid(
            f"“{unknown[0]}” is not a field of an application; known are {', '.join(sorted(known))}.", field=unknown[0]
        )
    if missing := sorted(known - {"members"} - content.keys()):
        raise Invalid(f"“{missing[0]}” is missing in {file}.", field=missing[0])
    values: dict[str, Any] = {name: _value(name, value) for name, value in content.items()}
    return Answers(**values), datasets, {str(key): str(value) for key, value in justifications.items()}


def with_members(call: Call, answers: Answers) -> Answers:
    """Return answers whose members are identifiers, whatever they were named by."""
    return replace(answers, members=call.house.access.inviting.members(call.actor, answers.members))


def say_members(call: Call, made: Application) -> None:
    """Say who the other members are, so that a wrong address is noticed."""
    for each in made.answers.members:
        say(f"Member: {call.house.identity.person(each).name} ({each})")


def _value(name: str, value: object) -> object:
    if name == "members":
        return tuple(_texts(value, "members"))
    if name in ("ethics_until", "start", "end"):
        if type(value) is date:
            return value
        return day(value if isinstance(value, str) else repr(value), field=name)
    if not isinstance(value, str):
        raise Invalid(f"“{name}” must be a text.", field=name)
    return some_text(value, field=name)


def _texts(value: object, field: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid(f"“{field}” must be a list of texts.", field=field)
    return value
