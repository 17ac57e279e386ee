"""A notebook as one still page, its tables as CSV, its pictures as PNG: what a reader saw, and nothing behind it."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.airlock.reading.gathering import Gathering
from orchestrator.airlock.reading.notebooks import as_text, cells_of
from orchestrator.airlock.reading.pages import read_page
from orchestrator.airlock.reading.specimen import Specimen

from .images import clean_png
from .naming import Naming
from .pages import REMOVED, clean_piece, whole_page
from .parts import Canonical, Derived
from .texts import as_csv
from .vectors import drawn_png

__all__ = ["canonical_notebook"]

_GONE = (
    *REMOVED,
    "NOTEBOOK_ATTACHMENT",
    "NOTEBOOK_METADATA",
    "NOTEBOOK_OUTPUT_DATA",
    "NOTEBOOK_WIDGET_STATE",
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}


@dataclass
class _Made:
    naming: Naming
    page: list[str] = field(default_factory=list)
    files: list[Derived] = field(default_factory=list)
    tables: int = 0
    pictures: int = 0


def canonical_notebook(file: Specimen) -> Canonical | None:
    """Return the page, the tables and the pictures of a notebook."""
    made = _Made(Naming(file.name))
    name = made.naming.name("html")
    for number, cell in enumerate(cells_of(file.json), start=1):
        _cell(cell, number, made)
    page = whole_page(clean_piece("\n".join(made.page))).encode("utf-8", "replace")
    first = Derived(
        name=name, content=page, note="The notebook as a still page: sources and outputs as they were shown."
    )
    return Canonical(files=(first, *made.files), removed=_GONE)


def _cell(cell: Mapping[str, Any], number: int, made: _Made) -> None:
    source = as_text(cell.get("source", cell.get("input")))
    if source.strip():
        made.page.append(f"<h2>Cell {number}</h2>\n{_words(source)}")
    for output in cell.get("outputs") or []:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            made.page.append(_words(as_text(output.get("text"))))
        elif kind in ("error", "pyerr"):
            trace = "\n".join(map(str, output.get("traceback") or [output.get("evalue", "")]))
            made.page.append(_words(trace))
        else:
            _bundle(output.get("data") or {}, number, made)


def _bundle(bundle: Mapping[str, Any], number: int, made: _Made) -> None:
    """Show the richest still form of an output, as notebook programs do; pages before pictures before words."""
    if "text/html" in bundle:
        text = as_text(bundle["text/html"])
        made.page.append(text)
        _tables(text, number, made)
        return
    for form, kind in _PICTURES.items():
        if form in bundle:
            _picture(_decoded(bundle[form]), kind, number, made)
            return
    if "image/svg+xml" in bundle:
        _show(drawn_png(as_text(bundle["image/svg+xml"]).encode()), number, made)
        return
    for form in ("text/markdown", "text/latex", "text/plain"):
        if form in bundle:
            made.page.append(_words(as_text(bundle[form])))
            return
    forms = ", ".join(sorted(map(str, bundle))) or "nothing"
    made.page.append(f"<p>(an output kept only as {html.escape(forms)}, which is not handed on)</p>")


def _tables(text: str, number: int, made: _Made) -> None:
    heard = Gathering()
    read_page(text, heard)
    for table in heard.tables:
        if "script" in table.where or "drawing" in table.where:
            continue
        made.tables += 1
        rows = [list(table.columns), *(list(row) for _, row in table.rows())]
        name = made.naming.name("csv", f"table {made.tables}")
        note = f"A table that cell {number} of the notebook showed."
        made.files.append(Derived(name=name, content=as_csv(rows).encode("utf-8", "replace"), note=note))


def _picture(content: bytes | None, kind: str, number: int, made: _Made) -> None:
    _show(None if content is None else clean_png(content, kind), number, made)


def _show(drawn: bytes | None, number: int, made: _Made) -> None:
    if drawn is None:
        made.page.append("<p>(a picture that could not be drawn)</p>")
        return
    made.pictures += 1
    name = made.naming.name("png", f"picture {made.pictures}")
    made.files.append(Derived(name=name, content=drawn, note=f"A picture that cell {number} of the notebook showed."))
    made.page.append(
        f'<p><img alt="{html.escape(name)}" src="data:image/png;base64,{base64.b64encode(drawn).decode()}"></p>'
    )


def _decoded(value: Any) -> bytes | None:
    try:
        return base64.b64decode(as_text(value))
    except (binascii.Error, ValueError):
        return None


def _words(text: str) -> str:
    return f"<pre>{html.escape(_COLOUR.sub('', text), quote=False)}</pre>"
