"""Safe views of frozen files for scripts: cells and lines as plain, visible text, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.bench.contents import content_of
from orchestrator.airlock.bench.sheets import Look
from orchestrator.airlock.bench.texts import lines_from, visible

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What may be shown of a file. ``shape`` is table, text, image, empty or none; an image has a ``content_type``.

    All words are data from a workspace: a page must still escape them.
    """

    shape: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[int, tuple[str, ...]], ...] = ()
    lines: tuple[str, ...] = ()
    more: bool = False
    content_type: str = ""


def preview(path: Path, *, name: str, kind: str, start: int = 0, count: int = 500) -> Preview:  # noqa: ARG001 - a name decides nothing
    """Return one page of a file, from row or line ``start`` on. What cannot be shown safely has the shape none.

    A table that breaks is given as its lines: there, everything of it is to be seen.
    """
    content = content_of(path, kind)
    if content.sheet is not None and not content.sheet.broken:
        page = content.sheet.page(Look(first=start, count=count))
        rows = page.rows if start < page.matching else ()
        return Preview(
            shape="table",
            columns=tuple(visible(cell) for cell in content.sheet.heading),
            rows=tuple((row.number, tuple(visible(cell) for cell in row.cells)) for row in rows),
            more=start + count < page.matching,
        )
    if content.lines:
        lines = tuple(line.text + ("…" if line.cut else "") for line in lines_from(content.lines, start, count))
        return Preview(shape="text", lines=lines, more=len(content.lines) > start + count)
    return Preview(shape=content.shape, content_type=content.content_type)
