"""Names, headings and labels that look like others: letters of two alphabets in one word, or ornamental forms."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import Places, shown
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["check", "looks_like_another"]

_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN = frozenset({"CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "DESERET", "OLD", "GEORGIAN"})
_GREEK_LOOKALIKES = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονϲϳ")
"""Greek letters that look like Latin ones; others, as in β or μg, belong to science."""


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report the file's name, and every heading and cell that mixes alphabets within a word."""
    places = Places()
    if looks_like_another(file.name):
        places.add(f"file name “{shown(file.name)}”")
    for table in file.tables:
        for heading in table.columns:
            if looks_like_another(heading):
                places.add(table.place(f"heading “{shown(heading)}”"))
        _cells(table, places)
    if places:
        yield places.finding(
            "LOOKALIKE_NAME",
            Severity.FLAG,
            f"{places.count} names mix letters of alphabets that look the same, so checks and people read them "
            "differently.",
            "Type the name again with plain letters.",
        )


def _cells(table: Table, places: Places) -> None:
    try:
        for number, row in table.rows():
            for cell in row:
                if not cell.isascii() and looks_like_another(cell):
                    places.add(table.place(f"row {number} “{shown(cell, 30)}”"))
    except csv.Error:
        pass  # the check of the table's shape reports that it could not be read to the end


def looks_like_another(text: str) -> bool:
    """Say whether a word in ``text`` mixes Latin letters with ones that only look like them."""
    return not text.isascii() and any(_is_mixed(word) for word in _WORD.findall(text))


def _is_mixed(word: str) -> bool:
    alphabets = {_alphabet(letter) for letter in word}
    if "ornamental" in alphabets:
        return True
    return "LATIN" in alphabets and ("foreign" in alphabets or any(letter in _GREEK_LOOKALIKES for letter in word))


@lru_cache(maxsize=4096)
def _alphabet(letter: str) -> str:
    name = unicodedata.name(letter, "")
    first = name.partition(" ")[0]
    if first in ("FULLWIDTH", "MATHEMATICAL", "HALFWIDTH", "CIRCLED", "PARENTHESIZED", "SQUARED", "NEGATIVE"):
        return "ornamental"
    return "foreign" if first in _FOREIGN else first
