"""The form of a sketch: one file of a described header and plain arrays, opened in place, holding no value of the data.

``TRESKETCH1``, where the header lies, its length and its keyed digest; every array at a multiple of 64 bytes; the
header as JSON. A part is at most a million rows of one file. Each of its columns has the code of every row (its
missing cells have the last code), the hash of every distinct value with its code, and for numbers the hashes of what
they round to. Codes of numbers and days rise with them. Sketches lie sealed wherever they are kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from orchestrator.core.errors import Invalid

from .hashing import Words

__all__ = ["Codes", "Column", "Level", "Part", "Sketch", "SketchWriter", "open_sketch"]

_MAGIC = b"TRESKETCH1"
_ALIGN = 64
_HEADER_BYTES = 64 << 20
_VERSION = 1
Codes = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A number column rounded to ``places`` decimals (−1: to tens)."""

    places: int
    starts: NDArray[np.uint32]
    """The first code of each rounded value, which rise with their numbers; then the first code that is no number."""
    hashes: Words
    """Sorted."""
    values: NDArray[np.uint32]
    """Which rounded value each hash is."""

    def rounded(self, column: Column) -> NDArray[np.int64]:
        """Return what each code of the column is here; what is no number is missing, which is the last."""
        starts = self.starts.astype(np.int64)
        rounded = np.full(column.distinct + 1, len(starts) - 1, np.int64)
        rounded[: starts[-1]] = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        return rounded

    def frequencies(self, column: Column) -> NDArray[np.float64]:
        """Return how many rows round to each value; the last are the missing ones."""
        weights = column.frequencies.astype(np.float64)
        return np.bincount(self.rounded(column), weights=weights, minlength=len(self.starts)).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a part."""

    name: str
    kind: str
    """``number``, ``date`` or ``text``: what most of its cells are."""
    decimals: int
    """Of numbers; 7 stands for more than six."""
    density: float
    """The share of the possible values between the least and the greatest number that occur; 1 where unknown."""
    digits: int
    """How many digits every text has, where all are digits with noughts in front; else 0."""
    codes: Codes
    frequencies: NDArray[np.uint32]
    """How many rows have each code; the last is that of missing cells."""
    hashes: Words
    """Sorted."""
    values: NDArray[np.uint32]
    """Which code each hash has."""
    levels: tuple[Level, ...] = ()

    @property
    def distinct(self) -> int:
        """How many distinct values there are; missing is none."""
        return len(self.frequencies) - 1


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some rows of one file of the dataset."""

    table: str
    rows: int
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """An opened sketch. ``skipped`` names the files that could not be sketched, and why."""

    dataset: str
    parts: tuple[Part, ...]
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass
class SketchWriter:
    """Writes parts one after the other; ``finish`` puts the header, whose room was left, at the front."""

    file: BinaryIO
    key: bytes
    dataset: str
    parts: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Append one part's arrays."""
        columns = [self._column(column) for column in part.columns]
        self.parts.append({"table": part.table, "rows": part.rows, "columns": columns})

    def finish(self) -> None:
        """Write the header behind the arrays and point to it, so that an unfinished file is none."""
        plain = {"version": _VERSION, "dataset": self.dataset, "parts": self.parts, "skipped": self.skipped}
        header = json.dumps(plain, separators=(",", ":")).encode()
        self._pad()
        where = self.file.tell()
        self.file.write(header)
        self.file.seek(0)
        self.file.write(_MAGIC + where.to_bytes(8, "big") + len(header).to_bytes(8, "big") + _digest(self.key, header))
        self.file.flush()

    def _column(self, column: Column) -> dict[str, Any]:
        return {
            "name": column.name,
            "kind": column.kind,
            "decimals": column.decimals,
            "density": column.density,
            "digits": column.digits,
            "codes": self._array(column.codes),
            "frequencies": self._array(column.frequencies),
            "hashes": self._array(column.hashes),
            "values": self._array(column.values),
            "levels": [
                {
                    "places": level.places,
                    "starts": self._array(level.starts),
                    "hashes": self._array(level.hashes),
                    "values": self._array(level.values),
                }
                for level in column.levels
            ],
        }

    def _array(self, array: NDArray[Any]) -> list[Any]:
        if not self.file.tell():
            self.file.write(b"\0" * 2 * _ALIGN)
        self._pad()
        where = self.file.tell()
        self.file.write(np.ascontiguousarray(array).data)
        return [array.dtype.str, where, len(array)]

    def _pad(self) -> None:
        self.file.write(b"\0" * (-self.file.tell() % _ALIGN or (2 * _ALIGN if not self.file.tell() else 0)))


