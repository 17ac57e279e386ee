"""Columns of a table in figures, which a checker looks at before the cells; and whether bytes are a whole picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Column", "columns_of", "image_type"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: how full it is, and the range of its numbers."""

    name: str
    filled: int
    empty: int
    numbers: int
    least: str = ""
    least_above_zero: str = ""
    most: str = ""
    total: str = ""

    @property
    def kind(self) -> str:
        """Say in a word what the column holds; a mixture is a signal by itself."""
        if not self.filled:
            return "nothing"
        if self.numbers == self.filled:
            return "numbers"
        return "text" if not self.numbers else "a mixture"


def columns_of(names: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[Column, ...]:
    """Return the figures of every column; a row that is too short counts as empty there."""
    kept = list(rows)
    return tuple(
        _column(name, [row[place].strip() if len(row) > place else "" for row in kept])
        for place, name in enumerate(names)
    )


def image_type(content: bytes) -> str:
    """Return the type of a whole PNG or JPEG with nothing after its end; nothing for all else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png" if _is_whole_png(content) else ""
    if content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9"):
        return "image/jpeg"
    return ""


def _is_whole_png(content: bytes) -> bool:
    place = 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind = content[place + 4 : place + 8]
        place += 12 + length
        if kind == b"IEND":
            return place == len(content) and length == 0
    return False


def _column(name: str, cells: list[str]) -> Column:
    filled = [cell for cell in cells if cell]
    numbers = [float(cell) for cell in filled if _NUMBER.fullmatch(cell)]
    above = [number for number in numbers if number > 0]
    return Column(
        name=name,
        filled=len(filled),
        empty=len(cells) - len(filled),
        numbers=len(numbers),
        least=_written(min(numbers)) if numbers else "",
        least_above_zero=_written(min(above)) if above else "",
        most=_written(max(numbers)) if numbers else "",
        total=_written(sum(numbers)) if numbers else "",
    )


def _written(number: float) -> str:
    return f"{number:.10g}"
