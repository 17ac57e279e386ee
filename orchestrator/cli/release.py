"""`tre release`: the signed record of what left, and checking files against it offline with a public key alone."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from .arguments import OutputOption
from .audit import read_keys
from .call import begin, say
from .failures import ExitCode
from .output import Output, Shape, show

__all__ = ["app"]

app = typer.Typer(help="Releases: what left, with its signed record.", no_args_is_help=True)
RESULT = Shape(name="record", columns=())
_LARGEST = 16 * 1024 * 1024


@app.command("record")
def record(
    context: typer.Context,
    submission: Annotated[str, typer.Argument(help="A released submission's identifier.")],
) -> None:
    """Write a release's signed record to standard output, byte for byte: put it into a file."""
    check_id(submission, field="submission")
    call = begin(context)
    document = call.house.airlock.signed_record(call.actor, submission)
    sys.stdout.buffer.write(document)


@app.command("verify")
def verify(
    *,
    record: Annotated[Path, typer.Argument(help="The release as it was collected (ZIP), or its signed record.")],
    keys: Annotated[Path, typer.Option("--keys", help="Public keys, as “tre audit keys -o json” writes them.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Files that are said to have been released.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Check a record's signature, its reviews and the files in hand; needs no installation and no network."""
    trusted = read_keys(keys)
    problems = _problems(record, trusted, files or [])
    show({"record": record, "files": files or [], "holds": not problems, "problems": problems}, RESULT, output)
    if problems:
        say("The record does not hold for this.")
        raise typer.Exit(ExitCode.FINDINGS)
    say(f"The record is genuine, and {len(files or [])} file(s) are exactly what it released.")


def _problems(file: Path, keys: Mapping[int, bytes], files: Sequence[Path]) -> list[str]:
    from orchestrator.airlock.bag import record_of, verify_package  # noqa: PLC0415 - heavy
    from orchestrator.airlock.verification import verify_release  # noqa: PLC0415

    if not zipfile.is_zipfile(file):
        return verify_release(_read(file), keys, files)
    problems = verify_package(file, keys)
    return problems or verify_release(record_of(file), keys, files)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="RECORD") from error
    if len(content) > _LARGEST:
        raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no release record.", field="RECORD")
    return content.rstrip(b"\n")
