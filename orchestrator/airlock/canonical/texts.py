"""Text in one way of writing: UTF-8 without a mark, plain line ends, JSON indented; values stay what they were."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.airlock.reading.delimited import delimiter_of, rows_of
from orchestrator.airlock.reading.specimen import Specimen

from .parts import Canonical, Derived

__all__ = ["as_csv", "canonical_json", "canonical_table", "canonical_text"]

_REWRITTEN = ("ODD_ENCODING",)


def canonical_text(file: Specimen) -> Canonical | None:
    """Return words as UTF-8 with plain line ends."""
    if file.text is None:
        return None
    return _one(file, file.text.replace("\r\n", "\n").replace("\r", "\n"))


def canonical_table(file: Specimen) -> Canonical | None:
    """Return a text table with the same cells, one by one; nothing when it is broken and so has no certain cells.

    Only line ends are written anew, and only where there are others than ``\\n``: quotation marks that nobody needs and
    the like stay, because every rewriting is a chance to change a cell.
    """
    text = file.text
    if text is None:
        return None
    if "\r" not in text:
        return _one(file, text)
    delimiter = delimiter_of(text) or ","
    try:
        return _one(file, as_csv(rows_of(text, delimiter), delimiter))
    except csv.Error:
        return None


def canonical_json(file: Specimen) -> Canonical | None:
    """Return JSON with every value, indented so that people can read it."""
    if file.text is None:
        return None
    try:
        value = json.loads(file.text, parse_float=_finite)
    except (ValueError, RecursionError):
        return canonical_text(file)
    written = _json(value, ascii_only=False)
    try:
        written.encode("utf-8")
    except UnicodeEncodeError:
        written = _json(value, ascii_only=True)
    return _one(file, written)


def as_csv(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Return rows as delimited text; reading it gives the same cells again."""
    out = _Lines()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return "".join(out.lines)


class _Lines:
    """Takes rows as the writer ends them, and ends them plainly.

    Python before 3.13 puts quotation marks around a line end within a cell only when it is a character of the writer's
    own line end; a single ``\\r`` would else divide the cell, and the row.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        """Keep one row."""
        self.lines.append(line.removesuffix("\r\n") + "\n")


def _json(value: Any, *, ascii_only: bool) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, indent=2) + "\n"


def _finite(number: str) -> float:
    """Refuse a number that Python cannot hold: it would come out as another."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is too large")
    return value


def _one(file: Specimen, text: str) -> Canonical:
    content = text.encode("utf-8")
    note = "" if content == file.content else "Written anew as UTF-8 with plain line ends."
    return Canonical(files=(Derived(name=file.name, content=content, note=note),), removed=_REWRITTEN)
