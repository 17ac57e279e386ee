"""Pages of a PDF as pdfium sees them: their words, hidden ones too, their pictures, and the marks of vector plots."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pypdfium2
import pypdfium2.raw as pdfium

from . import limits
from .gathering import Gathering
from .marks import Place, keep_line, keep_marks
from .places import Places, counted
from .words import read_text

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

__all__ = ["read_pages"]

_SMALL = 15.0
"""Width and height in points up to which a shape is a mark rather than an area."""
_OBJECTS = 500_000
_DEPTH = 5
_INVISIBLE = 3


def read_pages(content: bytes, into: Gathering) -> None:
    """Read every page up to the limit."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        into.incomplete("", f"the pages cannot be drawn ({error})")
        return
    try:
        _pages(document, into)
    finally:
        document.close()


def _pages(document: PdfDocument, into: Gathering) -> None:
    if len(document) > limits.PAGES:
        into.incomplete(f"after page {limits.PAGES}", f"it has {len(document)} pages")
    for number in range(min(len(document), limits.PAGES)):
        where = f"page {number + 1}"
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            into.incomplete(where, "the page cannot be drawn")
            continue
        words = page.get_textpage()
        read_text(words.get_text_range().replace("\r\n", "\n"), into, where)
        words.close()
        _drawn(page, into, where)
        page.close()


def _drawn(page: PdfPage, into: Gathering, where: str) -> None:
    groups: dict[object, list[Place]] = defaultdict(list)
    hidden = Places()
    for count, thing in enumerate(page.get_objects(max_depth=_DEPTH), start=1):
        if count > _OBJECTS:
            into.incomplete(where, f"it has more than {_OBJECTS:,} drawn objects")
            break
        if thing.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            into.picture(where)
        elif thing.type == pdfium.FPDF_PAGEOBJ_TEXT:
            if pdfium.FPDFTextObj_GetTextRenderMode(thing.raw) == _INVISIBLE:
                hidden.add("text")
        elif thing.type == pdfium.FPDF_PAGEOBJ_PATH:
            _shape(thing, groups, into, where)
    if hidden:
        into.flag(
            "HIDDEN_CONTENT",
            where,
            f"{counted(hidden.count, 'word is', 'words are')} drawn so that nobody sees them.",
            "Draw them, or leave them out.",
        )
    keep_marks(groups, into, where)


def _shape(thing: Any, groups: dict[object, list[Place]], into: Gathering, where: str) -> None:
    corners = pdfium.FPDFPath_CountSegments(thing.raw)
    left, bottom, right, top = _placed(thing)
    width, height = right - left, top - bottom
    if 0 < width <= _SMALL and 0 < height <= _SMALL:
        groups[round(width, 1), round(height, 1), corners].append(((left + right) / 2, (bottom + top) / 2))
    elif corners > 8:
        keep_line(_corners(thing, corners), into, where)


def _placed(thing: Any) -> tuple[float, float, float, float]:
    """Return the bounds of a shape on its page; those of a shape in a form are moved by where the form stands."""
    left, bottom, right, top = thing.get_bounds()
    container = thing.container
    while container is not None:
        matrix = container.get_matrix()
        spots = [matrix.on_point(x, y) for x in (left, right) for y in (bottom, top)]
        left, right = min(x for x, _ in spots), max(x for x, _ in spots)
        bottom, top = min(y for _, y in spots), max(y for _, y in spots)
        container = container.container
    return left, bottom, right, top


def _corners(thing: Any, count: int) -> list[Place]:
    import ctypes  # noqa: PLC0415 - only lines with many corners are followed

    spots: list[Place] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(min(count, limits.MARKS)):
        segment = pdfium.FPDFPath_GetPathSegment(thing.raw, index)
        if pdfium.FPDFPathSegment_GetType(segment) == pdfium.FPDF_SEGMENT_BEZIERTO:
            return []  # an outline rather than values
        if pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            spots.append((x.value, y.value))
    return spots
