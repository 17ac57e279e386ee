"""Reads a record of any schema into the one shape the catalogue shows, and names which reader did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Invalid
from orchestrator.discovery import descriptions
from orchestrator.discovery.descriptions.conversion import convert

from .model import Note

__all__ = ["Reading", "converter", "read", "read_kept"]


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
            "converter": converter(),
        }


@cache
def converter() -> str:
    """Return which reader reads now: a hash over its source, so that no change of it can be forgotten here.

    Entries that another one read are read anew from their originals.
    """
    folder = Path(descriptions.__file__).parent
    digest = hashlib.sha256()
    for file in [*sorted(folder.glob("*.py")), *sorted((folder / "conversion").glob("*.py"))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def read(record: Mapping[str, Any]) -> Reading:
    """Read a record; a value that has no place is in ``unplaced``, none is lost. Raises ``Invalid`` for no description.

    Values that now stand in other words are among the findings.
    """
    converted = convert(record)
    translated = [
        Note(path=each.path, sentence=f"{_shown(each.was)} was read as {_shown(each.became)}, at “{each.target}”.")
        for each in converted.translations
    ]
    found = [Note(path=each.path, sentence=each.sentence) for each in converted.findings]
    return Reading(
        schema=converted.schema,
        description=converted.description,
        unplaced=converted.unplaced,
        findings=(*found, *translated),
    )


def read_kept(record: Mapping[str, Any]) -> Reading:
    """Read a record that is in the catalogue already: what cannot be read any more is shown as it was given."""
    try:
        return read(record)
    except Invalid as error:
        return Reading(
            schema="", description=record, unplaced={}, findings=(Note(path=error.field, sentence=error.message),)
        )


def _shown(value: Any) -> str:
    text = _text(value)
    return f"“{text[:80]}”" if len(text) <= 80 else f"“{text[:80]}…”"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
