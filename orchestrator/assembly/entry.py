"""How a process of the installation starts: its state directory, its house, and a sentence when that cannot be."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from orchestrator.adapters.migrations import check_current
from orchestrator.core.errors import OrchestratorError
from orchestrator.core.logs import configure as configure_logs
from orchestrator.settings import load_settings

from .house import House, open_house

__all__ = ["serve"]

_EXIT_CODES = {"not-found": 3, "refused": 4, "not-possible": 5, "conflict": 5, "unavailable": 6, "invalid": 2}


def serve(name: str, run: Callable[[House], None]) -> int:
    """Open the house of ``--state`` and run; returns the exit code. A fault is told in words on standard error."""
    parser = argparse.ArgumentParser(prog=f"python -m orchestrator.{name}")
    parser.add_argument("--state", type=Path, default=Path(os.environ.get("TRE_STATE", ".tre")))
    options = parser.parse_args()
    configure_logs()
    try:
        settings = load_settings(options.state)
        configure_logs(settings.logs)
        house = open_house(settings)
        check_current(house.record.engine)
        run(house)
    except OrchestratorError as error:
        sys.stderr.write(f"{name}: {error.message} [{error.word}]\n")
        return _EXIT_CODES.get(error.word, 1)
    return 0
