"""`tre airlock check`: what the airlock's checks say of files, anywhere, with no server and nothing kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .arguments import OutputOption
from .call import say
from .failures import ExitCode
from .output import Output, Shape, show, show_all

__all__ = ["check"]

FINDING = Shape(name="path", columns=("path", "verdict", "severity", "rule", "where", "message"))
REPORT = Shape(name="verdict", columns=())
_CODES = {"pass": ExitCode.OK, "flag": ExitCode.FINDINGS, "block": ExitCode.NOT_POSSIBLE}
_WORDS = {
    "pass": "Nothing was found. People decide all the same.",
    "flag": "Some of it needs a look; each line above says what to do.",
    "block": "Some of it may not leave; each line above says what to do.",
}


def check(
    *,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders with all below.")],
    pack: Annotated[str, typer.Option("--pack", help="A rule book by name, or the path of its file.")] = "sdap",
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="DATASET", help="Data that the results were made from; compared row by row."),
    ] = None,
    released: Annotated[
        list[Path] | None,
        typer.Option("--released", metavar="PATH", help="Tables that are already out; can be given several times."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run the airlock's checks on files: exit 0 when nothing was found, 7 when flagged, 5 when blocked."""
    from orchestrator.airlock.intake.preflight import as_json  # noqa: PLC0415 - heavy
    from orchestrator.assembly.checking import check_paths, choose_pack  # noqa: PLC0415

    checked = check_paths(paths, choose_pack(pack), against=against or [], released=released or [], say=say)
    report = as_json(checked)
    if output in (Output.JSON, Output.YAML):
        show(report, REPORT, output)
    else:
        show_all(_lines(report), FINDING, output)
    verdict = report["verdict"]
    say(_WORDS[verdict])
    if verdict != "pass":
        raise typer.Exit(_CODES[verdict])


def _lines(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one line for each finding, or for each file without any."""
    nothing = {"severity": "", "rule": "", "where": "", "message": "Nothing was found."}
    return [
        {"path": file["path"], "verdict": file["verdict"], **finding}
        for file in report["files"]
        for finding in file["findings"] or [nothing]
    ]
