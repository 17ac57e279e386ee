"""`tre audit`: read the record, verify the whole of it, prove one entry, hand out keys and heads."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.core.errors import Invalid, NotFound

from .arguments import OutputOption
from .call import Call, begin, begin_public, say
from .failures import ExitCode
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.audit.model import Head

__all__ = ["app", "parse_keys", "read_keys"]

app = typer.Typer(help="The audit log: append-only, hashed as a tree, signed.", no_args_is_help=True)
SHAPE = Shape(name="position", columns=("position", "at", "kind", "actor", "subject"))
FINDING = Shape(name="rule", columns=("rule", "position", "message"))
KEY = Shape(name="version", columns=("version", "key"))
HEAD = Shape(name="size", columns=("size", "root", "signed_at", "signature"))

KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", help="A file of public keys that you kept, as “tre audit keys -o json” writes it."),
]
_LARGEST = 1024 * 1024
_KEY_BYTES = 32


@app.command("list")
def list_entries(
    context: typer.Context,
    *,
    after: Annotated[int, typer.Option("--after", min=-1, help="Only entries above this position.")] = -1,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 100,
    subject: Annotated[str, typer.Option("--subject", help="Only one thing's, such as project:ID.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """List entries in the order in which they were written."""
    call = begin(context)
    _check(call, "readAudit")
    bodies = call.house.audit.entries(after=after, limit=limit, subject=subject or None)
    show_all((json.loads(body) for body in bodies), SHAPE, output)


@app.command("verify")
def verify(
    context: typer.Context,
    *,
    keys: KeysOption = None,
    head: Annotated[
        Path | None, typer.Option("--head", help="A head that you kept, as “tre audit head -o json” writes it.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Read the whole log and name every entry that was changed, moved, inserted or deleted."""
    trusted = read_keys(keys) if keys else None
    known = _read_head(head) if head else None
    call = begin(context)
    _check(call, "verifyAudit")
    result = call.house.audit.verify(keys=trusted, known=known)
    found = {"size": result.size, "root": result.root.hex(), "heads": result.heads, "unsigned": result.unsigned}
    if output is Output.TABLE:
        show(found, Shape(name="root", columns=()), output)
        if result.findings:
            show_all(result.findings, FINDING, output)
    else:
        show({**found, "sound": result.sound, "findings": result.findings}, Shape(name="root", columns=()), output)
    if trusted is None:
        say("The keys came from the record itself. Give --keys with a copy of your own to rely on nobody.")
    if not result.sound:
        say(f"{len(result.findings)} finding(s): the log does not hold.")
        raise typer.Exit(ExitCode.FINDINGS)
    say(f"All {result.size} entries hold; {result.heads} signed head(s), {result.unsigned} entries since the last.")


@app.command("prove")
def prove(
    context: typer.Context,
    *,
    entry: Annotated[int, typer.Argument(min=0, help="The entry's position.")],
    output: OutputOption = Output.JSON,
) -> None:
    """Prove that one entry is in the signed log; a stranger can check it with the public key alone."""
    call = begin(context)
    _check(call, "verifyAudit")
    proof = call.house.audit.prove(entry)
    from orchestrator.audit.verification import verify_proof  # noqa: PLC0415

    if problems := verify_proof(proof, call.house.audit.keys()):
        for problem in problems:
            say(problem)
        raise typer.Exit(ExitCode.FINDINGS)
    show(proof.as_json(), Shape(name="position", columns=()), output)


@app.command("keys")
def keys(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the public halves of the record key, to keep elsewhere."""
    found = begin_public(context).audit.keys()
    show_all(({"version": version, "key": key} for version, key in sorted(found.items())), KEY, output)


@app.command("head")
def head(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Show the newest signed head, to keep elsewhere: it shows later whether the log was rewritten."""
    heads = begin_public(context).audit.heads()
    if not heads:
        raise NotFound("No head is signed yet; the controller signs one every few seconds while it runs.")
    show(heads[-1], HEAD, output)


def _check(call: Call, action: str) -> None:
    from orchestrator.policy.model import SITE  # noqa: PLC0415

    call.house.policy.check(call.actor, action, SITE)


def read_keys(file: Path) -> dict[int, bytes]:
    """Read public keys by version from a file that “tre audit keys -o json” wrote."""
    return parse_keys(_read_json(file, "--keys"), file=file, field="--keys")


def parse_keys(content: Any, *, file: Path, field: str) -> dict[int, bytes]:
    """Return public keys by version from what was read of ``file``."""
    try:
        keys = {int(item["version"]): base64.b64decode(item["key"], validate=True) for item in content}
    except (TypeError, KeyError, ValueError, binascii.Error) as error:
        raise Invalid(f"{file} does not hold keys as “tre audit keys -o json” writes them.", field=field) from error
    if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
        raise Invalid(f"{file} holds no Ed25519 public keys of {_KEY_BYTES} bytes.", field=field)
    return keys


def _read_head(file: Path) -> Head:
    from datetime import datetime  # noqa: PLC0415

    from orchestrator.audit.model import Head  # noqa: PLC0415

    content = _read_json(file, "--head")
    try:
        return Head(
            origin=str(content["origin"]),
            size=int(content["size"]),
            root=base64.b64decode(content["root"], validate=True),
            signed_at=datetime.fromisoformat(content["signed_at"]),
            signature=str(content["signature"]),
        )
    except (TypeError, KeyError, ValueError, binascii.Error) as error:
        raise Invalid(f"{file} does not hold a head as “tre audit head -o json” writes it.", field="--head") from error


def _read_json(file: Path, field: str) -> Any:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST} bytes.", field=field)
        return json.loads(content)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field=field) from error
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{file} is not JSON.", field=field) from error
