"""Safe views of frozen files for a checker's page: cells and lines as plain, visible text, a page at a time."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .checks.shape import LONGEST_CELL, LONGEST_LINE
from .checks.specimen import Specimen

__all__ = ["Preview", "preview"]

_CONTENT_TYPES = {"png": "image/png", "jpeg": "image/jpeg"}


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What may be shown of a file. ``shape`` is table, text, image or none; an image is served with ``content_type``.

    All words are data from a workspace: a page must still escape them.
    """

    shape: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[int, tuple[str, ...]], ...] = ()
    lines: tuple[str, ...] = ()
    more: bool = False
    content_type: str = ""


def preview(path: Path, *, name: str, kind: str, start: int = 0, count: int = 500) -> Preview:
    """Return one page of a file, from row or line ``start`` on. What cannot be shown safely has the shape none."""
    if kind in _CONTENT_TYPES:
        return Preview(shape="image", content_type=_CONTENT_TYPES[kind])
    with path.open("rb") as file:
        specimen = Specimen(file.fileno(), name)
        if specimen.kind != kind or specimen.text is None:
            return Preview(shape="none")
        table = specimen.table
        if table is not None:
            try:
                taken = list(islice(table.rows(), start, start + count + 1))
            except csv.Error:
                return _lines(specimen.text, start, count)
            return Preview(
                shape="table",
                columns=tuple(_visible(cell, LONGEST_CELL) for cell in table.columns),
                rows=tuple(
                    (number, tuple(_visible(cell, LONGEST_CELL) for cell in row)) for number, row in taken[:count]
                ),
                more=len(taken) > count,
            )
        return _lines(specimen.text, start, count)


def _lines(text: str, start: int, count: int) -> Preview:
    lines = text.split("\n")
    page = lines[start : start + count]
    return Preview(
        shape="text", lines=tuple(_visible(line, LONGEST_LINE) for line in page), more=len(lines) > start + count
    )


def _visible(text: str, limit: int) -> str:
    """Show what would hide: control, invisible and reordering characters appear as their code points."""
    shown = "".join(c if c.isprintable() or c == "\t" else f"⟨U+{ord(c):04X}⟩" for c in text[: limit + 1])
    return shown if len(text) <= limit else shown[:limit] + "…"
