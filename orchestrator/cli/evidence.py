"""`tre evidence`: ethics approvals, assessments, contracts; brought by some, verified by others, with an end."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import (
    ApplicationArgument,
    DryRunOption,
    OutputOption,
    ReasonOption,
    UntilOption,
    YesOption,
    day,
    filled,
    identifier,
)
from .call import begin, confirm, say
from .failures import ExitCode
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from datetime import date

__all__ = ["app"]

app = typer.Typer(help="Evidence: what proves that data may be used, with its end.", no_args_is_help=True)
SHAPE = Shape(name="evidence_id", columns=("evidence_id", "kind", "reference", "state", "valid_from", "valid_until"))
DOCUMENT = Shape(name="document_id", columns=("document_id", "evidence_id", "kind", "size", "sha256", "destroyed_at"))
ROTATION = Shape(name="sealed", columns=("sealed", "coming", "unread"))
KIND = Shape(name="kind", columns=("kind", "title", "holder", "one_custodian"))
REQUIRED = Shape(name="kind", columns=("custodian_id", "kind", "holds", "until", "sentence"))
EvidenceArgument = Annotated[str, typer.Argument(help="A piece of evidence's identifier.", callback=identifier)]
KindArgument = Annotated[str, typer.Argument(help="Its kind; “tre evidence kinds” lists them.")]
ReferenceOption = Annotated[str, typer.Option("--reference", help="The reference under which others find it.")]
FromOption = Annotated[str, typer.Option("--from", help="Its first day, as YYYY-MM-DD.")]
FileOption = Annotated[Path | None, typer.Option("--file", help="The document; only its hash is kept.")]


@app.command("kinds")
def kinds(*, output: OutputOption = Output.TABLE) -> None:
    """List the kinds of evidence that terms may ask for; needs no installation."""
    from orchestrator.alliance.evidence import EVIDENCE_KINDS  # noqa: PLC0415

    show_all([{**vars(each), "longest": each.longest.days} for each in EVIDENCE_KINDS.values()], KIND, output)


@app.command("list")
def list_evidence(
    context: typer.Context,
    *,
    application: Annotated[
        str, typer.Option("--application", help="That of one application.", callback=identifier)
    ] = "",
    waiting: Annotated[bool, typer.Option("--waiting", help="What waits for you to verify it.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what you brought, what one application has, or what waits for you."""
    call = begin(context)
    evidence = call.house.evidence
    if waiting:
        found = evidence.waiting(call.actor)
    else:
        found = evidence.of_application(call.actor, application) if application else evidence.mine(call.actor)
    show_all(found, SHAPE, output)


@app.command("show")
def show_evidence(context: typer.Context, *, evidence: EvidenceArgument, output: OutputOption = Output.TABLE) -> None:
    """Show one piece of evidence."""
    call = begin(context)
    show(call.house.evidence.evidence(call.actor, evidence), SHAPE, output)


@app.command("required")
def required(context: typer.Context, *, application: ApplicationArgument, output: OutputOption = Output.TABLE) -> None:
    """List what the custodians' terms ask for; leaves with 7 while something is missing."""
    call = begin(context)
    found = call.house.evidence.required(call.actor, application)
    show_all(found, REQUIRED, output)
    if not all(each.holds for each in found):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("record")
