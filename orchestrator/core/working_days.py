"""Days on which offices work: Monday to Friday without bank holidays, so that deadlines mean the same to everybody."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from .errors import Invalid

__all__ = ["NATIONS", "OFFICE", "WorkingDays"]

NATIONS = {"England and Wales": "ENG", "Scotland": "SCT", "Northern Ireland": "NIR"}
"""The three lists of bank holidays that the government publishes, with the library's word for each."""

OFFICE = "England and Wales"
"""Whose bank holidays the hub itself keeps; each custodian's form names its own."""

_SATURDAY = 5
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class WorkingDays:
    """The working days of one part of the United Kingdom. ``closed`` are further days on which nobody works there.

    A bank holiday that is proclaimed after the installed list of holidays was made belongs into ``closed``.
    """

    nation: str
    holidays: Container[date]
    closed: frozenset[date] = frozenset()

    @classmethod
    def of(cls, nation: str, *, closed: frozenset[date] = frozenset()) -> WorkingDays:
        """Return the working days of ``nation``, one of ``NATIONS``; raise ``Invalid`` for any other."""
        if nation not in NATIONS:
            raise Invalid(f"“{nation[:40]}” has no list of bank holidays; use {' or '.join(NATIONS)}.", field="nation")
        return cls(nation=nation, holidays=_bank_holidays(nation), closed=closed)

    def is_working(self, day: date) -> bool:
        """Say whether offices work on ``day``."""
        return day.weekday() < _SATURDAY and day not in self.holidays and day not in self.closed

    def add(self, day: date, count: int) -> date:
        """Return the day on which ``count`` working days after ``day`` are over; ``day`` itself does not count.

        None at all is ``day``, working or not. Raises ``Invalid`` for a negative count and outside 1900 to 2199.
        """
        if count < 0:
            raise Invalid("A number of working days is not negative.", field="days")
        while count:
            day = _next(day)
            count -= self.is_working(day)
        return day

    def over(self, since: datetime, count: int) -> datetime:
        """Return the first moment, in UTC, after the day on which ``count`` working days after ``since`` are over."""
        return datetime.combine(self.add(since.date(), count) + _ONE_DAY, time(), tzinfo=UTC)

    def between(self, first: date, last: date) -> int:
        """Return how many working days lie after ``first`` up to and with ``last``; negative where ``last`` is earlier.

        ``between(day, add(day, n))`` is ``n``.
        """
        if last < first:
            return -self.between(last, first)
        count = 0
        while first < last:
            first = _next(first)
            count += self.is_working(first)
        return count


def _next(day: date) -> date:
    if not _FIRST <= day < _LAST:
        raise Invalid("Working days are known from 1900 to 2199 only.", field="day")
    return day + _ONE_DAY


@cache
def _bank_holidays(nation: str) -> Container[date]:
    import holidays  # noqa: PLC0415 - heavy, and wanted only where days are counted

    return holidays.country_holidays("GB", subdiv=NATIONS[nation])
