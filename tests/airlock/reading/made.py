"""Files of every kind, made by the libraries researchers use, and the ways to hide something in them."""

from __future__ import annotations

import base64
import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.airlock.model import Severity
from orchestrator.airlock.reading.parts import Reading
from orchestrator.airlock.reading.specimen import Specimen

__all__ = [
    "changed",
    "chart",
    "data_link",
    "flagged",
    "notebook",
    "ods",
    "overlapping",
    "parquet",
    "picture",
    "png",
    "png_chunk",
    "read",
    "rules",
    "sheet",
    "workbook",
    "zipped",
]


def read(content: bytes | str, name: str = "file") -> Reading:
    return Specimen.of(content.encode() if isinstance(content, str) else content, name).reading


def rules(content: bytes | str) -> set[str]:
    return {finding.rule for finding in read(content).findings}


def flagged(content: bytes | str) -> set[str]:
    return {finding.rule for finding in read(content).findings if finding.severity is not Severity.NOTE}


def workbook(change: Callable[[Any], None] | None = None) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Results"
    for row in (["arm", "n", "mean age"], ["placebo", 120, 71.5], ["treated", 118, 70.25]):
        sheet.append(row)
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheet(rows: list[list[Any]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(archive: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Return a zip with parts added or put in place of others."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in parts:
                new.writestr(entry.filename, old.read(entry))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def zipped(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        warnings.simplefilter("ignore")
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def overlapping(entries: int = 200, size: int = 100_000) -> bytes:
    """Return a zip in which all entries of the directory point to one and the same part."""
    data = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = data.compress(b"0" * size) + data.flush()
    crc = zlib.crc32(b"0" * size)
    name = b"a.csv"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), size, len(name), 0) + name
    body, directory = local + packed, b""
    for _ in range(entries):
        directory += struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            20,
            20,
            0,
            8,
            0,
            0,
            crc,
            len(packed),
            size,
            len(name),
            0,
            0,
            0,
            0,
            0,
            0,
        )
        directory += name
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), len(body), 0)
    return body + directory + end


def ods(content: str = "", parts: Mapping[str, bytes] | None = None) -> bytes:
    """Return an OpenDocument spreadsheet around the XML of its sheets."""
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style", "meta", "script")
    )
    cells = "".join(f"<table:table-cell><text:p>{word}</text:p></table:table-cell>" for word in ("arm", "n"))
    number = '<table:table-cell office:value-type="float" office:value="120"><text:p>120</text:p></table:table-cell>'
    sheets = content or (
        f'<table:table table:name="Results"><table:table-row>{cells}</table:table-row>'
        f"<table:table-row><table:table-cell><text:p>placebo</text:p></table:table-cell>{number}</table:table-row>"
        "</table:table>"
    )
    xml = (
        f"<?xml version='1.0'?><office:document-content{spaces} xmlns:xlink='http://www.w3.org/1999/xlink'>"
        '<office:automatic-styles><style:style style:name="off">'
        '<style:table-properties table:display="false"/></style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        new.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        new.writestr("content.xml", xml)
        for name, part in (parts or {}).items():
            new.writestr(name, part)
    return out.getvalue()


def notebook(*outputs: Mapping[str, Any], **more: Any) -> bytes:
    cell = {
        "cell_type": "code",
        "source": ["df.groupby('arm').n.sum()"],
        "metadata": more.pop("cell_metadata", {}),
        "execution_count": 1,
        "outputs": list(outputs),
    }
    if "attachments" in more:
        cell["attachments"] = more.pop("attachments")
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3"}}, "cells": [cell]}
    book["metadata"] |= more.pop("metadata", {})
    return json.dumps(book | more).encode()


def chart(draw: Callable[[Any], None], form: str, **saving: Any) -> bytes:
    """Return what matplotlib saves."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    draw(axes)
    out = io.BytesIO()
    figure.savefig(out, format=form, **saving)
    plt.close(figure)
    return out.getvalue()


def parquet(
    columns: Mapping[str, list[Any]] | None = None, *, said: Mapping[str, str] | None = None, **how: Any
) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(columns or {"arm": ["placebo", "treated"], "n": [120, 118]})
    if said is not None:
        table = table.replace_schema_metadata(said)
    out = io.BytesIO()
    pq.write_table(table, out, **how)
    return out.getvalue()


def picture(form: str = "PNG", **how: Any) -> bytes:
    from PIL import Image

    image = Image.new("RGB", (24, 16), (20, 90, 160))
    image.putpixel((3, 4), (255, 0, 0))
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*extra: bytes, after: bytes = b"") -> bytes:
    """Return a PNG with chunks put before its end, and bytes after it."""
    plain = picture()
    return plain[:-12] + b"".join(extra) + plain[-12:] + after


def data_link(content: bytes, form: str = "image/png") -> str:
    return f"data:{form};base64,{base64.b64encode(content).decode()}"
