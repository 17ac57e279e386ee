"""Whom a table is about, as its title says: restrictions in words, so that nested populations are seen as nested."""

from __future__ import annotations

import re

__all__ = ["restrictions"]

_WORDS = r"[\w<>=≥≤+.\-%/ ]{2,60}?"
_END = r"(?=$|[;,:.()\[\]“”\"']|\s(?:by|per|and by|in the table|table|v\d)\b)"
_PEOPLE = "patients|people|women|men|those|adults|children|persons|participants"
_ONLY = "restricted to|limited to|only|subset of|subset|among|amongst"
_NOT = r"(?:excluding|excl|except(?: for)?|without|minus|omitting)\.?"
_YEARS = r"(?:under|over|below|above|from|up to|at least|[<>≥≤]=?)?\s*\d+(?:\s*(?:-|–|to|\+)\s*\d*)?"
_PATTERNS = (
    ("only", re.compile(rf"\b(?:{_ONLY})\s+(?:the\s+)?({_WORDS}){_END}")),
    ("only", re.compile(r"\b((?:[\w\-]+ )?[\w\-]+) only\b")),
    ("not", re.compile(rf"\b{_NOT}\s+(?:the\s+)?({_WORDS}){_END}")),
    ("with", re.compile(rf"\b(?:{_PEOPLE}) with\s+({_WORDS}){_END}")),
    ("aged", re.compile(rf"\b(?:aged?|ages)\s*({_YEARS}(?:\s*(?:and|or) (?:over|above|older|under|younger))?)")),
    ("aged", re.compile(r"\b((?:under|over)\s?\d{1,3}s?)\b")),
    ("where", re.compile(rf"\b(?:where|filter(?:ed)?(?: (?:on|by|to))?)[:\s]\s*({_WORDS}){_END}")),
)
_ABOUT_CONTROL = re.compile(
    r"\b(?:small|cells?|counts?|groups?|suppress\w*|round\w*|disclos\w*|names?|identif\w*|totals?|numbers?|figures?|"
    r"tables?|columns?|rows?|data|aggregate\w*|summary|results?|files?|read)\b"
)


def restrictions(*texts: str) -> tuple[str, ...]:
    """Return the restrictions that titles, file names or a stated filter name, sorted; none means everybody.

    “Women only, excluding Wales” gives “not wales” and “only women”. Words about disclosure control (“only counts”,
    “without small cells”) restrict nobody.
    """
    found: set[str] = set()
    for text in texts:
        plain = re.sub(r"[_\s]+", " ", re.sub(r"\.\w{1,8}$", "", text)).casefold().strip()
        for word, pattern in _PATTERNS:
            for match in pattern.finditer(plain):
                said = " ".join(match.group(1).replace("–", "-").split()).strip(" -.")
                if said and not _ABOUT_CONTROL.search(said):
                    found.add(f"{word} {said}")
    return tuple(sorted(found))
