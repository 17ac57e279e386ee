"""Each kind of file made anew: what was hidden is gone, what was shown is there, and a copy of a copy is the same."""

from __future__ import annotations

import base64
import io

import numpy
import pandas
import pikepdf
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from orchestrator.airlock.canonical import Canonical, canonicalise
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.reading.made import (
    changed,
    chart,
    data_link,
    flagged,
    notebook,
    ods,
    overlapping,
    parquet,
    picture,
    png,
    read,
    workbook,
    zipped,
)
from tests.airlock.world import PACK

RULES = load_pack(PACK)
FRAME = pandas.DataFrame({"n": [120, 118], "mean": [71.5, 70.25]}, index=["placebo", "treated"])


def made(content: bytes | str, name: str) -> Canonical:
    canonical = canonicalise(Specimen.of(content.encode() if isinstance(content, str) else content, name), RULES)
    assert canonical is not None
    return canonical


def bars(axes):
    axes.bar(range(5), [20, 30, 40, 50, 60])
    axes.set_title("Deaths by month")


def scatter(axes):
    axes.scatter(range(60), [n * n % 37 for n in range(60)])


def hide(book):
    book.create_sheet("Raw").append(["Jane Doe", 61])
    book["Raw"].sheet_state = "veryHidden"
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["C"].hidden = True


def shown_output():
    return {
        "output_type": "execute_result",
        "execution_count": 1,
        "metadata": {},
        "data": {"text/plain": FRAME.to_string(), "text/html": FRAME.to_html()},
    }


def drawn_output():
    data = {"image/png": base64.b64encode(picture()).decode(), "text/plain": "<Figure>"}
    return {"output_type": "display_data", "metadata": {}, "data": data}


FILES = {
    "results.csv": "région,n\r\nNord,120\r\n".encode("cp1252"),
    "results.json": b'{"n": 240, "share": 0.50}',
    "results.md": b"# Results\r\n\r\nWords.\r\n",
    "results.py": b"import pandas as pd\r\nprint(pd.read_csv('x.csv').mean())\r\n",
    "plot.png": chart(bars, "png"),
    "plot.jpg": picture("JPEG"),
    "plot.gif": picture("GIF"),
    "plot.webp": picture("WEBP"),
    "plot.tiff": picture("TIFF"),
    "plot.svg": chart(bars, "svg"),
    "points.svg": chart(scatter, "svg"),
    "plot.pdf": chart(bars, "pdf"),
    "results.xlsx": workbook(),
    "results.ods": ods(),
    "results.parquet": parquet(),
    "results.html": FRAME.to_html(),
    "results.ipynb": notebook(shown_output(), drawn_output()),
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_file_gives_the_same_copies_and_a_copy_of_a_copy_is_the_same(name):
    canonical = made(FILES[name], name)
    assert canonical == made(FILES[name], name)
    assert canonical.files
    for derived in canonical.files:
        again = made(derived.content, derived.name)
        assert [(one.name, one.content) for one in again.files] == [(derived.name, derived.content)]
        assert flagged(derived.content) - {"PLOTTED_POINTS"} == set()
        assert read(derived.content).kind in RULES.review_kinds


def test_a_picture_keeps_its_pixels_and_nothing_else():
    said = PngInfo()
    said.add_text("Comment", "Jane Doe")
    canonical = made(picture(pnginfo=said), "p.png")
    assert b"Jane Doe" not in canonical.files[0].content
    before, after = (Image.open(io.BytesIO(one)).convert("RGB") for one in (picture(), canonical.files[0].content))
    assert numpy.array_equal(numpy.asarray(before), numpy.asarray(after))
    assert canonical.removed == ("IMAGE_METADATA",)


def test_what_lies_under_full_transparency_does_not_leave():
    image = Image.new("RGBA", (8, 8), (255, 255, 255, 255))
    image.putpixel((2, 2), (61, 1, 7, 0))
    out = io.BytesIO()
    image.save(out, "PNG")
    after = Image.open(io.BytesIO(made(out.getvalue(), "p.png").files[0].content))
    assert after.mode == "RGB"
    assert after.getpixel((2, 2)) == (255, 255, 255)


def test_deliberate_hiding_is_never_among_what_was_removed():
    for content, name in ((png(after=zipped({"a": b"1"})), "p.png"), (picture("JPEG") + b"rows", "p.jpg")):
        assert {"TRAILING_BYTES", "POLYGLOT"}.isdisjoint(made(content, name).removed)
    hidden = changed(workbook(), {"xl/vbaProject.bin": b"code"})
    assert "MACROS" not in made(hidden, "r.xlsx").removed


def test_points_become_a_picture_and_stay_a_finding_bars_stay_a_drawing():
    points, plain = made(FILES["points.svg"], "p.svg"), made(FILES["plot.svg"], "p.svg")
    assert [one.name for one in points.files] == ["p.png"]
    assert "PLOTTED_POINTS" not in points.removed
    assert [one.name for one in plain.files] == ["p.svg"]
    colours = Image.open(io.BytesIO(points.files[0].content)).convert("RGB").getcolors(1 << 24)
    assert colours is not None
    assert len(colours) > 20


def test_a_drawing_is_rebuilt_without_what_runs_loads_or_hides():
    content = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><!-- Jane Doe --><metadata>Jane Doe</metadata>'
        '<g id="a"><text x="5" y="20">Deaths</text></g><rect style="fill:#123456" width="9" height="9"/></svg>'
    )
    (derived,) = made(content, "p.svg").files
    assert b"Jane" not in derived.content
    assert b"Deaths" in derived.content
    assert b"#123456" in derived.content
    active = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="x()"><script>x()</script>'
        f'<image href="{data_link(b"rows", "text/csv")}"/>'
        '<rect style="fill:url(https://example.org/x)" width="9" height="9"/>'
        "<foreignObject><p>Jane Doe</p></foreignObject><text style='display:none'>Jane Doe</text></svg>"
    )
    (derived,) = made(active, "p.svg").files
    assert derived.name == "p.png"
    assert {"SCRIPT", "EXTERNAL_LINK", "FOREIGN_CONTENT", "HIDDEN_CONTENT", "EMBEDDED_FILE"} <= flagged(active)


