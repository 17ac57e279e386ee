"""XLSX: every sheet with its cells, and a walk over every part of the package, known or not."""

from __future__ import annotations

import posixpath
from xml.etree.ElementTree import Element

from . import limits
from .archive import Archive, UnreadableError, open_archive
from .file import File
from .gathering import Gathering
from .markup import local, parse
from .places import shown
from .sheet_cells import Formats, read_cells, read_strings
from .sheets import Sheet, keep_sheets
from .workbook_parts import walk_parts

__all__ = ["load_sheets", "read"]

_BOOK, _RELATIONS, _STYLES, _STRINGS = (
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
)


def read(file: File, into: Gathering) -> None:
    """Read a workbook to its end."""
    archive = open_archive(file.content, into)
    if archive is None or not archive.sound:
        into.incomplete("", "the package was not unpacked")
        return
    walk_parts(archive, into)
    keep_sheets(load_sheets(archive, into), into)


def load_sheets(archive: Archive, into: Gathering) -> list[Sheet]:
    """Return every sheet with all its cells, hidden ones too; what cannot be read is said."""
    book = _root(archive, _BOOK, into)
    relations = _root(archive, _RELATIONS, into)
    if book is None or relations is None:
        return []
    targets = {each.get("Id", ""): each.get("Target", "") for each in relations}
    strings = _strings(archive, into)
    since_1904 = any(each.get("date1904") in ("1", "true") for each in book.iter() if local(each.tag) == "workbookPr")
    formats = Formats(_codes(archive, into), since_1904)
    sheets, left, read_parts = [], limits.CELLS, set()
    for each in book.iter():
        if local(each.tag) != "sheet":
            continue
        relation = next((value for key, value in each.attrib.items() if local(key) == "id"), "")
        state = each.get("state", "visible")
        sheet = Sheet(shown(each.get("name", "")), "" if state == "visible" else state)
        path = posixpath.normpath(posixpath.join("/xl", targets.get(relation, ""))).lstrip("/")
        read_parts.add(path)
        if "chartsheets/" in path:
            continue
        try:
            left = read_cells(archive.read(path), sheet, strings, formats, left)
        except (UnreadableError, ValueError) as error:
            into.incomplete(f"sheet “{sheet.name}”", str(error))
        sheets.append(sheet)
    for name in archive.names():
        if name.startswith("xl/worksheets/") and name.endswith(".xml") and name not in read_parts:
            into.block(
                "HIDDEN_SHEET", shown(name), "A sheet is in the file that the workbook does not name.", "Delete it."
            )
    return sheets


def _root(archive: Archive, name: str, into: Gathering) -> Element | None:
    try:
        return parse(archive.read(name), into, name)
    except UnreadableError as error:
        into.incomplete(name, str(error))
        return None


def _strings(archive: Archive, into: Gathering) -> list[str]:
    if _STRINGS not in archive.names():
        return []
    try:
        return read_strings(archive.read(_STRINGS))
    except (UnreadableError, ValueError) as error:
        into.incomplete("shared strings", str(error))
        return []


def _codes(archive: Archive, into: Gathering) -> list[str]:
    """Return the number format of each style of cells."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS  # noqa: PLC0415 - it takes half a second to load

    root = _root(archive, _STYLES, into) if _STYLES in archive.names() else None
    if root is None:
        return []
    own = {each.get("numFmtId", ""): each.get("formatCode", "") for each in root.iter() if local(each.tag) == "numFmt"}
    styles = next((each for each in root if local(each.tag) == "cellXfs"), None)
    numbers = [each.get("numFmtId", "0") for each in styles] if styles is not None else []
    return [
        own.get(number) or BUILTIN_FORMATS.get(int(number) if number.isdigit() else 0, "General") for number in numbers
    ]
