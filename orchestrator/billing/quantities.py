"""How many a line counts, and how that is told: products of answers, groups begun or complete, quotas."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .answers import Answers
from .model import Count, Line
from .request import COUNTS

__all__ = ["Quantity", "quantity_of", "several"]


@dataclass(frozen=True)
class Quantity:
    """How many are charged, at least and at most; ``words`` tell how they were counted.

    ``unknown`` names a count that the request does not know yet.
    """

    low: int
    high: int
    words: str
    unknown: str = ""


def several(number: int, name: str) -> str:
    """Return a number with the word for one or for several."""
    one, many = COUNTS.get(name, (name.replace("-", " "), name.replace("-", " ")))
    return f"{number:,} {one if number == 1 else many}"


def quantity_of(line: Line, answers: Answers) -> Quantity | None:
    """Return how many a line charges; none when there is nothing of it at all."""
    if line.quota is not None:
        return _above_quota(line, answers)
    numbers = [(count, answers.number(count.of, line)) for count in line.quantity]
    unknown = next((count.of for count, number in numbers if number is None), "")
    if unknown:
        return Quantity(0, 0, f"the number of {several(2, unknown).removeprefix('2 ')} is not known yet", unknown)
    factors = [count.value(number or 0) for count, number in numbers]
    charged = prod(factors)
    if charged == 0:
        return None
    told = [_told(count, number or 0, line, answers) for count, number in numbers]
    words = " × ".join(told) if len(told) == 1 else f"{' × '.join(told)} = {charged:,}"
    return Quantity(charged, charged, words)


def _told(count: Count, number: int, line: Line, answers: Answers) -> str:
    words = several(number, count.of)
    if count.of == "datasets" and 0 < number <= 3:
        names = [each.title or each.key for each in answers.datasets(line)]
        words = f"{words} ({', '.join(names)})"
    if count.every == 1 and not count.less:
        return words
    value = count.value(number)
    way = "complete" if count.complete else "begun"
    groups = f"for each {count.every:,} {way}" if count.every > 1 else "each"
    less = f", less {count.less}" if count.less else ""
    return f"{value:,} ({words}, one {groups}{less})"


def _above_quota(line: Line, answers: Answers) -> Quantity | None:
    """Charge what lies above the free number in each combination; a bare total gives the least and the most."""
    quota, name = line.quota, line.quantity[0].of
    if quota is None:
        raise AssertionError("asked for a quota that is not there")
    total = answers.number(name, line)
    if total is None:
        return Quantity(0, 0, f"the number of {several(2, name).removeprefix('2 ')} is not known yet", name)
    if total == 0:
        return None
    free = f"{quota.free:,} free for each {' and '.join(quota.per)}" if quota.per else f"{quota.free:,} free"
    cells = answers.cells(name, quota.per)
    if cells is not None:
        charged = sum(max(0, used - quota.free) for used in cells.values())
        return Quantity(charged, charged, f"{several(total, name)}, {free}: {charged:,} charged")
    low = max(0, total - quota.free * answers.possible_cells(quota.per))
    high = max(0, total - quota.free)
    between = f"{low:,}" if low == high else f"{low:,} to {high:,}, by how they are spread,"
    return Quantity(low, high, f"{several(total, name)}, {free}: {between} charged")
