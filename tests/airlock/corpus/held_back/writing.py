"""Results written in every format people use, byte for byte the same each time."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import pandas as pd
import pikepdf
from matplotlib.figure import Figure
from openpyxl import Workbook

__all__ = [
    "as_csv",
    "as_html",
    "as_json",
    "as_log",
    "as_markdown",
    "as_notebook",
    "as_parquet",
    "as_text_notebook",
    "as_xlsx",
    "book",
    "figure",
    "notebook",
    "page",
    "pdf_again",
    "rezip",
]

EPOCH = (2024, 1, 1, 0, 0, 0)


def as_csv(frame: pd.DataFrame, *, index: bool = False, sep: str = ",") -> bytes:
    return frame.to_csv(index=index, sep=sep).encode()


def as_markdown(frame: pd.DataFrame, title: str = "Results") -> bytes:
    lines = [f"# {title}", "", "| " + " | ".join(map(str, frame.columns)) + " |", "|" + "---|" * len(frame.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in frame.itertuples(index=False)]
    return ("\n".join(lines) + "\n").encode()


def as_log(*parts: pd.DataFrame | pd.Series | str) -> bytes:
    """Return what a script that prints would leave in its log."""
    with pd.option_context("display.max_rows", None, "display.max_columns", None, "display.width", 200):
        return ("\n\n".join(str(part) for part in parts) + "\n").encode()


def as_json(frame: pd.DataFrame, orient: str = "records") -> bytes:
    return json.dumps(json.loads(frame.to_json(orient=orient, date_format="iso")), indent=1).encode()  # type: ignore[call-overload]


def as_parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(index=False)


def page(*parts: pd.DataFrame | str, head: str = "") -> bytes:
    """Return an HTML report of paragraphs and tables."""
    body = "\n".join(
        part.to_html(index=False) if isinstance(part, pd.DataFrame) else f"<p>{html.escape(part)}</p>" for part in parts
    )
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>Report</title>{head}</head><body>{body}</body></html>"
    ).encode()


def as_html(frame: pd.DataFrame) -> bytes:
    return page("Table 1", frame)


def rezip(content: bytes, change: Callable[[str, bytes], bytes] | None = None) -> bytes:
    """Return a zip container with fixed times; ``change`` edits parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        parts = {name: source.read(name) for name in source.namelist()}
        for name, data in parts.items():
            settled = re.sub(rb"(<dcterms:\w+ [^>]*>)[^<]*", rb"\g<1>2024-01-01T00:00:00Z", data)
            target.writestr(zipfile.ZipInfo(name, EPOCH), change(name, settled) if change else settled)
    return out.getvalue()


def book(sheets: Mapping[str, pd.DataFrame], finish: Callable[[Workbook], None] | None = None) -> bytes:
    """Return a workbook; ``finish`` may hide or annotate things before it is saved."""
    workbook = Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]
    for title, frame in sheets.items():
        sheet = workbook.create_sheet(title)
        sheet.append([str(column) for column in frame.columns])
        for row in frame.itertuples(index=False):
            sheet.append([None if pd.isna(value) else getattr(value, "item", lambda v=value: v)() for value in row])
    if finish:
        finish(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return rezip(out.getvalue())


def as_xlsx(frame: pd.DataFrame) -> bytes:
    return book({"Table 1": frame})


def notebook(cells: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any] | None = None) -> bytes:
    """Return a notebook of code cells; each mapping may give source, outputs, metadata, attachments."""
    made = [
        {
            "cell_type": cell.get("cell_type", "code"),
            "id": f"cell{number}",
            "metadata": cell.get("metadata", {}),
            "source": cell.get("source", ""),
        }
        | ({"attachments": cell["attachments"]} if "attachments" in cell else {})
        | (
            {"execution_count": number + 1, "outputs": cell.get("outputs", [])}
            if cell.get("cell_type", "code") == "code"
            else {}
        )
        for number, cell in enumerate(cells)
    ]
    whole = {"cells": made, "metadata": dict(metadata or {}), "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1).encode()


def shown(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the output a notebook keeps of a frame as its last expression."""
    return {
        "output_type": "execute_result",
        "execution_count": 1,
        "metadata": {},
        "data": {"text/html": frame.to_html(), "text/plain": frame.to_string()},
    }


def as_notebook(frame: pd.DataFrame, source: str = "table") -> bytes:
    return notebook([{"source": "import pandas as pd"}, {"source": source, "outputs": [shown(frame)]}])


def as_text_notebook(frame: pd.DataFrame | pd.Series, source: str = "print(table)") -> bytes:
    """Return a notebook whose table was printed, not displayed."""
    stream = {"output_type": "stream", "name": "stdout", "text": frame.to_string()}
    return notebook([{"source": source, "outputs": [stream]}])


def figure(draw: Callable[[Any], object], kind: str) -> bytes:
    """Return a matplotlib figure as svg, pdf, png or jpg; ``draw`` gets the axes."""
    with mpl.rc_context({"svg.hashsalt": "corpus", "svg.fonttype": "none", "pdf.compression": 6}):
        canvas = Figure(figsize=(6, 4))
        axes = canvas.subplots()
        draw(axes)
        out = io.BytesIO()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        canvas.savefig(out, format=kind, metadata=metadata)  # type: ignore[arg-type]
    return out.getvalue()


def pdf_again(content: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    """Return a PDF after ``change`` altered it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        change(pdf)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def png_notebook(content: bytes) -> bytes:
    """Return a notebook whose only output is a picture."""
    data = {"image/png": base64.b64encode(content).decode(), "text/plain": "<Figure size 600x400>"}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    return notebook([{"source": "plot()", "outputs": [output]}])
