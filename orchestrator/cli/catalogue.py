"""`tre catalogue`: descriptions in files, checked, brought up to date, scored, exported; and the entries kept here."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from orchestrator.core.errors import Invalid, NotPossible

from .arguments import OutputOption
from .call import say
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

    _check_schema(schema)

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

    _check_schema(schema)
    rows = _each(file, lambda record: vars(conversion.convert(record, schema or None)))
    if output in {Output.JSON, Output.YAML}:
        show({"datasets": rows}, CONVERTED, output)
    else:
        show_all((row if row["refused"] else _counted(row) for row in rows), CONVERTED, output)
    return _code(rows)


def _check_schema(schema: str) -> None:
    from orchestrator.discovery.descriptions.versions import CATALOGUE_2020, FLAT, SCHEMAS  # noqa: PLC0415

    known = (FLAT, CATALOGUE_2020, *SCHEMAS)
    if schema and schema not in known:
        raise Invalid(f"--schema: choose one of {', '.join(known)}.", field="--schema")


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


class Format(StrEnum):
    """What other catalogues read."""

    SCHEMA_ORG = "schema.org"
    DCAT = "dcat"
    TURTLE = "turtle"
    CROISSANT = "croissant"


@app.command("export")
def export(
    *,
    file: FileArgument,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.SCHEMA_ORG,
    address: Annotated[str, typer.Option("--address", help="Where it is read; {id} stands for its identifier.")] = "",
    files: Annotated[
        Path | None,
        typer.Option("--files", help="For croissant: JSON list of name, address, media_type, size, sha256."),
    ] = None,
    licence: Annotated[str, typer.Option("--licence", help="For croissant: the licence's address.")] = "",
) -> int:
    """Write descriptions of any schema as JSON-LD (Turtle, Croissant) for other catalogues."""
    from orchestrator.discovery.descriptions import conversion, exports  # noqa: PLC0415

    open_files = [] if files is None else _open_files(files)

    def made(record: Any, name: str) -> Any:
        description, at = conversion.convert(record).description, address.replace("{id}", quote(name, safe=""))
        if form is Format.CROISSANT:
            return exports.croissant(description, files=open_files, licence=licence, address=at)
        return (exports.schema_org if form is Format.SCHEMA_ORG else exports.dcat)(description, address=at)

    rows = _each(file, lambda record: {"made": made(record, _name(record, 1))})
    good = [row["made"] for row in rows if not row["refused"]]
    _tell_refusals(rows)
    if form is Format.TURTLE:
        typer.echo("\n".join(map(exports.turtle, good)), nl=False)
    elif good:
        typer.echo(json.dumps(good[0] if len(rows) == 1 else good, indent=2, ensure_ascii=True))
    return _code(rows)


def _tell_refusals(rows: list[dict[str, Any]]) -> None:
    """Say each refusal once, with how many records it is about."""
    refused: dict[str, list[str]] = {}
    for row in rows:
        if row["refused"]:
            refused.setdefault(row["refused"], []).append(row["id"])
    for sentence, names in refused.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        say(f"{names[0]}{more}: {sentence}")


def _open_files(file: Path) -> list[Any]:
    from orchestrator.discovery.catalogue.files import read_records  # noqa: PLC0415
    from orchestrator.discovery.descriptions.exports import OpenFile  # noqa: PLC0415

    try:
        return [OpenFile(**each) for each in read_records(file)]
    except TypeError as error:
        raise Invalid(
            f"{file} must be a list of files, each with name, address, media_type, size and sha256.", field="--files"
        ) from error


def _each(file: Path, work: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what ``work`` makes of each record; one that it refuses does not stop the others."""
    from orchestrator.discovery.catalogue.files import read_records  # noqa: PLC0415

    rows: list[dict[str, Any]] = []
    for number, record in enumerate(read_records(file), 1):
        try:
            rows.append({"id": _name(record, number), **work(record), "refused": None})
        except (Invalid, NotPossible) as error:
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
