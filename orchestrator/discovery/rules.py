"""What a description, a name, a set of views and a directory must be, told in words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import rfc8785

from orchestrator.core.errors import Invalid
from orchestrator.core.events import Json

from .descriptions.checking import Fault
from .descriptions.versions import NEWEST, check_plain, validate
from .model import ManifestFile

__all__ = [
    "check_description",
    "check_file_path",
    "check_name",
    "check_prefix",
    "check_reason",
    "check_source",
    "check_volume",
    "files_fingerprint",
    "source_fingerprint",
    "text_fingerprint",
]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_CONNECTION = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)+", re.ASCII)
_LONGEST_PREFIX = 512
_RESERVED_SCHEMAS = ("pg_", "information_schema")


def check_name(name: str) -> str:
    """Return ``name`` if it is safe as a folder, a host label and a socket's directory."""
    if len(name) > 40 or not _NAME.fullmatch(name):
        raise Invalid(
            f"“{name[:50]}” cannot be a dataset's name: use up to 40 lower-case letters, digits and single hyphens, "
            "starting with a letter.",
            field="name",
        )
    return name


def check_reason(reason: str) -> str:
    """Return ``reason`` without outer blanks; it must say something and fit on a page."""
    text = reason.strip()
    if len(text) < 3 or len(text) > 2000:
        raise Invalid("Give a reason in 3 to 2,000 characters; it is shown to the people concerned.", field="reason")
    return text


def check_description(document: Mapping[str, Any]) -> dict[str, Json]:
    """Return the document as it is kept if it is valid HDR UK 4.0.0; raise ``Invalid`` naming the first wrong field."""
    check_plain(document)
    faults = sorted(validate(document, NEWEST), key=lambda fault: fault.fault not in {Fault.MISSING, Fault.UNKNOWN})
    if faults:
        more = len({fault.path for fault in faults}) - 1
        rest = f" ({more} further field{'s' if more > 1 else ''} to mend.)" if more else ""
        field = faults[0].path or "description"
        raise Invalid(f"The description's field {faults[0].sentence}{rest}", field=field)
    kept: dict[str, Json] = json.loads(json.dumps(document, ensure_ascii=False), parse_float=_number)
    return kept


def _number(text: str) -> Any:
    value = float(text)
    return int(value) if value.is_integer() else value


def check_file_path(path: str) -> str:
    """Return a path below a version's folder if it can be written the same on every system; names are never trusted."""
    pure = PurePosixPath(path)
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        length = 1 << 20
    if (
        not path
        or length > 1024
        or not pure.parts
        or pure.is_absolute()
        or str(pure) != path
        or any(part in {"..", "."} for part in pure.parts)
        or any(ord(letter) < 32 or ord(letter) == 127 for letter in path)
        or "\\" in path
        or any(len(part.encode()) > 200 for part in pure.parts)
    ):
        raise Invalid(
            f"The file name {path[:80]!r} cannot be taken: use relative names of visible characters, "
            "without backslashes, at most 200 bytes each.",
            field="directory",
        )
    return path


def check_source(
    *, connection: str, schema: str, views: Sequence[str], connections: frozenset[str]
) -> tuple[str, str, tuple[str, ...]]:
    """Return connection, schema and sorted views if each is a plain identifier and the connection is configured."""
    if not _CONNECTION.fullmatch(connection) or connection not in connections:
        known = ", ".join(sorted(connections)) or "none"
        raise Invalid(
            f"The settings have no database connection of that name for this custodian (known: {known}); an operator "
            "names the custodian of each database in tre.yaml.",
            field="connection",
        )
    if not _WORD.fullmatch(schema) or schema.startswith(_RESERVED_SCHEMAS):
        raise Invalid(
            "The schema's name must be lower-case letters, digits and underscores, and not one of PostgreSQL's own.",
            field="schema",
        )
    if not views or len(views) > 500 or len(set(views)) != len(views):
        raise Invalid("Name between 1 and 500 different views.", field="views")
    for view in views:
        if not _WORD.fullmatch(view):
            raise Invalid(
                f"“{view[:70]}” cannot be a view's name: use lower-case letters, digits and underscores.", field="views"
            )
    return connection, schema, tuple(sorted(views))


def check_prefix(store: str, prefix: str, *, stores: frozenset[str]) -> tuple[str, str]:
    """Return store and prefix if the store is configured and the prefix means the same in every policy."""
    _check_declared("object store", store, stores, field="store")
    if len(prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(prefix):
        raise Invalid(
            f"“{prefix[:80]}” cannot be a prefix: use names of letters, digits, “.”, “_” and “-”, each ended by “/” "
            "and none of them beginning with a dot.",
            field="prefix",
        )
    return store, prefix


def check_volume(volume: str, *, volumes: frozenset[str]) -> str:
    """Return the volume's name if it is configured."""
    return _check_declared("volume", volume, volumes, field="volume")


def _check_declared(noun: str, name: str, known: frozenset[str], *, field: str) -> str:
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise Invalid(
            f"The settings have no {noun} of that name for this custodian (known: {names}); an operator names the "
            f"custodian of each {noun} in tre.yaml.",
            field=field,
        )
    return name


def files_fingerprint(manifest: Sequence[ManifestFile]) -> str:
    """Return the SHA-256 over the canonical JSON of a manifest, sorted by path."""
    files: list[Json] = [
        {"path": file.path, "sha256": file.sha256, "size": file.size}
        for file in sorted(manifest, key=lambda file: file.path)
    ]
    return hashlib.sha256(rfc8785.dumps(files)).hexdigest()


def source_fingerprint(source: Mapping[str, str | Sequence[str]]) -> str:
    """Return the SHA-256 over the canonical JSON of what a version names; lists count as sets."""
    content: dict[str, Json] = {
        key: value if isinstance(value, str) else [*sorted(value)] for key, value in source.items()
    }
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def text_fingerprint(text: str) -> str:
    """Return the SHA-256 of a text, for the log."""
    return hashlib.sha256(text.encode()).hexdigest()
