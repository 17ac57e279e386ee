"""How many people a text says there are: “The cohort had 3,289 people” is a total like that of a table."""

from __future__ import annotations

import re

from .population import restrictions
from .tables import Fact, PublishedTable

__all__ = ["IN_WORDS", "stated_in_words"]

IN_WORDS = "in words"
"""The measure of totals in words: they are compared with other totals, but nothing is computed from them."""
_WHOLE = r"(?:cohort|sample|study|analysis|dataset|data set|population|total|overall|in all|included|enrolled)"
_PEOPLE = r"(?:people|patients|persons|participants|individuals|subjects|women|men|adults|children)"
_NUMBER = r"(\d{1,3}(?:[, ]\d{3})+|\d+)"
_PATTERNS = (
    re.compile(rf"\b{_WHOLE}\b[^.\n\d]{{0,40}}?\b{_NUMBER}\s+(?:\w+\s+)?{_PEOPLE}\b", re.IGNORECASE),
    re.compile(rf"\b{_NUMBER}\s+(?:\w+\s+)?{_PEOPLE}\b[^.\n\d]{{0,20}}?\b{_WHOLE}\b", re.IGNORECASE),
    re.compile(rf"\b{_WHOLE}\b[^.\n\d]{{0,30}}?\bn\s*=\s*{_NUMBER}\b", re.IGNORECASE),
)
_LINES = 20_000


def stated_in_words(text: str, *, file: str, where: str = "") -> tuple[PublishedTable, ...]:
    """Return the one total that a text states; nothing where it states none, or several that cannot be told apart."""
    found: dict[int, str] = {}
    for number, line in enumerate(text.split("\n")[:_LINES], start=1):
        for pattern in _PATTERNS:
            for match in pattern.finditer(line[:2_000]):
                found.setdefault(int(re.sub(r"\D", "", match.group(1))), f"line {number}")
    if len(found) != 1:
        return ()
    ((count, place),) = found.items()
    fact = Fact(labels=(), low=count, high=count, place=place)
    return (
        PublishedTable(file=file, where=where, measure=IN_WORDS, population=restrictions(file, where), facts=(fact,)),
    )
