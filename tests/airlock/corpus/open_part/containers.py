"""Files put together byte by byte: every hiding place of every kind of file, and the plain file beside it."""

from __future__ import annotations

import base64
import io
import json
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator

import openpyxl
import pikepdf
from openpyxl.comments import Comment

from tests.airlock.corpus.held_back.case import Case
from tests.airlock.corpus.held_back.tables import lifelines_set

from .files import EPOCH, to_csv, to_html, to_json, to_notebook, to_parquet, to_xlsx

__all__ = ["containers"]

HIDDEN, TYPE, FORMULA, ROWS = (frozenset({name}) for name in ("hidden-content", "file-type", "formula", "row-level"))
TOO = frozenset(
    {"row-level", "small-count", "identifier", "extreme", "hidden-content", "file-type", "class-disclosure"}
)
PLAIN = [["arm", "n"], ["fin", 216], ["none", 216]]


def secret() -> bytes:
    """Return rows of real people as text."""
    body = lifelines_set("rossi").head(80).to_numpy().tolist()
    return to_csv([["week", "arrest", "fin", "age", "race", "wexp", "mar", "paro", "prio"], *body])


def held(name: str, file: str, content: bytes, expected: frozenset[str] = HIDDEN) -> Case:
    return Case(name=name, files={file: content}, expected=expected, acceptable=TOO, source="rossi")


def fair(name: str, file: str, content: bytes) -> Case:
    return Case(name=name, files={file: content}, source="rossi")


def with_part(content: bytes, name: str, data: bytes) -> bytes:
    """Return a zip container with one more part."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return out.getvalue()


def zipped(*parts: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts:
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*extra: bytes, after: bytes = b"") -> bytes:
    """Return a small picture with more chunks before the pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(range(0, 256, 8)) for _ in range(32))))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + pixels + chunk(b"IEND", b"") + after


def svg(inside: str = "") -> bytes:
    bars = "".join(f'<rect x="{20 * i}" y="{100 - h}" width="15" height="{h}"/>' for i, h in enumerate((60, 80, 45)))
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">{bars}{inside}</svg>'.encode()


def pdf(change: Callable[[pikepdf.Pdf], None] | None = None) -> bytes:
    made = pikepdf.new()
    made.add_blank_page(page_size=(200, 200))
    made.pages[0].Contents = made.make_stream(b"0 0 0 rg 20 20 40 90 re f 80 20 40 60 re f")
    if change:
        change(made)
    out = io.BytesIO()
    made.save(out, deterministic_id=True)
    return out.getvalue()


def pictures() -> Iterator[Case]:
    data = secret()
    yield fair("png", "p.png", png())
    yield held("png-text", "p.png", png(chunk(b"tEXt", b"Comment\0" + data)))
    yield held("png-ztxt", "p.png", png(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(data))))
    yield held("png-private", "p.png", png(chunk(b"prIv", data)))
    yield held("png-after", "p.png", png(after=data))
    yield held("png-zip-after", "p.png", png(after=zipped(("raw.csv", data))))
    yield held("png-named-csv", "p.csv", png(), TYPE | HIDDEN)
    marks = "".join(f'<circle cx="{50 + i}" cy="{i * 7 % 90}" r="1"/>' for i in range(60))
    for name, inside, wrong in (
        ("plain", "", False),
        ("three-marks", '<circle cx="9" cy="9" r="1"/>' * 3, False),
        ("title", "<title>Arms</title>", False),
        ("script", "<script>alert(1)</script>", True),
        ("handler", '<rect onload="x()" width="1" height="1"/>', True),
        ("foreign", f"<foreignObject><p>{data.decode()}</p></foreignObject>", True),
        ("metadata", f"<metadata>{data.decode()}</metadata>", True),
        ("image", f'<image href="data:image/png;base64,{base64.b64encode(png()).decode()}"/>', True),
        ("link", '<image href="https://x.example/a.png"/>', True),
        ("comment", f"<!--{data.decode()}-->", True),
        ("no-display", f'<text display="none">{data.decode()}</text>', True),
        ("tiny", f'<text font-size="0.01">{data.decode()}</text>', True),
        ("outside", f'<text x="-500">{data.decode()}</text>', True),
        ("clear", f'<text opacity="0">{data.decode()}</text>', True),
        ("data-attribute", f'<g data-rows="{data.decode()}"/>', True),
    ):
        yield held(f"svg-{name}", "p.svg", svg(inside)) if wrong else fair(f"svg-{name}", "p.svg", svg(inside))
    yield held("svg-sixty-marks", "p.svg", svg(marks), HIDDEN | ROWS)
    bomb = b'<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>' + svg("<text>&b;</text>")
    yield held("svg-entities", "p.svg", bomb)

    def attach(made: pikepdf.Pdf) -> None:
        made.attachments["raw.csv"] = pikepdf.AttachedFileSpec(
            made, data, mime_type="text/csv", creation_date="", mod_date=""
        )

    def script(made: pikepdf.Pdf) -> None:
        made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="x()")

    def info(made: pikepdf.Pdf) -> None:
        made.docinfo["/Subject"] = data.decode()

    def form(made: pikepdf.Pdf) -> None:
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T="a", V=data.decode())
        made.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))

    yield fair("pdf", "p.pdf", pdf())
    for name, change in (("attachment", attach), ("script", script), ("info", info), ("form", form)):
        yield held(f"pdf-{name}", "p.pdf", pdf(change))
    yield held("pdf-after", "p.pdf", pdf() + data)


