"""Reads rule books from ``policies/airlock``; a key that is wrong, unknown or missing is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Invalid

from .model import Limits, Pack, Resources
from .schema import DOMINANCE, NUMBERS, ROUNDING, WORDS, checked_number, checked_pairs, checked_schemes

__all__ = ["load_pack", "load_packs"]

_PLAIN = {"name", "version", "marks", "based_on"}
_NESTED = {"numbers", "kinds", "limits", "inspection"}


def load_packs(directory: Path) -> dict[str, Pack]:
    """Read every rule book of a directory, by name; raises ``Invalid`` for the first that is not correct."""
    packs = [load_pack(file) for file in sorted(directory.glob("*.yaml"))]
    for pack, file in zip(packs, sorted(directory.glob("*.yaml")), strict=True):
        if pack.name != file.stem:
            raise Invalid(f"The rule book in {file} is named “{pack.name}”; file and name must agree.", field="pack")
    return {pack.name: pack for pack in packs}


def load_pack(file: Path) -> Pack:
    """Read one pack; raise ``Invalid`` naming the key that is wrong, unknown or missing."""
    written = _written(file)
    try:
        base = written.get("based_on")
        below = _written(file.parent / f"{_plain_name(base)}.yaml") if base is not None else {}
        if "based_on" in below:
            raise ValueError("based_on must name a pack that stands on its own")
        return _from_file(written, below)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Invalid(f"The airlock's rules in {file} are not complete and correct: {error}.", field="pack") from error


def _written(file: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - the isolated scan reads packs without this library

    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid(f"The airlock's rules in {file} cannot be read: {error}", field="pack") from error
    if not isinstance(written, dict):
        raise Invalid(f"The airlock's rules in {file} are not a mapping.", field="pack")
    return written


def _plain_name(name: Any) -> str:
    if not isinstance(name, str) or not name.replace("-", "").isalnum():
        raise ValueError("based_on must be the name of a pack beside it")
    return name


def _from_file(written: Mapping[str, Any], below: Mapping[str, Any]) -> Pack:
    unknown = {str(key) for key in written} - _PLAIN - _NESTED
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]}")
    whole = {**below, **written}
    for key in ("name", "version"):
        if not isinstance(whole[key], str) or not whole[key]:
            raise TypeError(f"{key} must be text")
    # Words about how counts are written belong to one book, and its numbers replace those it is based on.
    stated = {**below.get("numbers", {}), **written.get("numbers", {})}
    values = _values(stated)
    kinds = whole["kinds"]
    review, hold = set(_texts("kinds.review", kinds["review"])), set(_texts("kinds.hold", kinds["hold"]))
    return Pack(
        name=whole["name"],
        version=whole["version"],
        review_kinds=tuple(sorted(review)),
        hold_kinds=tuple(sorted(hold - review)),
        limits=Limits(**_positive("limits", whole["limits"])),
        resources=Resources(**_positive("inspection", whole["inspection"])),
        marks=tuple(sorted(_texts("marks", written.get("marks", [])))),
        sources=_sources(stated),
        **values,
    )


def _values(stated: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, each in stated.items():
        if not isinstance(each, Mapping) or set(each) != {"value", "source"}:
            raise ValueError(f"{key} must have a value and a source, and nothing else")
        value = each["value"]
        if key in NUMBERS:
            values[key] = checked_number(key, value)
        elif key in WORDS:
            if value not in WORDS[key]:
                raise ValueError(f"{key} must be one of {', '.join(WORDS[key])}")
            values[key] = value
        elif key == ROUNDING:
            values[key] = checked_schemes(value)
        elif key == DOMINANCE:
            values[key] = checked_pairs(value)
        else:
            raise ValueError(f"unknown number {key}")
    missing = {*NUMBERS, *WORDS, ROUNDING, DOMINANCE} - set(values)
    if missing:
        raise ValueError(f"{sorted(missing)[0]} is missing")
    return values


def _sources(stated: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    for key, each in stated.items():
        if not isinstance(each, Mapping) or not isinstance(each.get("source"), str) or not each["source"].strip():
            raise ValueError(f"{key} must name its source")
    return tuple(sorted((key, " ".join(each["source"].split())) for key, each in stated.items()))


def _texts(key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError(f"{key} must be a list of words")
    return value


def _positive(place: str, values: Any) -> dict[str, int]:
    if not isinstance(values, Mapping):
        raise TypeError(f"{place} must be a mapping")
    for key, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{place}.{key} must be a whole number above 0")
    return dict(values)