def open_sketch(descriptor: int, *, key: bytes) -> Sketch:
    """Open a sketch in place; raise ``Invalid`` for another key, another version, or anything that is not whole."""
    try:
        mapped = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    except (OSError, ValueError) as error:
        raise Invalid("The sketch of a dataset cannot be opened: make it anew.", field="sketch") from error
    return _read(memoryview(mapped), key)


def _read(content: memoryview, key: bytes) -> Sketch:
    begin = len(_MAGIC)
    where, length = (int.from_bytes(content[place : place + 8], "big") for place in (begin, begin + 8))
    digest = bytes(content[begin + 16 : begin + 48])
    if bytes(content[:begin]) != _MAGIC or length > _HEADER_BYTES or where + length > len(content):
        raise Invalid("The sketch of a dataset is not whole: make it anew.", field="sketch")
    header = bytes(content[where : where + length])
    if not hmac.compare_digest(digest, _digest(key, header)):
        raise Invalid("The sketch of a dataset was made with another key: make it anew.", field="sketch")
    try:
        plain = json.loads(header)
        if plain["version"] != _VERSION:
            raise ValueError("another version")
        parts = tuple(_part(content, part) for part in plain["parts"])
        skipped = tuple((str(path), str(why)) for path, why in plain["skipped"])
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("The sketch of a dataset cannot be read: make it anew.", field="sketch") from error
    return Sketch(dataset=str(plain["dataset"]), parts=parts, skipped=skipped)


def _part(content: memoryview, plain: Mapping[str, Any]) -> Part:
    columns = tuple(_column(content, column) for column in plain["columns"])
    if any(len(column.codes) != plain["rows"] for column in columns):
        raise ValueError("a column has other rows")
    return Part(table=str(plain["table"]), rows=int(plain["rows"]), columns=columns)


def _column(content: memoryview, plain: Mapping[str, Any]) -> Column:
    return Column(
        name=str(plain["name"]),
        kind=str(plain["kind"]),
        decimals=int(plain["decimals"]),
        density=float(plain["density"]),
        digits=int(plain["digits"]),
        codes=_array(content, plain["codes"], "u1u2u4"),
        frequencies=_array(content, plain["frequencies"], "u4"),
        hashes=_array(content, plain["hashes"], "u8"),
        values=_array(content, plain["values"], "u4"),
        levels=tuple(
            Level(
                places=int(level["places"]),
                starts=_array(content, level["starts"], "u4"),
                hashes=_array(content, level["hashes"], "u8"),
                values=_array(content, level["values"], "u4"),
            )
            for level in plain["levels"]
        ),
    )


def _array(content: memoryview, plain: Sequence[Any], kinds: str) -> NDArray[Any]:
    kind, where, count = np.dtype(plain[0]), int(plain[1]), int(plain[2])
    if kind.str[1:] not in kinds or where < 0 or count < 0 or where + count * kind.itemsize > len(content):
        raise ValueError("an array lies outside")
    return np.frombuffer(content, kind, count, where)


def _digest(key: bytes, header: bytes) -> bytes:
    return hashlib.blake2b(header, key=key, digest_size=32, person=b"tre-sketch-head").digest()
