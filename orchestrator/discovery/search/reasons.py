"""Says where in a description the searched words stand, so that a person sees why it was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .meanings import Terms
from .model import Read, Where
from .reading import columns_of, keywords_of, running_text
from .words import named, stems

__all__ = ["where_found"]

_MOST_COLUMNS = 5
_LONGEST = 240
_AROUND = 90
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


def where_found(title: str, description: Mapping[str, Any], read: Sequence[Read]) -> tuple[Where, ...]:
    """Return the places of the words, the most telling first: title, keywords, columns, one passage of the text."""
    phrases = [phrase for word in read for phrase in _phrases(word)]
    if not phrases:
        return ()
    found: list[Where] = []
    if _has(stems(title), phrases):
        found.append(Where(place="title", text=title))
    found += [Where(place="keyword", text=word) for word in keywords_of(description) if _has(stems(word), phrases)]
    columns = [pair for pair in columns_of(description) if _has(stems(f"{named(pair[0])} {pair[1]}"), phrases)]
    found += [Where(place="column", text=": ".join(filter(None, pair))[:_LONGEST]) for pair in columns[:_MOST_COLUMNS]]
    passage = max(_passages(running_text(description), phrases), key=lambda pair: pair[0], default=(0, ""))
    if passage[0]:
        found.append(Where(place="text", text=_cut(passage[1], phrases)))
    return tuple(found)


def _phrases(word: Read) -> Iterator[Terms]:
    if word.unwanted:
        return
    yield stems(word.corrected or word.typed)
    for also in word.also:
        yield stems(also)


def _has(terms: Terms, phrases: Sequence[Terms]) -> bool:
    return any(_stands(terms, phrase) for phrase in phrases)


def _stands(terms: Terms, phrase: Terms) -> bool:
    length = len(phrase)
    return any(terms[start : start + length] == phrase for start in range(len(terms) - length + 1))


def _passages(texts: Iterator[str], phrases: Sequence[Terms]) -> Iterator[tuple[int, str]]:
    """Give each sentence with how many searched words stand in it; of equals the first is the best."""
    for text in texts:
        for match in _SENTENCE.finditer(text):
            sentence = match[0].strip()
            terms = stems(sentence)
            yield sum(len(phrase) for phrase in phrases if _stands(terms, phrase)), sentence


def _cut(sentence: str, phrases: Sequence[Terms]) -> str:
    """Shorten a sentence to what stands around the first found word."""
    if len(sentence) <= _LONGEST:
        return sentence
    firsts = {phrase[0] for phrase in phrases}
    place = next((match.start() for match in re.finditer(r"\w+", sentence) if set(stems(match[0])) & firsts), 0)
    start = max(0, place - _AROUND)
    piece = sentence[start : start + _LONGEST]
    piece = piece.partition(" ")[2] if start else piece
    ends = len(sentence) > start + _LONGEST
    return ("… " if start else "") + (piece.rpartition(" ")[0] + " …" if ends else piece)
