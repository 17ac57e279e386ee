"""Files made anew before review, so that the bytes people look at are the bytes that leave."""

from __future__ import annotations

from importlib import import_module

from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.specimen import Specimen

from .parts import Canonical, Derived

__all__ = ["Canonical", "Derived", "canonicalise"]

_MAKERS = {
    "table": ("texts", "canonical_table"),
    "text": ("texts", "canonical_text"),
    "markdown": ("texts", "canonical_text"),
    "code": ("texts", "canonical_text"),
    "json": ("texts", "canonical_json"),
    "png": ("images", "canonical_picture"),
    "jpeg": ("images", "canonical_picture"),
    "gif": ("images", "canonical_picture"),
    "tiff": ("images", "canonical_picture"),
    "webp": ("images", "canonical_picture"),
    "svg": ("vectors", "canonical_drawing"),
    "pdf": ("papers", "canonical_paper"),
    "html": ("pages", "canonical_page"),
    "notebook": ("books", "canonical_notebook"),
    "workbook": ("spreadsheets", "canonical_spreadsheet"),
    "ods": ("spreadsheets", "canonical_spreadsheet"),
    "parquet": ("columns", "canonical_columns"),
}


def canonicalise(specimen: Specimen, pack: Pack) -> Canonical | None:
    """Return what leaves in place of a file, or nothing when no clean copy of it could be made.

    The same bytes and pack give the same copies, and a copy of a copy is the same again. No cell of a table that a
    person saw is lost. Of text, nothing but its way of writing changes; a file of which there is no copy, and which is
    no text, must not leave.
    """
    maker = _MAKERS.get(specimen.kind)
    if maker is None:
        return None
    made = getattr(import_module(f".{maker[0]}", __package__), maker[1])
    try:
        canonical: Canonical | None = made(specimen, pack) if specimen.kind == "parquet" else made(specimen)
    except Exception:  # noqa: BLE001 - a damaged file: its reading says so, and there is no clean copy
        return None
    return canonical
