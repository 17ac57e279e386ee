"""Judges the path of a request: every way in which a server behind the gate could read it must be harmless.

The raw path is forwarded unchanged. So it is not enough that *our* reading is allowed: each reading that repeated
decoding gives is checked, and the routes are asked about all of them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from orchestrator.core.errors import Refused

__all__ = ["Reading", "Target", "judge_path"]

Reading = tuple[str, ...]
"""The segments of a path in one reading; the last is empty when the path ends with a slash."""

_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/\[\]|]*")
_QUERY = re.compile(r"[\x21-\x7e]*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f/\\]")
_DEEPEST = 5
_LONGEST = 8000
_TOKEN_NAMES = frozenset({"token", "access_token", "auth_token", "api_token", "authorization"})


@dataclass(frozen=True, kw_only=True)
class Target:
    """A request target that was judged: ``raw`` goes on unchanged, ``readings`` are what it may be taken for."""

    raw: str
    path: str
    query: str
    readings: tuple[Reading, ...]


def judge_path(raw: str) -> Target:
    """Return the judged target, or raise ``Refused`` when any server might read it as something else."""
    if len(raw) > _LONGEST:
        raise Refused("This address is too long.")
    path, mark, query = raw.partition("?")
    if not _PATH.fullmatch(path) or _BROKEN_ESCAPE.search(path):
        raise Refused("This address is not written as an address should be.")
    if not _QUERY.fullmatch(query) or "#" in query:
        raise Refused("The part of this address after the question mark cannot be used.")
    _check_query(query)
    return Target(raw=path + mark + query, path=path, query=query, readings=_readings(path))


def _readings(path: str) -> tuple[Reading, ...]:
    readings = [tuple(path[1:].split("/"))]
    for _ in range(_DEEPEST):
        _check_reading(readings[-1])
        decoded = tuple(_decode(segment) for segment in readings[-1])
        if decoded == readings[-1]:
            return tuple(readings)
        readings.append(decoded)
    raise Refused("This address is encoded more often than any real address is.")


def _check_reading(reading: Reading) -> None:
    for place, segment in enumerate(reading):
        if not segment and place < len(reading) - 1:
            raise Refused("This address has an empty part (two slashes in a row).")
        folded = segment if segment.isascii() else unicodedata.normalize("NFKC", segment)
        if _FORBIDDEN.search(segment) or _FORBIDDEN.search(folded):
            raise Refused("This address hides a slash, a backslash or a control character.")
        if any(part.partition(";")[0].strip(" \t") in {".", ".."} for part in (segment, folded)):
            raise Refused("This address has a part that points to a folder above.")


def _decode(segment: str) -> str:
    if "%" not in segment:
        return segment
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("This address is encoded in a way that is not UTF-8.") from None


def _check_query(query: str) -> None:
    for pair in re.split("[&;]", query):
        name = pair.partition("=")[0].replace("+", " ")
        for _ in range(_DEEPEST):
            plain = unquote_to_bytes(name).decode("utf-8", "replace")
            if plain == name:
                break
            name = plain
        if unicodedata.normalize("NFKC", name).strip("\x00 \t\r\n").casefold() in _TOKEN_NAMES or "\x00" in name:
            raise Refused("Tokens are not accepted in addresses; open the workspace from the portal instead.")
    if any(escape.group() in {"%00", "%0a", "%0d", "%0A", "%0D"} for escape in _ESCAPE.finditer(query)):
        raise Refused("The part of this address after the question mark hides a control character.")
