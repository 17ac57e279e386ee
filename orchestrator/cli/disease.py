"""`tre disease`: which disease is a kind of which, imported as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, YesOption
from .call import begin, begin_public, confirm
from .output import Output, Shape, show, show_all

__all__ = ["app"]

_LARGEST = 64 * 1024 * 1024

app = typer.Typer(help="Diseases: the table of which disease is a kind of which.", no_args_is_help=True)
TABLE = Shape(name="vocabulary", columns=("vocabulary", "version", "terms", "imported_at", "sha256"))


@app.command("list")
def list_diseases(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the tables in use, one for each vocabulary; nobody needs to be signed in."""
    show_all(begin_public(context).uses.disease_tables(), TABLE, output)


@app.command("import")
def import_diseases(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table as CSV, or an ontology as OBO.")],
    version: Annotated[str, typer.Option("--version", help="Which version of the table it is.")],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Put a table of diseases in the place of the same vocabulary's earlier one."""
    content = _content(file)
    call = begin(context, dry_run=dry_run)
    confirm("Import this table? Answers to purposes may change with it.", yes=yes, dry_run=dry_run)
    show(call.house.uses.import_diseases(call.actor, content, version=version), TABLE, output)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error
    if len(content) > _LARGEST:
        raise Invalid(f"{file} is larger than {_LARGEST} bytes; import diseases only.", field="FILE")
    return content
