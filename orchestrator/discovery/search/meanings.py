"""Knows what else means the same as typed words, and the terms that stand for it in the index.

A description is marked when it is indexed: each phrase of the table that stands in it gives one term for every meaning
it belongs to, so that a search for a word and all that means the same reads one list. Phrases of several words give
one term more, which stands for the phrase itself. Compared is by stems.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

from .synonyms import GROUPS
from .words import stems

__all__ = ["LONGEST_PHRASE", "Terms", "alternatives", "itself", "marks", "meaning", "table_hash"]

Terms = tuple[str, ...]
"""The stems of a word or phrase, in order."""

LONGEST_PHRASE = 7
"""Words of the longest phrase looked up."""

_MEANING, _PHRASE = "0meaning", "0phrase"
"""What terms begin with that stand for a meaning, or for a phrase as it is: no text has such a word."""


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


@cache
def _meanings() -> dict[frozenset[Terms], str]:
    """For each set of phrases that some word is searched as: the term that stands for all of them."""
    sets = [frozenset((terms, *alternatives(terms))) for terms in _table()]
    sets += [frozenset((stems(short), *alternatives(stems(short), short))) for short in _shortened()]
    return {each: f"{_MEANING}{number}" for number, each in enumerate(dict.fromkeys(sets)) if len(each) > 1}


@cache
def _phrases() -> dict[Terms, str]:
    """For each known phrase of several words the term that stands for it."""
    known = sorted({terms for same in _meanings() for terms in same if len(terms) > 1})
    return {terms: f"{_PHRASE}{number}" for number, terms in enumerate(known)}


@cache
def _beginning() -> dict[str, list[tuple[Terms, list[str]]]]:
    """For each first stem: the phrases that begin so, each with the terms that a text having it gets."""
    marked: dict[Terms, list[str]] = {terms: [term] for terms, term in _phrases().items()}
    for same, term in _meanings().items():
        for terms in same:
            marked.setdefault(terms, []).append(term)
    found: dict[str, list[tuple[Terms, list[str]]]] = {}
    for terms, given in marked.items():
        found.setdefault(terms[0], []).append((terms, given))
    return found


@cache
def table_hash() -> str:
    """Return what tells the terms of one table from those of another."""
    kept = [sorted((sorted(same), term) for same, term in _meanings().items()), sorted(_phrases().items())]
    return hashlib.sha256(repr(kept).encode()).hexdigest()


def alternatives(terms: Terms, typed: str = "") -> dict[Terms, str]:
    """Return the other phrases of the same meaning, each with how it is written; empty where none is known.

    ``typed`` is the word as it was typed: abbreviations of several meanings count in capitals only.
    """
    return {**_table().get(terms, {}), **_shortened().get(typed, {})}


def meaning(terms: Terms, typed: str = "") -> str:
    """Return the term of every text that has ``terms`` or what means the same; empty where nothing else does."""
    others = alternatives(terms, typed)
    return _meanings()[frozenset((terms, *others))] if others else ""


def itself(terms: Terms) -> str:
    """Return the term that stands for a word or phrase that has a meaning, and for it alone."""
    return terms[0] if len(terms) == 1 else _phrases()[terms]


def marks(terms: Sequence[str]) -> list[str]:
    """Return the terms a text of these stems is marked with: of each known phrase as often as it stands there."""
    found: list[str] = []
    for place, first in enumerate(terms):
        for phrase, given in _beginning().get(first, ()):
            if len(phrase) == 1 or tuple(terms[place : place + len(phrase)]) == phrase:
                found += given
    return found
