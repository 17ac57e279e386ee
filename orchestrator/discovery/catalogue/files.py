"""Finds the descriptions in a file: a list of them, one alone, or a catalogue that holds a list under a known name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Invalid

__all__ = ["LARGEST_FILE", "read_records", "records_of"]

LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of a file of descriptions; the national catalogue of 531 has two million."""

_LISTS = ("dataModels", "datasets", "items", "records", "data")


def read_records(path: Path) -> list[Any]:
    """Return the records of a JSON file; raises ``Invalid`` with a sentence where there are none to be had."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise Invalid(f"{path} has {size:,} bytes; at most {LARGEST_FILE:,} are read. Split it.", field="FILE")
        content = path.read_bytes()
        return records_of(json.loads(content.decode(json.detect_encoding(content))))
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", field="FILE") from error
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:160]
        raise Invalid(f"{path} cannot be read as JSON: {said}.", field="FILE") from error


def records_of(document: Any) -> list[Any]:
    """Return the records of a document."""
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping):
        for name in _LISTS:
            found = document.get(name)
            if isinstance(found, list) and "summary" not in document:
                return found
        return [document]
    raise Invalid(
        "The file holds no descriptions: a list of objects, one object, or a catalogue of them.", field="FILE"
    )
