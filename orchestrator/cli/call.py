"""One call of a command: the installation it works on, the person it acts for, and whether it only rehearses."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from orchestrator.core.errors import Invalid, NotFound, Refused

from . import sessionfile
from .output import visible

if TYPE_CHECKING:
    from orchestrator.assembly import House
    from orchestrator.core.events import Event
    from orchestrator.identity.model import Person
    from orchestrator.policy.model import Actor
    from orchestrator.settings import Settings

__all__ = ["Call", "Rehearsal", "State", "begin", "begin_public", "confirm", "directory_of", "say", "settings_of"]


@dataclass(frozen=True, kw_only=True)
class State:
    """Where the installation lies."""

    directory: Path


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a command works with once it is known who calls."""

    house: House
    person: Person
    actor: Actor


class Rehearsal(Exception):
    """A change was carried out up to its commit and undone, because ``--dry-run`` was given."""

    def __init__(self, events: Sequence[Event]) -> None:
        super().__init__("rehearsed")
        self.events = tuple(events)

    def tell(self) -> None:
        """Say what would have been recorded."""
        for event in self.events:
            say(f"Would record {event.kind} on {event.subject}.")
        say("This would work. Nothing was changed.")


def say(text: str) -> None:
    """Write words for the person, apart from the data."""
    print(visible(text, lines=True), file=sys.stderr, flush=True)  # noqa: T201 - this is where words go


def settings_of(context: typer.Context) -> Settings:
    """Return the settings of an installation that exists."""
    from orchestrator.settings import load_settings  # noqa: PLC0415 - heavy

    directory = directory_of(context)
    settings = load_settings(directory)
    if not settings.record and not (settings.state / "record" / "tre.db").is_file():
        raise NotFound(
            f"There is no installation in {directory}. Make one with “tre --state {directory} init”, "
            "or say where it is with --state."
        )
    return settings


def directory_of(context: typer.Context) -> Path:
    """Return the state directory that was given, as it was given."""
    state = context.find_object(State)
    if state is None:
        raise AssertionError("the command runs without its global options")
    return state.directory


def begin_public(context: typer.Context) -> House:
    """Open the installation for something that nobody needs to be signed in for."""
    settings = settings_of(context)
    from orchestrator.assembly import open_house  # noqa: PLC0415 - heavy

    return open_house(settings)


def begin(context: typer.Context, *, dry_run: bool = False) -> Call:
    """Open the installation for the person who signed in on this account of the machine."""
    house = begin_public(context)
    secret = sessionfile.read(house.settings.state)
    try:
        person, actor = house.identity.session(secret)
    except (NotFound, Refused) as error:
        raise Refused("You are not signed in any more. Run “tre sign-in” and repeat the command.") from error
    if dry_run:
        house.record.rehearse(_undone)
    return Call(house=house, person=person, actor=actor)


def confirm(question: str, *, yes: bool, dry_run: bool = False) -> None:
    """Ask before a step that cannot be taken back; without a terminal ``--yes`` is needed."""
    if yes or dry_run:
        return
    if not sys.stdin.isatty():
        raise Invalid(f"{question} Repeat the command with --yes to confirm.", field="--yes")
    typer.confirm(visible(question), abort=True, err=True)


def _undone(events: Sequence[Event]) -> NoReturn:
    raise Rehearsal(events)
