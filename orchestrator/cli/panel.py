"""`tre panel`: a custodian's lay panel, and the advice of its members."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .arguments import (
    ApplicationArgument,
    CustodianArgument,
    DryRunOption,
    OutputOption,
    PersonArgument,
    ReadOption,
    ReasonOption,
    YesOption,
)
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Lay panels: members of the public who advise a custodian.", no_args_is_help=True)
MEMBER = Shape(name="person_id", columns=("person_id", "added_at", "added_by"))
WAITING = Shape(name="application_id", columns=("application_id", "custodian_id", "title"))
ADVICE = Shape(name="person_id", columns=("person_id", "opinion", "words", "given_at", "current"))


class Says(StrEnum):
    """What a member can say; the room has the same words."""

    SUPPORT = "support"
    SUPPORT_WITH_CONCERNS = "support-with-concerns"
    DO_NOT_SUPPORT = "do-not-support"


@app.command("list")
def list_members(context: typer.Context, *, custodian: CustodianArgument, output: OutputOption = Output.TABLE) -> None:
    """List the present members of a custodian's panel, as its officer."""
    call = begin(context)
    show_all(call.house.access.panels.members(call.actor, custodian), MEMBER, output)


@app.command("add")
def add(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    person: PersonArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take a registered person onto the panel."""
    call = begin(context, dry_run=dry_run)
    show(call.house.access.panels.add(call.actor, custodian, person), MEMBER, output)


@app.command("end")
def end(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    person: PersonArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Let a person leave the panel."""
    call = begin(context, dry_run=dry_run)
    confirm("End this person's place on the panel?", yes=yes, dry_run=dry_run)
    call.house.access.panels.end(call.actor, custodian, person)
    say("Ended.")


@app.command("waiting")
def waiting(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List what waits for your advice as a lay member."""
    call = begin(context)
    found = call.house.access.panels.waiting(call.actor)
    rows = (
        {
            "application_id": each.filled.application.application_id,
            "custodian_id": each.custodian_id,
            "title": each.filled.application.answers.title,
            "read": each.read,
            "sheet": each.filled,
        }
        for each in found
    )
    show_all(rows, WAITING, output)


@app.command("advise")
def advise(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    opinion: Annotated[Says, typer.Argument(help="What you think of it.")],
    reason: ReasonOption,
    read: ReadOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say as a lay member what you think of an application."""
    from orchestrator.access.exchange.model import Opinion  # noqa: PLC0415

    call = begin(context, dry_run=dry_run)
    said = call.house.access.panels.advise(
        call.actor, application, custodian, Opinion(opinion.value), reason, read=read
    )
    show(said, ADVICE, output)


@app.command("advice")
def advice(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what the panel said of an application, as the custodian's officer."""
    call = begin(context)
    show_all(call.house.access.panels.advice(call.actor, application, custodian), ADVICE, output)
