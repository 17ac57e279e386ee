"""Money is exact: sums, rounding, shares, and what it says of itself."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.core.errors import Invalid
from orchestrator.core.money import Money, total

PENCE = some.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("text", "pence"), [("1,030", 103000), ("1030", 103000), ("11.50", 1150), ("-0.01", -1), (" 0 ", 0)]
)
def test_amounts_are_read_as_people_write_them(text: str, pence: int) -> None:
    assert Money.of(text) == Money(pence)


@pytest.mark.parametrize("text", ["", "1.5", "1,03", "12.345", "£5", "1e3", "NaN", "--1", "1,0000", "٣"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid, match="such as 1030") as refused:
        Money.of(text, field="lines.amount")
    assert refused.value.field == "lines.amount"


def test_parts_of_pence_and_unknown_currencies_cannot_be() -> None:
    with pytest.raises(TypeError):
        Money(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(True)
    with pytest.raises(Invalid, match="not a currency that can be counted"):
        Money(1, "JPY")


def test_currencies_do_not_mix() -> None:
    for mixed in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b):
        with pytest.raises(ValueError, match="GBP and EUR"):
            mixed(Money(1), Money(1, "EUR"))


def test_it_is_written_as_in_a_letter() -> None:
    assert [str(Money(pence)) for pence in (0, 5, 103000, -123456789)] == [
        "£0.00",
        "£0.05",
        "£1,030.00",
        "−£1,234,567.89",
    ]
    assert str(Money(100, "DKK")) == "DKK 1.00"


def test_a_half_is_rounded_away_from_nothing() -> None:
    assert [Money(pence).times(Fraction(1, 2)).pence for pence in (1, 3, -1, -3, 2)] == [1, 2, -1, -2, 1]
    assert Money(83160).times(Fraction(20, 100)) == Money(16632)


@given(PENCE, some.lists(some.integers(0, 1000), min_size=1, max_size=6).filter(any))
def test_shares_lose_no_penny_and_are_within_one_of_exact(pence: int, weights: list[int]) -> None:
    parts = Money(pence).split(weights)
    assert total(parts) == Money(pence)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.pence - Fraction(pence * weight, sum(weights))) < 1


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 3]])
def test_shares_need_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1).split(weights)


@given(PENCE, PENCE)
def test_adding_and_taking_away_are_inverse(one: int, other: int) -> None:
    assert Money(one) + Money(other) - Money(other) == Money(one)
    assert -Money(-one) == Money(one)
    assert (Money(one) < Money(other)) is (one < other)
