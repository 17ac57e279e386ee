"""Turns texts and typed words into the terms that are indexed: lower case, no accents, English stems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import tantivy

__all__ = [
    "APART",
    "PLAIN",
    "STEMMED",
    "STOP",
    "bare",
    "named",
    "plain_analyzer",
    "spacing_analyzer",
    "stemming_analyzer",
    "stems",
]

STEMMED, PLAIN, APART = "stemmed", "plain", "apart"
"""Names of the analysers in the index: stems for matching, whole words for spelling, and what was analysed before."""

_LONGEST = 60
STOP = frozenset(
    (
        "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "by", "data", "dataset", "datasets",
        "for", "from", "has", "have", "in", "into", "is", "it", "its", "of", "on", "or", "people", "that", "the",
        "their", "these", "this", "to", "was", "were", "which", "who", "whose", "with",
    )
)  # fmt: skip
"""Words of a question that narrow nothing; they count within quotes."""

_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BORDER = re.compile(r"[^0-9A-Za-z\u00c0-\U0010ffff]+")


def stemming_analyzer() -> tantivy.TextAnalyzer:
    """Return the analyser of matching."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def plain_analyzer() -> tantivy.TextAnalyzer:
    """Return the analyser of spelling."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .build()
    )


def spacing_analyzer() -> tantivy.TextAnalyzer:
    """Return the analyser of terms that were made before: it parts them at spaces and leaves them as they are."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


@cache
def _kept(name: str) -> tantivy.TextAnalyzer:
    return stemming_analyzer() if name == STEMMED else plain_analyzer()


def stems(text: str) -> tuple[str, ...]:
    """Return the terms of a text, in order."""
    return tuple(_kept(STEMMED).analyze(text))


def bare(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case without accents, in order."""
    return tuple(_kept(PLAIN).analyze(text))


def named(name: str) -> str:
    """Return a column's name with its words apart: ``dateOfBirth`` and ``date_of_birth`` are found by their words.

    A name of several words is kept whole as well.
    """
    parts = list(_parts(name))
    return name if len(parts) < 2 else f"{' '.join(parts)} {''.join(parts)}"


def _parts(name: str) -> Iterator[str]:
    for piece in _BORDER.split(name):
        yield from (part for part in _CASE.split(piece) if part)
