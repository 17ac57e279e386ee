"""Every column of every row of the log, its heads and its keys is changed once by hand: each change is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, select, text, update

from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.audit.store import EntryRow, HeadRow, KeyRow, TreeRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.core.events import Event
from tests.empty_record import lay_tables

TABLES = [row.__table__ for row in (EntryRow, TreeRow, HeadRow, KeyRow)]
JUNK: list[object] = ["not what belongs here", b"\xff\x00", 7]


class _TwoKeys(FakeSigner):
    """A Vault whose key was rotated: the older version signs nothing any more but is still noted."""

    def public_keys(self) -> dict[int, bytes]:
        return {1: super().public_keys()[1], 2: b"\x07" * 32}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("log") / "tre.db"
    engine = make_engine(f"sqlite:///{file}")
    lay_tables(engine)
    clock, signer = FixedClock(), _TwoKeys()
    record = Record(engine, clock)
    for number in range(6):
        with record.change() as change:
            change.tell(Event(kind="thing.made", actor="system:test", subject=f"thing:{number}", details={"n": number}))
        clock.advance(timedelta(minutes=1))
        if number % 3 == 2:
            AuditService(record).sign_head(signer)
    engine.dispose()
    return file


@pytest.fixture
def opened(untouched: Path, tmp_path: Path) -> Iterator[Callable[[], Record]]:
    engines: list[Engine] = []

    def copy() -> Record:
        file = tmp_path / f"{len(engines)}.db"
        shutil.copy(untouched, file)
        engines.append(make_engine(f"sqlite:///{file}"))
        return Record(engines[-1], FixedClock())

    yield copy
    for engine in engines:
        engine.dispose()


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return value + 1000 if isinstance(value, int) else f"{value[:-1]}{'x' if value[-1] != 'x' else 'y'}"


def rows_of(record: Record, table: Table) -> list[dict[str, Any]]:
    with record.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def keyed(table: Table, row: dict[str, Any]) -> Any:
    (key,) = table.primary_key.columns
    return key == row[key.name]


def is_found(record: Record) -> bool:
    seen = AuditService(record).verify()
    return bool(seen.findings) and all(finding.message for finding in seen.findings)


def test_the_log_is_sound_before_anybody_touches_it(opened: Callable[[], Record]) -> None:
    seen = AuditService(opened()).verify()
    assert seen.findings == ()
    assert (seen.size, seen.heads) == (8, 2)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_changed_column_of_every_row_is_found(table: Table, opened: Callable[[], Record]) -> None:
    tried = 0
    for row in rows_of(opened(), table):
        for column in table.columns:
            if column.name == "number":
                continue  # a check of the database itself keeps the one row of the tree at number 1
            record = opened()
            change = update(table).where(keyed(table, row)).values({column.name: other(row[column.name])})
            with record.engine.begin() as connection:
                assert connection.execute(change).rowcount == 1
            assert is_found(record), (table.name, row, column.name)
            tried += 1
    assert tried >= 3


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_deleted_row_is_found(table: Table, opened: Callable[[], Record]) -> None:
    for row in rows_of(opened(), table):
        record = opened()
        with record.engine.begin() as connection:
            connection.execute(table.delete().where(keyed(table, row)))
        assert is_found(record), (table.name, row)


@pytest.mark.parametrize("junk", JUNK, ids=["text", "bytes", "number"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_value_of_another_kind_is_found_and_never_ends_the_verification(
    table: Table, junk: object, opened: Callable[[], Record]
) -> None:
    keys = {column.name for column in table.primary_key.columns}
    for row in rows_of(opened(), table)[:1]:
        for column in table.columns:
            if column.name in keys:
                continue
            record = opened()
            (key,) = keys
            statement = f"UPDATE {table.name} SET {column.name} = :junk WHERE {key} = :row"  # noqa: S608
            with record.engine.begin() as connection:
                connection.execute(text(statement), {"junk": junk, "row": row[key]})
            assert is_found(record), (table.name, column.name, junk)


def test_rows_put_in_by_hand_are_found(opened: Callable[[], Record]) -> None:
    for row in (
        HeadRow(size=0, root=b"\x00" * 32, signed_at=FixedClock()(), signature="vault:v1:AAAA"),
        HeadRow(size=2, root=b"\x00" * 32, signed_at=FixedClock()(), signature="vault:v1:AAAA"),
        KeyRow(version=3, public=b"\x01" * 32),
        EntryRow(position=8, body="{}", leaf=b"\x00" * 32, kind="thing.made", subject="thing:8"),
    ):
        record = opened()
        with record.engine.begin() as connection:
            values = {column.name: getattr(row, column.name) for column in row.__table__.columns}
            connection.execute(row.__table__.insert(), values)
        assert is_found(record), row


def test_an_entry_nested_too_deep_to_be_read_is_named(opened: Callable[[], Record]) -> None:
    record = opened()
    with record.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET body = :body WHERE position = 2"), {"body": "[" * 200_000})
    assert 2 in {finding.position for finding in AuditService(record).verify().findings}


def test_verifying_with_no_trusted_key_at_all_is_not_verifying_with_the_records_own(
    opened: Callable[[], Record],
) -> None:
    assert {finding.rule for finding in AuditService(opened()).verify(keys={}).findings} == {"head-signature"}
