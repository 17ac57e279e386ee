"""PDF as pictures of its pages: what a reader sees, and no layer, attachment, script or earlier version behind it."""

from __future__ import annotations

import pypdfium2

from orchestrator.airlock.reading import limits
from orchestrator.airlock.reading.specimen import Specimen

from .images import png_of
from .naming import Naming
from .parts import Canonical, Derived

__all__ = ["canonical_paper"]

_SCALE = 2.0
"""Pixels for a point: 144 to the inch, at which print of 6 points can be read."""
_WIDEST = 4_000
_GONE = (
    "ANNOTATIONS",
    "DOCUMENT_METADATA",
    "EARLIER_VERSIONS",
    "EMBEDDED_FILE",
    "FORM",
    "HIDDEN_CONTENT",
    "HIDDEN_LAYER",
    "SCRIPT",
)


def canonical_paper(file: Specimen) -> Canonical | None:
    """Return each page as a PNG; nothing when a page cannot be drawn, or there are too many."""
    try:
        document = pypdfium2.PdfDocument(file.content)
    except pypdfium2.PdfiumError:
        return None
    naming, files = Naming(file.name), []
    try:
        count = len(document)
        if not 0 < count <= limits.PAGES:
            return None
        for number in range(count):
            page = document[number]
            scale = min(_SCALE, _WIDEST / max(1.0, *page.get_size()))
            drawn = page.render(scale=scale, may_draw_forms=False, draw_annots=False)
            content = png_of(drawn.to_pil())
            page.close()
            note = f"Page {number + 1} of {count}, drawn as a picture; the words in it are not text any more."
            files.append(Derived(name=naming.name("png", f"page {number + 1}"), content=content, note=note))
    except pypdfium2.PdfiumError:
        return None
    finally:
        document.close()
    return Canonical(files=tuple(files), removed=_GONE)
