"""Makes the sketch of a dataset version: every table among its files, a million rows at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from .cells import MISSING, MISSING_WORDS, PLAIN_NUMBER, Cells, decimals_of, read_cells
from .hashing import DATE, NUMBER, ROUNDED, TEXT, Hasher, Words
from .sketch import Column, Level, Part, SketchWriter
from .tabulating import NotTabularError, pieces

__all__ = ["PART_ROWS", "build_sketch", "sketch_table"]

PART_ROWS = 1_000_000
_PLACES = (-2, -1, 0, 1, 2, 3, 4)
_FEWEST_VALUES = 8
_MOST_VALUES = 1 << 16
"""Rounded views of more distinct values than this would tell little more and cost much."""
_MOSTLY = 0.5
_FEW = 1000
_BY_HAND = (
    r"^[^a-z0-9]|[^\x20-\x7e]|[\"']$"
    r"|^[0-9][^a-z]*(?:[etz][^a-z]*){0,3}$"
    r"|^[0-9]{1,2}[-/. ]?[a-z]{3,9}[-/. ,]*[0-9]{4}"
)
"""What has to be read with care: numbers, days, anything in quotes, and letters beyond the plain ones."""
_MISSING = pa.array(sorted(MISSING_WORDS))


def build_sketch(
    files: Iterable[tuple[str, Path]], into: BinaryIO, *, key: bytes, dataset: str, part_rows: int = PART_ROWS
) -> tuple[tuple[str, str], ...]:
    """Write the sketch of ``files`` (name and place of each) and return those that could not be sketched, and why."""
    writer = SketchWriter(file=into, key=key, dataset=dataset)
    hasher = Hasher(key)
    for name, path in files:
        torn: list[None] = []
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                first = 1
                for table in pieces(Path(name), file, part_rows, partial(torn.append, None)):
                    writer.add(sketch_table(table, hasher, name if first == 1 else f"{name}, rows from {first:,}"))
                    first += table.num_rows
        except NotTabularError as error:
            writer.skipped.append((name, str(error)))
        except pa.ArrowException as error:
            writer.skipped.append((name, f"it cannot be sketched ({str(error).splitlines()[0][:120]})"))
        except OSError as error:
            writer.skipped.append((name, f"it cannot be opened ({error.strerror})"))
        if torn:
            writer.skipped.append((name, f"{len(torn):,} rows have more or fewer cells than headings"))
    writer.finish()
    return tuple(writer.skipped)


def sketch_table(table: pa.Table, hasher: Hasher, name: str) -> Part:
    """Return the part of a sketch that one table makes; columns of lists or records are left out."""
    columns = []
    for heading, column in zip(table.column_names, table.columns, strict=True):
        if not pa.types.is_nested(column.type):
            columns.append(_column(heading, column, hasher))
    return Part(table=name, rows=table.num_rows, columns=tuple(columns))


def _column(name: str, array: pa.ChunkedArray, hasher: Hasher) -> Column:
    encoded = _plain(array).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    cells, hashes = _cells(encoded.dictionary, hasher)
    rows = encoded.indices.fill_null(len(hashes)).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    del encoded
    order, codes, distinct = _ranked(cells, hashes)
    codes = np.append(codes, distinct)  # what Arrow calls null is missing too
    coded = codes.astype(np.min_scalar_type(distinct))[rows]
    frequencies = np.bincount(coded, minlength=distinct + 1).astype(np.uint32)
    unique = np.zeros(distinct, np.uint64)
    unique[codes[order]] = hashes[order]
    by_hash = np.argsort(unique)
    kind, numbers = _kind(cells, frequencies, codes)
    ranked = np.zeros(int(codes[:-1][numbers].max(initial=-1)) + 1)  # the codes of numbers and days come first
    ranked[codes[:-1][numbers]] = cells.numbers[numbers]
    levels, decimals, density = _levels(ranked, hasher, kind)
    return Column(
        name=name[:200],
        kind=kind,
        decimals=decimals,
        density=density,
        digits=_digits(cells) if kind == "text" else 0,
        codes=coded,
        frequencies=frequencies,
        hashes=unique[by_hash],
        values=by_hash.astype(np.uint32),
        levels=levels,
    )


def _plain(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the column as text, numbers or days."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _plain(array.cast(kind.value_type))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return array.cast(pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False)
    if pa.types.is_boolean(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return array.cast(pa.string())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return array.cast(pa.float64(), safe=False)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return array.cast(pa.binary()).cast(pa.string())
    return array.cast(pa.string())


def _cells(values: pa.Array, hasher: Hasher) -> tuple[Cells, Words]:
    """Read and hash the distinct values of a column; plain numbers and texts go the quick way."""
    if pa.types.is_floating(values.type) or pa.types.is_date(values.type):
        kind = NUMBER if pa.types.is_floating(values.type) else DATE
        plain = values.cast(pa.int32()) if kind == DATE else values
        numbers = plain.to_numpy(zero_copy_only=False).astype(np.float64)
        kinds = np.where(np.isfinite(numbers), kind, MISSING).astype(np.uint8)
        numbers = np.where(np.isfinite(numbers), numbers, 0.0)
        hashes = np.where(kinds == MISSING, np.uint64(0), hasher.numbers(numbers, kind))
        return Cells(kinds, numbers, []), hashes
    texts = compute.utf8_lower(compute.utf8_trim_whitespace(values))
    missing = compute.is_in(texts, value_set=_MISSING)
    said = compute.if_else(missing, pa.scalar(None, texts.type), texts)
    if compute.all(compute.match_substring_regex(said, PLAIN_NUMBER)).as_py():
        return _cells(said.cast(pa.float64()), hasher)
    return _mixed(values, texts, hasher)


def _mixed(values: pa.Array, texts: pa.Array, hasher: Hasher) -> tuple[Cells, Words]:
    """Read one by one what may be a number or a day, or is written unusually; hash the rest where it lies."""
    by_hand = compute.match_substring_regex(texts, _BY_HAND).to_numpy(zero_copy_only=False)
    if len(texts) < _FEW or by_hand.all():
        cells = read_cells(values.to_pylist())
        return cells, cells.hashes(hasher)
    unusual, usual = np.flatnonzero(by_hand), np.flatnonzero(~by_hand)
    read = read_cells(values.take(pa.array(unusual)).to_pylist())
    kinds, numbers = np.empty(len(texts), np.uint8), np.zeros(len(texts))
    hashes = np.zeros(len(texts), np.uint64)
    kinds[unusual], numbers[unusual], hashes[unusual] = read.kinds, read.numbers, read.hashes(hasher)
    plain = texts.take(pa.array(usual)).cast(pa.string())
    missing = compute.is_in(plain, value_set=_MISSING).to_numpy(zero_copy_only=False)
    ends = np.frombuffer(plain.buffers()[1], np.int32)[plain.offset : plain.offset + len(plain) + 1].astype(np.int64)
    of_plain = hasher.texts(plain.buffers()[2].to_pybytes(), ends[:-1], ends[1:])
    kinds[usual] = np.where(missing, MISSING, TEXT)
    hashes[usual] = np.where(missing, np.uint64(0), of_plain)
    return Cells(kinds, numbers, []), hashes


def _ranked(cells: Cells, hashes: Words) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Give every distinct cell its code: numbers first by size, then days, then texts by hash; missing ones last.

    Returns the cells that say something in the order of their codes, every cell's code, and how many codes there are.
    """
    groups = []
    for kind in (NUMBER, DATE, TEXT):
        chosen = np.flatnonzero(cells.kinds == kind)
        by = hashes[chosen] if kind == TEXT else cells.numbers[chosen]
        groups.append(chosen[np.argsort(by)])
    order = np.concatenate(groups)
    ranked = hashes[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = ranked[1:] != ranked[:-1]
    distinct = int(new.sum())
    codes = np.full(len(hashes), distinct, np.int64)
    codes[order] = np.cumsum(new) - 1
    return order, codes, distinct


def _digits(cells: Cells) -> int:
    """Return how many digits every text of a column has, or 0: a number may stand for “007” in a result."""
    said = [text for text, kind in zip(cells.texts, cells.kinds, strict=True) if kind == TEXT] if cells.texts else []
    width = len(said[0]) if said else 0
    return width if width and all(len(text) == width and text.isdecimal() for text in said) else 0


def _kind(cells: Cells, frequencies: NDArray[np.uint32], codes: NDArray[np.int64]) -> tuple[str, NDArray[np.bool_]]:
    """Say what most rows of a column are, and which of its cells are of the kind that codes rise with."""
    rows = np.bincount(cells.kinds, weights=frequencies[codes[:-1]], minlength=4)
    said = rows[NUMBER] + rows[DATE] + rows[TEXT]
    if said and rows[NUMBER] >= _MOSTLY * said:
        return "number", cells.kinds == NUMBER
    if said and rows[DATE] >= _MOSTLY * said and not rows[NUMBER]:
        return "date", cells.kinds == DATE
    return "text", np.zeros(len(cells.kinds), np.bool_)


def _levels(numbers: NDArray[np.float64], hasher: Hasher, kind: str) -> tuple[tuple[Level, ...], int, float]:
    """Return what the rising distinct numbers of a column round to, their decimals and their density."""
    if kind != "number" or not len(numbers):
        return (), 0, 1.0
    decimals = decimals_of(numbers)
    step = 10.0 ** -min(decimals, 6)
    density = min(1.0, len(numbers) / ((numbers[-1] - numbers[0]) / step + 1))
    levels = []
    for places in _PLACES:
        if places >= decimals:
            break
        rounded = np.rint(numbers * 10.0**places)
        new = np.flatnonzero(np.append(True, rounded[1:] != rounded[:-1]))
        if not _FEWEST_VALUES <= len(new) <= _MOST_VALUES:
            continue
        hashes = hasher.numbers(rounded[new], ROUNDED + places)
        by_hash = np.argsort(hashes)
        levels.append(
            Level(
                places=places,
                starts=np.append(new, len(numbers)).astype(np.uint32),
                hashes=hashes[by_hash],
                values=by_hash.astype(np.uint32),
            )
        )
    return tuple(levels), decimals, float(density)
