"""Takes a mapping apart, field by field; what is missing, left over or of the wrong kind is named where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from orchestrator.core.errors import Invalid
from orchestrator.core.money import Money

__all__ = ["Part"]

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST = 10**11
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%?")


class Part:
    """One mapping of a document. ``place`` is where it stands, such as ``lines[3].tiers``."""

    def __init__(self, content: Any, place: str) -> None:
        if not isinstance(content, Mapping):
            raise Invalid(f"{place or 'The document'} must hold fields by name.", field=place)
        self._content = dict(content)
        self.place = place
        self._taken: set[str] = set()

    def at(self, name: str) -> str:
        """Return where a field stands."""
        return f"{self.place}.{name}" if self.place else name

    def has(self, name: str) -> bool:
        """Say whether a field is there."""
        return name in self._content

    def raw(self, name: str, default: Any = None) -> Any:
        """Return a field as it is."""
        self._taken.add(name)
        if name not in self._content:
            if default is None:
                raise self.wrong(name, "is missing")
            return default
        return self._content[name]

    def text(self, name: str, default: str | None = None, *, most: int = 600) -> str:
        """Return a text of one line."""
        value = self.raw(name, default)
        if not isinstance(value, str) or len(value) > most or not (value.strip() or default == ""):
            raise self.wrong(name, f"must be a text of at most {most} characters")
        if not value.isprintable():
            raise self.wrong(name, "must be one line without control characters")
        return value.strip()

    def name(self, name: str, default: str | None = None) -> str:
        """Return a name: small letters, digits and single hyphens."""
        value = self.text(name, default, most=60)
        if not _NAME.fullmatch(value):
            raise self.wrong(name, "must be a name of small letters, digits and single hyphens")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """Return one of several words."""
        value = self.text(name, default)
        if value not in choices:
            raise self.wrong(name, f"must be one of {', '.join(choices)}, not “{value[:40]}”")
        return value

    def yes(self, name: str, *, default: bool) -> bool:
        """Return whether a field says yes."""
        return self.choice(name, ("yes", "no"), "yes" if default else "no") == "yes"

    def number(self, name: str, default: int | None = None, *, least: int = 0, most: int = 10**9) -> int:
        """Return a whole number."""
        value = self.text(name, None if default is None else str(default), most=12)
        if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
            raise self.wrong(name, f"must be a whole number from {least} to {most}")
        return int(value)

    def money(self, name: str, currency: str) -> Money:
        """Return an amount that is not negative."""
        value = self.raw(name)
        return self.amount(value, currency, self.at(name))

    def amount(self, value: Any, currency: str, place: str) -> Money:
        """Read an amount that stands in a list or table."""
        if not isinstance(value, str):
            raise Invalid(f"{place} must be an amount such as 1030 or 11.50.", field=place)
        read = Money.of(value, currency, field=place)
        if read.pence > _LARGEST:
            raise Invalid(f"{place} is larger than {Money(_LARGEST, currency)}.", field=place)
        if read.pence < 0:
            raise Invalid(f"{place} must not be negative; what is taken off is a waiver or a credit.", field=place)
        return read

    def day(self, name: str) -> date:
        """Return a day written as ``2027-03-31``."""
        value = self.text(name, most=20)
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self.wrong(name, f"must be a day such as 2027-03-31, not “{value}”")

    def percent(self, name: str) -> Fraction:
        """Return a percentage from 0 to 100."""
        value = self.text(name, most=12)
        read = _PERCENT.fullmatch(value)
        if read is None or Fraction(read[1]) > 100:
            raise self.wrong(name, f"must be a percentage such as 20, not “{value}”")
        return Fraction(read[1])

    def words(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return one word or a list of words, each once."""
        value = self.raw(name, list(default) if default is not None else None)
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) and one.strip() for one in listed):
            raise self.wrong(name, "must be a word or a list of words")
        if len(set(listed)) != len(listed):
            raise self.wrong(name, "names something twice")
        return tuple(listed)

    def part(self, name: str, default: Mapping[str, Any] | None = None) -> Part:
        """Return a mapping below this one."""
        return Part(self.raw(name, default), self.at(name))

    def parts(self, name: str, default: list[Any] | None = None) -> list[Part]:
        """Return a list of mappings below this one."""
        value = self.raw(name, default)
        if not isinstance(value, list):
            raise self.wrong(name, "must be a list")
        return [Part(one, f"{self.at(name)}[{number}]") for number, one in enumerate(value, 1)]

    def names(self) -> tuple[str, ...]:
        """Return every field's name, and take them all."""
        self._taken |= set(self._content)
        return tuple(self._content)

    def done(self) -> None:
        """Raise when something was written that means nothing here."""
        left = sorted(set(map(str, self._content)) - self._taken)
        if left:
            raise self.wrong(left[0], "means nothing here; look for a spelling mistake")

    def wrong(self, name: str, what: str) -> Invalid:
        """Return the refusal of a field."""
        return Invalid(f"{self.at(name)} {what}.", field=self.at(name))
