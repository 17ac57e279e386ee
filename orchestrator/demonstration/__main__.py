"""`./scripts/run`: a whole installation with a demonstration in it, to look around in or to walk once."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.assembly import Installation, open_house
from orchestrator.assembly.everything import told_to_end
from orchestrator.core.database import make_engine
from orchestrator.core.errors import OrchestratorError
from orchestrator.settings import Settings

from .installation import demonstration_settings, open_installation
from .people import PEOPLE, Cast, prepare
from .story import Story, StoryStep

_OUTSIDE = 6
_ROUND = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the arguments say; returns the exit code."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=options.output == "json", highlight=False)
    try:
        settings = demonstration_settings(Path(options.state), options.port)
    except OrchestratorError as error:
        console.print(f"{error.message} [{error.word}]", markup=False)
        return 2
    with told_to_end():
        return _run(settings, console, once=options.once, as_json=options.output == "json")


def _run(settings: Settings, console: Console, *, once: bool, as_json: bool) -> int:
    installation = open_installation(settings)
    try:
        cast = _start(settings, installation, console)
        if once:
            return _walk(settings, cast, console, as_json=as_json)
        _stay(settings, installation, cast, console)
    except KeyboardInterrupt:
        return 0 if not once else 1
    except OrchestratorError as error:
        console.print(f"{error.message} [{error.word}]", markup=False)
        return _OUTSIDE if error.word == "unavailable" else 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        with console.status("Ending …"):
            installation.stop()
    return 0


def _start(settings: Settings, installation: Installation, console: Console) -> Cast:
    started = time.monotonic()
    bring_up_to_date(make_engine(settings.record_address))
    with console.status("Starting …") as status:
        cast = prepare(open_house(settings), lambda part: status.update(f"Preparing {part} …"))
        installation.start(lambda part: status.update(f"Starting {part} …"))
    console.print(f"Everything runs after {time.monotonic() - started:.1f} s.")
    return cast


def _walk(settings: Settings, cast: Cast, console: Console, *, as_json: bool) -> int:
    story = Story(open_house(settings), cast, lambda step: _tell(step, console))
    started = time.monotonic()
    ok = story.walk()
    console.print(f"{'All steps are ok' if ok else 'The story stopped'} after {time.monotonic() - started:.1f} s.")
    if as_json:
        document = {
            "steps": [
                {"name": step.name, "ok": step.ok, "seconds": step.seconds}
                | ({"reason": step.reason} if step.reason else {})
                for step in story.steps
            ],
            "released": story.released,
            "figures": story.figures(),
        }
        sys.stdout.write(json.dumps(document) + "\n")
    return 0 if ok else 1


def _tell(step: StoryStep, console: Console) -> None:
    console.print(f"{'ok    ' if step.ok else 'FAILED'} {step.seconds:6.2f} s  {step.name}", markup=False)
    if step.reason:
        console.print(f"       {step.reason}", markup=False)


def _stay(settings: Settings, installation: Installation, cast: Cast, console: Console) -> None:
    table = Table(title=f"{settings.portal.name}: sign in at {settings.portal.public_url}/sign-in")
    table.add_column("Choose")
    table.add_column("to be")
    for key in cast.people:
        table.add_row(*PEOPLE[key])
    console.print(table)
    console.print(f"On the command line: .venv/bin/tre --state {settings.state} sign-in", markup=False)
    console.print("Ctrl-C ends everything; the next start continues here.")
    while True:
        with console.status("") as status:
            while True:
                running = installation.running()
                status.update("  ".join(f"{name} {'runs' if up else 'STARTS'}" for name, up in running.items()))
                time.sleep(_ROUND)
                installation.watch()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    parser.add_argument("--state", default=os.environ.get("TRE_STATE", ".tre"), help="the state directory (./.tre)")
    parser.add_argument("--once", action="store_true", help="walk the story once and end")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="json: the result on stdout alone")
    parser.add_argument("--port", type=int, default=8700, help="the portal's port; the others follow it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
