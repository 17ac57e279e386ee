"""Reads a record of any schema into the one shape the catalogue shows, and names which reader did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .model import Note

__all__ = ["CONVERTER", "Reading", "read"]

CONVERTER = "as given, 1"
"""Which reader made a reading. Entries read by another one are read anew from their originals."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A record in the shape of HDR UK 4.0.0, what has no place there, and what is to be said of it."""

    schema: str
    description: Mapping[str, Any]
    unplaced: Mapping[str, Any]
    findings: tuple[Note, ...]

    def columns(self) -> dict[str, str]:
        """Return the reading as the columns of an edition."""
        notes = [{"path": note.path, "sentence": note.sentence} for note in self.findings]
        return {
            "schema": self.schema[:60],
            "description": _text(self.description),
            "unplaced": _text(self.unplaced),
            "findings": _text(notes),
            "converter": CONVERTER,
        }


def read(record: Mapping[str, Any]) -> Reading:
    """Read a record; a value that has no place is in ``unplaced``, none is lost."""
    return Reading(schema="", description=record, unplaced={}, findings=())


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
