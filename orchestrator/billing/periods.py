"""Months as contracts count them: from a day to the day before the same day, whatever the length of a month."""

from __future__ import annotations

from datetime import date, timedelta

__all__ = ["end_of_months", "month_of", "months_started", "years_begun"]


def end_of_months(start: date, months: int) -> date:
    """Return the last day of ``months`` whole months that begin on ``start``.

    A day that the last month does not have rolls over to the first of the next, so that a year from 29 February 2024
    ends on 28 February 2025 and a month from 31 January on the last of February.
    """
    years, month = divmod(start.month - 1 + months, 12)
    try:
        following = date(start.year + years, month + 1, start.day)
    except ValueError:
        years, month = divmod(start.month + months, 12)
        following = date(start.year + years, month + 1, 1)
    return following - timedelta(days=1)


def months_started(start: date, last: date) -> int:
    """Return how many months are complete or begun between two days, both counted; 0 when there is no day."""
    if last < start:
        return 0
    guess = max(1, (last.year - start.year) * 12 + last.month - start.month)
    while guess > 1 and end_of_months(start, guess - 1) >= last:
        guess -= 1
    while end_of_months(start, guess) < last:
        guess += 1
    return guess


def years_begun(start: date, last: date) -> list[tuple[date, date]]:
    """Return the first and last day of each year that begins between two days, the last one perhaps cut short.

    Each is counted from ``start``: what began on 29 February begins anew on 1 March, and in a leap year on 29 February.
    """
    years: list[tuple[date, date]] = []
    first = start
    while first <= last:
        end = end_of_months(start, 12 * (len(years) + 1))
        years.append((first, min(end, last)))
        first = end + timedelta(days=1)
    return years


def month_of(day: date) -> str:
    """Return the calendar month of a day, as ``2026-11``."""
    return f"{day.year:04}-{day.month:02}"
