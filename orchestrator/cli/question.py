"""`tre question`: the questions that custodians can ask, shared ones and a custodian's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, YesOption, identifier, mapping_file
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.access.forms.model import AskedWhen

__all__ = ["app"]

app = typer.Typer(help="Questions that custodians can ask of applicants.", no_args_is_help=True)
SHAPE = Shape(name="question_id", columns=("question_id", "version", "section", "title", "kind", "archived"))
_LARGEST = 8 * 1024 * 1024

QuestionArgument = Annotated[str, typer.Argument(help="A question's name.")]
OwnOption = Annotated[
    str, typer.Option("--custodian", help="A custodian's identifier: its own questions, too.", callback=identifier)
]


@app.command("list")
def list_questions(
    context: typer.Context,
    *,
    custodian: OwnOption = "",
    archived: Annotated[bool, typer.Option("--archived", help="Show archived ones, too.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the newest version of every question."""
    call = begin(context)
    found = call.house.access.forms.questions(call.actor, custodian_id=custodian or None, archived=archived)
    show_all(found, SHAPE, output)


@app.command("show")
def show_question(context: typer.Context, *, question: QuestionArgument, output: OutputOption = Output.TABLE) -> None:
    """Show the newest version of one question."""
    call = begin(context)
    show(call.house.access.forms.question(call.actor, question)[0], SHAPE, output)


@app.command("define")
def define(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: one question with its fields.")],
    custodian: Annotated[
        str, typer.Option("--custodian", help="Make it this custodian's own question.", callback=identifier)
    ] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add a question, or its next version."""
    from dataclasses import replace  # noqa: PLC0415

    from orchestrator.access.forms.importing import read_bank  # noqa: PLC0415

    content = mapping_file(file, field="FILE")
    when = content.pop("asked_when", None)
    [question] = read_bank({"questions": [content]}).questions
    if when is not None:
        question = replace(question, asked_when=_when(when))
    call = begin(context, dry_run=dry_run)
    show(call.house.access.forms.define(call.actor, replace(question, owner=custodian or None)), SHAPE, output)


@app.command("archive")
def archive(
    context: typer.Context,
    *,
    question: QuestionArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let no new form take a question up; forms that ask it go on."""
    call = begin(context, dry_run=dry_run)
    confirm("Archive this question?", yes=yes, dry_run=dry_run)
    show(call.house.access.forms.archive(call.actor, question), SHAPE, output)


@app.command("import")
def import_bank(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: our own shape, or the national gateway's bank.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take a bank of questions in; what has no place of its own here is named."""
    content = _json(file)
    call = begin(context, dry_run=dry_run)
    read = call.house.access.forms.import_bank(call.actor, content)
    for finding in read.findings:
        say(finding)
    say(f"{len(read.questions)} questions are new or changed.")
    show_all(read.questions, SHAPE, output)


def _json(file: Path) -> object:
    import json  # noqa: PLC0415

    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no bank of questions.", field="FILE")
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{file} is not JSON: {str(error)[:120]}.", field="FILE") from error


def _when(value: object) -> AskedWhen:
    from orchestrator.access.forms.model import AskedWhen  # noqa: PLC0415

    if isinstance(value, dict) and isinstance(value.get("question_id"), str) and isinstance(value.get("values"), list):
        return AskedWhen(question_id=value["question_id"], values=tuple(str(each) for each in value["values"]))
    raise Invalid("asked_when needs question_id and a list of values.", field="asked_when")
