"""Looks up what else means the same as typed words: the longest phrase first, compared by stems."""

from __future__ import annotations

from functools import cache

from .synonyms import GROUPS
from .words import stems

__all__ = ["LONGEST_PHRASE", "Terms", "alternatives", "spelt"]

Terms = tuple[str, ...]
"""The stems of a word or phrase, in order."""

LONGEST_PHRASE = 6
"""Words of the longest phrase looked up."""


@cache
def _table() -> dict[Terms, dict[Terms, str]]:
    """For the stems of each known phrase: what else to search for, as stems and as people write it."""
    table: dict[Terms, dict[Terms, str]] = {}
    for group in GROUPS:
        same = {stems(phrase): phrase for phrase in group.same}
        for mine in same:
            others = {terms: phrase for terms, phrase in same.items() if terms != mine}
            table.setdefault(mine, {}).update(others)
    return table


@cache
def _shortened() -> dict[str, dict[Terms, str]]:
    """For each abbreviation that may mean other things as well: what it is searched for besides."""
    return {short: {stems(phrase): phrase for phrase in group.same} for group in GROUPS for short in group.short}


def alternatives(terms: Terms, typed: str = "") -> dict[Terms, str]:
    """Return the other phrases of the same meaning, each with how it is written; empty where none is known.

    ``typed`` is the word as it was typed: abbreviations of several meanings count in capitals only.
    """
    return {**_table().get(terms, {}), **_shortened().get(typed, {})}


@cache
def spelt() -> frozenset[str]:
    """Return every stem of the table: words that are known although no description may have them."""
    return frozenset(stem for terms in _table() for stem in terms)
