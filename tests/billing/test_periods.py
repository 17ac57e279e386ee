"""Months and years as contracts count them, over leap years and short months."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.billing.periods import end_of_months, month_of, months_started

DAYS = some.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-28"),
        ("2023-03-01", 12, "2024-02-29"),
        ("2024-03-01", 12, "2025-02-28"),
        ("2025-01-31", 1, "2025-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2018-04-01", 13, "2019-04-30"),
        ("2026-12-15", 1, "2027-01-14"),
    ],
)
def test_months_end_the_day_before_the_same_day(start: str, months: int, last: str) -> None:
    assert end_of_months(date.fromisoformat(start), months) == date.fromisoformat(last)


def test_a_year_from_a_leap_day_is_one_year_and_a_day_more_begins_the_next() -> None:
    assert months_started(date(2024, 2, 29), date(2025, 2, 28)) == 12
    assert months_started(date(2024, 2, 29), date(2025, 3, 1)) == 13
    assert months_started(date(2024, 3, 1), date(2024, 2, 29)) == 0
    assert month_of(date(2024, 2, 29)) == "2024-02"


@given(DAYS, some.integers(1, 600))
def test_counting_whole_months_gives_them_back(start: date, months: int) -> None:
    last = end_of_months(start, months)
    assert months_started(start, last) == months
    assert months_started(start, last + timedelta(days=1)) in (months + 1, months)


@given(DAYS, some.integers(0, 4000), some.integers(0, 400))
def test_a_longer_time_is_never_fewer_months(start: date, days: int, more: int) -> None:
    last = start + timedelta(days=days)
    assert months_started(start, last) <= months_started(start, last + timedelta(days=more))
