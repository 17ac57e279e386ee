"""Notebooks: every cell, every output in every form it is kept in, and what no notebook program shows."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from .file import File
from .frames import read_value
from .gathering import Gathering, place
from .places import Places, shown
from .words import read_text

__all__ = ["as_text", "cells_of", "read"]

_ORDINARY = frozenset({"cells", "metadata", "nbformat", "nbformat_minor"})
_ORDINARY_METADATA = frozenset({"kernelspec", "language_info"})
_ORDINARY_CELL = frozenset({"cell_type", "source", "metadata", "outputs", "execution_count", "id", "attachments"})
_ORDINARY_LANGUAGE = 600
_SMALL = 200
"""Characters of metadata of a cell (tags, times, folded or not) that editors leave."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ADVICE = "Clear it, or hand in the results as tables and pictures."
_PICTURES = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp", "image/tiff": "tiff"}


def read(file: File, into: Gathering) -> None:
    """Read a notebook to its end."""
    book = file.json
    _metadata(book, into)
    for number, cell in enumerate(cells_of(book), start=1):
        name = f"cell {number}"
        try:
            _cell(cell, into, name)
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            into.incomplete(name, f"the cell is damaged ({type(error).__name__})")
    if not isinstance(book.get("cells", []), list) or (book.get("nbformat") not in (3, 4)):
        into.incomplete("whole file", "this version of notebooks is not known")


