"""Numbers with more digits than a result says: how many of them are significant, in whatever dress they stand."""

from __future__ import annotations

import re
from unicodedata import decimal

from orchestrator.airlock.model import Finding, Severity

__all__ = ["DIGITS", "READ", "ROOM", "long_decimals", "read_number"]

DIGITS = 17
"""No number that a program computed in 64 bits has more significant digits (IEEE 754, binary64)."""
READ = 9
"""Significant digits up to here are taken as what a result says; those beyond could carry anything."""
ROOM = 400
"""Digits beyond ``READ`` in one table from which they hold some forty rows of 33 bits; tuned on the open corpus."""
_NUMBER = re.compile(r"[+-]?([0-9][0-9,]*)?(\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_DRESSED = re.compile(
    r"[^\w.+-]{0,4}([+-]?(?:\d{1,3}([ '’_.\-\u00a0\u2009\u202f])\d{3}(?:\2\d{3})+|\d[\d,]*(?:\.\d*)?))"
    r"\s?[^\W\d_]{0,6}\W{0,4}"
)
"""A number with a sign of money, a unit or a mark around it, parted otherwise than by commas, or in other digits."""


def read_number(text: str) -> tuple[str, int, bool]:
    """Return a text, as a plain number where it is one, with its significant digits and whether it has a fraction."""
    digits, fraction = _significant(text)
    if not digits and (found := _DRESSED.fullmatch(text)):
        text = found[1].replace(found[2], "") if found[2] else found[1]
        if not text.isascii():
            text = "".join(str(decimal(each)) if each.isdecimal() else each for each in text)
        digits, fraction = _significant(text)
    return text, digits, fraction


def _significant(text: str) -> tuple[int, bool]:
    """Return how many significant digits a number has, 0 for what is none, and whether it has a fraction."""
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[1] or found[2]):
        return 0, False
    whole, fraction = (found[1] or "").replace(",", ""), (found[2] or ".")[1:].rstrip("0")
    digits = (whole + fraction).lstrip("0")
    return len(digits if fraction else digits.rstrip("0")), bool(fraction)


def long_decimals(where: str, long: int, room: int) -> Finding:
    """Return the finding on ``long`` numbers that hold ``room`` digits beyond ``READ``, together."""
    return Finding(
        rule="LONG_DECIMALS",
        severity=Severity.FLAG,
        where=where,
        message=f"{long:,} numbers have more than {READ} significant digits, {room:,} digits in all that nobody "
        "reads: rows could be written there.",
        guidance="Round to the digits that the result needs.",
    )
