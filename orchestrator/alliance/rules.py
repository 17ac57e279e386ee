"""What terms must look like and what accepting them permits; every refusal is a sentence that says what to do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.lookalike import mixed_word, skeleton

from .model import Terms

__all__ = ["LONGEST_TERMS", "check_acceptable", "check_name", "check_pack", "check_terms", "hash_of"]

LONGEST_TERMS = timedelta(days=5 * 366)
"""Terms are looked at again at least every five years."""

_FEWEST_CHECKERS = 2
_MOST_CHECKERS = 9
_LARGEST_MINIMUM = 1_000_000
_LONGEST_TEXT = 200_000
_PACK = re.compile(r"[a-z][a-z0-9-]{0,59}")


def check_name(name: str, *, what: str, others: Iterable[str]) -> str:
    """Return the name of a custodian or hub (``what``) with single spaces; raise where it can be taken for another.

    They answer by this name for data and decisions, so no two may look alike.
    """
    plain = " ".join(name.split())
    if len(plain) > 200 or not name.strip().isprintable() or not skeleton(plain):
        raise Invalid(f"Give the {what}'s name in one line of at most 200 characters.", field="name")
    if mixed := mixed_word(plain):
        raise Invalid(f"“{mixed}” mixes letters of several alphabets that look alike; write it in one.", field="name")
    for other in others:
        if skeleton(other) == skeleton(plain):
            raise NotPossible(
                f"“{plain}” can be taken for the {what} “{other}”, which is registered already. If it is another one, "
                "give it a name that tells the two apart."
            )
    return plain


def check_terms(text: str, *, valid_until: datetime, checkers_needed: int, minimum_count: int, now: datetime) -> None:
    """Raise ``Invalid`` unless these can be anybody's terms."""
    if not text.strip() or len(text) > _LONGEST_TEXT:
        raise Invalid(f"The terms need a text of at most {_LONGEST_TEXT} characters.", field="text")
    if valid_until.tzinfo is None or not now < valid_until <= now + LONGEST_TERMS:
        raise Invalid(
            f"The terms' end date must lie ahead, with a time zone, at most {LONGEST_TERMS.days} days from now.",
            field="valid_until",
        )
    if not _FEWEST_CHECKERS <= checkers_needed <= _MOST_CHECKERS:
        raise Invalid(
            f"Between {_FEWEST_CHECKERS} and {_MOST_CHECKERS} checkers review what leaves.", field="checkers_needed"
        )
    if not 1 <= minimum_count <= _LARGEST_MINIMUM:
        raise Invalid("The smallest count that may be shown is 1 or more.", field="minimum_count")


def check_pack(name: str, *, known: Collection[str] | None) -> None:
    """Raise ``Invalid`` unless ``name`` is empty or one of the known rule books of output checking."""
    if not name:
        return
    if not _PACK.fullmatch(name) or (known is not None and name not in known):
        there = f"; known are {', '.join(sorted(known))}" if known else ""
        raise Invalid(f"“{name[:40]}” is no rule book of output checking{there}.", field="airlock_pack")


def check_acceptable(current: Terms | None, *, version: int, now: datetime) -> Terms:
    """Return the terms when ``version`` is what can be accepted now: the current one, within its dates."""
    if current is None or version > current.version:
        raise NotPossible("The custodian has published no such terms.")
    if version < current.version:
        raise NotPossible(f"These terms were replaced; read and accept version {current.version}.")
    if not current.in_force(now):
        raise NotPossible("These terms have ended; the custodian has to publish new ones.")
    return current


def hash_of(text: str) -> str:
    """Return the SHA-256 of a terms' text: what exactly was accepted."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
