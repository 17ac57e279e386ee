"""`tre sheet`: what becomes of a custodian's data, on one sheet that strangers can check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import CustodianArgument, DryRunOption, OutputOption, identifier
from .audit import read_keys
from .call import begin, say
from .failures import ExitCode
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.transparency.sheets.model import Sheet

__all__ = ["app"]

app = typer.Typer(help="Sheets: who uses a custodian's data, what left, and the proof of it.", no_args_is_help=True)
SHAPE = Shape(name="sheet_id", columns=("sheet_id", "issued_at", "issued_by", "holds", "sha256"))
CONTENT = Shape(name="custodian_id", columns=())
RESULT = Shape(name="sheet", columns=())
_LARGEST = 64 * 1024 * 1024

SheetArgument = Annotated[str, typer.Argument(help="A sheet's identifier.", callback=identifier)]


@app.command("view")
def view(context: typer.Context, *, custodian: CustodianArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what a sheet would say now, without issuing one; 7 when a check fails."""
    call = begin(context)
    content = call.house.sheets.view(call.actor, custodian)
    show(content, CONTENT, output)
    _tell(holds=content.holds)


@app.command("issue")
def issue(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Issue a sheet: it is kept as it is, and its hash stands in the audit log."""
    call = begin(context, dry_run=dry_run)
    sheet = call.house.sheets.issue(call.actor, custodian)
    say(f"Issued. “tre sheet export {sheet.sheet_id}” writes it with its proof.")
    show(_line(sheet), SHAPE, output)


@app.command("list")
def list_sheets(context: typer.Context, *, custodian: CustodianArgument, output: OutputOption = Output.TABLE) -> None:
    """List the sheets that were issued for a custodian, newest first."""
    call = begin(context)
    show_all((_line(sheet) for sheet in call.house.sheets.sheets(call.actor, custodian)), SHAPE, output)


@app.command("show")
def show_sheet(context: typer.Context, *, sheet: SheetArgument, output: OutputOption = Output.TABLE) -> None:
    """Show an issued sheet."""
    call = begin(context)
    show(call.house.sheets.sheet(call.actor, sheet), SHAPE, output)


@app.command("export")
def export(context: typer.Context, *, sheet: SheetArgument) -> None:
    """Write an issued sheet with its proof to standard output, byte for byte: put it into a file."""
    call = begin(context)
    sys.stdout.buffer.write(call.house.sheets.signed(call.actor, sheet) + b"\n")


@app.command("verify")
def verify(
    *,
    file: Annotated[Path, typer.Argument(help="A file that “tre sheet export” wrote.")],
    keys: Annotated[Path, typer.Option("--keys", help="Public keys, as “tre audit keys -o json” writes them.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Check that a sheet is genuine and what it says; needs no installation and no network."""
    trusted = read_keys(keys)
    from orchestrator.transparency.sheets.verification import verify_sheet  # noqa: PLC0415 - heavy

    content, problems = verify_sheet(_read(file), trusted)
    failures = [failure for check in content.checks for failure in check.failures]
    said = {"custodian": content.custodian, "made_at": content.made_at, "uses": len(content.uses)}
    show({"sheet": file, **said, "genuine": not problems, "problems": problems, "failures": failures}, RESULT, output)
    if problems:
        say("The sheet is not genuine.")
        raise typer.Exit(ExitCode.FINDINGS)
    say("The sheet is genuine.")
    _tell(holds=not failures)


def _tell(*, holds: bool) -> None:
    if not holds:
        say("Not every check holds: the sheet names each failure.")
        raise typer.Exit(ExitCode.FINDINGS)


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no sheet.", field="FILE")
        return file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error


def _line(sheet: Sheet) -> dict[str, object]:
    return {
        "sheet_id": sheet.sheet_id,
        "custodian_id": sheet.custodian_id,
        "issued_at": sheet.issued_at,
        "issued_by": sheet.issued_by,
        "holds": sheet.content.holds,
        "sha256": sheet.sha256,
    }
