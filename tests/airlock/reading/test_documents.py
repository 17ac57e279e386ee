"""PDF: words of every page, and what a reader program would run, attach or hide."""

from __future__ import annotations

import io

import pikepdf
import pytest

from tests.airlock.reading.made import chart, flagged, read, zipped


def plain(axes):
    axes.bar(range(5), [20, 30, 40, 50, 60])
    axes.set_title("Deaths by month")


PLOT = chart(plain, "pdf")


def changed(change, **saving) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PLOT)) as document:
        change(document)
        document.save(out, **saving)
    return out.getvalue()


def attach(document):
    document.attachments["rows.csv"] = b"age,sex\n61,F\n"


def script(document):
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    document.Root.OpenAction = document.make_indirect(action)


def named_script(document):
    action = document.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("x()")))
    document.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=[pikepdf.String("a"), action]))


def note(document):
    page = document.pages[0]
    contents = pikepdf.String("Jane Doe, 61")
    box = [0, 0, 9, 9]
    page.obj.Annots = [
        pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=box, Contents=contents)
    ]


def form(document):
    fields = [pikepdf.Dictionary(T=pikepdf.String("a"), V=pikepdf.String("61"))]
    document.Root.AcroForm = pikepdf.Dictionary(Fields=fields)


def layer(document):
    group = document.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=pikepdf.String("rows")))
    document.Root.OCProperties = pikepdf.Dictionary(OCGs=[group], D=pikepdf.Dictionary(OFF=[group]))


def much_metadata(document):
    document.docinfo["/Keywords"] = "61,62,63;" * 400


def unseen_words(document):
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page = document.pages[0]
    page.obj.Resources.Font["/Fx"] = document.make_indirect(font)
    page.contents_add(document.make_stream(b"BT /Fx 12 Tf 3 Tr 50 50 Td (Jane Doe) Tj ET"))


def nothing(_document):
    """Save as it is."""


HIDDEN = {
    "an attachment": (lambda: changed(attach), "EMBEDDED_FILE"),
    "a script on opening": (lambda: changed(script), "SCRIPT"),
    "a named script": (lambda: changed(named_script), "SCRIPT"),
    "a note": (lambda: changed(note), "ANNOTATIONS"),
    "a form": (lambda: changed(form), "FORM"),
    "a layer": (lambda: changed(layer), "HIDDEN_LAYER"),
    "much metadata": (lambda: changed(much_metadata), "DOCUMENT_METADATA"),
    "unseen words": (lambda: changed(unseen_words), "HIDDEN_CONTENT"),
    "a password": (lambda: changed(nothing, encryption=pikepdf.Encryption(user="x", owner="y")), "ENCRYPTED"),
    "an earlier version": (lambda: PLOT + b"\n5 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n", "EARLIER_VERSIONS"),
    "bytes after its end": (lambda: PLOT + b"age,sex\n61,F\n", "TRAILING_BYTES"),
    "an archive at its end": (lambda: PLOT + zipped({"rows.csv": b"1,2"}), "POLYGLOT"),
    "a document cut short": (lambda: PLOT[: len(PLOT) // 2], "INSPECTION_INCOMPLETE"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_a_document_hides_or_runs_is_said(case):
    make, rule = HIDDEN[case]
    assert rule in flagged(make())
    assert flagged(PLOT) == set()


def test_words_of_a_page_and_of_a_note_are_read():
    assert any("Deaths by month" in text.text for text in read(PLOT).texts)
    assert any("Jane Doe" in text.text for text in read(changed(note)).texts)
    assert any("Jane Doe" in text.text for text in read(changed(unseen_words)).texts)
