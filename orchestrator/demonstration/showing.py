"""What everybody sees in the end: the log, the public register, and each owner its sheet."""

from __future__ import annotations

import json

from .gateway import see_sheet
from .people import OFFICERS
from .portal import run_command
from .stage import Stage, see

__all__ = ["see_register", "see_sheets", "verify_log"]


def verify_log(stage: Stage) -> None:
    """The audit log verifies as a whole, for the operator and on the command line."""
    seen = stage.get("olivia", "/audit/verification")
    see(seen["sound"] and seen["heads"] > 0, f"the log is not sound: {seen['findings']}")
    text = run_command(stage.house.settings.state, ["audit", "verify", "--output", "json"])
    see(json.loads(text).get("sound", True) is True, "tre audit verify found something")


def see_register(stage: Stage) -> None:
    """The public register shows the project and names nobody."""
    entries = stage.get("james", "/register")["items"]
    entry = next((entry for entry in entries if entry["project"] == stage.seen["project"]), None)
    see(entry is not None and entry["people"] == [], "the register does not show the project, or names people")


def see_sheets(stage: Stage) -> None:
    """Each owner sees on one sheet that it complied."""
    for key, person in OFFICERS.items():
        officer = stage.house.identity.actor(stage.person(person).person_id, second_factor=True)
        see_sheet(stage.house, officer, stage.cast.custodians[key], stage.seen["project"])
