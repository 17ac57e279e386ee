"""The cells of one XLSX sheet, read in one pass by expat.

openpyxl's streaming reader takes about 40 µs a cell where defusedxml is installed, and stops where the sheet *says* it
ends, so that cells beyond could hide; this pass takes about 2 µs and believes nothing but the cells. Numbers of dates
and formats are still turned by openpyxl.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pyexpat import ExpatError, ParserCreate, XMLParserType
from typing import Any

from .places import shown
from .sheets import Sheet, column_name, written

__all__ = ["Formats", "read_cells", "read_strings"]

_SHOWS_NOTHING = re.compile(r'(?:\[[^\]]*\])?(?:""|;)*;(?:""|;)*(?:\[[^\]]*\])?|""')
_TRUE = frozenset({"1", "true"})
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576


@dataclass(frozen=True)
class Formats:
    """What a workbook says of numbers: the format of each style, and from which day dates are counted."""

    codes: Sequence[str] = ()
    since_1904: bool = False

    def value(self, number: str, style: int) -> str:
        """Return a number as text; a date where its format shows one."""
        try:
            plain: Any = float(number)
        except ValueError:
            return number
        code = self.codes[style] if 0 <= style < len(self.codes) else "General"
        if code != "General" and _is_date(code):
            return written(_date(plain, code, since_1904=self.since_1904))
        whole = number.lstrip("-")
        return number if whole.isdigit() and len(whole) > 15 else written(plain)

    def shows_nothing(self, style: int) -> bool:
        """Say whether a style leaves a cell empty on the screen whatever it holds."""
        return 0 <= style < len(self.codes) and _SHOWS_NOTHING.fullmatch(self.codes[style]) is not None


def _is_date(code: str) -> bool:
    from openpyxl.styles.numbers import is_date_format  # noqa: PLC0415 - it takes half a second to load

    return bool(is_date_format(code))


def _date(number: float, code: str, *, since_1904: bool) -> Any:
    from openpyxl.styles.numbers import is_timedelta_format  # noqa: PLC0415
    from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel  # noqa: PLC0415

    try:
        return from_excel(number, MAC_EPOCH if since_1904 else WINDOWS_EPOCH, timedelta=is_timedelta_format(code))
    except (OverflowError, ValueError, TypeError):
        return number


class _Refuser:
    """An expat parser that refuses every entity and every document type."""

    def __init__(self) -> None:
        self.parser: XMLParserType = ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.names: dict[str, str] = {}

    def local(self, name: str) -> str:
        """Return a tag without its name space."""
        found = self.names.get(name)
        if found is None:
            found = self.names[name] = name.rpartition(" ")[2]
        return found

    def _refuse(self, *_: object) -> None:
        raise ValueError("it declares a document type or entities")


class _Cells(_Refuser):
    def __init__(self, sheet: Sheet, strings: Sequence[str], formats: Formats, left: int) -> None:
        super().__init__()
        self.sheet, self.strings, self.formats, self.left = sheet, strings, formats, left
        self.row, self.column, self.cells = 0, 0, dict[int, str]()
        self.attributes: dict[str, str] = {}
        self.words: list[str] = []
        self.taking = self.formula = self.zero_height = False
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self.local(name)
        if tag == "c":
            self.attributes, self.words, self.formula = attributes, [], False
            self.column = _column(attributes.get("r", ""), self.column)
        elif tag in ("v", "t"):
            self.taking = True
        elif tag == "f":
            self.formula = True
        elif tag == "row":
            self.row = min(int(attributes.get("r") or self.row + 1), _LAST_ROW)
            self.column, self.cells = 0, {}
            flat = attributes.get("ht") in ("0", "0.0") or (self.zero_height and "ht" not in attributes)
            if flat or attributes.get("hidden") in _TRUE:
                self.sheet.hidden_rows.add(self.row - 1)
        elif tag == "col":
            if attributes.get("hidden") in _TRUE or attributes.get("width") in ("0", "0.0"):
                first, last = int(attributes.get("min", "1")), min(int(attributes.get("max", "1")), _LAST_COLUMN)
                self.sheet.hidden_columns.update(range(first - 1, last))
        elif tag == "sheetFormatPr":
            self.zero_height = attributes.get("zeroHeight") in _TRUE

    def _text(self, text: str) -> None:
        if self.taking:
            self.words.append(text)

    def _end(self, name: str) -> None:
        tag = self.local(name)
        if tag in ("v", "t"):
            self.taking = False
        elif tag == "c":
            self._cell("".join(self.words))
        elif tag == "row" and self.cells:
            last = max(self.cells)
            self.left -= last
            if self.left < 0:
                self.sheet.whole = False
            if self.sheet.whole:
                _put(self.sheet, self.row - 1, [self.cells.get(column, "") for column in range(1, last + 1)])

    def _cell(self, raw: str) -> None:
        kind, style = self.attributes.get("t", "n"), self.attributes.get("s", "0")
        number = int(style) if style.isdigit() else 0
        place = f"{column_name(self.column - 1)}{self.row}"
        if self.formula:
            self.sheet.formulas.add(place)
            if not raw:
                self.sheet.unworked.add(place)
        value = self._value(raw, kind, number)
        if not value:
            return
        if self.formats.shows_nothing(number):
            self.sheet.masked.add(place)
        if self.column in self.cells:
            value = f"{self.cells[self.column]} / {value}"  # two cells at one place: programs show one of them
        self.cells[self.column] = value

    def _value(self, raw: str, kind: str, style: int) -> str:
        if kind == "s":
            return self.strings[int(raw)] if raw.isdigit() and int(raw) < len(self.strings) else raw
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(raw, raw)
        if kind == "n" and raw:
            return self.formats.value(raw, style)
        return raw


def _put(sheet: Sheet, row: int, cells: Sequence[str]) -> None:
    """Put a row at its place; of rows out of order, or twice, nothing is dropped."""
    if row >= len(sheet.rows):
        sheet.put(row, cells)
        return
    there = sheet.rows[row]
    there.extend([""] * (len(cells) - len(there)))
    for index, cell in enumerate(cells):
        if cell:
            there[index] = f"{there[index]} / {cell}" if there[index] else cell


def _column(reference: str, before: int) -> int:
    number = 0
    for character in reference:
        if not "A" <= character <= "Z":
            break
        number = number * 26 + ord(character) - 64
    return min(number, _LAST_COLUMN) if number else before + 1


def read_cells(part: bytes, sheet: Sheet, strings: Sequence[str], formats: Formats, left: int) -> int:
    """Read every cell of a sheet into ``sheet``; return how many cells may still be read after it.

    Raises ``ValueError`` where the part is damaged or declares entities; what was read until then is in ``sheet``.
    """
    reader = _Cells(sheet, strings, formats, left)
    _parse(reader, part)
    return max(0, reader.left)


def read_strings(part: bytes) -> list[str]:
    """Return the shared strings of a workbook, without the reading aids for Japanese; raises ``ValueError``."""
    reader = _Strings()
    _parse(reader, part)
    return reader.strings


class _Strings(_Refuser):
    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self.words: list[str] = []
        self.taking, self.aside = False, 0
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        tag = self.local(name)
        self.taking = tag == "t"
        self.aside += tag == "rPh"
        if tag == "si":
            self.words = []

    def _text(self, text: str) -> None:
        if self.taking and not self.aside:
            self.words.append(text)

    def _end(self, name: str) -> None:
        tag = self.local(name)
        self.taking = False
        self.aside -= tag == "rPh"
        if tag == "si":
            self.strings.append("".join(self.words))


def _parse(reader: _Refuser, part: bytes) -> None:
    try:
        reader.parser.Parse(part, True)
    except ExpatError as error:
        raise ValueError(f"its XML is damaged ({shown(str(error), 60)})") from error
