"""Working days over weekends, moved bank holidays, leap years and the three nations."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import Invalid
from orchestrator.core.working_days import NATIONS, WorkingDays

ENGLAND = WorkingDays.of("England and Wales")
DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2060, 12, 31))


def test_a_weekend_and_bank_holidays_do_not_count() -> None:
    assert ENGLAND.add(date(2026, 11, 20), 1) == date(2026, 11, 23)
    assert ENGLAND.add(date(2026, 4, 2), 1) == date(2026, 4, 7), "Good Friday to Easter Monday"


def test_boxing_day_on_a_saturday_is_kept_on_monday() -> None:
    assert not ENGLAND.is_working(date(2026, 12, 28))
    assert ENGLAND.add(date(2026, 12, 24), 1) == date(2026, 12, 29)
    assert ENGLAND.between(date(2026, 12, 24), date(2027, 1, 4)) == 4


def test_one_off_holidays_of_2022_are_known() -> None:
    assert not ENGLAND.is_working(date(2022, 9, 19))
    assert ENGLAND.is_working(date(2022, 5, 30)), "the spring holiday was moved to 2 June that year"
    assert not ENGLAND.is_working(date(2022, 6, 2))


def test_a_leap_day_is_a_day_like_others() -> None:
    assert ENGLAND.add(date(2028, 2, 28), 1) == date(2028, 2, 29)
    assert ENGLAND.between(date(2028, 2, 28), date(2028, 3, 1)) == 2
    assert ENGLAND.between(date(2027, 2, 26), date(2027, 3, 1)) == 1


def test_nations_differ() -> None:
    scotland, ireland = WorkingDays.of("Scotland"), WorkingDays.of("Northern Ireland")
    assert not scotland.is_working(date(2026, 11, 30)), "St Andrew's Day"
    assert ENGLAND.is_working(date(2026, 11, 30))
    assert not ireland.is_working(date(2026, 3, 17)), "St Patrick's Day"
    assert scotland.is_working(date(2026, 4, 6)), "no Easter Monday in Scotland"


def test_a_day_that_was_proclaimed_late_can_be_added() -> None:
    day = date(2026, 11, 24)
    assert ENGLAND.is_working(day)
    assert not WorkingDays.of("England and Wales", closed=frozenset({day})).is_working(day)


@pytest.mark.parametrize("nation", ["", "England", "France", "ENG"])
def test_an_unknown_nation_is_refused_with_those_known(nation: str) -> None:
    with pytest.raises(Invalid, match="England and Wales or Scotland"):
        WorkingDays.of(nation)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(Invalid, match="not negative"):
        ENGLAND.add(date(2026, 1, 1), -1)
    for day in (date.min, date.max):
        with pytest.raises(Invalid, match="1900 to 2199"):
            ENGLAND.add(day, 1)


@given(nation=st.sampled_from(sorted(NATIONS)), day=DAYS, count=st.integers(min_value=0, max_value=300))
def test_adding_and_counting_agree(nation: str, day: date, count: int) -> None:
    days = WorkingDays.of(nation)
    end = days.add(day, count)
    assert days.between(day, end) == count
    assert days.between(end, day) == -count
    assert count == 0 or days.is_working(end)


@given(first=DAYS, steps=st.lists(st.integers(min_value=0, max_value=200), min_size=2, max_size=2))
def test_two_stretches_are_as_long_as_both_together(first: date, steps: list[int]) -> None:
    middle = first + timedelta(days=steps[0])
    last = middle + timedelta(days=steps[1])
    assert ENGLAND.between(first, last) == ENGLAND.between(first, middle) + ENGLAND.between(middle, last)
