"""`tre visa`: signed statements about people, taken from others and issued on one's own grants (GA4GH Passport)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, YesOption, identifier
from .call import begin, begin_public, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Visas: signed statements about people (GA4GH Passport).", no_args_is_help=True)
TAKEN = Shape(name="visa_id", columns=("visa_id", "type", "value", "issuer", "expires_at", "ended_at"))
ISSUED = Shape(name="token", columns=("dataset_id", "expires_at", "token"))
KEYS = Shape(name="keys", columns=("keys",))
_LARGEST = 1024 * 1024


@app.command("list")
def list_visas(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the visas that were taken for you."""
    call = begin(context)
    show_all(call.house.visas.visas(call.actor, call.person.person_id), TAKEN, output)


@app.command("accept")
def accept(
    context: typer.Context,
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Signed tokens apart by blanks, or JSON with “ga4gh_passport_v1”.")
    ],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take the visas of your passport, all of them or none."""
    tokens = _tokens(file)
    call = begin(context, dry_run=dry_run)
    show_all(call.house.visas.accept(call.actor, tokens), TAKEN, output)


@app.command("end")
def end(
    context: typer.Context,
    *,
    visa: Annotated[str, typer.Argument(help="A taken visa's identifier.", callback=identifier)],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a visa at once, with the accreditation that came of it; the same token is not taken again."""
    call = begin(context, dry_run=dry_run)
    confirm("End this visa for ever?", yes=yes, dry_run=dry_run)
    show(call.house.visas.end(call.actor, visa), TAKEN, output)


@app.command("issue")
def issue(context: typer.Context, *, dry_run: DryRunOption = False, output: OutputOption = Output.TABLE) -> None:
    """Sign a visa for each dataset that you may use now, for an hour at most; with “-o name” the tokens alone."""
    call = begin(context, dry_run=dry_run)
    show_all(call.house.grant_visas.issue(call.actor), ISSUED, output)


@app.command("keys")
def keys(context: typer.Context, *, output: OutputOption = Output.JSON) -> None:
    """Show the public keys with which anybody can check our visas; nobody needs to be signed in."""
    show(begin_public(context).grant_visas.keys, KEYS, output)


@app.command("make-key")
def make_key(
    *, file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the new private key is written.")]
) -> None:
    """Make a key for signing visas; name its file as visas.key_file in tre.yaml. Needs no installation."""
    from orchestrator.adapters.visas import make_key as make  # noqa: PLC0415 - heavy, and wanted once

    make(file)
    say(f"The key is in {file}, for its owner only. Name it as visas.key_file in tre.yaml and start the portal again.")


def _tokens(file: Path) -> list[str]:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        text = content.decode("utf-8")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is no text in UTF-8.", field="FILE") from error
    if len(content) > _LARGEST:
        raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no passport.", field="FILE")
    if not text.lstrip().startswith("{"):
        return text.split()
    try:
        found = json.loads(text).get("ga4gh_passport_v1")
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{file} is no JSON that can be read.", field="FILE") from error
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Invalid(f"{file} holds no list “ga4gh_passport_v1” of signed tokens.", field="FILE")
    return found
