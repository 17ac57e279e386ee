"""ODS: every sheet of an OpenDocument spreadsheet, with what is hidden, said beside cells, or packed in."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from . import limits
from .archive import Archive, UnreadableError, open_archive
from .file import File
from .gathering import Gathering
from .markup import is_remote, local, parse
from .packed import nested
from .pictures import FORMATS, read_picture
from .places import Places, counted, shown
from .sheets import Sheet, column_name, keep_sheets

__all__ = ["load_sheets", "read"]

_ADVICE = "Delete it, or hand in the visible sheets as CSV."
_UNSEEN = frozenset({"collapse", "filter"})
_KNOWN = ("content.xml", "styles.xml", "settings.xml", "manifest.rdf", "META-INF/manifest.xml", "mimetype")


def read(file: File, into: Gathering) -> None:
    """Read a spreadsheet to its end."""
    archive = open_archive(file.content, into)
    if archive is None or not archive.sound:
        into.incomplete("", "the package was not unpacked")
        return
    for name in archive.names():
        if not name.endswith("/") and name not in _KNOWN:
            _part(name, archive, into)
    keep_sheets(load_sheets(archive, into), into)


def load_sheets(archive: Archive, into: Gathering) -> list[Sheet]:
    """Return every sheet with all its cells, hidden ones too; what cannot be read is said."""
    try:
        root = parse(archive.read("content.xml"), into, "content.xml")
    except UnreadableError as error:
        into.incomplete("content.xml", str(error))
        return []
    if root is None:
        return []
    _beside(root, into)
    unseen = _unseen_styles(root)
    left = [limits.CELLS]
    tables = (each for each in root.iter() if local(each.tag) == "table")
    return [_sheet(each, unseen, left) for each in tables if _get(each, "name")]


def _part(name: str, archive: Archive, into: Gathering) -> None:
    place = shown(name, 80)
    try:
        content = archive.read(name)
    except UnreadableError as error:
        into.incomplete(place, str(error))
        return
    kind = name.rpartition(".")[2].lower().replace("jpg", "jpeg")
    if name.startswith(("Basic/", "Scripts/")):
        into.block("MACROS", place, "The spreadsheet holds a program (macros) that can run when it is opened.", _ADVICE)
    elif name == "meta.xml":
        root = parse(content, into, place)
        words = "\n".join(text.strip() for text in (root.itertext() if root is not None else ()) if text.strip())
        own = root is not None and any(local(each.tag) == "user-defined" for each in root.iter())
        into.text(words, place)
        if words:
            (into.flag if own else into.note)(
                "DOCUMENT_METADATA",
                place,
                f"It carries {len(words)} characters of metadata: {shown(words, 80)}.",
                _ADVICE,
            )
    elif kind in FORMATS:
        read_picture(content, kind, into, place)
        if name.startswith("Thumbnails/"):
            into.note("IMAGE_METADATA", place, "A small picture of the first sheet is kept with it.", _ADVICE)
    elif nested(content) or name.startswith("Object"):
        into.flag(
            "EMBEDDED_FILE", place, f"A chart or file of {len(content)} bytes is packed in, with its own data.", _ADVICE
        )
    elif content and not name.startswith("Configurations2/"):
        into.flag("UNKNOWN_PART", place, f"It holds a part of {len(content)} bytes that no spreadsheet needs.", _ADVICE)


def _beside(root: Element, into: Gathering) -> None:
    """Report what stands beside the cells: comments, earlier versions, scripts, links."""
    notes = [each for each in root.iter() if local(each.tag) == "annotation"]
    if notes:
        into.text("\n".join(_words(each) for each in notes), "comments")
        into.flag(
            "CELL_COMMENTS", "content.xml", f"{counted(len(notes), 'cell carries', 'cells carry')} comments.", _ADVICE
        )
    changes = [each for each in root.iter() if local(each.tag) == "tracked-changes" and len(each)]
    if changes:
        into.text("\n".join(_words(each) for each in changes), "tracked changes")
        into.flag("EARLIER_VERSIONS", "content.xml", "Earlier contents of cells are kept as tracked changes.", _ADVICE)
    if any(local(each.tag) in ("script", "event-listener") for each in root.iter()):
        into.block("MACROS", "content.xml", "The spreadsheet runs scripts.", _ADVICE)
    remote = Places()
    for each in root.iter():
        link = _get(each, "href")
        if link and is_remote(link) and local(each.tag) != "a":
            remote.add(shown(link, 60))
    if remote:
        into.flag("EXTERNAL_LINK", str(remote), f"{remote.count} parts are fetched from elsewhere.", _ADVICE)


def _unseen_styles(root: Element) -> frozenset[str]:
    """Return the names of the styles that hide a sheet."""
    return frozenset(
        _get(style, "name")
        for style in root.iter()
        if local(style.tag) == "style" and any(_get(each, "display") == "false" for each in style)
    )


def _sheet(table: Element, unseen: frozenset[str], left: list[int]) -> Sheet:
    sheet = Sheet(shown(_get(table, "name")), "hidden" if _get(table, "style-name") in unseen else "")
    column = 0
    for each in _within(table, "table-column"):
        times = _times(each, "number-columns-repeated", 16_384)
        if _get(each, "visibility") in _UNSEEN:
            sheet.hidden_columns.update(range(column, min(column + times, 16_384)))
        column += times
    number = 0
    for row in _within(table, "table-row"):
        times = _times(row, "number-rows-repeated", 1_048_576)
        cells = _cells(row, number, sheet)
        if any(cells):
            _repeat(sheet, number, cells, times, left)
            if _get(row, "visibility") in _UNSEEN:
                sheet.hidden_rows.update(range(number, min(number + times, len(sheet.rows))))
        number += times
    return sheet


def _repeat(sheet: Sheet, number: int, cells: Sequence[str], times: int, left: list[int]) -> None:
    for offset in range(times):
        left[0] -= len(cells)
        if left[0] < 0:
            sheet.whole = False
            return
        sheet.put(number + offset, cells)


def _cells(row: Element, number: int, sheet: Sheet) -> list[str]:
    cells: list[str] = []
    for each in row:
        if local(each.tag) not in ("table-cell", "covered-table-cell"):
            continue
        times = _times(each, "number-columns-repeated", 16_384)
        value = _value(each)
        if _get(each, "formula"):
            place = f"{column_name(len(cells))}{number + 1}"
            sheet.formulas.add(place)
            if not value:
                sheet.unworked.add(place)
        cells.extend([value] * min(times, 16_384 - len(cells)))
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _value(cell: Element) -> str:
    for name in ("value", "date-value", "time-value"):
        found = _get(cell, name)
        if found:
            return found.removesuffix("T00:00:00") if name == "date-value" else found
    return "\n".join(_words(each) for each in cell if local(each.tag) == "p")


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _within(table: Element, name: str) -> list[Element]:
    """Return rows or columns of this table in order, also those in groups and headers; not those of tables within."""
    found: list[Element] = []
    waiting = list(reversed(table))
    while waiting:
        each = waiting.pop()
        tag = local(each.tag)
        if tag == name:
            found.append(each)
        elif tag.startswith("table-") and tag not in ("table-row", "table-cell"):
            waiting.extend(reversed(each))
    return found


def _times(element: Element, name: str, most: int) -> int:
    text = _get(element, name)
    return max(1, min(most, int(text))) if text.isdigit() else 1


def _get(element: Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if local(key) == name), "")
