"""The file that checks look at; it lives with the readers."""

from __future__ import annotations

from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["Specimen", "Table"]
