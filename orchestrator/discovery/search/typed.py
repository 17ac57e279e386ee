"""Reads what a person typed: words, phrases in quotes, words to leave out, and places to look in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.errors import Invalid

from .meanings import LONGEST_PHRASE, Terms, alternatives
from .words import STOP, bare, stems

__all__ = ["LONGEST_TEXT", "MOST_WORDS", "Place", "Wanted", "read_words"]

LONGEST_TEXT = 200
MOST_WORDS = 24
_PIECE = re.compile(r'(-?)(?:(title|column):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)


class Place(StrEnum):
    """Where a word is looked for."""

    ANYWHERE = "words"
    TITLE = "title"
    COLUMN = "columns"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One word or phrase that descriptions must have, or must not where it is ``unwanted``."""

    typed: str
    terms: Terms
    place: Place = Place.ANYWHERE
    unwanted: bool = False
    quoted: bool = False


def read_words(text: str) -> list[Wanted]:
    """Return what was asked for, in order; neighbouring words that form a known phrase are one.

    Quotes that are not closed close at the end. Words that narrow nothing (“the”, “data”) are left out unless there are
    no others. Raises ``Invalid`` for texts of more than 200 characters or 24 words.
    """
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"Search for fewer words: at most {LONGEST_TEXT} characters.", field="q")
    pieces = [piece for match in _PIECE.finditer(text) if (piece := _piece(match)) is not None]
    if len(pieces) > MOST_WORDS:
        raise Invalid(f"Search for fewer words: at most {MOST_WORDS}.", field="q")
    joined = _joined(pieces)
    telling = [piece for piece in joined if piece.quoted or not set(bare(piece.typed)) <= STOP]
    return telling or joined


def _piece(match: re.Match[str]) -> Wanted | None:
    minus, place, quoted, word = match.groups()
    typed = (quoted if quoted is not None else word).strip()
    terms = stems(typed)
    if not terms:
        return None
    where = {"title": Place.TITLE, "column": Place.COLUMN}.get((place or "").lower(), Place.ANYWHERE)
    return Wanted(typed=typed, terms=terms, place=where, unwanted=bool(minus), quoted=quoted is not None)


def _joined(pieces: list[Wanted]) -> list[Wanted]:
    """Join neighbours that together are a phrase with a known meaning: “heart attack” is one thing, not two."""
    joined: list[Wanted] = []
    start = 0
    while start < len(pieces):
        length = next(
            (
                count
                for count in range(min(LONGEST_PHRASE, len(pieces) - start), 1, -1)
                if _is_known(pieces[start : start + count])
            ),
            1,
        )
        run = pieces[start : start + length]
        if length == 1:
            joined.append(run[0])
        else:
            typed, terms = " ".join(each.typed for each in run), tuple(term for each in run for term in each.terms)
            joined.append(Wanted(typed=typed, terms=terms))
        start += length
    return joined


def _is_known(run: list[Wanted]) -> bool:
    if any(each.quoted or each.unwanted or each.place is not Place.ANYWHERE for each in run):
        return False
    return bool(alternatives(tuple(term for each in run for term in each.terms)))
