"""`tre release`: the signed record of what left, and checking files against it offline with a public key alone."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, ReasonOption, SeenOption, YesOption, identifier
from .audit import read_keys
from .call import begin, confirm, say
from .failures import ExitCode
from .output import Output, Shape, show, show_all
from .submission import CASE

__all__ = ["app"]

app = typer.Typer(help="Releases: what left, with its signed record.", no_args_is_help=True)
RESULT = Shape(name="record", columns=())
INCIDENT = Shape(
    name="submission_id",
    columns=("submission_id", "version", "kind", "state", "asked_at", "reason", "outcome", "recipients"),
)
_LARGEST = 16 * 1024 * 1024


@app.command("record")
def record(
    context: typer.Context,
    submission: Annotated[str, typer.Argument(help="A released submission's identifier.", callback=identifier)],
) -> None:
    """Write a release's signed record to standard output, byte for byte: put it into a file."""
    call = begin(context)
    document = call.house.airlock.signed_record(call.actor, submission)
    sys.stdout.buffer.write(document)


@app.command("recall")
def recall(
    context: typer.Context,
    *,
    submission: Annotated[str, typer.Argument(help="A released submission's identifier.", callback=identifier)],
    reason: ReasonOption,
    gravity: Annotated[str, typer.Option("--gravity", help="How bad it is: low, medium or high.")],
    files: Annotated[
        list[str] | None,
        typer.Option("--file", help="A file's identifier; without any, all of them.", callback=identifier),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask that a release be taken back: its links end at once, and a second person confirms within a day."""
    from orchestrator.airlock.cases.model import Gravity  # noqa: PLC0415 - heavy

    if gravity not in list(Gravity):
        raise Invalid("How bad it is: low, medium or high.", field="--gravity")
    call = begin(context, dry_run=dry_run)
    confirm("Stop this release now?", yes=yes, dry_run=dry_run)
    case = call.house.airlock.recall(
        call.actor, submission, reason=reason, gravity=Gravity(gravity), files=files or None
    )
    show(case, CASE, output)


@app.command("decide-recall")
def decide_recall(
    context: typer.Context,
    *,
    submission: Annotated[str, typer.Argument(help="A submission whose recall was asked for.", callback=identifier)],
    confirm_it: Annotated[bool, typer.Option("--confirm/--dismiss", help="Take it back, or let it go on.")],
    reason: ReasonOption,
    seen: SeenOption,
    dry_run: DryRunOption = False,
) -> None:
    """Confirm a recall as the second person, or dismiss it."""
    call = begin(context, dry_run=dry_run)
    state = call.house.airlock.confirm_recall(call.actor, submission, confirm=confirm_it, reason=reason, seen=seen)
    say(f"The submission is {state.value} now.")


@app.command("incidents")
def incidents(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List recalls, holds and altered files, newest first, with who has what was recalled."""
    call = begin(context)
    found = [
        {
            "submission_id": each.submission.submission_id,
            "version": each.submission.version,
            "kind": each.kind,
            "state": each.submission.state,
            "asked_at": each.case.asked_at if each.case else None,
            "reason": each.case.reason if each.case else "",
            "outcome": each.case.outcome if each.case else "",
            "recipients": [person for person, _ in each.recipients],
        }
        for each in call.house.airlock.incidents(call.actor)
    ]
    show_all(found, INCIDENT, output)


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
    from orchestrator.airlock.release.bag import record_of, verify_package  # noqa: PLC0415 - heavy
    from orchestrator.airlock.release.verification import verify_release  # noqa: PLC0415

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
