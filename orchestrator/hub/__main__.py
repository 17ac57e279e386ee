"""Runs one project's hub: ``python -m orchestrator.hub CONFIG``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from orchestrator.core.errors import OrchestratorError

from .configuration import read_configuration
from .process import ProjectHub

_USAGE = 2


def main(arguments: list[str]) -> int:
    """Start the hub that the configuration file describes; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name one configuration file: python -m orchestrator.hub CONFIG\n")
        return _USAGE
    try:
        configuration = read_configuration(Path(arguments[0]))
    except OrchestratorError as error:
        sys.stderr.write(error.message + "\n")
        return _USAGE
    os.umask(0o077)
    configuration.directory.mkdir(parents=True, exist_ok=True)
    os.chdir(configuration.directory)
    ProjectHub.project = configuration
    ProjectHub.launch_instance([])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
