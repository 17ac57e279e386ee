"""Parquet: rows in groups, and what its metadata says beside them; every byte of the file must belong to a column."""

from __future__ import annotations

import base64
import binascii
import json
import os
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import limits
from .file import File
from .gathering import Gathering
from .parts import Row, Table
from .places import Places, shown
from .sheets import written

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["open_columns", "read", "rows_of"]

_MAGIC = b"PAR1"
_CELLS = 10 * limits.CELLS
_BATCH = 4096
_ADVICE = "Write the table as CSV, or again without metadata."
_PANDAS = 20_000
"""Characters up to which what pandas says of its columns is ordinary."""


def read(file: File, into: Gathering) -> None:
    """Read a Parquet file to its end."""
    content = file.content
    if content[-4:] == b"PARE":
        into.block("ENCRYPTED", "whole file", "The file needs a key.", "Hand it in without encryption.")
        return
    if content[-4:] != _MAGIC or len(content) < 12:
        into.block(
            "TRAILING_BYTES", "end of the file", "The file does not end as Parquet does: bytes follow it.", _ADVICE
        )
        return
    columns = open_columns(content)
    _metadata(columns, into)
    _bytes(content, columns, into)
    metadata = columns.metadata
    if metadata.num_rows * max(1, metadata.num_columns) > _CELLS:
        into.incomplete("", f"the table holds more than {_CELLS:,} cells")
        return
    names = tuple(columns.schema_arrow.names)
    into.table(Table(columns=names, again=lambda: rows_of(open_columns(content))))


def open_columns(content: bytes) -> pq.ParquetFile:
    """Open a Parquet file held in memory, without threads."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # the others start threads
    import pyarrow as pa  # noqa: PLC0415 - a large library, loaded for this kind of file alone
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.ParquetFile(
        pa.BufferReader(content),
        memory_map=False,
        pre_buffer=False,
        thrift_string_size_limit=limits.FILE_BYTES,
        thrift_container_size_limit=1_000_000,
    )


def rows_of(columns: pq.ParquetFile) -> Iterator[Row]:
    """Yield every row as text; lists and structures as JSON."""
    for batch in columns.iter_batches(batch_size=_BATCH, use_threads=False):
        values = [[_written(value) for value in column.to_pylist()] for column in batch.columns]
        yield from zip(*values, strict=True)


def _written(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=written)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return written(value)


def _metadata(columns: pq.ParquetFile, into: Gathering) -> None:
    said: dict[bytes, bytes] = dict(columns.metadata.metadata or {})
    packed = said.pop(b"ARROW:schema", b"")
    told = _ordinary(said.pop(b"pandas", b""), into)
    extra = dict(said)
    if packed:
        extra |= {b"ARROW:schema " + key: value for key, value in _schema_metadata(packed, into).items()}
    extra |= {b"pandas " + key: value for key, value in told.items()}
    places = Places()
    for key, value in extra.items():
        places.add(f"“{shown(key.decode('utf-8', 'replace'), 40)}” ({len(value)} bytes)")
        into.text(value.decode("utf-8", "replace"), f"metadata {shown(key.decode('utf-8', 'replace'), 40)}")
    if places:
        into.flag(
            "PARQUET_METADATA", str(places), f"{places.count} entries of metadata stand beside the table.", _ADVICE
        )


def _schema_metadata(packed: bytes, into: Gathering) -> Mapping[bytes, bytes]:
    """Return metadata within the schema that Arrow keeps beside Parquet's own: a second place to hide words."""
    import pyarrow as pa  # noqa: PLC0415 - loaded already

    try:
        raw = base64.b64decode(packed, validate=True)
        schema: pa.Schema = pa.ipc.read_schema(pa.BufferReader(raw))
    except (binascii.Error, pa.ArrowException, ValueError, OSError) as error:
        into.incomplete("metadata ARROW:schema", f"it is damaged ({type(error).__name__})")
        return {}
    found = {key: value for key, value in (schema.metadata or {}).items() if key != b"pandas"}
    for field in schema:
        found |= {field.name.encode() + b" " + key: value for key, value in (field.metadata or {}).items()}
    told = sum(map(len, found.values())) + len(str(schema)) * 4 + len((schema.metadata or {}).get(b"pandas", b""))
    if len(raw) > 20_000 + 4 * told:
        found[b"(rest)"] = b"%d bytes that no schema needs" % (len(raw) - told)
    return found


def _ordinary(pandas: bytes, into: Gathering) -> Mapping[bytes, bytes]:
    """Return what pandas keeps beyond the names and types of columns, such as ``DataFrame.attrs``."""
    if not pandas:
        return {}
    try:
        said = json.loads(pandas)
    except (ValueError, RecursionError):
        into.incomplete("metadata pandas", "it is not JSON")
        return {b"(unread)": pandas}
    usual = {"columns", "column_indexes", "index_columns", "creator", "pandas_version", "partition_columns"}
    extra = {key: value for key, value in said.items() if key not in usual and value not in ({}, [], None)}
    if len(pandas) > _PANDAS + 400 * len(said.get("columns", [])):
        extra["(length)"] = f"{len(pandas)} characters"
    return {key.encode(): json.dumps(value).encode() for key, value in extra.items()}


def _bytes(content: bytes, columns: pq.ParquetFile, into: Gathering) -> None:
    """Say which bytes between the first and the last belong to no column."""
    metadata, spans, indexed = columns.metadata, [], False
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for index in range(row_group.num_columns):
            column = row_group.column(index)
            start = column.data_page_offset
            if column.has_dictionary_page and column.dictionary_page_offset:
                start = min(start, column.dictionary_page_offset)
            spans.append((start, start + column.total_compressed_size))
            indexed = indexed or column.has_offset_index or column.has_column_index
    end = len(_MAGIC)
    footer = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
    gaps = Places()
    for start, stop in [*sorted(spans), (footer, len(content))]:
        if start > end:
            gaps.add(f"{start - end} bytes from byte {end}")
        end = max(end, stop)
    if gaps and indexed:
        words = f"{gaps.count} runs of bytes belong to no column; the file says that they are indexes of its pages."
        into.flag("PARQUET_METADATA", str(gaps), words, _ADVICE)
    elif gaps:
        words = f"{gaps.count} runs of bytes belong to no column, where no program shows them."
        into.block("TRAILING_BYTES", str(gaps), words, _ADVICE)
