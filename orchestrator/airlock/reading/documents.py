"""PDF: words, marks and pictures of every page, and what a reader program would run, attach or not show."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pikepdf

from . import limits
from .file import File
from .gathering import Gathering
from .places import Places, shown
from .sheets_of_paper import read_pages

__all__ = ["read"]

_ADVICE = "Hand in pictures as PNG and tables as CSV."
_END = b"%%EOF"
_PLAIN_METADATA = 2_000
_HARMLESS_NOTES = frozenset({"/Link", "/Popup"})
_ACTIVE = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/GoToR", "/GoToE", "/URI")


def read(file: File, into: Gathering) -> None:
    """Read a document to its end."""
    content = file.content
    _ends(content, into)
    try:
        document = pikepdf.open(io.BytesIO(content))
    except pikepdf.PasswordError:
        into.block("ENCRYPTED", "whole file", "The document needs a password.", "Hand it in without a password.")
        return
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        into.incomplete("", f"the document is damaged ({type(error).__name__})")
        return
    with document:
        if document.is_encrypted:
            into.flag("ENCRYPTED", "whole file", "The document restricts what may be done with it.", _ADVICE)
        for problem in document.get_warnings():
            into.incomplete("", f"the document is damaged ({shown(str(problem), 100)})")
        _catalogue(document, into)
        _objects(document, into)
        _metadata(document, into)
    read_pages(content, into)


def _ends(content: bytes, into: Gathering) -> None:
    ends = [match.end() for match in re.finditer(_END, content)]
    if not ends:
        into.incomplete("end of the file", "the document has no end")
        return
    rest = content[ends[-1] :].strip(b"\r\n \t\x00")
    if rest or len(content) - ends[-1] > 64:
        into.block(
            "TRAILING_BYTES", f"from byte {ends[-1]}", f"{len(content) - ends[-1]} bytes follow the document.", _ADVICE
        )
    if zipfile.is_zipfile(io.BytesIO(content)):
        into.block("POLYGLOT", "whole file", "The document is an archive at the same time.", _ADVICE)
    earlier = len(ends) - (2 if b"/Linearized" in content[:2048] else 1)
    if earlier > 0:
        into.flag(
            "EARLIER_VERSIONS", "whole file", f"{earlier} earlier versions of the document are still in it.", _ADVICE
        )


def _catalogue(document: pikepdf.Pdf, into: Gathering) -> None:
    root = document.Root
    for name, stored in document.attachments.items():
        size = len(stored.get_file().read_bytes()[: limits.FILE_BYTES])
        into.flag("EMBEDDED_FILE", f"attachment “{shown(name)}”", f"A file of {size} bytes is attached.", _ADVICE)
    if "/AcroForm" in root:
        fields = list(root.AcroForm.get("/Fields", pikepdf.Array()))
        into.flag(
            "FORM", "whole file", f"The document is a form with {len(fields)} fields, which keep values.", _ADVICE
        )
        into.text("\n".join(str(each.get("/V", "")) for each in fields if isinstance(each, pikepdf.Dictionary)), "form")
    if "/OCProperties" in root:
        into.flag("HIDDEN_LAYER", "whole file", "The document has layers that can be switched off.", _ADVICE)
    if (
        "/OpenAction" in root
        and isinstance(root.OpenAction, pikepdf.Dictionary)
        and str(root.OpenAction.get("/S", "")) in _ACTIVE
    ):
        into.flag("SCRIPT", "opening", "An action runs when the document is opened.", _ADVICE)
    for number, page in enumerate(document.pages, start=1):
        _notes(page, number, into)


def _notes(page: Any, number: int, into: Gathering) -> None:
    kinds = Places()
    for note in page.obj.get("/Annots", []):
        kind = str(note.get("/Subtype", "?")) if isinstance(note, pikepdf.Dictionary) else "?"
        if kind in _HARMLESS_NOTES:
            continue
        kinds.add(kind.lstrip("/"))
        into.text(str(note.get("/Contents", "")), f"note on page {number}")
    if kinds:
        into.flag(
            "ANNOTATIONS", f"page {number}: {kinds}", f"{kinds.count} notes or fields lie over the page.", _ADVICE
        )


def _objects(document: pikepdf.Pdf, into: Gathering) -> None:
    """Go through every object, whether a page uses it or not."""
    active, packed = Places(), Places()
    for thing in document.objects:
        if not isinstance(thing, (pikepdf.Dictionary, pikepdf.Stream)):
            continue
        action = str(thing.get("/S", "")) if not isinstance(thing.get("/S", ""), pikepdf.Dictionary) else ""
        if "/JS" in thing or "/AA" in thing or action in _ACTIVE[:-1]:
            active.add(action.lstrip("/") or "JavaScript")
        if str(thing.get("/Type", "")) in ("/EmbeddedFile", "/Filespec"):
            packed.add(str(thing.get("/Type")).lstrip("/"))
    if active:
        into.flag("SCRIPT", str(active), f"{active.count} actions can run when the document is read.", _ADVICE)
    if packed:
        into.flag("EMBEDDED_FILE", "whole file", f"{packed.count} objects belong to attached files.", _ADVICE)


def _metadata(document: pikepdf.Pdf, into: Gathering) -> None:
    said = {str(key): str(value) for key, value in document.docinfo.items()} if "/Info" in document.trailer else {}
    xmp = document.Root.get("/Metadata")
    words = bytes(xmp.read_bytes()[: limits.FILE_BYTES]) if isinstance(xmp, pikepdf.Stream) else b""
    size = sum(map(len, said.values())) + len(words)
    into.text("\n".join(f"{key.lstrip('/')}: {value}" for key, value in said.items()), "metadata")
    into.text(words.decode("utf-8", "replace"), "metadata (XMP)")
    if size:
        (into.flag if size > _PLAIN_METADATA else into.note)(
            "DOCUMENT_METADATA", "metadata", f"The document carries {size} characters of metadata.", "Save it without."
        )
