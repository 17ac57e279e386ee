"""Tables written to files by the standard library and the libraries of the formats, without pandas."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["FORMATS", "Rows", "settled", "to_csv", "to_html", "to_json", "to_notebook", "to_parquet", "to_xlsx"]

Rows = Sequence[Sequence[Any]]
"""A table: headings first."""
EPOCH = (2023, 6, 1, 0, 0, 0)


def to_csv(rows: Rows, delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def to_json(rows: Rows) -> bytes:
    head, *body = rows
    return json.dumps([dict(zip(map(str, head), row, strict=True)) for row in body]).encode()


def table(rows: Rows) -> str:
    """Return a table in HTML."""
    head, *body = rows
    cells = ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in body]
    headings = "".join(f"<th>{html.escape(str(cell))}</th>" for cell in head)
    return f"<table><tr>{headings}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def to_html(rows: Rows) -> bytes:
    return f"<!doctype html><html lang=en><title>T</title><body>{table(rows)}</body></html>".encode()


def settled(content: bytes) -> bytes:
    """Return a zip container whose times are fixed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = re.sub(rb"(<dcterms:\w+ [^>]*>)[^<]*", rb"\g<1>2023-06-01T00:00:00Z", source.read(name))
            target.writestr(zipfile.ZipInfo(name, EPOCH), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def to_xlsx(rows: Rows, change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    """Return a workbook with one sheet; ``change`` may do more to it."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append([cell if isinstance(cell, (int, float)) else str(cell) for cell in row])
    if change:
        change(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return settled(out.getvalue())


def to_parquet(rows: Rows, metadata: dict[str, str] | None = None) -> bytes:
    head, *body = rows
    columns = [list(column) for column in zip(*body, strict=True)]
    mixed = [[str(c) for c in column] if len({type(c) for c in column}) > 1 else column for column in columns]
    out = io.BytesIO()
    made = pa.table({str(name): column for name, column in zip(head, mixed, strict=True)})
    pq.write_table(made.replace_schema_metadata(metadata), out)
    return out.getvalue()


def to_notebook(rows: Rows, **more: Any) -> bytes:
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": table(rows)}}
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": 1, "source": "show", "outputs": [output]}
    return json.dumps({"cells": [cell | more], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def to_markdown(rows: Rows) -> bytes:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines).encode()


FORMATS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "csv": ("table.csv", to_csv),
    "tsv": ("table.tsv", lambda rows: to_csv(rows, "\t")),
    "json": ("table.json", to_json),
    "html": ("table.html", to_html),
    "xlsx": ("table.xlsx", to_xlsx),
    "parquet": ("table.parquet", to_parquet),
    "notebook": ("table.ipynb", to_notebook),
    "markdown": ("table.md", to_markdown),
}
