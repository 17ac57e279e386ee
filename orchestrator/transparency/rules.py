"""What may stand in a field of the register, told in words; how statements of several custodians become one field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlsplit

from orchestrator.core.errors import Invalid
from orchestrator.core.small_counts import small_counts

from .fields import BY_KEY, SENSITIVITY, Field, Kind, Source

__all__ = ["LONGEST", "check_field", "check_value", "chosen", "is_web_address", "merged"]

LONGEST = 10_000
"""Characters in one field."""
_MOST_LINKS = 50
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_LETTER = re.compile(r"\(([a-j])\)")


def check_field(key: str, *, source: Source) -> Field:
    """Return the field ``key`` if it is for ``source`` to state; raise ``Invalid`` with the ones that are."""
    found = BY_KEY.get(key)
    if found is None or found.source is not source:
        there = ", ".join(field.key for field in BY_KEY.values() if field.source is source)
        why = "the record itself fills it" if found and found.source is Source.RECORD else "it is not yours to state"
        said = f"“{key[:40]}” is no field of the register" if found is None else f"“{key}” cannot be stated: {why}"
        raise Invalid(f"{said}. You can state: {there}.", field=key[:40])
    return found


def check_value(field: Field, value: str, *, minimum: int) -> str:
    """Return ``value`` as it may stand in ``field``; empty takes an earlier statement back.

    ``minimum`` is the smallest count of people that may be shown; raises ``Invalid`` with what to do.
    """
    text = value.strip()
    if len(text) > LONGEST:
        raise Invalid(f"“{field.title}” is longer than {LONGEST:,} characters; shorten it.", field=field.key)
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise Invalid(f"“{field.title}” holds control characters; remove them.", field=field.key)
    if not text:
        return ""
    small = small_counts(text, minimum=minimum)
    if small:
        raise Invalid(
            f"“{field.title}” says “{small[0]}”. Counts below {minimum} people could point at somebody, and everybody "
            f"reads this: write “fewer than {minimum}”.",
            field=field.key,
        )
    return _SHAPED[field.kind](field, text)


def chosen(field: Field, text: str) -> str | None:
    """Return the choice that ``text`` means: the same words, or the same letter of a lawful basis."""
    plain = " ".join(text.casefold().split())
    for choice in field.choices:
        if choice.casefold() == plain:
            return choice
    letter = _LETTER.match(text.strip().lower())
    if letter:
        return next((choice for choice in field.choices if choice.startswith(letter.group(0))), None)
    return None


def merged(field: Field, by_custodian: Mapping[str, str]) -> str:
    """Return one value for what several custodians (by name) stated: the most sensitive, or each with its name."""
    stated = {name: value for name, value in sorted(by_custodian.items()) if value}
    values = set(stated.values())
    if field.key == "sensitivity":
        return next((level for level in SENSITIVITY if level in values), "")
    if len(values) <= 1 and len(stated) == len(by_custodian):
        return next(iter(values), "")
    return "; ".join(f"{name}: {value}" for name, value in stated.items())


def _plain(_field: Field, text: str) -> str:
    return text


def _choice(field: Field, text: str) -> str:
    found = chosen(field, text)
    if found is None:
        choices = "; ".join(field.choices)
        raise Invalid(f"“{text[:60]}” is no choice of “{field.title}”. Choose one of: {choices}.", field=field.key)
    return found


def _day(field: Field, text: str) -> str:
    try:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise Invalid(f"“{field.title}” takes a day such as 2027-03-31, not “{text[:40]}”.", field=field.key)


def _links(field: Field, text: str) -> str:
    links = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    if len(links) > _MOST_LINKS:
        raise Invalid(f"“{field.title}” takes at most {_MOST_LINKS} addresses.", field=field.key)
    for link in links:
        if not is_web_address(link):
            raise Invalid(
                f"“{link[:80]}” is no address of a page; write it as https://… with a comma between two.",
                field=field.key,
            )
    return ", ".join(links)


def is_web_address(link: str) -> bool:
    """Say whether a page may make a link of it: http or https, a whole host, no name or password in it."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in host and not parts.username and link.isprintable()


_SHAPED = {Kind.TEXT: _plain, Kind.LIST: _plain, Kind.CHOICE: _choice, Kind.DAY: _day, Kind.LINKS: _links}
