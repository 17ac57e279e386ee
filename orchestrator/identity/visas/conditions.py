"""Conditions of visas: alternatives of clauses, each of which one other visa has to match whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .model import VisaClaims

__all__ = ["conditions_met"]

_CLAIMS = ("value", "source", "by")
_MOST = 50


def conditions_met(conditions: Sequence[Any], others: Sequence[VisaClaims]) -> bool:
    """Say whether one of the alternatives is met; what cannot be read is never met.

    Visas that have conditions of their own count for nobody else's, so that nothing goes round in a circle.
    """
    plain = [visa for visa in others if not visa.conditions]
    return len(conditions) <= _MOST and any(_all_met(clauses, plain) for clauses in conditions)


def _all_met(clauses: Any, visas: list[VisaClaims]) -> bool:
    if not isinstance(clauses, list) or not 0 < len(clauses) <= _MOST:
        return False
    return all(any(_matches(clause, visa) for visa in visas) for clause in clauses)


def _matches(clause: Any, visa: VisaClaims) -> bool:
    if not isinstance(clause, dict) or clause.get("type") != visa.type:
        return False
    rest = {name: wanted for name, wanted in clause.items() if name != "type"}
    if not rest or not rest.keys() <= set(_CLAIMS):
        return False
    return all(_like(wanted, str(getattr(visa, name))) for name, wanted in rest.items())


def _like(wanted: Any, value: str) -> bool:
    if not isinstance(wanted, str) or len(wanted) > 1000:
        return False
    how, colon, words = wanted.partition(":")
    if not colon:
        return False
    if how == "const":
        return value == words
    if how == "pattern":
        return _pattern(words, value)
    return how == "split_pattern" and any(_pattern(words, part) for part in value.split(";"))


def _pattern(pattern: str, value: str) -> bool:
    """Match ``?`` as one character and ``*`` as any number, in time that grows with both lengths only."""
    at, here, star, resume = 0, 0, -1, 0
    while at < len(value):
        if here < len(pattern) and pattern[here] == "*":
            star, resume, here = here, at, here + 1
        elif here < len(pattern) and pattern[here] in ("?", value[at]):
            at, here = at + 1, here + 1
        elif star >= 0:
            resume += 1
            at, here = resume, star + 1
        else:
            return False
    return not pattern[here:].strip("*")
