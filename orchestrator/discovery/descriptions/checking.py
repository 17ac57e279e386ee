"""Holds a value against a shape and says in sentences what does not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from .shapes import Anything, Either, Flag, ListOf, Nothing, Part, Shape, Text, Whole, Words

__all__ = ["MOST_FINDINGS", "Fault", "Finding", "check", "fits"]

MOST_FINDINGS = 1000
"""Nobody mends more at once; a crafted record must not keep the checker busy with a million of them."""


class Fault(StrEnum):
    """What kind of thing a finding is."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    LENGTH = "length"
    FORM = "form"
    NOTE = "note"
    RISK = "risk"


@dataclass(frozen=True)
class Finding:
    """One thing to know about a record: where (dotted, positions in lists counted from 1) and a whole sentence."""

    path: str
    sentence: str
    fault: Fault = Fault.FORM


def check(shape: Shape, value: Any, path: str = "", *, schema: str = "") -> Iterator[Finding]:
    """Yield what is wrong with ``value``; nothing if it has the shape. ``schema`` names the schema in sentences."""
    match shape:
        case Part():
            yield from _check_part(shape, value, path, schema)
        case ListOf():
            yield from _check_list(shape, value, path, schema)
        case Either():
            yield from _check_either(shape, value, path, schema)
        case Text():
            yield from _check_text(shape, value, path)
        case _:
            if complaint := _complaint(shape, value):
                yield _wrong(path, complaint)


def _complaint(shape: Words | Whole | Flag | Nothing | Anything, value: Any) -> str | None:
    match shape:
        case Words() if not isinstance(value, str) or value not in shape.known:
            return _one_of(shape.words)
        case Whole() if isinstance(value, bool) or not (isinstance(value, int) or _is_whole(value)):
            return "must be a whole number"
        case Flag() if not isinstance(value, bool):
            return "must be true or false"
        case Nothing() if value is not None:
            return "must be empty (null)"
        case _:
            return None


def _check_part(shape: Part, value: Any, path: str, schema: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        if not shape.loose:
            yield _wrong(path, "must be an object with named fields")
        return
    for name in sorted(shape.needed - value.keys()):
        yield _wrong(_below(path, name), "is missing; add it", Fault.MISSING)
    for name, inner in value.items():
        if name in shape.fields:
            yield from check(shape.fields[name], inner, _below(path, name), schema=schema)
        elif not shape.open:
            what = f"is not known to HDR UK {schema}; remove it or correct its spelling"
            yield _wrong(_below(path, str(name)), what, Fault.UNKNOWN)


def _check_list(shape: ListOf, value: Any, path: str, schema: str) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield _wrong(path, "must be a list")
        return
    if len(value) < shape.least:
        yield _wrong(path, "must not be an empty list; fill it or leave the field out", Fault.LENGTH)
    for number, inner in enumerate(value[:1] if shape.first_only else value, 1):
        yield from check(shape.item, inner, _below(path, str(number)), schema=schema)
    if shape.distinct and len({_canonical(inner) for inner in value}) < len(value):
        yield _wrong(path, "names the same thing twice; keep it once")
    some = shape.some
    if some is not None and not any(fits(some, inner) for inner in value):
        yield _wrong(
            path, "must hold " + _one_of(some.words).removeprefix("must be ") if isinstance(some, Words) else ""
        )


def _check_either(shape: Either, value: Any, path: str, schema: str) -> Iterator[Finding]:
    if any(fits(option, value) for option in shape.options):
        return
    alike = [option for option in shape.options if _same_kind(option, value)]
    if shape.words and not any(isinstance(option, Part | ListOf) for option in alike):
        yield _wrong(path, shape.words)
    elif alike:
        tries = (list(islice(check(option, value, path, schema=schema), MOST_FINDINGS)) for option in alike)
        yield from min(tries, key=len)
    else:
        kinds = list(dict.fromkeys(_kind(option) for option in shape.options if not isinstance(option, Nothing)))
        yield _wrong(path, "must be " + " or ".join(kinds))


def _check_text(shape: Text, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield _wrong(path, "must be a text")
    elif len(value) < shape.least:
        yield _wrong(path, f"should have at least {shape.least} character{'s'[: shape.least != 1]}", Fault.LENGTH)
    elif shape.most is not None and len(value) > shape.most:
        yield _wrong(path, f"should have at most {shape.most:,} characters", Fault.LENGTH)
    elif shape.pattern is not None and not shape.pattern.search(value):
        yield _wrong(path, "does not have the form that the schema asks for; see its examples")
    elif shape.form is not None and (complaint := shape.form(value)):
        yield _wrong(path, complaint)


def fits(shape: Shape, value: Any) -> bool:
    """Tell whether nothing is wrong with ``value``."""
    return next(check(shape, value), None) is None


def _same_kind(shape: Shape, value: Any) -> bool:
    kinds: dict[type, type] = {Text: str, Words: str, ListOf: list, Part: dict, Whole: int}
    return isinstance(value, kinds.get(type(shape), type(None))) and value is not None and not isinstance(value, bool)


def _kind(shape: Shape) -> str:
    names: dict[type, str] = {
        Text: "a text",
        Words: "a word of the schema’s list",
        ListOf: "a list",
        Part: "an object with named fields",
        Whole: "a whole number",
        Flag: "true or false",
    }
    return names.get(type(shape), "what the schema asks for")


def _one_of(words: tuple[str, ...]) -> str:
    shown = "”, “".join(words[:12])
    return f"must be one of “{shown}”" + ("" if len(words) <= 12 else " or another of the schema’s list")


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _canonical(value: Any) -> str:
    """Return one text for values that JSON counts as equal (1 and 1.0 are)."""
    if isinstance(value, list):
        return "[" + ",".join(_canonical(inner) for inner in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(json.dumps(str(key)) + _canonical(inner) for key, inner in value.items())) + "}"
    return json.dumps(int(value) if _is_whole(value) else value)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong(path: str, complaint: str, fault: Fault = Fault.FORM) -> Finding:
    return Finding(path, f"“{path}” {complaint}." if path else f"The description {complaint}.", fault)
