"""A controller that only hears other hubs, as a process that a test can kill: ``python -m … STATE``."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestrator.assembly import open_house
from orchestrator.assembly.controller.hubs import Hubs
from orchestrator.settings import Settings
from tests.transparency.hubs import LOOPBACK

if __name__ == "__main__":
    hubs = Hubs(open_house(Settings.model_validate({"state": Path(sys.argv[1]), "harvest": LOOPBACK})))
    hubs.ask()
    hubs.enter()
