"""Reads a purpose from fields by name, as a file or a form gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from orchestrator.core.errors import Invalid

from .model import Purpose
from .questions import QUESTIONS
from .rules import check_purpose

__all__ = ["read_purpose"]

_LISTS = ("uses", "diseases", "regions", "institutions", "people")
_TEXTS = ("project", "words")


def read_purpose(content: Mapping[str, Any]) -> Purpose:
    """Return the purpose that these fields say; raise ``Invalid`` naming a field that is unknown or of a wrong kind."""
    known = {each.name for each in fields(Purpose)}
    for name in content:
        if name not in known:
            raise Invalid(f"“{name[:40]}” is no field of a purpose; there are {', '.join(sorted(known))}.", field=name)
    return check_purpose(Purpose(**{name: _READ[name](name, value) for name, value in content.items()}))


def _list(name: str, value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if values is None:
        return ()
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) and each.strip() for each in values):
        raise Invalid(f"Write {name} as a list of texts.", field=name)
    return tuple(each.strip() for each in values)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(f"Write {name} as a text.", field=name)
    return value.strip()


def _answer(name: str, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise Invalid(f"Answer {name} by yes or no: {QUESTIONS[name]}", field=name)
    return value


def _number(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise Invalid(f"Write {name} as a whole number.", field=name)
    return value


def _day(name: str, value: Any) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Invalid(f"Write {name} as a day such as 2027-03-31.", field=name) from error


_READ: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(_LISTS, _list),
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(QUESTIONS, _answer),
    "months": _number,
    "publishes_from": _day,
}
