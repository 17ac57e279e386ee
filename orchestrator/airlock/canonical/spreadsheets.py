"""Spreadsheets as one CSV for each sheet that is seen: its values, without hidden cells, formulas or comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.airlock.reading.archive import Archive, UnreadableError, open_archive
from orchestrator.airlock.reading.gathering import Gathering
from orchestrator.airlock.reading.opendocument import load_sheets as load_open
from orchestrator.airlock.reading.pictures import FORMATS
from orchestrator.airlock.reading.sheets import Sheet
from orchestrator.airlock.reading.specimen import Specimen
from orchestrator.airlock.reading.workbooks import load_sheets as load_workbook

from .images import clean_png
from .naming import Naming
from .parts import Canonical, Derived
from .texts import as_csv

__all__ = ["canonical_spreadsheet"]

_GONE = (
    "CELL_COMMENTS",
    "CHART_CACHE",
    "DEFINED_NAMES",
    "DOCUMENT_METADATA",
    "EARLIER_VERSIONS",
    "EMBEDDED_FILE",
    "EXTERNAL_LINK",
    "HIDDEN_COLUMNS",
    "HIDDEN_ROWS",
    "HIDDEN_SHEET",
    "HIDDEN_STRINGS",
    "HIDDEN_VALUES",
    "IMAGE_METADATA",
    "PIVOT_CACHE",
    "SHEET_EXTRAS",
    "UNKNOWN_PART",
    "WORKBOOK_FORMULAS",
)


def canonical_spreadsheet(file: Specimen) -> Canonical | None:
    """Return every visible sheet as CSV, and the pictures on them; nothing when a sheet was not read to its end."""
    archive = open_archive(file.content, Gathering())
    if archive is None or not archive.sound:
        return None
    heard = Gathering()
    sheets = (load_workbook if file.kind == "workbook" else load_open)(archive, heard)
    if heard.findings or not sheets or not all(sheet.whole for sheet in sheets):
        return None
    naming = Naming(file.name)
    files = [_csv(sheet, naming) for sheet in sheets if not sheet.hidden and any(any(row) for row in sheet.visible())]
    files += _pictures(archive, naming)
    if files and any("chart" in name.lower() for name in archive.names()):
        files[0] = replace(files[0], note=f"{files[0].note} Charts are left out.")
    return Canonical(files=tuple(files), removed=_GONE) if files else None


def _csv(sheet: Sheet, naming: Naming) -> Derived:
    rows = _squared(sheet.visible())
    left_out = [
        f"{len(lines)} hidden {name}"
        for lines, name in ((sheet.hidden_rows, "rows"), (sheet.hidden_columns, "columns"))
        if lines
    ]
    note = f"The values of sheet “{sheet.name}”" + (f", without {' and '.join(left_out)}." if left_out else ".")
    return Derived(name=naming.name("csv", sheet.name), content=as_csv(rows).encode("utf-8", "replace"), note=note)


def _squared(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Make rows equally wide; empty rows at the end are left out, those between stay empty lines."""
    last = max((number for number, row in enumerate(rows) if any(row)), default=-1)
    kept = rows[: last + 1]
    width = max((len(row) for row in kept), default=0)
    return [[*row, *[""] * (width - len(row))] if any(row) else [] for row in kept]


def _pictures(archive: Archive, naming: Naming) -> list[Derived]:
    found: list[Derived] = []
    for name in archive.names():
        kind = name.rpartition(".")[2].lower().replace("jpg", "jpeg")
        if kind not in FORMATS or not name.startswith(("xl/media/", "Pictures/", "media/")):
            continue
        try:
            drawn = clean_png(archive.read(name), kind)
        except UnreadableError:
            continue
        if drawn is not None:
            note = "A picture of the spreadsheet, drawn anew from its pixels."
            found.append(Derived(name=naming.name("png", f"picture {len(found) + 1}"), content=drawn, note=note))
    return found
