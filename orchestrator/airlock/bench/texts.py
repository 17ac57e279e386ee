"""Text as people look through it: a page of lines at a time, with everything that would hide made visible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["LONGEST", "Line", "Piece", "lines_from", "visible"]

LONGEST = 2_000
"""Characters of one cell or line that are shown; the checks block what is longer (``checks.shape``)."""

_COLOUR = re.compile(r"\x1b\[([0-9;]{0,40})m")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some characters of a line in one colour; ``colour`` is a word, empty for none."""

    text: str
    colour: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line with its number; ``cut`` characters at its end are not shown."""

    number: int
    pieces: tuple[Piece, ...]
    cut: int = 0

    @property
    def text(self) -> str:
        """The line without colours."""
        return "".join(piece.text for piece in self.pieces)


def visible(text: str, limit: int = LONGEST) -> str:
    """Show what would hide: control, invisible and reordering characters appear as code points, bad bytes as bytes."""
    if len(text) <= limit and text.isprintable():
        return text
    shown = "".join(_seen(character) for character in text[:limit])
    return shown if len(text) <= limit else shown + "…"


def _seen(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    code = ord(character)
    return f"⟨byte {code - 0xDC00:02X}⟩" if 0xDC80 <= code <= 0xDCFF else f"⟨U+{code:04X}⟩"


def lines_from(lines: Sequence[str], start: int, count: int) -> Iterator[Line]:
    """Yield up to ``count`` lines from place ``start`` on; colours that terminals would show are kept as words.

    A colour may make text unreadable on purpose, so only the eight named foreground colours are told, on our own
    background, and nothing can be concealed.
    """
    for number, line in enumerate(lines[start : start + count], start=start + 1):
        taken, cut = line[:LONGEST], max(0, len(line) - LONGEST)
        yield Line(number=number, pieces=tuple(_pieces(taken)), cut=cut)


def _pieces(line: str) -> Iterator[Piece]:
    if "\x1b" not in line:
        yield Piece(text=visible(line.removesuffix("\r")))
        return
    place, colour = 0, ""
    for found in _COLOUR.finditer(line):
        if found.start() > place:
            yield Piece(text=visible(line[place : found.start()]), colour=colour)
        colour = _colour(found[1], colour)
        place = found.end()
    if place < len(line):
        yield Piece(text=visible(line[place:].removesuffix("\r")), colour=colour)


def _colour(codes: str, now: str) -> str:
    for code in codes.split(";"):
        value = int(code or 0)
        if value in (0, 39):
            now = ""
        elif 30 <= value <= 37 or 90 <= value <= 97:
            now = _NAMES[value % 10]
    return now
