"""How checks gather places and show words of a file; kept with the readers, who need the same."""

from __future__ import annotations

from orchestrator.airlock.reading.places import Places, shown

__all__ = ["Places", "shown"]
