"""Finds the tables in a grid of cells: titles above, notes below, several tables under each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .gathering import Gathering, place
from .parts import Row

__all__ = ["has_headings", "lay_out", "mostly_numbers"]

_NUMBER = re.compile(r"[<≤>~]?\s*[+\-−]?[\d.,]*\d%?")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_SENTENCE = 20
"""Characters from which a single cell under a table is a note rather than a row that lost its cells."""


def lay_out(rows: Sequence[Row], into: Gathering, where: str = "", *, first: int = 1) -> None:
    """Divide a grid at its empty rows into tables and words; no cell with content is left out of both.

    ``first`` is the number of the first row. A block that goes on with the width of the table above it, and begins with
    numbers, belongs to that table: an empty row may only set groups apart.
    """
    start = 0
    blocks: list[tuple[int, int]] = []
    for index in range(len(rows) + 1):
        if index == len(rows) or not _filled(rows[index]):
            if index > start:
                blocks.append((start, index))
            start = index + 1
    tables: list[tuple[int, int]] = []
    for begin, end in blocks:
        head, tail = _words_around(rows, begin, end)
        _keep_words(rows[begin:head], into, where)
        if head < tail and tables and _goes_on(rows[tables[-1][0] : tables[-1][1]], rows[head:tail]):
            tables[-1] = (tables[-1][0], tail)
        elif head < tail:
            tables.append((head, tail))
        _keep_words(rows[tail:end], into, where)
    for number, (begin, end) in enumerate(tables, start=1):
        name = place(where, f"table {number}") if len(tables) > 1 else where
        _keep_table(rows[begin:end], into, name, first + begin)


def mostly_numbers(cells: Sequence[str]) -> bool:
    """Say whether at least three values stand here and four in five of them are numbers."""
    values = [cell.strip() for cell in cells if cell.strip()]
    return len(values) >= 3 and sum(_NUMBER.fullmatch(value) is not None for value in values) >= len(values) * 0.8


def has_headings(first: Row) -> bool:
    """Say whether the first row of a table gives headings: words, years, or the rising values of a category."""
    cells = [cell.strip() for cell in first]
    numbers = [cell for cell in cells if _NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell)]
    if not numbers:
        return True
    if len(numbers) == 1 or not all(cell.isdigit() and cell.isascii() and len(cell) < 10 for cell in numbers):
        return False
    values = [int(cell) for cell in numbers]
    return all(before < after for before, after in pairwise(values))


def _filled(row: Row) -> int:
    return sum(1 for cell in row if cell and not cell.isspace())


def _words_around(rows: Sequence[Row], begin: int, end: int) -> tuple[int, int]:
    """Return where the table within a block begins and ends; both the same when the block is words alone."""
    head, tail = begin, end
    if all(_filled(row) < 2 for row in rows[begin:end]):
        column = [next((cell for cell in row if cell.strip()), "") for row in rows[begin:end]]
        return (begin, end) if mostly_numbers(column[1:]) else (end, end)
    while _filled(rows[head]) < 2:
        head += 1
    while tail > head + 1 and _filled(rows[tail - 1]) == 1 and len(rows[tail - 1][0]) > _SENTENCE:
        tail -= 1
    return head, tail


def _goes_on(above: Sequence[Row], below: Sequence[Row]) -> bool:
    if len(above[0]) != len(below[0]):
        return False
    numbers = [cell.strip() for cell in below[0] if _NUMBER.fullmatch(cell.strip())]
    return len(above) == 1 or any(not _YEAR.fullmatch(cell) for cell in numbers)


def _keep_words(rows: Sequence[Row], into: Gathering, where: str) -> None:
    into.text("\n".join(" ".join(cell for cell in row if cell) for row in rows), where)


def _keep_table(rows: Sequence[Row], into: Gathering, where: str, first: int) -> None:
    left = min((_leading(row) for row in rows if _filled(row)), default=0)
    kept = [tuple(row[left:]) if _filled(row) else () for row in rows]
    if len(kept) == 1 and not any(_NUMBER.fullmatch(cell.strip()) for cell in kept[0]):
        _keep_words(kept, into, where)  # a sentence that was divided at its commas
    elif has_headings(kept[0]):
        into.rows(kept[1:], columns=kept[0], where=where, first=first + 1)
    else:
        into.rows(kept, columns=("",) * len(kept[0]), where=where, first=first)


def _leading(row: Row) -> int:
    return next((index for index, cell in enumerate(row) if cell and not cell.isspace()), len(row))
