"""Small tables for tests, written as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from orchestrator.airlock.reading.parts import Table


def table(text: str, where: str = "") -> Table:
    """Return CSV text as a table, broken where a quote stays open."""

    def again() -> Iterator[list[str]]:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        next(rows, None)
        yield from rows

    columns = next(csv.reader(io.StringIO(text, newline="")), [])
    return Table(where=where, columns=tuple(columns), again=again)