def test_a_heat_map_within_a_drawing_is_kept():
    content = chart(lambda axes: axes.imshow(numpy.arange(64).reshape(8, 8)), "svg")
    (derived,) = made(content, "p.svg").files
    assert derived.name == "p.svg"
    assert derived.content.count(b"data:image/png;base64,") == content.count(b"data:image/png;base64,") == 1
    assert made(derived.content, "p.svg").files[0].content == derived.content


def test_a_drawing_with_words_out_of_sight_becomes_a_picture():
    content = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="-90" y="9">Jane</text></svg>'
    assert [one.name for one in made(content, "p.svg").files] == ["p.png"]


def test_words_of_a_drawing_are_drawn_without_fonts_of_the_machine():
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):
        words = chart(lambda axes: (scatter(axes), axes.set_title("Deaths by month", fontsize=30)), "svg")
        bare = chart(lambda axes: (scatter(axes), axes.set_title("")), "svg")
    assert b"<text" in words
    first, second = (
        numpy.asarray(Image.open(io.BytesIO(made(one, "p.svg").files[0].content)).convert("L"))[:110]
        for one in (words, bare)
    )
    assert (first < 128).sum() > (second < 128).sum() + 500


def test_a_workbook_leaves_its_visible_cells_and_pictures_alone():
    content = changed(workbook(hide), {"xl/media/image1.png": picture()})
    canonical = made(content, "results.xlsx")
    assert [one.name for one in canonical.files] == ["results-Results.csv", "results-picture-1.png"]
    assert canonical.files[0].content == b"arm,n\nplacebo,120\n"
    assert "1 hidden rows" in canonical.files[0].note
    assert {"HIDDEN_SHEET", "HIDDEN_ROWS", "HIDDEN_COLUMNS"} <= set(canonical.removed)


