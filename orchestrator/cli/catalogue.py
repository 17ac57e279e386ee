"""`tre catalogue`: descriptions in files, checked, brought up to date, scored, exported; and the entries kept here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.core.errors import Invalid

from .arguments import OutputOption
from .failures import ExitCode
from .harvesting import add_to_catalogue
from .output import Output, Shape, show, show_all
from .searching import add_to_catalogue as add_searching

__all__ = ["app"]

app = typer.Typer(help="The catalogue: descriptions of datasets, whoever holds the data.", no_args_is_help=True)
CHECKED = Shape(name="id", columns=("id", "schema", "path", "sentence"))
SCORED = Shape(name="id", columns=("id", "schema", "completeness", "error", "score", "rating", "usable", "refused"))
CONVERTED = Shape(name="id", columns=("id", "schema", "unplaced", "to_mend", "refused"))
MENDED = Shape(name="id", columns=("id", "points", "field", "now", "sentence"))

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="JSON: one description, a list, or a catalogue.")]
SchemaOption = Annotated[str, typer.Option("--schema", help="The version they follow; found out by default.")]
ProfileOption = Annotated[str, typer.Option("--profile", help="hdruk-2020 or hdruk-2022.")]


@app.command("validate")
def validate(*, file: FileArgument, schema: SchemaOption = "", output: OutputOption = Output.TABLE) -> int:
    """List what does not fit the schema that each description follows; exit code 7 where there is anything."""
    from orchestrator.discovery.descriptions import versions  # noqa: PLC0415 - wanted by few commands
    from orchestrator.discovery.descriptions.checking import Fault  # noqa: PLC0415

    def findings(record: Any) -> dict[str, Any]:
        version = schema or versions.detect(record)
        return {"schema": version, "findings": versions.validate(record, version)}

    rows = []
    for row in _each(file, findings):
        found = row.pop("findings", ())
        rows += [{**row, "path": each.path, "fault": each.fault, "sentence": each.sentence} for each in found]
        rows += [{**row, "path": "", "fault": Fault.FORM, "sentence": row["refused"]}] if row["refused"] else []
    show_all(rows, CHECKED, output)
    return ExitCode.FINDINGS if any(row["fault"] is not Fault.NOTE for row in rows) else ExitCode.OK


@app.command("convert")
def convert(*, file: FileArgument, schema: SchemaOption = "", output: OutputOption = Output.TABLE) -> int:
    """Bring descriptions up to HDR UK 4.0.0; what has no place there is told, none is lost."""
    from orchestrator.discovery.descriptions import conversion  # noqa: PLC0415

    rows = _each(file, lambda record: vars(conversion.convert(record, schema or None)))
    if output in {Output.JSON, Output.YAML}:
        show({"datasets": rows}, CONVERTED, output)
    else:
        show_all((row if row["refused"] else _counted(row) for row in rows), CONVERTED, output)
    return _code(rows)


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    to_mend = [finding for finding in row["findings"] if finding.path not in row["unplaced"]]
    return {**row, "unplaced": len(row["unplaced"]), "to_mend": len(to_mend)}


@app.command("score")
def score(
    *,
    file: FileArgument,
    profile: ProfileOption = "hdruk-2020",
    mend: Annotated[bool, typer.Option("--mend", help="List the fields to mend, what brings most first.")] = False,
    output: OutputOption = Output.TABLE,
) -> int:
    """Score descriptions as published, and count what of them can be used."""
    from orchestrator.discovery.descriptions import quality  # noqa: PLC0415

    def scored(record: Any) -> dict[str, Any]:
        found = quality.usable(record, profile)
        return {
            **vars(quality.score(record, profile)),
            "usable": found.score,
            "usable_rating": found.rating,
            "mend": found.mend,
        }

    if profile not in quality.PROFILES:
        raise Invalid(f"--profile: choose one of {', '.join(quality.PROFILES)}.", field="--profile")
    rows = _each(file, scored)
    if mend:
        show_all(({"id": row["id"], **vars(each)} for row in rows for each in row.get("mend", ())), MENDED, output)
    elif output in {Output.JSON, Output.YAML}:
        show({"datasets": rows}, SCORED, output)
    else:
        show_all(rows, SCORED, output)
    return _code(rows)


def _each(file: Path, work: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what ``work`` makes of each record; one that it refuses does not stop the others."""
    from orchestrator.discovery.catalogue.files import read_records  # noqa: PLC0415

    rows: list[dict[str, Any]] = []
    for number, record in enumerate(read_records(file), 1):
        try:
            rows.append({"id": _name(record, number), **work(record), "refused": None})
        except Invalid as error:
            rows.append({"id": _name(record, number), "refused": error.message})
    return rows


def _code(rows: list[dict[str, Any]]) -> ExitCode:
    return ExitCode.FINDINGS if any(row["refused"] for row in rows) else ExitCode.OK


def _name(record: Any, number: int) -> str:
    """Return the identifier of a record; of a web address, its last part, as the published scores name it."""
    found = (record.get("id") or record.get("identifier")) if isinstance(record, dict) else None
    if not isinstance(found, str) or not found:
        return str(number)
    return found.rstrip("/").rpartition("/")[2] if "://" in found else found


add_to_catalogue(app)
add_searching(app)
