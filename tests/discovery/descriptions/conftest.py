"""The real catalogue of 2020, what was published about it, and the official schemas; all outside the repository."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[3].parent / "shared" / "data"))

Record = dict[str, Any]


def data_file(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing; set TRE_TEST_DATA to the folder of test data")
        pytest.skip(f"{path} is not on this machine; set TRE_TEST_DATA")
    return path


@pytest.fixture(scope="session")
def catalogue() -> list[Record]:
    records: list[Record] = json.loads(data_file("catalogue-2020-11-20.json").read_text())["dataModels"]
    return records


@pytest.fixture(scope="session")
def published() -> Callable[[str], dict[str, Record]]:
    """Rows of a published table by the identifier of their dataset."""

    def read(name: str) -> dict[str, Record]:
        with data_file(name).open(newline="") as file:
            return {row["id"]: row for row in csv.DictReader(file)}

    return read


@pytest.fixture(scope="session")
def official_schema() -> Callable[[str], Record]:
    def read(version: str) -> Record:
        schema: Record = json.loads(data_file(f"hdruk-schema-{version}.json").read_text())
        return schema

    return read
