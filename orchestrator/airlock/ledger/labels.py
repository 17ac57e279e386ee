"""Words of headings and row labels: the same group under different spellings, totals, and ranges of numbers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["Span", "is_total", "level", "measure_and_level", "name", "span", "stated_n"]

Span = tuple[float, float]
"""A range from its first number up to, and without, the second."""

_TOTALS = {
    "tot",
    "total",
    "totals",
    "all",
    "overall",
    "sum",
    "margin",
    "margins",
    "everyone",
    "any",
    "both",
    "combined",
}
_WITH_TOTALS = {
    "grand", "row", "column", "rows", "columns", "sexes", "ages", "patients", "people", "persons", "participants",
    "subjects", "n", "cases", "regions", "groups", "population", "individuals", "of", "the", "genders", "arms", "years",
    "count", "counts", "number", "records", "sample", "cohort", "study",
}  # fmt: skip
_GENERIC = {
    "n", "no", "nr", "num", "number", "count", "counts", "freq", "frequency", "size", "patients", "people", "persons",
    "participants", "subjects", "individuals", "obs", "observations", "records", "len", "of", "nobs", "cnt", "patient",
    "person", "id", "distinct", "unique", "unweighted",
}  # fmt: skip
_N_STATED = re.compile(r"[\(\[]?\s*\bn\s*[=:]\s*(\d[\d,]*)\s*[\)\]]?", re.IGNORECASE)
_UNITS = r"\s*(?:years?(?: old)?|yrs?|y|months?|days?|kg|cm)?"
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BETWEEN = re.compile(rf"(?:aged?\s+)?{_NUMBER}\s*(?:-|–|—|to)\s*(<|under)?\s*{_NUMBER}{_UNITS}")
_BRACKETS = re.compile(rf"([\[(])\s*{_NUMBER}\s*,\s*{_NUMBER}\s*([\])])")
_FROM = re.compile(
    rf"(?:(?:aged?\s+)?{_NUMBER}{_UNITS}\s*(?:\+|plus|and (?:over|above|older|more)|or (?:over|above|older|more)))"
    rf"|(?:(?:>=|≥|at least)\s*{_NUMBER}{_UNITS})"
)
_ABOVE = re.compile(rf"(?:>|over|above|older than|more than)\s*{_NUMBER}{_UNITS}")
_BELOW = re.compile(rf"(?:<|under|below|younger than|less than)\s*{_NUMBER}{_UNITS}")
_UP_TO = re.compile(
    rf"(?:(?:<=|≤|up to|at most)\s*{_NUMBER}{_UNITS})|(?:{_NUMBER}{_UNITS}\s*(?:and|or) (?:under|below|younger|less))"
)
_ALONE = re.compile(_NUMBER)


@lru_cache(maxsize=65_536)
def level(text: str) -> str:
    """Return a group’s label so that the same words give the same label: no case, no doubled spaces, plain digits."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("–", "-").replace("—", "-")
    plain = re.sub(r"\s+", " ", re.sub(r",?\s*(?:n|no\.?)\s*\(%\)", "", plain)).strip(" *†‡:")
    return re.sub(r"^(\d+)\.0+$", r"\1", plain)


@lru_cache(maxsize=16_384)
def name(text: str) -> str:
    """Return a dimension’s name in plain words: “Age_Group (years)” and “age group” are one."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"\([^)]*\)|,?\s*n\s*\(%\)", " ", parted).casefold()
    words = re.sub(r"[^\w%]+|_", " ", plain).split()
    return " ".join(word for word in words if word not in {"of", "the", "unnamed", "index"})


@lru_cache(maxsize=16_384)
def is_total(text: str) -> bool:
    """Say whether a label stands for everybody: “All”, “Total (N=86)”, “Both sexes”; not “All-cause mortality”."""
    words = re.findall(r"[^\W\d_]+", _N_STATED.sub(" ", level(text)))
    return (
        bool(words) and any(word in _TOTALS for word in words) and all(word in _TOTALS | _WITH_TOTALS for word in words)
    )


def stated_n(text: str) -> int | None:
    """Return the number of people a label states: 86 for “Placebo (N=86)”."""
    found = _N_STATED.search(text)
    return None if found is None else int(found.group(1).replace(",", ""))


@lru_cache(maxsize=16_384)
def measure_and_level(heading: str) -> tuple[str, str]:
    """Part a heading into words for “how many” and the group that is left: “n_female” is (“n”, “female”)."""
    plain = re.sub(r"[\(\[]\s*%\s*[\)\]]|%", " ", _N_STATED.sub(" ", heading))
    words = [word for word in re.split(r"[\s_]+", level(plain).strip(" .,")) if word]
    generic = [word for word in words if word.strip(".,:") in _GENERIC]
    return " ".join(generic), " ".join(word for word in words if word.strip(".,:") not in _GENERIC).strip(" .,:")


@lru_cache(maxsize=16_384)
def span(label: str) -> Span | None:
    """Return the range a label states, or nothing: “18-29” is 18 up to 30, “65+” is 65 and everything above."""
    text = level(label)
    if found := _BETWEEN.fullmatch(text):
        first, last = float(found.group(1)), float(found.group(3))
        end = last if found.group(2) else last + _step(found.group(1), found.group(3))
        return (first, end) if first < end else None
    if found := _BRACKETS.fullmatch(text):
        step = _step(found.group(2), found.group(3))
        first = float(found.group(2)) + (step if found.group(1) == "(" else 0)
        last = float(found.group(3)) + (step if found.group(4) == "]" else 0)
        return (first, last) if first < last else None
    return _one_ended(text)


def _one_ended(text: str) -> Span | None:
    infinity = float("inf")
    if found := _FROM.fullmatch(text):
        return float(found.group(1) or found.group(2)), infinity
    if found := _ABOVE.fullmatch(text):
        return float(found.group(1)) + _step(found.group(1)), infinity
    if found := _BELOW.fullmatch(text):
        return -infinity, float(found.group(1))
    if found := _UP_TO.fullmatch(text):
        written = found.group(1) or found.group(2)
        return -infinity, float(written) + _step(written)
    if found := _ALONE.fullmatch(text):
        return float(text), float(text) + _step(text)
    return None


def _step(*written: str) -> float:
    """Return the smallest difference that numbers written like this show: 1, or 0.1 for “24.9”."""
    return float(10.0 ** -max(len(each.partition(".")[2]) for each in written))
