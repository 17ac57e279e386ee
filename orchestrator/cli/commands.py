"""The whole command: global options, every noun, and the one place where a failure ends a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from . import (
    accreditation,
    amending,
    application,
    application_exchange,
    audit,
    budget,
    catalogue,
    conditions,
    custodian,
    dataset,
    departure,
    disease,
    enquiry,
    evidence,
    explain,
    federation,
    fee,
    form,
    grant,
    harvesting,
    hub,
    installation,
    invoice,
    member,
    offer,
    onboarding,
    panel,
    person,
    project,
    purpose,
    question,
    quote,
    register,
    release,
    review,
    role,
    searching,
    sheet,
    signing,
    submission,
    terms,
    training,
    uses,
    visa,
    workspace,
)
from .call import Rehearsal, State
from .failures import ExitCode, report, wants_json
from .output import visible

__all__ = ["app", "run"]


class Commands(TyperGroup):
    """Ends every command with a sentence and a code, whoever calls it."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run one command; leaves with ``SystemExit`` as command lines do."""
        arguments = list(sys.argv[1:] if args is None else args)
        extra = {"prog_name": "tre", **extra, "standalone_mode": False}
        try:
            result = super().main(arguments, *rest, **extra)
            sys.stdout.flush()
        except Rehearsal as rehearsal:
            rehearsal.tell()
            sys.exit(ExitCode.OK)
        except (KeyboardInterrupt, Abort):
            print("\ntre: Stopped.", file=sys.stderr)  # noqa: T201 - this is where words go
            sys.exit(ExitCode.INTERRUPTED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(ExitCode.FAILURE)
        except TyperException as error:
            sys.exit(_misused(error, as_json=wants_json(arguments)))
        except Exception as error:  # noqa: BLE001 - the one place where anything becomes a sentence
            sys.exit(report(error, as_json=wants_json(arguments)))
        sys.exit(result if isinstance(result, int) else ExitCode.OK)


def _misused(error: TyperException, *, as_json: bool) -> ExitCode:
    """Tell what is wrong with the command line itself, and where the help is."""
    import json  # noqa: PLC0415

    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    if as_json:
        print(json.dumps({"error": "usage", "message": message, "exit": 2}), file=sys.stderr)  # noqa: T201
        return ExitCode.USAGE
    if message.startswith("Usage:"):
        print(visible(message, lines=True), file=sys.stderr)  # noqa: T201
        return ExitCode.USAGE
    path = getattr(context, "command_path", "tre")
    print(f"tre: {visible(message)} See “{visible(path)} --help”. [usage]", file=sys.stderr)  # noqa: T201
    return ExitCode.USAGE


app = typer.Typer(
    name="tre",
    cls=Commands,
    help="A trusted research environment: isolated workspaces, granted data, checked results.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


@app.callback()
def _everywhere(
    context: typer.Context,
    *,
    state: Annotated[
        Path, typer.Option(envvar="TRE_STATE", help="The installation's state directory.", show_default=True)
    ] = Path(".tre"),
) -> None:
    context.obj = State(directory=state)


installation.add_to(app)
signing.add_to(app)
application_exchange.add_to(application.app)
amending.add_to(application.app)
for _noun in (
    person,
    role,
    training,
    accreditation,
    visa,
    custodian,
    onboarding,
    conditions,
    departure,
    hub,
    terms,
    catalogue,
    dataset,
    uses,
    disease,
    enquiry,
    offer,
    question,
    form,
    application,
    panel,
    purpose,
    evidence,
    project,
    member,
    grant,
    workspace,
    submission,
    review,
    release,
    fee,
    quote,
    invoice,
    budget,
    register,
    sheet,
    federation,
    audit,
    explain,
):
    app.add_typer(_noun.app, name=_noun.__name__.rpartition(".")[2])
app.add_typer(installation.airlock, name="airlock")
app.add_typer(harvesting.app, name="endpoint")
app.add_typer(searching.app, name="saved-search")


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        typer.main.get_command(app)(list(arguments))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else ExitCode.FAILURE
    return ExitCode.OK
