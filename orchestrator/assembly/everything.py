"""`tre up`: starts a whole installation, stays with it, and ends all of it at Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.settings import Settings

from .programs import Installation

__all__ = ["run_everything", "told_to_end"]

_ROUND = 1.0


def run_everything(settings: Settings) -> None:
    """Start what does not run, keep it running, and end everything at TERM or INT."""
    installation = Installation(settings)
    with told_to_end():
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
