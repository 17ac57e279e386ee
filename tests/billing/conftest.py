"""The shipped price lists, and requests to price by them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.audit.record import Record
from orchestrator.billing.grammar import read_list
from orchestrator.billing.model import PriceList
from orchestrator.billing.periods import end_of_months
from orchestrator.billing.request import AskedDataset, Request
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.policy.service import Policy
from tests.empty_record import lay_tables

if TYPE_CHECKING:
    from .world import World

FEES = Path(__file__).parents[2] / "policies" / "fees"


def shipped(name: str) -> PriceList:
    """A shipped list, by its file's name."""
    return read_list((FEES / f"{name}.yaml").read_text(encoding="utf-8"), name=name)


def asked(
    *,
    months: int = 12,
    start: date = date(2026, 4, 1),
    datasets: int = 0,
    periods: int = 1,
    usage: Any = (),
    passed_on: Any = None,
    **answers: Any,
) -> Request:
    """A request of an academic for so many months; underscores in names of answers stand for hyphens."""
    return Request(
        start=start,
        last=end_of_months(start, months),
        answers={"applicant": "academic"} | {name.replace("_", "-"): answer for name, answer in answers.items()},
        datasets=tuple(AskedDataset(key=f"d{n}", title=f"Data {n}", periods=periods) for n in range(datasets)),
        usage=tuple(usage),
        passed_on=passed_on or {},
    )


WRITTEN = """
series: own
title: A list
currency: GBP
valid: {from: 2026-04-01, until: 2027-03-31}
vat: {treatment: exempt}
refused: {charge: nothing}
source: A test
lines:
  - {id: fee, says: A fee, amount: 10, source: A test}
"""


@pytest.fixture
def written() -> str:
    """The text of a small list."""
    return WRITTEN


@pytest.fixture(scope="session")
def first_world(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world as every test finds it, made once; its record is closed so that its file can be copied."""
    from .world import World

    directory = tmp_path_factory.mktemp("world")
    engine = make_engine(f"sqlite:///{directory}/record.db")
    lay_tables(engine)
    clock = FixedClock()
    made = World(Record(engine, clock), policy, clock, directory)
    engine.dispose()
    return made


@pytest.fixture
def world(first_world: World, policy: Policy, clock: FixedClock, tmp_path: Path) -> Iterator[World]:
    """A world of the test's own, in which custodian “a” and the infrastructure have published prices."""
    from .world import World

    directory = tmp_path / "world"
    shutil.copytree(first_world.directory, directory)
    engine = make_engine(f"sqlite:///{directory}/record.db")
    made = World(Record(engine, clock), policy, clock, directory, like=first_world)
    made.publish("a")
    made.publish("infrastructure")
    yield made
    engine.dispose()
