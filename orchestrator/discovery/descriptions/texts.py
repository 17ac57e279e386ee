"""The kinds of text that descriptions are made of: titles, dates, web addresses, digital object identifiers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError

from .shapes import Either, ListOf, Shape, Text, Words, or_null

__all__ = [
    "COMMA_SEPARATED",
    "COUNTRY",
    "DAY_OR_MOMENT",
    "DOI",
    "EMAIL",
    "END",
    "IDENTIFIER",
    "LINK",
    "MOMENT",
    "SEMVER",
    "URL",
    "UUID",
    "several",
    "text",
]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*")
_PUBLISHED_LINK = r"^\s*((https?:\/\/)*([a-zA-Z0-9-]+\.?)+[a-zA-Z]{2,}(:\d+)?(\/[^\s]*)?(\n)?)+$"
"""As printed in 3.0.0, with repeats inside repeats."""

_LINK: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(pattern=_PUBLISHED_LINK)])
"""pydantic's engine reads it in linear time; Python's would take years over a crafted text."""


def _address(value: str) -> str | None:
    return None if _ADDRESS.fullmatch(value) else "must be a web address such as https://example.org/page"


def _link(value: str) -> str | None:
    try:
        _LINK.validate_python(value)
    except ValidationError:
        return "must be a web address such as https://example.org/page"
    return None


def _email(value: str) -> str | None:
    return None if "@" in value else "must be an e-mail address"


def _parses(parse: Callable[[str], Any], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _is_day(value: str) -> bool:
    return len(value) == 10 and value.isascii() and _parses(date.fromisoformat, value)


def _is_moment(value: str) -> bool:
    return bool(_MOMENT.fullmatch(value)) and _parses(datetime.fromisoformat, value[:19].upper())


def _moment(value: str) -> str | None:
    return None if _is_moment(value) else "must be a date with a time and a zone, such as 2026-11-22T09:00:00Z"


def _day_or_moment(value: str) -> str | None:
    return None if _is_day(value) or _is_moment(value) else "must be a date such as 2026-11-22"


def text(least: int, most: int | None = None) -> Text:
    """Return a text of a length in characters."""
    return Text(least, most)


def several(item: Shape, *, distinct: bool = False, first_only: bool = False, least: int = 0) -> Either:
    """Return a list, or one text with commas between its items: what the 2.x schemas allow nearly everywhere."""
    return Either((COMMA_SEPARATED, ListOf(item, least, distinct, first_only)))


COMMA_SEPARATED = Text(pattern=re.compile(r"[^,]"))
COUNTRY = Text(pattern=re.compile(r"^[A-Z]{2}(-[A-Z]{2,3})?\Z"))
DOI = Text(pattern=re.compile(r"^10.[0-9]{4,9}/[-._;()/:a-zA-Z0-9]+\Z"))
SEMVER = Text(pattern=re.compile(r"^[0-9]+\.[0-9]+\.[0-9]+\Z"))
UUID = Text(pattern=re.compile(r"^[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}\Z"))
URL = Text(form=_address)
LINK = Text(form=_link)
EMAIL = Text(form=_email)
MOMENT = Text(form=_moment)
DAY_OR_MOMENT = Text(form=_day_or_moment)
IDENTIFIER = or_null(Either((UUID, URL), "must be a UUID or a web address"))
END = or_null(Either((DAY_OR_MOMENT, Words(("CONTINUOUS",))), "must be a date such as 2026-11-22, or “CONTINUOUS”"))
