"""Which organisation is meant: its identifier in a public register, since names are shared, shortened and mistyped."""

from __future__ import annotations

import re

from orchestrator.core.errors import Invalid

__all__ = ["REGISTERS", "check_organisation"]

_ROR_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_ROR = re.compile(r"0[0-9a-hjkmnp-tv-z]{6}[0-9]{2}")
_FORMS = {
    "ror": _ROR,
    "ods": re.compile(r"[A-Z0-9]{3,10}"),
    "companies-house": re.compile(r"[A-Z0-9]{2}[0-9]{6}"),
    "charity": re.compile(r"(?:SC|NIC)?[0-9]{5,7}"),
}
REGISTERS = {
    "ror": "the Research Organization Registry (ror:052gg0110)",
    "ods": "NHS organisation codes (ods:RRK)",
    "companies-house": "Companies House (companies-house:01234567)",
    "charity": "the registers of charities (charity:1089464)",
}
"""Registers whose identifiers are understood, each with an example."""


def check_organisation(text: str, *, needed: bool = True) -> str:
    """Return an identifier as it is compared, ``register:identifier``; raise ``Invalid`` for what is none.

    Of an identifier of the Research Organization Registry the two check digits (ISO 7064, modulo 97) must agree.
    """
    words = text.strip()
    if not words and not needed:
        return ""
    address = re.fullmatch(r"(?i:https://ror\.org/)(\w+)/?", words)
    register, parted, number = ("ror", ":", address[1]) if address else words.partition(":")
    register, number = register.strip().casefold(), number.strip()
    number = number.lower() if register == "ror" else number.upper()
    form = _FORMS.get(register)
    if not parted or form is None or form.fullmatch(number) is None:
        raise Invalid(
            f"Give the organisation’s identifier in one of: {'; '.join(REGISTERS.values())}.", field="organisation_id"
        )
    if register == "ror" and int(number[7:]) != _ror_check(number[:7]):
        raise Invalid(
            f"“{number}” has a mistyped character: its check digits do not agree. Copy it from ror.org.",
            field="organisation_id",
        )
    return f"{register}:{number}"


def _ror_check(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 32 + _ROR_DIGITS.index(digit)
    return 98 - value * 100 % 97
