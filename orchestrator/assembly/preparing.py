"""Makes state directory and record ready, once, where somebody else starts the programs: a cluster, a service manager.

``python -m orchestrator.assembly.preparing --state DIR``; done already, it changes nothing.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.core.database import make_engine
from orchestrator.core.errors import OrchestratorError
from orchestrator.settings import Settings, load_settings

__all__ = ["prepare"]

_DIRECTORIES = ("record", "airlock", "sealed", "arrivals")


def prepare(settings: Settings) -> None:
    """Make the directories, for this account alone, and bring the record's tables up to date."""
    for name in _DIRECTORIES:
        (settings.state / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = make_engine(settings.record_address)
    try:
        bring_up_to_date(engine)
    finally:
        engine.dispose()


def main() -> int:
    """Prepare the installation that the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.assembly.preparing")
    parser.add_argument("--state", type=Path, default=Path(os.environ.get("TRE_STATE", ".tre")))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        prepare(load_settings(parser.parse_args().state))
    except OrchestratorError as error:
        sys.stderr.write(f"prepare: {error.message} [{error.word}]\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
