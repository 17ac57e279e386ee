"""Words must say what they seem to say: no characters that hide, reorder or fake what a person reads."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["check"]

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HIDING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d"
    "\u2028\u2029\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff\ue000-\uf8ff]"
)
_BOTH = re.compile(f"{_BIDI.pattern}|{_HIDING.pattern}")
_CODED = re.compile(
    r"(?<![A-Za-z0-9+])(?=[A-Za-z+]{0,40}[0-9])(?=[0-9+]{0,40}[A-Za-z])(?:[0-9a-f]{12,}|[0-9A-F]{12,}|"
    r"(?=[^a-z]{0,40}[a-z])(?=[^A-Z]{0,40}[A-Z])[A-Za-z0-9+]{24,})(?![A-Za-z0-9+])"
)
_MANY_CODED = 20
"""Different coded words from which they are a list: pseudonyms made by hashing, or rows in base64 or hexadecimal."""
_BLANKS = re.compile(r"(?<![ \t])[ \t]{8,}+(?=\n|\Z)")
_FEW_LINES = 3

_AS_IT_STANDS = frozenset({"table", "text", "markdown", "code", "unknown-text"})


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report text that no encoding explains, and characters that nobody sees, wherever words or cells stand."""
    if file.kind == "unknown-text":
        yield Finding(
            rule="ENCODING_UNREADABLE",
            severity=Severity.FLAG,
            where="whole file",
            message="The text is in no known encoding, so no check could read it.",
            guidance="Save it as UTF-8 and hand it in again.",
        )
    yield from _coded(file)
    hidden, bidi = Places(), Places()
    for place, words in _words(file):
        for match in _BOTH.finditer(words):
            (bidi if _BIDI.fullmatch(match.group()) else hidden).add(f"{place} U+{ord(match.group()):04X}")
    if hidden:
        yield hidden.finding(
            "HIDDEN_CHARACTERS",
            Severity.FLAG,
            f"{hidden.count} invisible or control characters can carry or hide words.",
            "Remove them.",
        )
    if bidi:
        yield bidi.finding(
            "BIDI_TEXT",
            Severity.FLAG,
            f"{bidi.count} characters turn the direction of writing, so that words read as others than they are.",
            "Remove them.",
        )


def _coded(file: Specimen) -> Iterator[Finding]:
    """Report lists of hashes or coded words, and blanks of two kinds at the ends of lines."""
    if file.text is None or (file.kind not in _AS_IT_STANDS and file.kind != "json"):
        return
    words: set[str] = set()
    for match in _CODED.finditer(file.text):
        words.add(match.group())
        if len(words) == _MANY_CODED:
            yield Finding(
                rule="ENCODED_DATA",
                severity=Severity.FLAG,
                where=f"from line {file.text.count(chr(10), 0, match.start()) + 1}",
                message=f"{_MANY_CODED} or more different words are hashes or encoded data, which nobody can read.",
                guidance="Remove them; pseudonyms of people stay inside.",
            )
            break
    blanks = [match for match in _BLANKS.finditer(file.text) if len(set(match.group())) > 1]
    if len(blanks) >= _FEW_LINES:
        yield Finding(
            rule="HIDDEN_CHARACTERS",
            severity=Severity.FLAG,
            where=f"{len(blanks)} line ends",
            message="Blanks and tabs stand mixed at the ends of lines, where they can carry what nobody sees.",
            guidance="Remove blanks at the ends of lines.",
        )


def _words(file: Specimen) -> Iterator[tuple[str, str]]:
    """Yield every line of a text file, and every row and text found in a file that may write characters otherwise.

    In JSON, notebooks and markup a character can stand as an escape (``\\u202e``, ``&#8238;``), which no line shows.
    """
    if file.text is not None:
        for number, line in enumerate(file.text.split("\n"), start=1):
            yield f"line {number}", line
    if file.kind in _AS_IT_STANDS:
        return
    for text in file.texts:
        yield text.where or "text", text.text
    for table in file.tables:
        yield table.place("headings"), " ".join(table.columns)
        try:
            for number, row in table.rows():
                yield table.place(f"row {number}"), " ".join(row)
        except csv.Error:
            continue  # the check of the table's shape reports that it could not be read to the end
