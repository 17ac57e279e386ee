"""`./scripts/run`: a whole installation with a demonstration in it, to look around in or to walk once."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.assembly import Installation, open_house
from orchestrator.assembly.installation.everything import prepared, told_to_end
from orchestrator.cli.failures import ExitCode, report
from orchestrator.core.database import make_engine
from orchestrator.settings import Settings

from .installation import demonstration_database, demonstration_settings
from .people import PEOPLE, Cast, prepare
from .story import Story, StoryStep

_ROUND = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the arguments say; returns the exit code."""
    options = _parser().parse_args(arguments)
    as_json = options.once and options.output == "json"
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    started = time.monotonic()
    try:
        with told_to_end():
            settings = demonstration_settings(Path(options.state), options.port)
            return _run(settings, console, once=options.once, as_json=as_json)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED) if options.once else 0
    except Exception as error:  # noqa: BLE001 - every failure becomes a sentence and an exit code
        code = report(error, as_json=False)
        if as_json:
            reason = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
            step = StoryStep(
                name="everything starts", ok=False, seconds=round(time.monotonic() - started, 2), reason=reason
            )
            _write([step], [], {})
        return int(code)


def _run(settings: Settings, console: Console, *, once: bool, as_json: bool) -> int:
    def tell(line: str) -> None:
        console.print(line, markup=False)

    with prepared(settings, tell, more=[demonstration_database(settings)]) as installation:
        try:
            cast = _start(settings, installation, console)
            if once:
                return _walk(settings, cast, console, as_json=as_json)
            _stay(settings, installation, cast, console)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            with console.status("Ending …"):
                installation.stop()


def _start(settings: Settings, installation: Installation, console: Console) -> Cast:
    started = time.monotonic()
    bring_up_to_date(make_engine(settings.record_address))
    with console.status("Starting …") as status:
        shown: Callable[[str], None] = status.update if console.is_terminal else console.print
        cast = prepare(open_house(settings), lambda part: shown(f"Preparing {part} …"))
        installation.start(lambda part: shown(f"Starting {part} …"))
    console.print(f"Everything runs after {time.monotonic() - started:.1f} s.")
    return cast


def _walk(settings: Settings, cast: Cast, console: Console, *, as_json: bool) -> int:
    story = Story(open_house(settings), cast, lambda step: _tell(step, console))
    started = time.monotonic()
    ok = story.walk()
    console.print(f"{'All steps are ok' if ok else 'The story stopped'} after {time.monotonic() - started:.1f} s.")
    if as_json:
        _write(story.steps, story.stage.released, story.figures())
    return 0 if ok else 1


def _write(steps: Sequence[StoryStep], released: Sequence[dict[str, str]], figures: dict[str, float]) -> None:
    """Write the one document that standard output holds."""
    document = {
        "steps": [
            {"name": step.name, "ok": step.ok, "seconds": step.seconds}
            | ({"reason": step.reason} if step.reason else {})
            for step in steps
        ],
        "released": list(released),
        "figures": figures,
    }
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _tell(step: StoryStep, console: Console) -> None:
    console.print(f"{'ok    ' if step.ok else 'FAILED'} {step.seconds:6.2f} s  {step.name}", markup=False)
    if step.reason:
        console.print(f"       {step.reason}", markup=False)


def _stay(settings: Settings, installation: Installation, cast: Cast, console: Console) -> NoReturn:
    table = Table(title=f"{settings.portal.name}: sign in at {settings.portal.public_url}/sign-in")
    table.add_column("Choose")
    table.add_column("to be")
    for key in cast.people:
        table.add_row(*PEOPLE[key])
    console.print(table)
    console.print(f"On the command line: .venv/bin/tre --state {settings.state} sign-in", markup=False)
    console.print("Ctrl-C ends everything; the next start continues here.")
    before: dict[str, bool] = {}
    with console.status("") as status:
        while True:
            running = installation.running()
            line = "  ".join(f"{name} {'runs' if up else 'STARTS'}" for name, up in running.items())
            status.update(line)
            if running != before and not console.is_terminal:
                console.print(line)
            before = running
            time.sleep(_ROUND)
            installation.watch()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    parser.add_argument("--state", default=os.environ.get("TRE_STATE", ".tre"), help="the state directory (./.tre)")
    parser.add_argument("--once", action="store_true", help="walk the story once and end")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="json: the result on stdout alone")
    parser.add_argument("--port", type=int, help="the portal's port (8700); the others follow it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
