"""`tre sign-in`, `sign-out`, `whoami`: a terminal is paired with a person who is signed in at the portal."""

from __future__ import annotations

import contextlib
import time
from typing import Annotated

import typer

from orchestrator.core.errors import NotFound, NotPossible, Refused

from . import sessionfile
from .arguments import OutputOption
from .call import begin, begin_public, say
from .output import Output, Shape, show

__all__ = ["add_to"]

_PAUSE_SECONDS = 1.0
SHAPE = Shape(name="person_id", columns=())


def add_to(app: typer.Typer) -> None:
    """Give the command the verbs that have no noun."""
    app.command("sign-in")(sign_in)
    app.command("sign-out")(sign_out)
    app.command("whoami")(whoami)


def sign_in(
    context: typer.Context,
    *,
    wait: Annotated[int, typer.Option("--wait", min=1, max=600, help="Seconds to wait for the confirmation.")] = 600,
) -> None:
    """Show a code, wait until you confirm it on the portal, and remember you on this account of the machine."""
    house = begin_public(context)
    code, secret = house.identity.start_pairing()
    page = f"{house.settings.portal.public_url}/command-sign-in"
    say(f"Open {page} in a browser where you are signed in, and enter the code:")
    say(f"\n    {code}\n")
    deadline = time.monotonic() + wait
    while (session := house.identity.collect_pairing(secret)) is None:
        if time.monotonic() >= deadline:
            raise NotPossible(f"Nobody confirmed the code within {wait} seconds. Run “tre sign-in” again.")
        time.sleep(_PAUSE_SECONDS)
    sessionfile.keep(house.settings.state, session)
    person, _ = house.identity.session(session)
    say(f"Signed in as {person.name}.")


def sign_out(context: typer.Context) -> None:
    """End the session of this account of the machine; nothing happens where there is none."""
    house = begin_public(context)
    with contextlib.suppress(Refused, NotFound):
        house.identity.end_session(sessionfile.read(house.settings.state))
    sessionfile.forget(house.settings.state)
    say("Signed out.")


def whoami(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Show who you are here and which roles you hold now."""
    call = begin(context)
    about = {
        "person_id": call.person.person_id,
        "name": call.person.name,
        "email": call.person.email,
        "roles": call.actor.roles,
        "custodians": call.actor.custodians,
        "second_factor": call.actor.second_factor,
    }
    show(about, SHAPE, output)