def workbooks() -> Iterator[Case]:
    data, rows = secret(), [line.split(",") for line in secret().decode().splitlines()]

    def sheet(state: str) -> Callable[[openpyxl.Workbook], None]:
        def change(book: openpyxl.Workbook) -> None:
            more = book.create_sheet("x")
            for row in rows:
                more.append(row)
            more.sheet_state = state

        return change

    def comment(book: openpyxl.Workbook) -> None:
        book.active["A2"].comment = Comment("age 27, race 1", "a")

    def column(book: openpyxl.Workbook) -> None:
        book.active["F1"] = "27;18;19"
        book.active.column_dimensions["F"].hidden = True

    def narrow(book: openpyxl.Workbook) -> None:
        book.active["A3"] = "x"
        book.active.row_dimensions[3].hidden = True

    def defined(book: openpyxl.Workbook) -> None:
        book.defined_names["rows"] = openpyxl.workbook.defined_name.DefinedName("rows", attr_text=f'"{rows[1]}"')

    def title(book: openpyxl.Workbook) -> None:
        book.properties.description = data.decode()

    yield fair("xlsx", "t.xlsx", to_xlsx(PLAIN))
    for name, change in (
        ("hidden", sheet("hidden")),
        ("very-hidden", sheet("veryHidden")),
        ("comment", comment),
        ("column", column),
        ("row", narrow),
        ("defined-name", defined),
        ("description", title),
    ):
        yield held(f"xlsx-{name}", "t.xlsx", to_xlsx(PLAIN, change))
    for name, part in (
        ("pivot", "xl/pivotCache/pivotCacheRecords1.xml"),
        ("external", "xl/externalLinks/externalLink1.xml"),
        ("custom", "docProps/custom.xml"),
        ("macro", "xl/vbaProject.bin"),
        ("embedding", "xl/embeddings/a.bin"),
    ):
        body = b"<a>" + data + b"</a>" if part.endswith("xml") else data
        yield held(f"xlsx-{name}", "t.xlsx", with_part(to_xlsx(PLAIN), part, body), HIDDEN | TYPE)
    yield held("xlsx-after", "t.xlsx", to_xlsx(PLAIN) + data)


