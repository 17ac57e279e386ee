"""Reads a question in plain words: which of them can name data, and why a dataset answers to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["described_parts", "reasons_for", "terms_of"]

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_MOST_TERMS = 40
_SHORTEST = 3
_FILLING = """
about above access after again against all also among analyse analysis and answer any are aren't ask because been
before being best better between both but can cannot could data dataset datasets did different does doing done down
during each effect effects exist exists few find for from further get give given had has have having her here hers
him his how however into its itself just know like look looking made make many may might more most much must need
needs nor not now number numbers often one only other our out over own people per person please question
rate rates same see several she should since some study such than that the their them then there these they this
those through too under until use used using very want wants was way were what when where whether which while who
whom whose why will with within without work would year years yet you your health information record records
patient patients who've we've i'm it's there's available whole interested learn tell
"""
"""Words of questions that do not tell one dataset from another."""

_COMMON = frozenset(_FILLING.split())


def terms_of(question: str) -> tuple[str, ...]:
    """Return the words of a question that can name data, each once, in order; at most 40."""
    words = (word.casefold().strip("'’-") for word in _WORD.findall(question))
    told = [word for word in words if len(word) >= _SHORTEST and word not in _COMMON]
    return tuple(dict.fromkeys(told))[:_MOST_TERMS]


def described_parts(title: str, name: str, description: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a dataset's description by the words that name the part, the telling ones first."""
    summary = description.get("summary")
    summary = summary if isinstance(summary, Mapping) else {}
    parts = {
        "its title": f"{title} {name}",
        "its keywords": " ".join(_texts(summary.get("keywords"))),
        "its summary": " ".join(_texts(summary.get("abstract"))),
        "the names of its tables and columns": " ".join(_texts(description.get("structuralMetadata"))),
    }
    rest = {key: value for key, value in description.items() if key not in ("summary", "structuralMetadata")}
    return parts | {"the rest of its description": " ".join(_texts(rest))}


def reasons_for(terms: Sequence[str], parts: Mapping[str, str]) -> tuple[tuple[str, ...], int]:
    """Return why a dataset answers to these words, in sentences, and how well; no reason means not at all."""
    left, reasons, score = list(terms), [], 0
    for place, (part, text) in enumerate(parts.items()):
        words = frozenset(_stem(word.casefold()) for word in _WORD.findall(text))
        found = [term for term in left if _stem(term) in words]
        if found:
            named = ", ".join(f"“{term}”" for term in found)
            reasons.append(f"{part[0].upper()}{part[1:]} {'name' if 'names' in part else 'mentions'} {named}.")
            score += len(found) * (len(parts) - place)
            left = [term for term in left if term not in found]
    return tuple(reasons), score


def _stem(word: str) -> str:
    """Return a word without its plural: enough to meet “strokes” with “stroke”."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
