"""The commands of `tre application` about questions, comments, changes, and single custodians' parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import (
    ApplicationArgument,
    CustodianArgument,
    DryRunOption,
    OutputOption,
    ReadOption,
    ReasonOption,
    YesOption,
    filled,
    identifier,
    mapping_file,
)
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["add_to"]

QUESTION = Shape(name="question_id", columns=("question_id", "section", "title", "needed", "public", "open", "answer"))
COMMENT = Shape(name="comment_id", columns=("comment_id", "author_id", "written_at", "question_id", "text"))
REQUEST = Shape(name="request_id", columns=("request_id", "asked_at", "questions", "fields", "words", "answered_at"))
COURSE = Shape(name="custodian_id", columns=())
APPLICATION = Shape(name="application_id", columns=())


def questions(context: typer.Context, *, application: ApplicationArgument, output: OutputOption = Output.TABLE) -> None:
    """List what is asked, with the answers that you may see."""
    call = begin(context)
    filled = call.house.access.answers.sheet(call.actor, application)
    rows = (
        {
            "question_id": each.question.question_id,
            "section": each.question.section,
            "title": each.question.title,
            "kind": each.question.kind,
            "options": [option.value for option in each.question.options],
            "guidance": [each.question.guidance, *each.guidance.values()],
            "asked_when": each.question.asked_when,
            "repeats": each.question.repeats,
            "custodians": each.custodians,
            "needed": bool(each.required_by),
            "public": each.question.register,
            "missing": each.question.question_id in filled.missing,
            "open": each.question.question_id in filled.open,
            "answer": filled.answers.get(each.question.question_id, ""),
        }
        for each in filled.sheet.asked
    )
    show_all(rows, QUESTION, output)


def answer(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: answers by the questions' names.")],
    dry_run: DryRunOption = False,
) -> None:
    """Keep answers to an application's questions."""
    answers = {
        str(key): str(value) if _is_day(value) else value for key, value in mapping_file(file, field="FILE").items()
    }
    call = begin(context, dry_run=dry_run)
    filled = call.house.access.answers.answer(call.actor, application, answers)
    say(f"Kept. {len(filled.missing)} questions still have to be answered before you submit.")


def reuse(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    source: Annotated[
        str, typer.Option("--from", help="One earlier application of yours; all without it.", callback=identifier)
    ] = "",
    dry_run: DryRunOption = False,
) -> None:
    """Take over your answers to the same questions from earlier applications."""
    call = begin(context, dry_run=dry_run)
    filled = call.house.access.answers.reuse(call.actor, application, source or None)
    say(f"Taken over. {len(filled.missing)} questions still have to be answered before you submit.")


def comment(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    text: Annotated[str, typer.Option("--text", help="What you want to say.", callback=filled)],
    question: Annotated[str, typer.Option("--question", help="The question that it is about.")] = "",
    internal: Annotated[bool, typer.Option("--internal", help="For the custodian's officers only.")] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say something about a custodian's part, or about one question of it."""
    call = begin(context, dry_run=dry_run)
    said = call.house.access.talks.comment(
        call.actor, application, custodian, text, question_id=question, internal=internal
    )
    show(said, COMMENT, output)


def comments(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what was said about a custodian's part."""
    call = begin(context)
    show_all(call.house.access.talks.comments(call.actor, application, custodian), COMMENT, output)


def course(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show how a custodian's part went, and how many working days it waited."""
    call = begin(context)
    show(call.house.access.talks.course(call.actor, application, custodian), COURSE, output)


def ask_changes(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    reason: ReasonOption,
    question: Annotated[list[str] | None, typer.Option("--question", help="A question to answer anew.")] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", help="Something else to change, such as purpose.")
    ] = None,
    read: ReadOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give a part back for changes, as an officer; your clock stands still meanwhile."""
    call = begin(context, dry_run=dry_run)
    asked = call.house.access.changes.ask_changes(
        call.actor, application, custodian, reason, questions=question or [], fields=field or [], read=read
    )
    show(asked, REQUEST, output)


def changes(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what a custodian wanted changed, and what was answered."""
    call = begin(context)
    show_all(call.house.access.changes.change_requests(call.actor, application, custodian), REQUEST, output)


def answer_changes(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    reason: Annotated[str, typer.Option("--reason", help="What you changed, in a sentence.")] = "",
    put: Annotated[list[str] | None, typer.Option("--set", help="A changed field, as name=value.")] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Send what you changed; a custodian that approved what reads otherwise now decides anew."""
    fields = {}
    for entry in put or []:
        name, equals, value = entry.partition("=")
        if not equals:
            raise Invalid("--set takes name=value, such as end=2027-03-31.", field="--set")
        fields[name] = value
    call = begin(context, dry_run=dry_run)
    confirm("Send these changes?", yes=yes, dry_run=dry_run)
    show(
        call.house.access.changes.answer_changes(call.actor, application, custodian, reason, fields=fields),
        APPLICATION,
        output,
    )


def withdraw_part(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, if you like to say it.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask one custodian no longer; the others go on deciding."""
    call = begin(context, dry_run=dry_run)
    confirm("Take this custodian's part back for ever?", yes=yes, dry_run=dry_run)
    show(call.house.access.changes.withdraw_part(call.actor, application, custodian, reason), APPLICATION, output)


def add_to(app: typer.Typer) -> None:
    """Add these commands to `tre application`."""
    for command in (
        questions,
        answer,
        reuse,
        comment,
        comments,
        course,
        ask_changes,
        changes,
        answer_changes,
        withdraw_part,
    ):
        app.command(command.__name__.replace("_", "-"))(command)


def _is_day(value: object) -> bool:
    from datetime import date  # noqa: PLC0415

    return isinstance(value, date)
