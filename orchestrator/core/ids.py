"""Opaque identifiers: random, lower case, safe as a host label, a path segment and a key; never parsed."""

from __future__ import annotations

import re
import secrets

from .errors import Invalid

__all__ = ["check_id", "new_id"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALPHABET = _LETTERS + "234567"
_SHAPE = re.compile(r"[a-z][a-z2-7]{15}")


def new_id() -> str:
    """Return a new identifier: a letter and 15 characters of base 32, about 80 random bits."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_ALPHABET) for _ in range(15))


def check_id(text: str, *, field: str = "id") -> str:
    """Return ``text`` if it has the shape of an identifier; raise ``Invalid`` otherwise."""
    if not _SHAPE.fullmatch(text):
        raise Invalid(f"“{text[:40]}” is not an identifier: expected 16 lower-case letters and digits.", field=field)
    return text
