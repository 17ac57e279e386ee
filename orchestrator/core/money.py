"""Money as whole pence with a currency: exact sums, one rule of rounding, and shares that lose no penny."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .errors import Invalid

__all__ = ["CURRENCIES", "Money", "total"]

CURRENCIES = {"GBP": "£", "EUR": "€", "USD": "$", "CHF": "CHF ", "DKK": "DKK ", "NOK": "NOK ", "SEK": "SEK "}
"""Currencies that are counted in hundredths, with the sign that is written before an amount."""

_AMOUNT = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,13})(?:\.([0-9]{2}))?")


@dataclass(frozen=True)
class Money:
    """An amount in hundredths of its currency (pence for GBP); negative amounts are credits.

    Sums and comparisons of different currencies raise ``ValueError``: there is no rate of exchange here.
    """

    pence: int
    currency: str = "GBP"

    def __post_init__(self) -> None:
        if isinstance(self.pence, bool) or not isinstance(self.pence, int):
            raise TypeError("money is a whole number of pence")
        if self.currency not in CURRENCIES:
            raise Invalid(
                f"“{self.currency}” is not a currency that can be counted here; use one of {', '.join(CURRENCIES)}.",
                field="currency",
            )

    @classmethod
    def of(cls, text: str, currency: str = "GBP", *, field: str = "amount") -> Money:
        """Read an amount such as ``1,030`` or ``-11.50``; raises ``Invalid`` naming ``field`` for anything else."""
        read = _AMOUNT.fullmatch(text.strip())
        if read is None:
            raise Invalid(
                f"“{text[:40]}” is not an amount; write it in pounds and pence, such as 1030 or 11.50.", field=field
            )
        pence = int(read[2].replace(",", "")) * 100 + int(read[3] or 0)
        return cls(-pence if read[1] else pence, currency)

    def __str__(self) -> str:
        whole, rest = divmod(abs(self.pence), 100)
        return f"{'−' if self.pence < 0 else ''}{CURRENCIES[self.currency]}{whole:,}.{rest:02}"

    def __add__(self, other: Money) -> Money:
        return Money(self.pence + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.pence - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.pence, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.pence < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.pence <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.pence > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.pence >= self._same(other)

    def __bool__(self) -> bool:
        return self.pence != 0

    def times(self, factor: int | Fraction) -> Money:
        """Multiply; a result between two pence is rounded to the nearer, a half away from zero."""
        exact = Fraction(factor) * self.pence
        nearest = int(abs(exact) + Fraction(1, 2))
        return Money(-nearest if exact < 0 else nearest, self.currency)

    def split(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Divide by whole weights so that the parts sum to the whole; the largest remainders get the odd pence.

        Raises ``ValueError`` without a positive weight or with a negative one.
        """
        if not weights or min(weights) < 0 or not sum(weights):
            raise ValueError("an amount is divided by weights that are not negative and not all nothing")
        whole, size = sum(weights), abs(self.pence)
        parts = [size * weight // whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda each: (-(size * weights[each] % whole), each))
        for each in by_remainder[: size - sum(parts)]:
            parts[each] += 1
        return tuple(Money(-part if self.pence < 0 else part, self.currency) for part in parts)

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be set against each other")
        return other.pence


def total(amounts: Iterable[Money], currency: str = "GBP") -> Money:
    """Add amounts of one currency; nothing added is nothing in ``currency``."""
    summed = Money(0, currency)
    for amount in amounts:
        summed += amount
    return summed
