"""One rule book: every number and list the checks use, where each number comes from, and who set it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ANSWERS", "REPLAYS", "Limits", "Pack", "Resources", "pack_from_json"]

ANSWERS = ("stay", "ask", "refused")
"""What becomes of a thing, from lenient to strict: it may stay, a person must agree, or it does not leave."""

REPLAYS = ("none", "offered", "required")
"""Whether the program that made results runs again before review: never, where its author names it, always."""


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
    """Every number and list the checks use. ``set_by`` names who made a number stricter than others would."""

    name: str
    version: str
    minimum_count: int
    """The smallest count of people that may be shown; every count from 1 to one below it is disclosive."""
    maximum_rows: int
    checkers_needed: int
    review_kinds: tuple[str, ...]
    hold_kinds: tuple[str, ...]
    identifiers_distinct: int
    identifiers_share_percent: int
    limits: Limits
    resources: Resources
    zeros: str = "ask"
    """What becomes of zeros: one of ``ANSWERS``."""
    small_counts: str = "ask"
    """What becomes of small counts: “ask” or “refused”."""
    rounding: tuple[tuple[str, ...], ...] = ()
    """Every group must be met, by any one of its schemes: ``nearest-5``, ``midpoint-6`` …; empty asks for none."""
    dominance: tuple[tuple[int, int], ...] = ((2, 90),)
    """(n, k) rules: a total is unsafe where its n largest contributors hold k percent of it or more."""
    p_percent: int = 10
    """A total is unsafe where what the others hold is less than this percent of the largest contribution."""
    minimum_degrees: int = 10
    """Residual degrees of freedom that a model must keep."""
    parameters_percent: int = 100
    """Parameters of a model in percent of its observations, at most; 100 asks nothing."""
    minimum_at_risk: int = 10
    """People still at risk at every step of a survival curve."""
    replay: str = "none"
    """Whether the submitted program runs again without its author: one of ``REPLAYS``."""
    marks: tuple[str, ...] = ()
    """How this rule book writes a count that was taken out; words for guidance, not a condition."""
    sources: tuple[tuple[str, str], ...] = ()
    """Where each number comes from, by its name."""
    set_by: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the pack as plain JSON: integers, strings and lists only."""
        plain: dict[str, Any] = asdict(self)
        for key in ("set_by", "sources", "rounding", "dominance"):
            plain[key] = [list(each) for each in plain[key]]
        for key in ("review_kinds", "hold_kinds", "marks"):
            plain[key] = list(plain[key])
        return plain

    @property
    def sha256(self) -> str:
        """Return the digest of the whole pack in canonical JSON."""
        import rfc8785  # noqa: PLC0415 - the isolated scan reads packs without this library

        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()

    def source(self, key: str) -> str:
        """Return where a number comes from, or an empty text where the file does not say."""
        return dict(self.sources).get(key, "")

    def setter(self, key: str) -> str:
        """Return who set a number: a custodian or rule book, or this pack’s own name."""
        return dict(self.set_by).get(key, self.name)


def pack_from_json(plain: Mapping[str, Any]) -> Pack:
    """Build a pack from what ``as_json`` gave."""
    return Pack(
        **{
            **plain,
            "review_kinds": tuple(plain["review_kinds"]),
            "hold_kinds": tuple(plain["hold_kinds"]),
            "marks": tuple(plain["marks"]),
            "rounding": tuple(tuple(str(scheme) for scheme in group) for group in plain["rounding"]),
            "dominance": tuple((int(n), int(k)) for n, k in plain["dominance"]),
            "limits": Limits(**plain["limits"]),
            "resources": Resources(**plain["resources"]),
            "sources": tuple((str(key), str(source)) for key, source in plain["sources"]),
            "set_by": tuple((str(key), str(who)) for key, who in plain["set_by"]),
        }
    )
