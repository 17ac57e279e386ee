"""What may stand in a field of the public register: checked where it is answered, and where it is stated."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

from .errors import Invalid
from .register_fields import Field, Kind
from .small_counts import small_counts
from .unseen import unseen

__all__ = ["LONGEST", "check_value", "chosen", "is_web_address"]

LONGEST = 10_000
"""Characters in one field."""
_MOST_LINKS = 50
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_LETTER = re.compile(r"\(([a-j])\)")


def check_value(field: Field, value: str, *, minimum: int) -> str:
    """Return ``value`` as it may stand in ``field``; empty takes an earlier statement back.

    ``minimum`` is the smallest count of people that may be shown; raises ``Invalid`` with what to do.
    """
    text = value.strip()
    if len(text) > LONGEST:
        raise Invalid(f"“{field.title}” is longer than {LONGEST:,} characters; shorten it.", field=field.key)
    if (hidden := unseen(text)) or "\r" in text:
        raise Invalid(
            f"“{field.title}” holds control characters or others that nobody sees ({hidden or 'U+000D'}); remove them.",
            field=field.key,
        )
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
