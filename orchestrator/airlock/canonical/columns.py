"""Parquet as CSV where people can read it whole, else as Parquet with nothing beside its columns."""

from __future__ import annotations

import io

from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.columnar import open_columns, rows_of
from orchestrator.airlock.reading.specimen import Specimen

from .naming import Naming
from .parts import Canonical, Derived
from .texts import as_csv

__all__ = ["canonical_columns"]

_GONE = ("PARQUET_METADATA",)
_GROUP = 100_000


def canonical_columns(file: Specimen, pack: Pack) -> Canonical | None:
    """Return the table; nothing when its rows cannot be read."""
    columns = open_columns(file.content)
    if columns.metadata.num_rows <= pack.maximum_rows:
        rows = [list(columns.schema_arrow.names), *rows_of(columns)]
        name, content = Naming(file.name).name("csv"), as_csv(rows).encode("utf-8", "replace")
        note = "The rows of the table as CSV."
    else:
        name, content, note = file.name, _rewritten(file.content), "Written anew without metadata."
    return Canonical(files=(Derived(name=name, content=content, note=note),), removed=_GONE)


def _rewritten(content: bytes) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - loaded already
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns = open_columns(content)
    table = columns.read(use_threads=False)
    plain = pa.schema([pa.field(field.name, field.type) for field in columns.schema_arrow])
    out = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(table.columns, schema=plain),
        out,
        row_group_size=_GROUP,
        store_schema=False,
        compression="zstd",
        write_statistics=False,
    )
    return out.getvalue()
