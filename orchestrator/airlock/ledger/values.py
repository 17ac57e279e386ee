"""What one cell of a count column tells an outsider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.airlock.checks.cells import read

from .layout import CountColumn

__all__ = ["Value", "value"]

_AT_LEAST = re.compile(r"(>|≥|>=|over|at least|more than)\s*(\d+)\s*\+?|(\d+)\s*\+", re.IGNORECASE)
_DECIMALS = re.compile(r"(\d+(?:\.(\d+))?)\s*%?\s*[)\]]?\s*%?$")


@dataclass(frozen=True, kw_only=True)
class Value:
    """A count, or the bounds a mask states, with the percentage beside it and that one’s decimals."""

    place: str
    number: int | None = None
    least: int | None = None
    most: int | None = None
    share: float | None = None
    decimals: int = 0

    def bounds(self, *, zeros_shown: bool) -> tuple[int, int | None]:
        """Return what a masked cell may be. Where zeros are shown as zeros, “<10” is at least one."""
        if self.most is None:
            return self.least or 0, None
        low = max(self.least or 0, 1 if zeros_shown and self.most else 0)
        return low, self.most


def value(row: Sequence[str], column: CountColumn, place: str) -> Value | None:
    """Read one cell; nothing when it neither counts nor hides a count. An empty cell hides one: so programs mask."""
    text = row[column.index].strip() if column.index < len(row) else ""
    cell = read(text)
    beside = row[column.share].strip() if column.share is not None and column.share < len(row) else text
    share = read(beside).number if column.share is not None and read(beside).share is None else read(beside).share
    written = _DECIMALS.search(beside)
    decimals = len(written.group(2) or "") if written else 0
    if cell.count is not None:
        return Value(place=place, number=cell.count, share=share, decimals=decimals)
    if cell.masked:
        return Value(place=place, least=cell.least, most=cell.most, share=share, decimals=decimals)
    if not text:
        return Value(place=place, share=share, decimals=decimals)
    found = _AT_LEAST.fullmatch(text)
    if found:
        least = int(found.group(2) or found.group(3)) + (found.group(1) in {">", "over", "more than"})
        return Value(place=place, least=least)
    return None