def record(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    kind: KindArgument,
    reference: ReferenceOption,
    first: FromOption,
    until: UntilOption,
    file: FileOption = None,
    custodian: Annotated[
        str, typer.Option("--custodian", help="The one custodian it was made with.", callback=identifier)
    ] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Bring evidence of an application's research; somebody else verifies it."""
    days, digest = _days(first, until), _digest(file)
    call = begin(context, dry_run=dry_run)
    made = call.house.evidence.record(
        call.actor,
        application,
        kind,
        reference=reference,
        valid_from=days[0],
        valid_until=days[1],
        file_sha256=digest,
        custodian_id=custodian or None,
    )
    show(made, SHAPE, output)


@app.command("record-organisation")
def record_organisation(
    context: typer.Context,
    *,
    organisation: Annotated[str, typer.Argument(help="The organisation's name.", callback=filled)],
    kind: KindArgument,
    reference: ReferenceOption,
    first: FromOption,
    until: UntilOption,
    file: FileOption = None,
    code: Annotated[str, typer.Option("--code", help="The organisation's code, such as its ODS code.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Bring evidence of an organisation, on which research may rely; somebody else verifies it."""
    days, digest = _days(first, until), _digest(file)
    call = begin(context, dry_run=dry_run)
    made = call.house.evidence.record_of_organisation(
        call.actor,
        organisation,
        kind,
        reference=reference,
        valid_from=days[0],
        valid_until=days[1],
        file_sha256=digest,
        organisation_code=code,
    )
    show(made, SHAPE, output)


@app.command("rely")
def rely(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    evidence: EvidenceArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Rely in an application's research on the evidence of an organisation that takes part in it."""
    call = begin(context, dry_run=dry_run)
    show(call.house.evidence.rely(call.actor, application, evidence), SHAPE, output)


@app.command("hand-in")
def hand_in(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    file: Annotated[Path, typer.Argument(help="The document: PDF, PNG or JPEG.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Hand in the document of evidence you brought: it is kept sealed, for those who decide on it."""
    content = _content(file)
    call = begin(context, dry_run=dry_run)
    show(call.house.evidence.hand_in(call.actor, evidence, content), DOCUMENT, output)


@app.command("download")
def download(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    to: Annotated[Path, typer.Option("--to", help="A file that is not there yet.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Write the document of evidence that you decide on to a file; that you read it is recorded."""
    if to.exists():
        raise Invalid(f"{to} is there already; name another file.", field="--to")
    call = begin(context)
    document, content = call.house.evidence.read_document(call.actor, evidence)
    try:
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise Invalid(f"{to} cannot be written: {error.strerror}.", field="--to") from error
    say(f"sha256 {document.sha256}  {to}")
    show(document, DOCUMENT, output)


@app.command("destroy")
def destroy(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Destroy the document of evidence before its time, such as one that tells of patients; its hash stays."""
    call = begin(context, dry_run=dry_run)
    confirm("Destroy the document for ever?", yes=yes, dry_run=dry_run)
    show(call.house.evidence.destroy_document(call.actor, evidence, reason), DOCUMENT, output)


@app.command("rotate-key")
def rotate_key(
    context: typer.Context,
    *,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Seal every document under a new key and forget the old one, as an operator; cut short, it is done again.

    Documents can be handed in and read meanwhile. The old key stays while a document needs it, and the exit code is 7.
    """
    call = begin(context, dry_run=dry_run)
    confirm(
        "Seal every document under a new key? Copies of the old key open none of them then.", yes=yes, dry_run=dry_run
    )
    done = call.house.evidence.rotate_key(call.actor)
    show(done, ROTATION, output)
    if done.coming:
        say(f"{done.coming} document(s) arrived just now: the old key stays. Repeat this in an hour.")
    if done.unread:
        say("Neither key opens the documents named as unread: put them back from a copy, or destroy them; then repeat.")
    if not done.finished:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("verify")
def verify(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    file: FileOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say that you looked at the document and that it says what is recorded; “--file” compares its hash first."""
    digest = _digest(file)
    call = begin(context, dry_run=dry_run)
    kept = call.house.evidence.evidence(call.actor, evidence).file_sha256
    if digest and digest != kept:
        raise Invalid(f"{file} is not the document that was brought: its hash is another.", field="--file")
    confirm("Did you look at the document, and does it say what is recorded?", yes=yes, dry_run=dry_run)
    show(call.house.evidence.verify(call.actor, evidence, file_sha256=kept), SHAPE, output)


@app.command("reject")
def reject(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say that the document does not say what is recorded."""
    call = begin(context, dry_run=dry_run)
    show(call.house.evidence.reject(call.actor, evidence, reason), SHAPE, output)


@app.command("revoke")
def revoke(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End verified evidence at once: grants that hang on it stop."""
    call = begin(context, dry_run=dry_run)
    confirm("Revoke it for ever? Grants that hang on it stop at once.", yes=yes, dry_run=dry_run)
    show(call.house.evidence.revoke(call.actor, evidence, reason), SHAPE, output)


@app.command("take-back")
def take_back(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take back what you brought and nobody verified yet."""
    call = begin(context, dry_run=dry_run)
    show(call.house.evidence.take_back(call.actor, evidence), SHAPE, output)


def _days(first: str, last: str) -> tuple[date, date]:
    return day(first, field="--from"), day(last)


def _content(file: Path) -> bytes:
    """Return the document, or as much of it as shows that it is too large."""
    from orchestrator.access.evidence.document import LARGEST  # noqa: PLC0415

    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error


def _digest(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="--file") from error
    say(f"sha256 {digest}  {file}")
    return digest
