"""The rules in force for one project: the installation's file, made stricter by its custodians' terms."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Invalid

__all__ = ["Limits", "Pack", "Resources", "effective", "load_pack", "pack_from_json"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the intake takes in one submission."""

    file_bytes: int
    total_bytes: int
    files: int
    name_characters: int
    title_characters: int
    context_characters: int
    submissions_open_per_project: int
    project_bytes_per_day: int


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one inspection may use."""

    memory_mib: int
    cpu_seconds: int
    wall_seconds: int


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Every number and list the checks use. ``set_by`` names who made a number stricter than the file."""

    name: str
    version: str
    minimum_count: int
    maximum_rows: int
    checkers_needed: int
    review_kinds: tuple[str, ...]
    hold_kinds: tuple[str, ...]
    identifiers_distinct: int
    identifiers_share_percent: int
    limits: Limits
    resources: Resources
    set_by: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the pack as plain JSON: integers, strings and lists only."""
        plain = asdict(self)
        plain["set_by"] = [list(pair) for pair in self.set_by]
        plain["review_kinds"] = list(self.review_kinds)
        plain["hold_kinds"] = list(self.hold_kinds)
        return plain

    @property
    def sha256(self) -> str:
        """Return the digest of the whole pack in canonical JSON."""
        import rfc8785  # noqa: PLC0415 - the isolated scan reads packs without this library

        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()


def load_pack(file: Path) -> Pack:
    """Read one pack; raise ``Invalid`` naming the key that is wrong, unknown or missing."""
    import yaml  # noqa: PLC0415 - the isolated scan reads packs without this library

    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid(f"The airlock's rules in {file} cannot be read: {error}", field="pack") from error
    try:
        return _checked(_from_file(written))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Invalid(f"The airlock's rules in {file} are not complete and correct: {error}.", field="pack") from error


def _from_file(written: Any) -> Pack:
    known = {"name", "version", "minimum_count", "maximum_rows", "checkers_needed"}
    nested = {"kinds", "identifiers", "limits", "inspection"}
    unknown = set(written) - known - nested
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]}")
    kinds, identifiers = written["kinds"], written["identifiers"]
    return Pack(
        **{key: written[key] for key in known},
        review_kinds=tuple(kinds["review"]),
        hold_kinds=tuple(kinds["hold"]),
        identifiers_distinct=identifiers["distinct"],
        identifiers_share_percent=identifiers["share_percent"],
        limits=Limits(**written["limits"]),
        resources=Resources(**written["inspection"]),
    )


def _checked(pack: Pack) -> Pack:
    numbers: dict[str, Any] = {
        "minimum_count": pack.minimum_count,
        "maximum_rows": pack.maximum_rows,
        "checkers_needed": pack.checkers_needed,
        "identifiers_distinct": pack.identifiers_distinct,
        "identifiers_share_percent": pack.identifiers_share_percent,
        **asdict(pack.limits),
        **asdict(pack.resources),
    }
    for key, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{key} must be a whole number above 0")
    if pack.checkers_needed < 2:
        raise ValueError("checkers_needed must be at least 2")
    if not isinstance(pack.name, str) or not isinstance(pack.version, str):
        raise TypeError("name and version must be text")
    return pack


def pack_from_json(plain: Mapping[str, Any]) -> Pack:
    """Build a pack from what ``as_json`` gave."""
    return Pack(
        **{
            **plain,
            "review_kinds": tuple(plain["review_kinds"]),
            "hold_kinds": tuple(plain["hold_kinds"]),
            "limits": Limits(**plain["limits"]),
            "resources": Resources(**plain["resources"]),
            "set_by": tuple((str(key), str(who)) for key, who in plain["set_by"]),
        }
    )


def effective(pack: Pack, terms: Iterable[tuple[str, int, int]]) -> Pack:
    """Make ``pack`` as strict as the strictest of ``terms`` (custodian, checkers needed, minimum count)."""
    set_by = dict(pack.set_by)
    for custodian, checkers, count in sorted(terms):
        if checkers > pack.checkers_needed:
            pack = replace(pack, checkers_needed=checkers)
            set_by["checkers_needed"] = custodian
        if count > pack.minimum_count:
            pack = replace(pack, minimum_count=count)
            set_by["minimum_count"] = custodian
    return replace(pack, set_by=tuple(sorted(set_by.items())))
