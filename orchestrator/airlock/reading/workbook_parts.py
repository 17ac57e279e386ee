"""The parts of an XLSX package beside its cells: what they hold, and parts that do not belong there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element

from .archive import Archive, UnreadableError
from .gathering import Gathering
from .markup import is_remote, local, parse
from .packed import nested
from .pictures import FORMATS, read_picture
from .places import Places, counted, shown

__all__ = ["walk_parts"]

Reader = Callable[[str, Element, Gathering], None]

_ADVICE = "Delete it, or hand in the visible sheets as CSV."
_PLAIN_METADATA = 2_000


def walk_parts(archive: Archive, into: Gathering) -> None:
    """Look at every part of the package once."""
    for name in archive.names():
        if name.endswith("/"):
            continue
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
            _sheet(archive, name, into)
            continue
        try:
            content = archive.read(name)
        except UnreadableError as error:
            into.incomplete(shown(name), str(error))
            continue
        _part(name, content, into)
    _unused_strings(archive, into)


def _part(name: str, content: bytes, into: Gathering) -> None:
    place = shown(name, 80)
    if re.search(r"vbaProject\.bin$|xl/macrosheets/|\.vba$", name):
        into.block("MACROS", place, "The workbook holds a program (macros) that can run when it is opened.", _ADVICE)
        return
    if name.startswith("xl/media/"):
        _media(name, content, into)
        return
    if re.match(r"xl/(embeddings|activeX|ctrlProps|model|customData|webextensions)/", name) or nested(content):
        into.block("EMBEDDED_FILE", place, f"A file of {len(content)} bytes is packed into the workbook.", _ADVICE)
        return
    if not name.endswith((".xml", ".rels", ".vml")):
        into.flag(
            "EMBEDDED_FILE",
            place,
            f"{len(content)} bytes that are no part of a sheet (such as printer settings).",
            _ADVICE,
        )
        return
    root = parse(content, into, place)
    if root is None:
        return
    reader = next((reader for pattern, reader in _READERS if re.fullmatch(pattern, name)), None)
    if reader is None:
        into.flag("UNKNOWN_PART", place, "The workbook holds a part that no spreadsheet needs.", _ADVICE)
        into.text(_words(root), place)
    else:
        reader(place, root, into)


def _media(name: str, content: bytes, into: Gathering) -> None:
    kind = name.rpartition(".")[2].lower().replace("jpg", "jpeg")
    if kind in FORMATS:
        read_picture(content, kind, into, shown(name))
    else:
        into.flag("EMBEDDED_FILE", shown(name), f"A picture or file of {len(content)} bytes was not read.", _ADVICE)


def _sheet(archive: Archive, name: str, into: Gathering) -> None:
    """Look at the text of a sheet for links and checks; its cells are read elsewhere."""
    try:
        content = archive.read(name)
    except UnreadableError as error:
        into.incomplete(shown(name), str(error))
        return
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        into.block("ENTITY_DECLARATION", shown(name), "The sheet declares entities or is in an odd encoding.", _ADVICE)
    for tag, words in ((b"<dataValidation ", "lists of allowed values"), (b"<hyperlink ", "links")):
        count = content.count(tag)
        if count:
            into.note("SHEET_EXTRAS", shown(name), f"The sheet has {count} {words}.")


def _words(root: Element) -> str:
    return "\n".join(text for text in (each.strip() for each in root.itertext()) if text)


def _nothing(_place: str, _root: Element, _into: Gathering) -> None:
    """Styles, themes and the list of sheets hold no results."""


def _comments(place: str, root: Element, into: Gathering) -> None:
    cells = [each for each in root.iter() if local(each.tag) in ("comment", "threadedComment")]
    if cells:
        places = Places()
        for each in cells:
            places.add(shown(each.get("ref", "?"), 12))
        into.text(_words(root), f"comments in {place}")
        into.flag(
            "CELL_COMMENTS",
            f"{place}: {places}",
            f"{counted(len(cells), 'cell carries', 'cells carry')} comments.",
            _ADVICE,
        )


def _people(place: str, root: Element, into: Gathering) -> None:
    into.text("\n".join(each.get("displayName", "") for each in root.iter()), place)
    into.flag("DOCUMENT_METADATA", place, "The names of people who commented are kept.", _ADVICE)


def _pivot_cache(place: str, root: Element, into: Gathering) -> None:
    """A pivot table keeps a copy of every row it was made from, also when the sheet with them is gone."""
    records = [each for each in root if local(each.tag) == "r"]
    if local(root.tag) == "pivotCacheRecords":
        rows = [tuple(_cached(cell) for cell in record) for record in records]
        into.flag("PIVOT_CACHE", place, f"A pivot table keeps {len(rows)} rows of the data it was made from.", _ADVICE)
        if rows:
            into.rows(rows, columns=("",) * max(map(len, rows)), where=f"pivot cache {place}", first=1)
        return
    fields = [each for each in root.iter() if local(each.tag) == "cacheField"]
    into.flag("PIVOT_CACHE", place, f"A pivot table keeps values of {len(fields)} columns it was made from.", _ADVICE)
    for each in fields:
        values = [(_cached(item),) for item in each.iter() if local(item.tag) in ("s", "n", "d", "b", "e")]
        if values:
            into.rows(values, columns=(each.get("name", ""),), where=f"pivot cache {place}")


def _cached(cell: Element) -> str:
    return cell.get("v", "")


def _external(place: str, root: Element, into: Gathering) -> None:
    values = [each.text or "" for each in root.iter() if local(each.tag) == "v"]
    into.flag(
        "EXTERNAL_LINK",
        place,
        f"The workbook is linked to another file and keeps {len(values)} of its values.",
        _ADVICE,
    )
    if values:
        into.rows([(value,) for value in values], columns=("",), where=f"external link {place}", first=1)


def _relations(place: str, root: Element, into: Gathering) -> None:
    for each in root.iter():
        target = each.get("Target", "")
        if each.get("TargetMode") == "External" and not (
            each.get("Type", "").endswith("/hyperlink") and is_remote(target)
        ):
            into.flag("EXTERNAL_LINK", place, f"The workbook reaches out to “{shown(target, 80)}”.", _ADVICE)


def _connections(place: str, root: Element, into: Gathering) -> None:
    into.text("\n".join(value for each in root.iter() for value in each.attrib.values()), place)
    into.flag("EXTERNAL_LINK", place, "The workbook keeps a connection to a database or another file.", _ADVICE)


def _properties(place: str, root: Element, into: Gathering) -> None:
    words = _words(root)
    into.text(words, place)
    own = place.endswith("custom.xml") or place.startswith("customXml")
    if words or own:
        (into.flag if own or len(words) > _PLAIN_METADATA else into.note)(
            "DOCUMENT_METADATA",
            place,
            f"The workbook carries {len(words)} characters of metadata: {shown(words, 80)}.",
            _ADVICE,
        )


def _chart(place: str, root: Element, into: Gathering) -> None:
    """A chart keeps a copy of the values it was drawn from, and the place of every mark."""
    for number, series in enumerate((each for each in root.iter() if local(each.tag) == "ser"), start=1):
        columns: list[list[str]] = []
        names: list[str] = []
        for part in series:
            values = [each.text or "" for each in part.iter() if local(each.tag) == "v"]
            if local(part.tag) in ("cat", "val", "xVal", "yVal", "bubbleSize") and values:
                names.append(local(part.tag))
                columns.append(values)
        if columns:
            longest = max(map(len, columns))
            rows = list(zip(*(each + [""] * (longest - len(each)) for each in columns), strict=True))
            into.rows(rows, columns=tuple(names), where=f"chart {place}, series {number}")
            into.note(
                "CHART_CACHE", f"{place}, series {number}", f"The chart keeps {longest} values it was drawn from."
            )


def _names(place: str, root: Element, into: Gathering) -> None:
    """Names for ranges may hold values or formulas of their own."""
    hidden = Places()
    for each in root.iter():
        if local(each.tag) == "definedName":
            text = each.text or ""
            if each.get("hidden") in ("1", "true") or not re.search(r"[$!]", text):
                hidden.add(f"{shown(each.get('name', ''), 30)} = {shown(text, 30)}")
                into.text(text, f"defined name in {place}")
    if hidden:
        into.flag(
            "DEFINED_NAMES", f"{place}: {hidden}", f"{hidden.count} names hold values that no sheet shows.", _ADVICE
        )


def _drawing(place: str, root: Element, into: Gathering) -> None:
    into.text(_words(root), place)


def _unused_strings(archive: Archive, into: Gathering) -> None:
    """Words of deleted cells stay in the list of strings."""
    if "xl/sharedStrings.xml" not in archive.names():
        return
    try:
        strings = archive.read("xl/sharedStrings.xml")
        used: set[int] = set()
        for name in archive.names():
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                sheet = archive.read(name)
                used.update(map(int, re.findall(rb'<c\b[^>]*\bt="s"[^>]*>(?:<f\b.*?</f>)?<v>(\d+)</v>', sheet)))
    except UnreadableError:
        return
    root = parse(strings, into, "xl/sharedStrings.xml")
    if root is None:
        return
    items = [each for each in root if local(each.tag) == "si"]
    left = ["".join(each.itertext()) for index, each in enumerate(items) if index not in used]
    if any(left):
        into.text("\n".join(left), "words that no cell shows")
        words = f"{len(left)} words or texts of deleted cells are still in the file: {shown('; '.join(left), 80)}."
        into.flag("HIDDEN_STRINGS", "xl/sharedStrings.xml", words, _ADVICE)


_READERS: Sequence[tuple[str, Reader]] = (
    (r"xl/(threadedComments/|comments/)?(threadedC|c)omments?\d*\.xml", _comments),
    (r"xl/threadedComments/.*\.xml", _comments),
    (r"xl/persons/.*\.xml", _people),
    (r"xl/pivotCache/pivotCache(Records|Definition)\d*\.xml", _pivot_cache),
    (r"xl/pivotTables/[^/]*\.xml", _nothing),
    (r"xl/externalLinks/[^/]*\.xml", _external),
    (r".*\.rels", _relations),
    (r"xl/(connections|queryTables/[^/]*)\.xml", _connections),
    (r"docProps/(core|app|custom)\.xml", _properties),
    (r"customXml/.*\.xml", _properties),
    (r"xl/charts/chart(Ex)?\d*\.xml", _chart),
    (r"xl/charts/(style|colors)\d*\.xml", _nothing),
    (r"xl/workbook\.xml", _names),
    (r"xl/(drawings/.*|chartsheets/[^/]*|tables/[^/]*|comments\d*)\.(xml|vml)", _drawing),
    (r"xl/(styles|theme/[^/]*|sharedStrings|calcChain|metadata|volatileDependencies|slicers/[^/]*|slicerCaches/[^/]*|"
     r"richData/[^/]*)\.xml", _nothing),
    (r"\[Content_Types\]\.xml", _nothing),
)  # fmt: skip
