"""`tre terms`: each custodian's terms, version by version; accepted by each person for himself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import CustodianArgument, DryRunOption, OutputOption, UntilOption, YesOption, end_of, some_text
from .call import begin, begin_public, confirm
from .output import Output, Shape, show, show_all

__all__ = ["app", "text_of"]

app = typer.Typer(help="Terms: what each custodian asks for, in versions that never change.", no_args_is_help=True)
SHAPE = Shape(
    name="version",
    columns=(
        "version",
        "valid_until",
        "checkers_needed",
        "minimum_count",
        "release_signoff",
        "airlock_pack",
        "evidence",
        "text_sha256",
    ),
)
_LARGEST = 1024 * 1024


@app.command("list")
def list_terms(context: typer.Context, *, custodian: CustodianArgument, output: OutputOption = Output.TABLE) -> None:
    """List every version of a custodian's terms, newest first; nobody needs to be signed in."""
    show_all(begin_public(context).alliance.terms(custodian), SHAPE, output)


@app.command("show")
def show_terms(context: typer.Context, *, custodian: CustodianArgument, output: OutputOption = Output.TABLE) -> None:
    """Show a custodian's terms in force; nobody needs to be signed in."""
    show(begin_public(context).alliance.current_terms(custodian), SHAPE, output)


@app.command("publish")
def publish(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    text: Annotated[Path, typer.Argument(metavar="FILE", help="The terms as a text file.")],
    until: UntilOption,
    checkers: Annotated[int, typer.Option("--checkers", min=2, max=9, help="People who review what leaves.")] = 2,
    minimum_count: Annotated[
        int, typer.Option("--minimum-count", min=1, max=1_000_000, help="The smallest count that may be shown.")
    ] = 10,
    release_signoff: Annotated[
        bool, typer.Option("--release-signoff", help="An officer of the custodian agrees to each release.")
    ] = False,
    airlock_pack: Annotated[
        str, typer.Option("--airlock-pack", metavar="NAME", help="The rule book of output checking to be kept.")
    ] = "",
    evidence: Annotated[
        list[str] | None,
        typer.Option("--evidence", metavar="KIND", help="A kind of evidence that has to be on record; repeatable."),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish the next version of a custodian's terms: everybody has to accept it anew."""
    words, last = text_of(text), end_of(until)
    call = begin(context, dry_run=dry_run)
    confirm("Publish these terms? Nobody uses the data until he accepts them.", yes=yes, dry_run=dry_run)
    made = call.house.alliance.publish_terms(
        call.actor,
        custodian,
        text=words,
        valid_until=last,
        checkers_needed=checkers,
        minimum_count=minimum_count,
        release_signoff=release_signoff,
        airlock_pack=airlock_pack,
        evidence=evidence or (),
    )
    show(made, SHAPE, output)


@app.command("accept")
def accept(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    version: Annotated[int, typer.Argument(min=1, help="The version that you have read.")],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Accept the current version of a custodian's terms, for yourself."""
    call = begin(context, dry_run=dry_run)
    confirm(f"Have you read version {version} of these terms, and do you accept it?", yes=yes, dry_run=dry_run)
    show(call.house.alliance.accept_terms(call.actor, custodian, version), SHAPE, output)


def text_of(file: Path) -> str:
    """Return a text file of at most one mebibyte that says something."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST} bytes; terms are a text.", field="FILE")
        return some_text(content.decode("utf-8"), field="FILE")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not a text in UTF-8.", field="FILE") from error
