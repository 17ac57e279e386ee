"""Turns a gate's running totals into what was counted since the last reading, also over restarts of the controller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Unavailable

from .sandbox.launch import write_atomically

__all__ = ["newly_counted"]


def newly_counted(file: Path, report: Mapping[str, Any]) -> dict[str, int]:
    """Return each person's bytes since the reading kept in ``file``, and keep this one.

    A gate that was started again counts from nothing and says so by another generation.
    """
    try:
        now = {str(person): int(counts["to_browser"]) for person, counts in report["people"].items()}
        generation = str(report["generation"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unavailable("The gate's meter gave no counts; it is asked again.", system="gate") from error
    earlier = _earlier(file, generation)
    write_atomically(file, json.dumps({"generation": generation, "people": now}))
    return {person: count - earlier.get(person, 0) for person, count in now.items() if count > earlier.get(person, 0)}


def _earlier(file: Path, generation: str) -> dict[str, int]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return dict(kept["people"]) if kept["generation"] == generation else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
