"""`tre register`: the public register of data use, in the 32 fields of the specification."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import (
    ApplicationArgument,
    CustodianArgument,
    DryRunOption,
    OutputOption,
    ProjectArgument,
    ReasonOption,
    YesOption,
    identifier,
    mapping_file,
    some_text,
)
from .call import begin, begin_public, confirm, say
from .failures import ExitCode
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.transparency.model import Entry, Revision

__all__ = ["app"]

app = typer.Typer(help="The public register: what data is used for, by whom, and what came out.", no_args_is_help=True)
SHAPE = Shape(name="register_id", columns=("register_id", "title", "organisation", "state", "latest_approval"))
REVISION = Shape(name="revision", columns=("revision", "recorded_at", "state", "sha256"))
GAP = Shape(name="register_id", columns=("register_id", "title", "missing"))
DONE = Shape(name="new", columns=())
FINDING = Shape(name="problem", columns=("problem",))
ENTRY = Shape(name="project", columns=())
PLANNED = Shape(name="field", columns=("field", "custodian", "says", "reworded_by"))
NAMING = Shape(name="project_id", columns=("project_id", "title", "state", "member", "named"))

EntryArgument = Annotated[
    str, typer.Argument(help="An entry's identifier; a project's is the project's.", callback=identifier)
]


class Form(StrEnum):
    """How the whole register is written."""

    CSV = "csv"
    JSON = "json"


@app.command("list")
def list_entries(
    context: typer.Context,
    *,
    text: Annotated[str, typer.Option("--text", help="Only entries with these words, in any field.")] = "",
    dataset: Annotated[
        str, typer.Option("--dataset", help="Only entries that use this dataset.", callback=identifier)
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """List the register, newest entries first; nobody needs to be signed in."""
    entries = begin_public(context).register.entries(text, dataset_id=dataset)
    show_all((_line(entry) for entry in entries), SHAPE, output)


@app.command("show")
def show_entry(context: typer.Context, *, entry: EntryArgument, output: OutputOption = Output.TABLE) -> None:
    """Show one entry with all its fields; nobody needs to be signed in."""
    house = begin_public(context)
    from orchestrator.transparency.writing import as_document  # noqa: PLC0415

    show(as_document(house.register.entry(entry)), ENTRY, output)


@app.command("history")
def history(context: typer.Context, *, entry: EntryArgument, output: OutputOption = Output.TABLE) -> None:
    """List every state that an entry ever had; the hash of each is in the audit log."""
    show_all((_revision(each) for each in begin_public(context).register.history(entry)), REVISION, output)


@app.command("export")
def export(
    context: typer.Context,
    *,
    form: Annotated[Form, typer.Option("--format", help="csv: the specification's 32 columns; json: all there is.")],
) -> None:
    """Write the whole register to standard output; nobody needs to be signed in."""
    import json  # noqa: PLC0415

    entries = begin_public(context).register.entries()
    from orchestrator.transparency.writing import as_csv, as_json  # noqa: PLC0415

    text = as_csv(entries) if form is Form.CSV else json.dumps(as_json(entries), indent=2, ensure_ascii=True) + "\n"
    sys.stdout.buffer.write(text.encode())


@app.command("gaps")
def gaps(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List entries that lack a field which every register should have; 7 when there are any."""
    entries = [entry for entry in begin_public(context).register.entries() if entry.gaps()]
    found = [{**_line(entry), "missing": [field.title for field in entry.gaps()]} for entry in entries]
    show_all(found, GAP, output)
    if found:
        say("Leads state what is missing on the register's pages, or with “tre register state”.")
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("state")
def state(
    context: typer.Context,
    *,
    entry: EntryArgument,
    fields: Annotated[Path, typer.Argument(help="YAML or JSON: fields by key, such as “public_benefit: …”.")],
    custodian: Annotated[
        str, typer.Option("--custodian", help="State this custodian's fields, as its officer.", callback=identifier)
    ] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """State what the record cannot know; an empty text takes an earlier statement back."""
    values = mapping_file(fields, field="FIELDS")
    if not all(isinstance(value, str) for value in values.values()):
        raise Invalid(f"{fields}: every field takes a text; put days and numbers in quotes.", field="FIELDS")
    call = begin(context, dry_run=dry_run)
    show(_line(call.house.register.state(call.actor, entry, values, custodian_id=custodian)), SHAPE, output)


@app.command("plan")
def plan(context: typer.Context, *, application: ApplicationArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what the register will say of an application once it is approved, and out of which answer."""
    call = begin(context)
    found = call.house.register.plan(call.actor, application)
    rows = [
        {
            "field": line.planned.key,
            "custodian": found.names.get(line.planned.owner, ""),
            "says": line.shown,
            "answer": line.planned.words,
            "questions": line.planned.questions,
            "reworded_by": line.reworded_by,
            "reasons": [each.reason for each in line.rewordings if line.counts(each)],
        }
        for line in found.fields
    ]
    recorded = [{"field": key, "custodian": "", "says": words} for key, words in found.recorded.items()]
    show_all([*rows, *recorded], PLANNED, output)
    if found.lacking:
        say(f"Nothing says yet: {', '.join(field.title for field in found.lacking)}.")


@app.command("reword")
def reword(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    field: Annotated[str, typer.Option("--field", help="The field, as “tre register plan” names it.")],
    words: Annotated[str, typer.Option("--words", help="What the register shall say instead.")],
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Put other words in the place of an answer before it is published; the applicant is told, with the reason."""
    call = begin(context, dry_run=dry_run)
    found = call.house.register.reword(
        call.actor,
        application,
        custodian,
        field,
        words=some_text(words, field="--words"),
        reason=some_text(reason, field="--reason"),
    )
    line = next(each for each in found.fields if each.planned.key == field and custodian in each.planned.asked_by)
    show({"field": field, "custodian": found.names[custodian], "says": line.shown}, PLANNED, output)


@app.command("names")
def names(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List your projects, and whether the register names you there."""
    call = begin(context)
    show_all(call.house.access.namings(call.actor), NAMING, output)


@app.command("name")
def name(
    context: typer.Context,
    *,
    project: ProjectArgument,
    agree: Annotated[bool, typer.Option("--agree/--take-back", help="Be named, or no longer; also after you left.")],
    dry_run: DryRunOption = False,
) -> None:
    """Let the register name you in a project, or take your name back."""
    call = begin(context, dry_run=dry_run)
    call.house.access.agree_to_be_named(call.actor, project, agree=agree)
    say("The register names you." if agree else "The register does not name you any more.")


@app.command("import")
def take_in(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    file: Annotated[Path, typer.Argument(help="The register as CSV or XLSX, with the specification's headings.")],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take in a register that a custodian kept elsewhere; 7 when lines were refused. Again, it changes nothing."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error
    call = begin(context, dry_run=dry_run)
    from orchestrator.transparency.importing import read_register  # noqa: PLC0415 - heavy

    rows, refused = read_register(content, name=file.name)
    confirm(f"Publish {len(rows)} lines in the register?", yes=yes, dry_run=dry_run)
    done = call.house.register.take_in(call.actor, custodian, rows, refused)
    show(done, DONE, output)
    if done.refused:
        say(f"{len({each.row for each in done.refused})} line(s) were refused; mend them and import the file again.")
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("update")
def update(context: typer.Context, *, dry_run: DryRunOption = False) -> None:
    """Bring the register up to date by hand; the controller does it every minute while it runs."""
    call = begin(context, dry_run=dry_run)
    call.house.register.check_may_update(call.actor)
    say(f"{call.house.register.bring_up_to_date()} entries were written.")
    if dry_run:
        say("Nothing was changed.")


@app.command("verify")
def verify(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Compare every entry with what the audit log says was written; nobody needs to be signed in."""
    problems = begin_public(context).register.verify()
    show_all(({"problem": problem} for problem in problems), FINDING, output)
    if problems:
        say(f"{len(problems)} finding(s): the register is not as it was recorded.")
        raise typer.Exit(ExitCode.FINDINGS)
    say("The register is as the audit log recorded it.")


def _line(entry: Entry) -> dict[str, object]:
    return {
        "register_id": entry.register_id,
        "title": entry.value("title"),
        "organisation": entry.value("organisation_name"),
        "state": entry.latest.state,
        "latest_approval": entry.value("latest_approval"),
        "origin": entry.latest.origin,
        "revision": entry.latest.revision,
    }


def _revision(revision: Revision) -> dict[str, object]:
    return {
        "revision": revision.revision,
        "recorded_at": revision.recorded_at,
        "state": revision.state,
        "sha256": revision.sha256,
    }
