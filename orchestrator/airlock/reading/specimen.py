"""One frozen file as the checks see it: bytes read through one descriptor, its kind told from content alone."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import Any

from orchestrator.airlock.model import Finding, Severity

from . import decoding, delimited, kinds, limits, readers
from .archive import zip_names
from .gathering import Gathering
from .parts import Points, Reading, Table, Text

__all__ = ["Specimen"]

_HEAD = 65_536


class Specimen:
    """A file under inspection. ``name`` is data: it never decides what the file is.

    A file of more than ``most`` bytes is not read at all: its kind is “too-large”, and ``content`` is refused.
    """

    def __init__(self, descriptor: int, name: str, *, most: int = limits.FILE_BYTES) -> None:
        self._descriptor = descriptor
        self.name = name
        self.size = os.fstat(descriptor).st_size
        self.most = most

    @classmethod
    def of(cls, content: bytes, name: str) -> Specimen:
        """Return bytes in memory as a file: a part of another file, or one that was written anew."""
        made = cls.__new__(cls)
        made._descriptor, made.name, made.size, made.most = -1, name, len(content), len(content)
        made.__dict__["content"] = content
        return made

    @property
    def too_large(self) -> bool:
        """Whether the file has more bytes than may be read."""
        return self.size > self.most

    @cached_property
    def content(self) -> bytes:
        """Every byte of the file; raises ``OSError`` when it is too large or changed meanwhile."""
        if self.too_large:
            raise OSError(f"the file has more than {self.most} bytes")
        pieces, offset = [], 0
        while offset <= self.size and (piece := os.pread(self._descriptor, 1 << 20, offset)):
            pieces.append(piece)
            offset += len(piece)
        if offset != self.size:
            raise OSError("the file changed its size while it was read")
        return b"".join(pieces)

    @cached_property
    def encoding(self) -> str | None:
        """The encoding of a text, or nothing when the file is none."""
        if self.too_large or kinds.binary_kind(self.content[:_HEAD]) is not None:
            return None
        return decoding.encoding_of(self.content)

    @cached_property
    def text(self) -> str | None:
        """The file as text without its byte order mark, or nothing when it is not that."""
        return None if self.encoding is None else decoding.decode(self.content, self.encoding)

    @cached_property
    def json(self) -> Any:
        """What the file says as JSON, or ``None`` when it does not."""
        if self.text is None or self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def table(self) -> Table | None:
        """The whole of a delimited text file as one table, or nothing when it is not one."""
        return None if self.kind != "table" or self.text is None else delimited.whole(self.text)

    @cached_property
    def kind(self) -> str:
        """What the content is: one of the words that a pack allows, or what it never allows."""
        if self.size == 0:
            return "empty"
        if self.too_large:
            return "too-large"
        binary = kinds.binary_kind(self.content[:_HEAD])
        if binary is not None:
            return kinds.zip_kind(*zip_names(self.content)) if binary == "zip" else binary
        if self.text is None:
            return "unknown-binary" if b"\x00" in self.content else "unknown-text"
        return self._text_kind(self.text)

    def _text_kind(self, text: str) -> str:
        if self.json is not None:
            return "notebook" if isinstance(self.json, dict) and "nbformat" in self.json else "json"
        if _is_record(text):
            return "text"
        marked = kinds.text_kind(text[:_HEAD])
        if marked is not None:
            return marked
        words = kinds.words_kind(text[:_HEAD])
        if words == "code":
            return words
        delimiter = delimited.delimiter_of(text, most_words=4 if words == "markdown" else 12)
        return words if delimiter is None or (words == "markdown" and delimiter == "|") else "table"

    @cached_property
    def reading(self) -> Reading:
        """Everything that is in the file. Never raises: what could not be read to the end is among its findings."""
        if self.too_large:
            return Reading(kind=self.kind, findings=(self._size_finding(),))
        into = Gathering()
        try:
            readers.read(self, into)
        except Exception as error:  # noqa: BLE001 - whatever a damaged file does to a library, the file was not read
            into.incomplete("", f"it is damaged, or not what it seems ({type(error).__name__})")
        return into.reading(self.kind)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table in the file."""
        return self.reading.tables

    @property
    def texts(self) -> tuple[Text, ...]:
        """All words in the file that are not cells of a table."""
        return self.reading.texts

    @property
    def points(self) -> tuple[Points, ...]:
        """Every group of marks that a plot places one by one."""
        return self.reading.points

    def _size_finding(self) -> Finding:
        return Finding(
            rule="TOO_LARGE",
            severity=Severity.BLOCK,
            where="whole file",
            message=f"The file has {self.size} bytes, more than the {self.most} that may leave; it was not read.",
            guidance="Hand in aggregates; a result that people can check is small.",
        )


def _is_record(text: str) -> bool:
    """Say whether the first line is a JSON object: such lines are records, and their commas divide no cells."""
    line = text.lstrip()[:_HEAD].partition("\n")[0]
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
