"""A catalogue to search: two custodians, the real national descriptions, and an index in a directory of its own."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.discovery.search.index import Index
from orchestrator.discovery.search.service import SearchService
from orchestrator.policy.service import Policy
from tests.discovery.catalogue.conftest import Alliance, alliance, national_catalogue  # noqa: F401 - fixtures
from tests.empty_record import lay_tables


class Searched:
    """The rooms of a catalogue with the search over it."""

    def __init__(self, rooms: Alliance, directory: Path) -> None:
        self.rooms, self.directory = rooms, directory
        self.search = SearchService(rooms.record, Index(directory))

    def again(self) -> SearchService:
        """The search as another process opens it."""
        return SearchService(self.rooms.record, Index(self.directory))

    def offer(self, name: str, base: dict[str, Any], title: str, *, officer: str = "cora", **changes: Any) -> str:
        description = copy.deepcopy(base)
        description["summary"]["title"] = title
        for path, value in changes.items():
            section, _, field = path.partition("__")
            description.setdefault(section, {})
            if field:
                description[section][field] = value
            else:
                description[section] = value
        custodian = self.rooms.custodians["North" if officer == "cora" else "South"]
        made = self.rooms.discovery.register_dataset(
            self.rooms.actor(officer), custodian_id=custodian, name=name, description=description
        )
        return made.dataset_id


@pytest.fixture
def searched(alliance: Alliance, tmp_path: Path) -> Searched:  # noqa: F811 - the fixture
    return Searched(alliance, tmp_path / "index")


@pytest.fixture(scope="module")
def national_rooms(
    tmp_path_factory: pytest.TempPathFactory,
    policy: Policy,
    national_catalogue: list[dict[str, Any]],  # noqa: F811 - the fixture
) -> Iterator[Alliance]:
    """The national catalogue, imported once for tests that only search."""
    directory = tmp_path_factory.mktemp("national")
    engine = make_engine(f"sqlite:///{directory}/record.db")
    lay_tables(engine)
    clock = FixedClock()
    rooms = Alliance(Record(engine, clock), policy, clock, directory)
    rooms.catalogue.import_records(rooms.actor("ada"), national_catalogue, source="national 2020")
    yield rooms
    engine.dispose()


@pytest.fixture
def national(national_rooms: Alliance, tmp_path: Path) -> Searched:
    """The national catalogue with an index of the test's own."""
    return Searched(national_rooms, tmp_path / "index")
