"""Makes a record that fills every field of a published schema, and spoils it."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

Path = tuple[Any, ...]

ODD: tuple[Any, ...] = (
    None, True, 0, 5.0, 1.5, "", "x", "https://example.org/x", "not a date", "2026-02-30", "2026-02-28", "CONTINUOUS",
    "2026-02-28T10:00:00Z", "GB", "english", "1.2", "1.2.3", "a@b", "10.1234/x", ",", [], [None], ["x"], ["Others"],
    {}, {"name": "x"}, "Other", ["Other"], "OTHER", ["OTHER"], ["OTHER", "OTHER"], ["OTHER", 5], "STATIC", "2-6 MONTHS",
    "In Progress", [1, 1.0], [True, 1], ["NOT AVAILABLE"], ["ZZ", "NOT AVAILABLE"], "example.org", "Count",
)  # fmt: skip
LONG: tuple[str, ...] = ("x" * 81, "x" * 151, "x" * 256, "x" * 501, "x" * 1001, "x" * 3001, "x" * 10_001, "x" * 50_001)
"""Not for places with the web addresses of 3.0.0: the published pattern takes years over them in Python’s engine."""

_TEXTS = ("226fb3f1-4471-400a-8c39-2b66d46a39b6", "1.2.3", "10.1234/abc", "0-150", "GB-ENG", "C12.1234/5", "abc")
_FORMATS = {
    "uri": "https://example.org/x",
    "email": "a@example.org",
    "date": "2020-01-01",
    "date-time": "2020-01-01T00:00:00Z",
}


def validator(schema: dict[str, Any]) -> Validator:
    kind = Draft7Validator if "draft-07" in str(schema.get("$schema")) else Draft202012Validator
    return kind(schema, format_checker=formats())


def formats() -> FormatChecker:
    """Formats written anew for the tests, so that the two sides do not share their mistakes."""
    checker = FormatChecker(formats=())

    @checker.checks("date", raises=ValueError)
    def _date(value: object) -> bool:
        return not isinstance(value, str) or (len(value) == 10 and bool(date.fromisoformat(value)))

    @checker.checks("date-time", raises=ValueError)
    def _moment(value: object) -> bool:
        if not isinstance(value, str):
            return True
        datetime.fromisoformat(value)
        return re.search(r"T.*(Z|[+-]\d\d:\d\d)$", value) is not None

    @checker.checks("email")
    def _email(value: object) -> bool:
        return not isinstance(value, str) or "@" in value

    @checker.checks("uri")
    def _uri(value: object) -> bool:
        return not isinstance(value, str) or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S*$", value) is not None

    return checker


def example(schema: Any, root: dict[str, Any]) -> Any:
    """Return a value for a published schema with every field there, lists with one item."""
    if schema is True or not schema:
        return "x"
    if "$ref" in schema:
        return example(_resolved(schema["$ref"], root), root)
    if "properties" in schema:
        return {name: example(inner, root) for name, inner in schema["properties"].items()}
    for choice in ("allOf", "anyOf", "oneOf"):
        if choice in schema:
            options = [option for option in schema[choice] if option.get("type") != "null"]
            lists = [option for option in options if option.get("type") == "array"]
            return example((lists or options)[0], root)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    return _simple(schema, root)


def _resolved(reference: str, root: dict[str, Any]) -> Any:
    here: Any = root
    for step in reference.lstrip("#/").split("/"):
        here = here[step]
    return here


def _simple(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("contains", schema.get("items", {}))
        return [example(inner, root) for inner in (items if isinstance(items, list) else [items])]
    if kind in {"integer", "boolean", "null"}:
        return {"integer": 3, "boolean": True, "null": None}[str(kind)]
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    pattern = schema.get("pattern")
    if pattern and "https" in pattern:
        return "https://example.org"
    return next((each for each in _TEXTS if re.search(pattern, each)), "abcdefgh") if pattern else "abcdefgh"


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def holder(document: Any, path: Path) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def replaced(document: Any, path: Path, value: Any) -> Any:
    made = copy.deepcopy(document)
    holder(made, path)[path[-1]] = copy.deepcopy(value)
    return made


def without(document: Any, path: Path) -> Any:
    made = copy.deepcopy(document)
    del holder(made, path)[path[-1]]
    return made


def spoilt(document: Any, chance: random.Random, *, faults: int) -> Any:
    """Return a record with some random fields removed or replaced."""
    for _ in range(faults):
        path = chance.choice(list(places(document)))
        change = without(document, path) if chance.random() < 0.4 else replaced(document, path, chance.choice(ODD))
        document = change or document
    return document
