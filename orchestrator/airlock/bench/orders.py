"""The order of a table by one column: numbers by size, words by letter, empty cells last either way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .columns import all_numbers, number

__all__ = ["sorted_places"]


def sorted_places(cells: Sequence[str], *, descending: bool) -> Sequence[int]:
    """Return the places of the cells in order; equal ones keep the order of the file."""
    values = all_numbers(cells)
    if values is not None:
        order: list[int] = np.argsort(-values if descending else values, kind="stable").tolist()
        return order
    numbers: list[tuple[float, int]] = []
    words: list[tuple[str, int]] = []
    empty: list[int] = []
    for place, written in enumerate(cells):
        cell = written.strip()
        value = number(cell) if cell else None
        if not cell:
            empty.append(place)
        elif value is None:
            words.append((cell.casefold(), place))
        else:
            numbers.append((value, place))
    numbers.sort(key=lambda pair: pair[0], reverse=descending)
    words.sort(key=lambda pair: pair[0], reverse=descending)
    in_numbers, in_words = [place for _, place in numbers], [place for _, place in words]
    return (in_words + in_numbers if descending else in_numbers + in_words) + empty
