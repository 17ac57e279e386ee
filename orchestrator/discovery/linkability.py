"""What speaks for and against linking two datasets, as far as their descriptions tell: facts, never one number.

Each fact is known to hold, known not to hold, or not told. Whether linking is lawful is for the custodians.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .catalogue.model import Entry
from .search.reading import PLACEHOLDERS, at, columns_of, texts, years_of
from .search.words import named

__all__ = ["Fact", "Known", "Linkability", "linkability"]


class Known(StrEnum):
    """Whether a fact holds."""

    YES = "yes"
    NO = "no"
    NOT_TOLD = "not told"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that linking hangs on, whether it holds, and what it was told from."""

    name: str
    known: Known
    words: str


@dataclass(frozen=True, kw_only=True)
class Linkability:
    """All facts about one pair of datasets."""

    one: str
    other: str
    facts: tuple[Fact, ...]


_NUMBERS = {
    "NHS number": re.compile(r"\bnhs (number|no|num|id|identifier)\b"),
    "CHI number": re.compile(r"\bchi( number| no)?\b"),
    "Health and Care number": re.compile(r"\b(h and c|hcn|health and care) number\b"),
    "anonymised linkage field": re.compile(r"\balf( e| pe)?\b"),
}
_PSEUDONYM = re.compile(r"\b(pseudonym\w*|pseudo|encrypted|hashed|tokeni[sz]ed)\b")
_NATIONS = frozenset({"england", "scotland", "wales", "northern ireland"})
_WHOLE = frozenset({"united kingdom", "uk", "gb", "great britain"})


def linkability(one: Entry, other: Entry) -> Linkability:
    """Return what two descriptions tell about linking."""
    facts = (_declared(one, other), _key(one, other), _place(one, other), _period(one, other))
    return Linkability(one=one.entry_id, other=other.entry_id, facts=facts)


def _declared(one: Entry, other: Entry) -> Fact:
    name = "Declared linkable"
    saying = [entry.title for entry, to in ((one, other), (other, one)) if _names(entry, to)]
    if saying:
        return Fact(name=name, known=Known.YES, words=f"Said by {' and by '.join(saying)}.")
    listed = [entry.title for entry in (one, other) if _related(entry)]
    if listed:
        return Fact(name=name, known=Known.NOT_TOLD, words="Other datasets are named as linkable, not this one.")
    return Fact(name=name, known=Known.NOT_TOLD, words="Neither description names linkable datasets.")


def _names(entry: Entry, other: Entry) -> bool:
    marks = {each.casefold() for each in (other.entry_id, other.persistent_id, other.title) if each}
    said = [str(value).casefold().rstrip("/") for related in _related(entry) for value in related.values() if value]
    addresses = [mark for mark in marks if "://" in mark]
    return any(value in marks or any(address in value for address in addresses) for value in said)


def _related(entry: Entry) -> list[Mapping[str, Any]]:
    linked = at(entry.description, "enrichmentAndLinkage.linkableDatasets")
    return [each for each in linked if isinstance(each, Mapping)] if isinstance(linked, list) else []


def _key(one: Entry, other: Entry) -> Fact:
    name, mine, theirs = "Same kind of person number", _numbers(one), _numbers(other)
    if mine is None or theirs is None:
        return Fact(name=name, known=Known.NOT_TOLD, words="Not both descriptions name their columns.")
    shared = sorted(set(mine) & set(theirs))
    if not shared:
        return Fact(name=name, known=Known.NOT_TOLD, words="No column of a national person number stands in both.")
    kind = shared[0]
    if mine[kind] or theirs[kind]:
        words = f"Both hold the {kind}, at least one as a pseudonym: the custodians must say whether they match."
        return Fact(name=name, known=Known.NOT_TOLD, words=words)
    return Fact(name=name, known=Known.YES, words=f"Both hold the {kind}.")


def _numbers(entry: Entry) -> dict[str, bool] | None:
    """Return the national person numbers among the columns, each with whether it is a pseudonym; nothing if untold."""
    columns = columns_of(entry.description)
    if not columns:
        return None
    found: dict[str, bool] = {}
    for column, words in columns:
        text = f"{named(column)} {words}".casefold().replace("_", " ")
        for kind, pattern in _NUMBERS.items():
            if pattern.search(text):
                found[kind] = found.get(kind, True) and bool(_PSEUDONYM.search(text))
    return found


def _place(one: Entry, other: Entry) -> Fact:
    name, mine, theirs = "Same places", _places(one), _places(other)
    if not mine or not theirs:
        return Fact(name=name, known=Known.NOT_TOLD, words="Not both descriptions name their places.")
    shared = sorted(mine & theirs)
    if shared:
        return Fact(name=name, known=Known.YES, words=f"Both cover {', '.join(shared)}.")
    if mine <= _NATIONS and theirs <= _NATIONS:
        return Fact(name=name, known=Known.NO, words="They cover different nations.")
    return Fact(name=name, known=Known.NOT_TOLD, words="They name different places; one may lie within the other.")


def _places(entry: Entry) -> frozenset[str]:
    named_places = [part.strip().casefold() for text in texts(at(entry.description, "coverage.spatial"))
                    for part in text.split(",")]  # fmt: skip
    places = frozenset(place for place in named_places if place not in PLACEHOLDERS)
    nations = places & _NATIONS
    if nations:
        return frozenset(nations)
    return _NATIONS if places & _WHOLE else places


def _period(one: Entry, other: Entry) -> Fact:
    name, mine, theirs = "Same years", years_of(one.description), years_of(other.description)
    firsts, lasts = (mine[0], theirs[0]), (mine[1], theirs[1])
    known_firsts = [year for year in firsts if year is not None]
    known_lasts = [year for year in lasts if year is not None]
    if _apart(mine, theirs):
        return Fact(name=name, known=Known.NO, words="One ends before the other begins.")
    if len(known_firsts) < 2 or len(known_lasts) < 2:
        return Fact(name=name, known=Known.NOT_TOLD, words="Not both descriptions say from when to when.")
    first, last = max(known_firsts), min(known_lasts)
    until = "now" if last == 9999 else str(last)
    return Fact(name=name, known=Known.YES, words=f"Both have data from {first} to {until}.")


def _apart(mine: Sequence[int | None], theirs: Sequence[int | None]) -> bool:
    """Say whether one period is known to end before the other begins."""
    for one, other in ((mine, theirs), (theirs, mine)):
        if one[1] is not None and other[0] is not None and one[1] < other[0]:
            return True
    return False
