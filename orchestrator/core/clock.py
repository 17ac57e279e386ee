"""Time as something passed in, always in UTC with a time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

__all__ = ["Clock", "FixedClock", "day_in_words", "iso", "last_day_in_words", "moment_in_words", "system_clock"]

Clock = Callable[[], datetime]
"""Returns the present moment, in UTC, with its time zone."""


def system_clock() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)


class FixedClock:
    """A clock for tests: stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        """Move the clock by ``step``, which may be negative."""
        self.now += step


def iso(moment: datetime) -> str:
    """Return ``moment`` as ISO 8601 in UTC with microseconds and a ``Z``: the one form used in records."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day_in_words(day: date | datetime) -> str:
    """Return a day as sentences for people write it: “5 October 2028”."""
    return f"{day.day} {day:%B %Y}"


def last_day_in_words(until: datetime) -> str:
    """Return the last whole or begun day before ``until``, the first moment that no longer counts."""
    return day_in_words(until - timedelta(microseconds=1))


def moment_in_words(moment: datetime) -> str:
    """Return a moment to the minute, in UTC: “5 October 2028, 09:30 UTC”."""
    moment = moment.astimezone(UTC)
    return f"{day_in_words(moment)}, {moment:%H:%M} UTC"