def test_a_page_keeps_its_tables_words_and_pictures():
    content = (
        "<html><head><title>T</title><script>x()</script></head><body onload='x()'><!-- Jane -->"
        "<p style='display:none'>Doe</p>"
        f"<h1>Results</h1>{FRAME.to_html()}<a href='https://example.org'>link</a><img src='{data_link(picture())}'>"
        "<img src='https://example.org/p.png'><div data-x='61'>words</div>"
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='5' height='5'/></svg></body></html>"
    )
    (derived,) = made(content, "r.html").files
    text = derived.content.decode()
    for gone in ("script", "onload", "Jane", "display", "example.org", "data-x", "<svg", "<title>T"):
        assert gone not in text
    assert text.count("data:image/png;base64,") == 2
    found = read(derived.content)
    assert [row for _, row in found.tables[0].rows()] == [("placebo", "120", "71.50"), ("treated", "118", "70.25")]
    assert all(word in found.texts[0].text for word in ("Results", "link", "words", "Doe"))


def test_a_notebook_becomes_a_page_with_its_tables_and_pictures():
    canonical = made(FILES["results.ipynb"], "results.ipynb")
    assert [one.name for one in canonical.files] == ["results.html", "results-table-1.csv", "results-picture-1.png"]
    page, table, drawn = canonical.files
    assert b"df.groupby" in page.content
    assert b"<table" in page.content
    assert table.content == b",n,mean\nplacebo,120,71.50\ntreated,118,70.25\n"
    assert drawn.content.startswith(b"\x89PNG")


def test_what_a_notebook_keeps_behind_its_outputs_does_not_leave():
    secret = {"application/vnd.plotly.v1+json": {"data": [{"x": ["Jane Doe"]}]}, "text/plain": "Figure"}
    content = notebook(
        {"output_type": "display_data", "metadata": {"who": "Jane Doe"}, "data": secret},
        attachments={"rows.csv": {"text/csv": "Jane Doe"}},
        metadata={"widgets": {"state": "Jane Doe"}},
        cell_metadata={"who": "Jane Doe"},
    )
    canonical = made(content, "r.ipynb")
    assert all(b"Jane" not in one.content for one in canonical.files)
    assert {"NOTEBOOK_OUTPUT_DATA", "NOTEBOOK_WIDGET_STATE", "NOTEBOOK_ATTACHMENT"} <= set(canonical.removed)


def test_words_of_a_notebook_stay_words_and_never_become_a_page():
    content = notebook({"output_type": "stream", "name": "stdout", "text": "<script>x()</script> 1 < 2 & 3"})
    page = made(content, "r.ipynb").files[0].content
    assert b"&lt;script&gt;x()&lt;/script&gt; 1 &lt; 2 &amp; 3" in page


def test_a_document_becomes_pictures_of_its_pages():
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(FILES["plot.pdf"])) as document:
        document.attachments["rows.csv"] = b"Jane Doe"
        document.pages.append(document.pages[0])
        document.save(out)
    canonical = made(out.getvalue(), "plot.pdf")
    assert [one.name for one in canonical.files] == ["plot-page-1.png", "plot-page-2.png"]
    assert canonical.files[0].content == canonical.files[1].content
    assert "EMBEDDED_FILE" in canonical.removed
    assert len(set(Image.open(io.BytesIO(canonical.files[0].content)).convert("L").tobytes())) > 20


NEVER = {
    "an unsound archive": overlapping(),
    "a zip": zipped({"a.csv": b"1"}),
    "a workbook cut short": workbook()[:-900],
    "a picture cut short": chart(bars, "png")[:-300],
    "a document cut short": chart(bars, "pdf")[:300],
    "a drawing of entities": b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
    "unknown bytes": b"\x00\x01\x02\x03",
    "parquet with a tail": parquet() + b"rows",
    "nothing": b"",
}


@pytest.mark.parametrize("case", NEVER)
def test_of_what_could_not_be_read_there_is_no_copy(case):
    assert canonicalise(Specimen.of(NEVER[case], "x"), RULES) is None


def test_names_of_copies_are_plain_and_never_twice_the_same():
    def two(book):
        for title in ("Größe / Übersicht", "Grosse Ubersicht", "Grosse_Ubersicht"):
            book.create_sheet(title.replace("/", "-")).append([title, 1])

    names = [one.name for one in made(workbook(two), "Zeitreihe.xlsx").files]
    assert len({name.casefold() for name in names}) == len(names) == 4
    assert all(name.isascii() and name.startswith("Zeitreihe-") and name.endswith(".csv") for name in names)
