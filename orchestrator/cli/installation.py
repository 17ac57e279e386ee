"""`tre init`, `up`, `web`, `controller`, `airlock worker`, `doctor`: the installation itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from orchestrator.adapters.findings import Check
from orchestrator.core.errors import Invalid

from .arguments import OutputOption, filled
from .call import begin_public, directory_of, say, settings_of
from .checking import check
from .failures import ExitCode
from .metering import metering
from .output import Output, Shape, show, show_all

__all__ = ["add_to", "airlock"]

airlock = typer.Typer(help="The airlock: its checks, and its own process.", no_args_is_help=True)
airlock.command("check")(check)
airlock.command("metering")(metering)
CHECK = Shape(name="name", columns=("name", "ok", "message"))


def add_to(app: typer.Typer) -> None:
    """Give the command the verbs that have no noun."""
    app.command("init")(init)
    app.command("doctor")(doctor)
    app.command("up")(up)
    app.command("web")(web)
    app.command("controller")(controller)


def init(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option("--name", help="The first operator's name.", callback=filled)],
    email: Annotated[str, typer.Option("--email", help="The first operator's e-mail address.")],
    issuer: Annotated[str, typer.Option("--issuer", help="Who vouches for him; tre.yaml's sign_on says it.")] = "",
    subject: Annotated[
        str, typer.Option("--subject", help="What that issuer calls him; his address if not given.")
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Make the state directory, the record and the first operator. Every later role takes two people."""
    from orchestrator.adapters.migrations import bring_up_to_date  # noqa: PLC0415 - heavy
    from orchestrator.assembly import open_house  # noqa: PLC0415
    from orchestrator.core.database import make_engine  # noqa: PLC0415
    from orchestrator.settings import load_settings  # noqa: PLC0415

    if "@" not in email:
        raise Invalid(f"--email: “{email[:80]}” is not an e-mail address.", field="--email")
    directory = directory_of(context)
    settings = load_settings(directory)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    bring_up_to_date(make_engine(settings.record_address))
    house = open_house(settings)
    vouching = issuer or settings.sign_on.issuer or "development"
    person = house.identity.first_operator(name, email, vouching, subject or email)
    say(
        f"{directory} is ready. Start it with “tre --state {directory} up” and sign in at {settings.portal.public_url}."
    )
    show(person, Shape(name="person_id", columns=()), output)


def up(context: typer.Context) -> None:
    """Start everything and stay; Ctrl-C ends all of it."""
    from orchestrator.assembly import run_everything  # noqa: PLC0415 - heavy

    run_everything(settings_of(context))


def web(context: typer.Context) -> None:
    """Serve portal and API."""
    _become("orchestrator.web", context)


def controller(context: typer.Context) -> None:
    """Make workspaces agree with the record, again and again."""
    _become("orchestrator.controller", context)


def _become(module: str, context: typer.Context) -> None:
    """Turn this process into another entry point: entry points do not import each other."""
    begin_public(context)
    state = str(directory_of(context))
    os.execv(sys.executable, [sys.executable, "-m", module, "--state", state])  # noqa: S606 - no shell


@airlock.command("worker")
def worker(context: typer.Context) -> None:
    """Take in, scan and release submissions."""
    house = begin_public(context)
    from orchestrator.assembly import run_airlock_worker  # noqa: PLC0415 - heavy

    run_airlock_worker(house)


def doctor(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Check what this machine, or the cluster of the settings, can enforce, and say what to do where it cannot."""
    from orchestrator.settings import load_settings  # noqa: PLC0415 - heavy

    settings = load_settings(directory_of(context))
    from orchestrator.assembly.installation.checkup import examine_cluster, examine_machine  # noqa: PLC0415

    on_a_cluster = settings.workspaces.backend == "kubernetes"
    _show_checks(examine_cluster(settings) if on_a_cluster else examine_machine(settings), output)


def _show_checks(checks: Sequence[Check], output: Output) -> None:
    """Write what was looked at; ends with findings when anything is missing."""
    show_all(checks, CHECK, output)
    if not all(check.ok for check in checks):
        say("Something is missing; each line above says what to do.")
        raise typer.Exit(ExitCode.FINDINGS)
