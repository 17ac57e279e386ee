"""A table of a page: cells that span rows and columns are repeated where they are seen to belong."""

from __future__ import annotations

__all__ = ["PageTable"]

_WIDEST = 1_000


class PageTable:
    """Builds one table tag by tag."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = []
        self._waiting: dict[int, tuple[int, str]] = {}
        self._words: list[str] = []
        self._span: tuple[int, int] | None = None
        self._outside: list[str] = []

    def start(self, tag: str, known: dict[str, str]) -> None:
        """Begin a row or a cell."""
        self._finish()
        if tag == "tr":
            self._fill_row()
            self._rows.append([])
        else:
            if not self._rows:
                self._rows.append([])
            self._span = (_number(known.get("colspan")), _number(known.get("rowspan")))

    def say(self, words: str) -> None:
        """Add words to the open cell, or to those beside the cells, such as a caption."""
        (self._outside if self._span is None else self._words).append(words)

    def rows(self) -> list[tuple[str, ...]]:
        """Return all rows, made equally wide."""
        self._finish()
        self._fill_row()
        kept = [row for row in self._rows if row]
        width = max((len(row) for row in kept), default=0)
        return [tuple(row + [""] * (width - len(row))) for row in kept]

    def beside(self) -> str:
        """Return words that stand in the table and in none of its cells."""
        return " ".join("".join(self._outside).split())

    def _finish(self) -> None:
        if self._span is None:
            return
        self._take_waiting()
        text = " ".join("".join(self._words).split())
        wide, high = self._span
        row = self._rows[-1]
        for _ in range(min(wide, _WIDEST - len(row))):
            if high > 1:
                self._waiting[len(row)] = (high - 1, text)
            row.append(text)
        self._words, self._span = [], None

    def _take_waiting(self) -> None:
        row = self._rows[-1]
        while len(row) in self._waiting:
            left, text = self._waiting.pop(len(row))
            if left > 1:
                self._waiting[len(row)] = (left - 1, text)
            row.append(text)

    def _fill_row(self) -> None:
        if self._rows:
            self._take_waiting()


def _number(text: str | None) -> int:
    return max(1, min(_WIDEST, int(text))) if text and text.isascii() and text.isdigit() else 1