def documents() -> Iterator[Case]:
    data = secret().decode()
    packed = base64.b64encode(data.encode()).decode()
    yield fair("notebook", "n.ipynb", to_notebook(PLAIN))
    for name, more in (
        ("attachment", {"attachments": {"a": {"text/csv": packed}}}),
        ("metadata", {"metadata": {"x": packed}}),
        (
            "base64-output",
            {
                "outputs": [
                    {"output_type": "display_data", "metadata": {}, "data": {"application/octet-stream": packed}}
                ]
            },
        ),
        (
            "plotly",
            {
                "outputs": [
                    {
                        "output_type": "display_data",
                        "metadata": {},
                        "data": {
                            "application/vnd.plotly.v1+json": {
                                "data": [
                                    {"x": list(range(80)), "customdata": [row.split(",") for row in data.splitlines()]}
                                ]
                            }
                        },
                    }
                ]
            },
        ),
        (
            "javascript",
            {
                "outputs": [
                    {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": f"d={data!r}"}}
                ]
            },
        ),
    ):
        yield held(f"notebook-{name}", "n.ipynb", to_notebook(PLAIN, **more), HIDDEN | ROWS)
    yield held(
        "notebook-widgets",
        "n.ipynb",
        json.dumps(json.loads(to_notebook(PLAIN)) | {"metadata": {"widgets": {"s": data}}}).encode(),
    )
    page = to_html(PLAIN).decode()
    yield fair("html", "r.html", page.encode())
    for name, inside in (
        ("comment", f"<!--{data}-->"),
        ("script", f"<script>d=`{data}`</script>"),
        ("hidden", f"<p hidden>{data}</p>"),
        ("display", f"<p style='display:none'>{data}</p>"),
        ("white", f"<p style='color:#fff;font-size:0'>{data}</p>"),
        ("frame", "<iframe src='https://x.example'></iframe>"),
        ("image", f"<img src='data:image/png;base64,{base64.b64encode(png(after=data.encode())).decode()}'>"),
        ("template", f"<template>{data}</template>"),
        ("attribute", f"<p data-rows='{data}'>x</p>"),
        ("remote", "<img src='https://x.example/?q=1'>"),
    ):
        yield held(f"html-{name}", "r.html", page.replace("</body>", f"{inside}</body>").encode())
    yield fair("parquet", "t.parquet", to_parquet(PLAIN))
    yield held("parquet-metadata", "t.parquet", to_parquet(PLAIN, {"x": data}))
    yield fair("json", "t.json", to_json(PLAIN))
    yield held("json-base64", "t.json", json.dumps({"n": 432, "model": packed}).encode())
    yield held("markdown-comment", "r.md", f"# Result\n\n216 people in each arm.\n\n<!-- {data} -->\n".encode())
    yield held("markdown-link-data", "r.md", f"# Result\n\n[x](data:text/csv;base64,{packed})\n".encode())
    yield fair("markdown-text", "r.md", b"# Result\n\n216 people in each arm.\n")


def kinds() -> Iterator[Case]:
    """Kinds that do not leave, under their own and under false names; odd encodings; cells that run."""
    data = secret()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as made:
        entry = tarfile.TarInfo("raw.csv")
        entry.size = len(data)
        made.addfile(entry, io.BytesIO(data))
    bodies = {
        "pkl": pickle.dumps(data.splitlines()),
        "zip": zipped(("a.csv", data)),
        "tar": tar.getvalue(),
        "gz": zlib.compress(data, wbits=31),
        "exe": b"MZ" + bytes(200),
        "elf": b"\x7fELF" + bytes(200),
        "rds": zlib.compress(b"X\n\0\0\0\3" + data, wbits=31),
        "sqlite": b"SQLite format 3\0" + bytes(200),
        "npy": b"\x93NUMPY\1\0" + data,
        "hdf5": b"\x89HDF\r\n\x1a\n" + data,
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(60),
        "pt": zipped(("archive/data.pkl", pickle.dumps([1])), ("archive/data/0", data)),
        "docm": zipped(("[Content_Types].xml", b"<Types/>"), ("word/vbaProject.bin", data)),
        "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    }
    for ending, body in bodies.items():
        yield held(f"kind-{ending}", f"model.{ending}", body, TYPE)
        yield held(f"kind-{ending}-as-csv", "model.csv", body, TYPE)
    yield held("zip-slip", "a.xlsx", with_part(to_xlsx(PLAIN), "../../x", data), HIDDEN | TYPE)
    yield held("zip-bomb", "a.xlsx", with_part(to_xlsx(PLAIN), "xl/x.xml", bytes(60_000_000)), HIDDEN | TYPE)
    table = to_csv(PLAIN)
    yield fair("text-utf8-mark", "t.csv", b"\xef\xbb\xbf" + table)
    yield fair("text-crlf", "t.csv", table.replace(b"\n", b"\r\n"))
    yield fair("text-accents", "t.csv", to_csv([["région", "n"], ["Île-de-France", 216], ["Zürich", 216]]))
    yield held("text-nul", "t.csv", table + bytes(30) + data)
    yield held("text-bidi", "t.csv", table.replace(b"fin", "f\u202ein".encode()))
    yield held("text-zero-width", "t.txt", ("216 people" + "\u200b\u200c" * 400).encode())
    yield held("text-tags", "t.txt", ("216 people" + "".join(chr(0xE0000 + b) for b in data[:300])).encode())
    yield held("text-look-alike", "t.csv", to_csv([["arm", "n"], ["p\u0430in", 216], ["pain", 216]]))
    yield held("text-huge-cell", "t.csv", to_csv([["arm", "n"], ["fin" + " " * 200_000 + data.decode(), 216]]))
    yield held("text-base64", "t.txt", b"216 people\n" + base64.b64encode(data * 3))
    for number, cell in enumerate(
        ("=1+1", "=HYPERLINK(A1)", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "\t=1+1")
    ):
        yield held(f"formula-{number}", "t.csv", to_csv([["arm", "n"], [cell, 216], ["b", 216]]), FORMULA)
    for number, cell in enumerate(("-1.25", "+0.5", "-", "-1.2 (-2.0, -0.4)", "- none", "+", "-3%", "-1e-5")):
        yield fair(f"no-formula-{number}", "t.csv", to_csv([["term", "change"], [cell, 0.5], ["b", 1.5]]))


def containers() -> Iterator[Case]:
    """Every case of this module."""
    yield from pictures()
    yield from workbooks()
    yield from documents()
    yield from kinds()
