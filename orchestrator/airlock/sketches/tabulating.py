"""Reads files of a dataset as tables, piece by piece: delimited text and Parquet. Every cell stays as it is written."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyarrow import parquet

__all__ = ["NotTabularError", "pieces"]

_DELIMITED = (".csv", ".tsv", ".tab", ".txt", ".psv", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET = (".parquet", ".pq")
_DELIMITERS = ",\t;|"
_HEAD = 1 << 16
_BLOCK = 1 << 22
_MOST_COLUMNS = 2_000
_MOST_CELLS = 24_000_000


class NotTabularError(Exception):
    """A file that is no table these sketches know; its words say why."""


def pieces(path: Path, file: BinaryIO, rows: int, torn: Callable[[], None] = lambda: None) -> Iterator[pa.Table]:
    """Yield the file's rows, at most ``rows`` at a time; raise ``NotTabularError`` where it is no table.

    A row with more or fewer cells than there are headings is left out, and ``torn`` called for it.
    """
    name = path.name.lower()
    try:
        if name.endswith(_PARQUET):
            yield from _parquet(file, rows)
        elif name.endswith(_DELIMITED):
            yield from _delimited(file, rows, torn, packed=name.endswith(".gz"))
        else:
            raise NotTabularError("only delimited text and Parquet are compared")
    except (pa.ArrowException, OSError, UnicodeError, csv.Error, EOFError, zlib.error) as error:
        raise NotTabularError(f"it cannot be read to its end ({str(error).splitlines()[0][:120]})") from error


def _parquet(file: BinaryIO, rows: int) -> Iterator[pa.Table]:
    opened = parquet.ParquetFile(file)
    names = opened.schema_arrow.names
    _check_width(len(names))
    yield from _gathered(opened.iter_batches(batch_size=1 << 16, use_threads=False), _bounded(rows, names))


def _delimited(file: BinaryIO, rows: int, torn: Callable[[], None], *, packed: bool) -> Iterator[pa.Table]:
    def skip(_: Any) -> str:
        torn()
        return "skip"

    stream: Any = gzip.GzipFile(fileobj=file) if packed else file
    head = bytes(stream.read(_HEAD))
    encoding = _encoding(head)
    first = head.decode(encoding, "replace").lstrip("\ufeff").splitlines()
    if not first or not first[0].strip():
        raise NotTabularError("it is empty")
    delimiter = max(_DELIMITERS, key=first[0].count)
    names = _distinct(next(csv.reader([first[0]], delimiter=delimiter)))
    _check_width(len(names))
    stream.seek(0)
    reader = arrow_csv.open_csv(
        stream,
        read_options=arrow_csv.ReadOptions(
            use_threads=False, block_size=_BLOCK, column_names=names, skip_rows=1, encoding=encoding
        ),
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
    yield from _gathered(reader, _bounded(rows, names))


def _gathered(batches: Any, rows: int) -> Iterator[pa.Table]:
    """Gather small batches into tables of ``rows`` rows."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        rest = batch
        while held + rest.num_rows >= rows:
            yield pa.Table.from_batches([*waiting, rest.slice(0, rows - held)])
            rest = rest.slice(rows - held)
            waiting, held = [], 0
        if rest.num_rows:
            waiting.append(rest)
            held += rest.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting)


def _bounded(rows: int, names: Sequence[str]) -> int:
    """Return how many rows of so many columns are held at once."""
    return max(1, min(rows, _MOST_CELLS // max(1, len(names))))


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        io.TextIOWrapper(io.BytesIO(head[: len(head) - 4 if len(head) == _HEAD else None]), "utf-8").read()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf8"


def _check_width(columns: int) -> None:
    if columns > _MOST_COLUMNS:
        raise NotTabularError(f"it has more than {_MOST_COLUMNS:,} columns")


def _distinct(names: list[str]) -> list[str]:
    """Return the headings, each once: a table may name two columns alike."""
    seen: set[str] = set()
    made = []
    for place, name in enumerate(names, start=1):
        plain = name.strip() or f"column {place}"
        made.append(plain if plain not in seen else f"{plain} ({place})")
        seen.add(made[-1])
    return made
