"""Single fields of a dataset's description: texts, dates, addresses, closed lists of words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

__all__ = [
    "AbstractText",
    "Closed",
    "ColumnText",
    "CommaSeparated",
    "Country",
    "DayOrMoment",
    "Doi",
    "EmailAddress",
    "LongText",
    "MediumText",
    "MomentText",
    "Open",
    "Semver",
    "ShortText",
    "TitleText",
    "Url",
    "Uuid",
    "Whole",
    "one_of",
]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*")


class Closed(BaseModel):
    """A part of a description in which a key we do not know is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel, frozen=True)


class Open(BaseModel):
    """A part of a description for which the published schema allows further keys."""

    model_config = ConfigDict(extra="allow", strict=True, alias_generator=to_camel, frozen=True)


def one_of(words: tuple[str, ...]) -> AfterValidator:
    """Return a check that a text is one of ``words``."""
    known = frozenset(words)

    def check(value: str) -> str:
        if value not in known:
            shown = "”, “".join(words[:12])
            raise ValueError(
                f"must be one of “{shown}”" + ("" if len(words) <= 12 else " or another of the schema’s list")
            )
        return value

    return AfterValidator(check)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("must be a web address such as https://example.org/page")
    return value


def _email(value: str) -> str:
    if "@" not in value:
        raise ValueError("must be an e-mail address")
    return value


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


def _moment(value: str) -> str:
    if not _is_moment(value):
        raise ValueError("must be a date with a time and a zone, such as 2026-11-22T09:00:00Z")
    return value


def _day_or_moment(value: str) -> str:
    if not (_is_day(value) or _is_moment(value)):
        raise ValueError("must be a date such as 2026-11-22")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number; ``5.0`` is one, ``true`` is not."""

TitleText = Annotated[str, StringConstraints(min_length=2, max_length=150)]
AbstractText = Annotated[str, StringConstraints(min_length=5, max_length=500)]
ShortText = Annotated[str, StringConstraints(min_length=2, max_length=1000)]
MediumText = Annotated[str, StringConstraints(min_length=2, max_length=10_000)]
LongText = Annotated[str, StringConstraints(min_length=2, max_length=50_000)]
ColumnText = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
CommaSeparated = Annotated[str, StringConstraints(pattern=r"[^,]")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z]{2,3})?$")]
Doi = Annotated[str, StringConstraints(pattern=r"^10.[0-9]{4,9}/[-._;()/:a-zA-Z0-9]+$")]
Semver = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
Uuid = Annotated[str, StringConstraints(pattern=r"^[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$")]
Url = Annotated[str, AfterValidator(_address)]
EmailAddress = Annotated[str, AfterValidator(_email)]
MomentText = Annotated[str, AfterValidator(_moment)]
DayOrMoment = Annotated[str, AfterValidator(_day_or_moment)]
