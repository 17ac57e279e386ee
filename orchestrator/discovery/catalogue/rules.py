"""What a record says of itself - identifier, version, title, publisher - and whether it can be kept at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from orchestrator.core.errors import Invalid

from .model import Entry, Origin

__all__ = [
    "LARGEST_RECORD",
    "STALE_AFTER",
    "content_hash",
    "earlier_ids_of",
    "entry_key",
    "is_stale",
    "json_text",
    "persistent_id_of",
    "publisher_of",
    "title_of",
    "version_of",
    "words",
]

LARGEST_RECORD = 8 * 1024 * 1024
"""Bytes of one description as JSON: the largest of the national catalogue has 16 thousand."""
STALE_AFTER = timedelta(days=7)
"""A harvested entry that its endpoint did not confirm for so long is shown as stale; endpoints are read daily."""

_LONGEST_ID = 500
_PUBLISHERS = (
    ("summary", "dataCustodian", "name"),
    ("summary", "publisher", "name"),
    ("summary", "publisher", "publisherName"),
    ("summary", "publisher"),
    ("publisher", "name"),
    ("publisher",),
)
_TITLES = (("summary", "title"), ("title",), ("name",))
_VERSIONS = (("version",), ("required", "version"))
_IDENTIFIERS = (("identifier",), ("required", "gatewayPid"), ("persistentId",), ("id",))


def json_text(record: object) -> str:
    """Return a record as JSON text in the order it was given; raise ``Invalid`` where it cannot be kept as such."""
    if not isinstance(record, Mapping) or not record:
        raise Invalid("This is no description: it must be an object with named fields.", field="record")
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
        raise Invalid(
            "The description holds something that plain JSON cannot carry: a number that is none, a broken "
            "character, or fields nested without end.",
            field="record",
        ) from error
    if size > LARGEST_RECORD:
        raise Invalid(f"The description has {size:,} bytes; at most {LARGEST_RECORD:,} are taken.", field="record")
    return text


def content_hash(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record's content: the order of its fields does not count."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def entry_key(origin: Origin, source: str, persistent_id: str) -> str:
    """Return what an entry is unique by: how and whence it came, and what it is called there."""
    return hashlib.sha256(json.dumps([origin.value, source, persistent_id]).encode()).hexdigest()


def persistent_id_of(record: Mapping[str, Any]) -> str:
    """Return the record's own identifier; raise ``Invalid`` where it has none that can be kept."""
    found = _first(record, _IDENTIFIERS)
    if not found:
        raise Invalid("The description has no identifier; without one its next version cannot be told from a new "
                      "dataset. Give it an “identifier”.", field="identifier")  # fmt: skip
    if len(found) > _LONGEST_ID:
        raise Invalid("The description's identifier is longer than 500 characters.", field="identifier")
    return found


def earlier_ids_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the identifiers under which a record's revisions say it was described before, newest first."""
    revisions = record.get("revisions")
    if not isinstance(revisions, list):
        return ()
    found = [words(each.get("url")) for each in revisions if isinstance(each, Mapping)]
    own = _first(record, _IDENTIFIERS)
    return tuple(each for each in reversed(found) if each and each != own and len(each) <= _LONGEST_ID)


def version_of(record: Mapping[str, Any]) -> str:
    """Return the version a record gives itself, or an empty text."""
    return _first(record, _VERSIONS)[:100]


def title_of(record: Mapping[str, Any], otherwise: str) -> str:
    """Return a title to list the record by; what has none is listed by ``otherwise``."""
    return (_first(record, _TITLES) or otherwise)[:500]


def publisher_of(record: Mapping[str, Any], otherwise: str = "") -> str:
    """Return who publishes the data according to the record."""
    return (_first(record, _PUBLISHERS) or otherwise)[:300]


def is_stale(entry: Entry, now: datetime) -> bool:
    """Say whether a harvested entry was not confirmed by its endpoint for so long that readers must be told."""
    return entry.origin is Origin.HARVESTED and now - entry.confirmed_at > STALE_AFTER


def words(text: object) -> str:
    """Return a text or number as one line of visible characters; an empty text for anything else."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return ""
    seen = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return " ".join(seen.split())


def _first(record: Mapping[str, Any], paths: Iterable[tuple[str, ...]]) -> str:
    for path in paths:
        here: Any = record
        for step in path:
            here = here.get(step) if isinstance(here, Mapping) else None
        if found := words(here):
            return found
    return ""
