"""`tre up`: starts a whole installation, stays with it, and ends all of it at Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from orchestrator.settings import Settings

from .programs import Installation, Program
from .readiness import check_ready, held, make_state_directory

__all__ = ["prepared", "run_everything", "told_to_end"]

_ROUND = 1.0


def run_everything(settings: Settings) -> None:
    """Start what does not run, keep it running, and end everything at TERM or INT."""
    with told_to_end(), prepared(settings, _say) as installation:
        try:
            installation.start(lambda part: _say(f"starting {part} …"))
            _say(f"The portal answers at {settings.portal.public_url}. Ctrl-C ends everything.")
            while True:
                time.sleep(_ROUND)
                installation.watch()
        except KeyboardInterrupt:
            _say("Ending …")
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            installation.stop(lambda part: _say(f"ending {part} …"))


@contextmanager
def prepared(
    settings: Settings, tell: Callable[[str], None], *, more: Sequence[Program] = ()
) -> Iterator[Installation]:
    """Give the installation once it can run here and nobody else keeps it running; nothing is started before."""
    make_state_directory(settings.state)
    for weakness in check_ready(settings):
        tell(weakness)
    with held(settings.state):
        installation = Installation(settings, more=more)
        installation.check_ports()
        yield installation


@contextmanager
def told_to_end() -> Iterator[None]:
    """Let TERM interrupt whatever is going on just as INT does; put both back afterwards."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