def cells_of(book: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the cells of a notebook of version 4 or 3."""
    cells = book.get("cells")
    if not isinstance(cells, list):
        sheets = book.get("worksheets")
        cells = (
            [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells", [])]
            if isinstance(sheets, list)
            else []
        )
    return [cell if isinstance(cell, dict) else {} for cell in cells]


def as_text(source: Any) -> str:
    """Return text that a notebook keeps as one string or as a list of lines."""
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source or "")


def _metadata(book: Mapping[str, Any], into: Gathering) -> None:
    metadata = book.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if metadata.get("widgets"):
        size = len(json.dumps(metadata["widgets"]))
        into.flag(
            "NOTEBOOK_WIDGET_STATE",
            "notebook metadata",
            f"The state of widgets is kept ({size:,} characters); it can hold data that is not shown.",
            _ADVICE,
        )
        read_value(metadata["widgets"], into, "widget state")
    other = {key: each for key, each in book.items() if key not in _ORDINARY and key != "worksheets"}
    other |= {key: each for key, each in metadata.items() if key not in _ORDINARY_METADATA and key != "widgets"}
    usual = {key: each for key, each in metadata.items() if key in _ORDINARY_METADATA}
    if len(json.dumps(usual)) > _ORDINARY_LANGUAGE:
        other |= usual
    _kept_data(other, into, "notebook metadata")


def _kept_data(value: Any, into: Gathering, where: str) -> None:
    """Say that metadata is kept which no program shows, and read it."""
    if not value:
        return
    size = len(json.dumps(value))
    (into.flag if size > _SMALL else into.note)(
        "NOTEBOOK_METADATA", where, f"{size:,} characters of metadata that no notebook program shows.", _ADVICE
    )
    read_value(value, into, where)


def _cell(cell: Mapping[str, Any], into: Gathering, name: str) -> None:
    source = as_text(cell.get("source", cell.get("input")))
    read_text(source, into, place(name, "source"), code=cell.get("cell_type") == "code")
    metadata = cell.get("metadata")
    if isinstance(metadata, dict):
        seen = metadata.get("jupyter")
        if isinstance(seen, dict) and (seen.get("outputs_hidden") or seen.get("source_hidden")):
            into.note("HIDDEN_CONTENT", name, "A part of the cell is folded away when the notebook is opened.")
    _kept_data(metadata, into, f"{name} metadata")
    _kept_data(
        {
            key: each
            for key, each in cell.items()
            if key not in _ORDINARY_CELL | {"input", "prompt_number", "language", "collapsed"}
        },
        into,
        f"{name} fields",
    )
    for title, bundle in dict(cell.get("attachments") or {}).items():
        where = f"{name} attachment “{shown(str(title), 40)}”"
        into.flag("NOTEBOOK_ATTACHMENT", where, "A file is attached to the cell.", _ADVICE)
        _bundle(bundle, into, where)
    for number, output in enumerate(cell.get("outputs") or [], start=1):
        _output(output, into, f"{name} output {number}")


def _output(output: Mapping[str, Any], into: Gathering, where: str) -> None:
    kind = output.get("output_type")
    if kind == "stream" or (kind == "pyout" and "text" in output):
        read_text(_COLOUR.sub("", as_text(output.get("text"))), into, where)
    elif kind in ("error", "pyerr"):
        trace = output.get("traceback") or []
        words = "\n".join([str(output.get("ename", "")), str(output.get("evalue", "")), *map(str, trace)])
        read_text(_COLOUR.sub("", words), into, where)
    elif kind in ("display_data", "execute_result", "update_display_data"):
        _bundle(output.get("data") or {}, into, where)
    else:
        into.incomplete(where, f"outputs of the type {shown(str(kind), 30)} are not known")
    _kept_data(output.get("metadata"), into, f"{where} metadata")


def _bundle(bundle: Mapping[str, Any], into: Gathering, where: str) -> None:
    """Read one output in every form it is kept in; a program shows only one of them."""
    other = Places()
    for form, value in bundle.items():
        read_form = _FORMS.get(form)
        if form in _PICTURES:
            _picture(value, _PICTURES[form], into, where)
        elif read_form is not None:
            read_form(value, into, where)
        elif "json" in form or isinstance(value, (dict, list)):
            _data(form, value, into, where)
        else:
            other.add(shown(form, 60))
            read_text(as_text(value), into, f"{where} {shown(form, 40)}")
    if other:
        into.flag("NOTEBOOK_OUTPUT_DATA", where, f"Forms that no check knows are kept: {other}.", _ADVICE)


def _picture(value: Any, kind: str, into: Gathering, where: str) -> None:
    from .pictures import read_picture  # noqa: PLC0415 - the picture library is only loaded for pictures

    try:
        content = base64.b64decode(as_text(value), validate=False)
    except (binascii.Error, ValueError):
        into.incomplete(where, "the picture is not written as base64")
        return
    read_picture(content, kind, into, place(where, "picture"))


def _data(form: str, value: Any, into: Gathering, where: str) -> None:
    from .plots import read_bundle  # noqa: PLC0415 - only few notebooks hold plots as data

    if isinstance(value, list) and value and all(isinstance(each, str) for each in value) and form.endswith("json"):
        with contextlib.suppress(ValueError, RecursionError):  # a list of words is a value too
            value = json.loads("".join(value))
    size = len(json.dumps(value))
    into.flag(
        "NOTEBOOK_OUTPUT_DATA",
        where,
        f"The output keeps {size:,} characters of data as {shown(form, 60)}, more than what is drawn from it.",
        _ADVICE,
    )
    read_bundle(value, into, where)


def _page(value: Any, into: Gathering, where: str) -> None:
    from .pages import read_page  # noqa: PLC0415 - loaded when an output is HTML

    read_page(as_text(value), into, where)


def _drawing(value: Any, into: Gathering, where: str) -> None:
    from .drawings import read_drawing  # noqa: PLC0415 - loaded when an output is a drawing

    read_drawing(as_text(value).encode(), into, place(where, "drawing"))


def _words(value: Any, into: Gathering, where: str) -> None:
    read_text(_COLOUR.sub("", as_text(value)), into, where)


def _script(value: Any, into: Gathering, where: str) -> None:
    text = as_text(value)
    into.text(text, place(where, "script"))
    into.flag("SCRIPT", where, f"A script of {len(text):,} characters runs when the notebook is opened.", _ADVICE)


_FORMS: Mapping[str, Callable[[Any, Gathering, str], None]] = {
    "text/plain": _words,
    "text/markdown": _words,
    "text/latex": _words,
    "text/html": _page,
    "image/svg+xml": _drawing,
    "application/javascript": _script,
    "text/javascript": _script,
}
