"""Runs one project's gate: ``python -m orchestrator.gate CONFIG``."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from orchestrator.core.errors import OrchestratorError

from .configuration import read_configuration
from .process import run

_USAGE = 2


def main(arguments: list[str]) -> int:
    """Start the gate that the configuration file describes; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if len(arguments) != 1:
        sys.stderr.write("Name one configuration file: python -m orchestrator.gate CONFIG\n")
        return _USAGE
    try:
        asyncio.run(run(read_configuration(Path(arguments[0]))))
    except OrchestratorError as error:
        sys.stderr.write(error.message + "\n")
        return _USAGE
    except OSError as error:
        sys.stderr.write(f"The gate cannot listen: {error}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
