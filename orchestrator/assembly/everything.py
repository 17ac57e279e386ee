"""`tre up`: starts a whole installation, stays with it, and ends all of it at Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading

from orchestrator.settings import Settings

from .programs import Installation

__all__ = ["run_everything"]

_ROUND = 1.0


def run_everything(settings: Settings) -> None:
    """Start what does not run, keep it running, and end everything at TERM or INT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    installation = Installation(settings)
    try:
        installation.start(lambda part: _say(f"starting {part} …"))
        _say(f"The portal answers at {settings.portal.public_url}. Ctrl-C ends everything.")
        while not stop.wait(_ROUND):
            installation.watch()
    finally:
        installation.stop(lambda part: _say(f"ending {part} …"))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
