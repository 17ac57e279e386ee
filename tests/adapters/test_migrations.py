"""The record's tables are made and brought up to date by steps, on both databases, and never by an older program."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from orchestrator.adapters.migrations import bring_up_to_date, check_current, differences, tables  # noqa: F401
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.core.database import make_engine
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Event


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path}/record.db")
        yield engine
        engine.dispose()
        return
    server: URL = request.getfixturevalue("postgresql_server")
    name = f"m_{secrets.token_hex(6)}"
    administration = make_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = make_engine(server.set(database=name))
    yield engine
    engine.dispose()
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()


def test_an_empty_database_gets_every_table_exactly_as_the_rooms_describe_it(empty: Engine) -> None:
    bring_up_to_date(empty)
    assert differences(empty) == []
    check_current(empty)


def test_a_second_start_changes_nothing_and_keeps_what_is_there(empty: Engine) -> None:
    bring_up_to_date(empty)
    record = Record(empty)
    with record.change() as change:
        change.tell(Event(kind="thing.made", actor="system:test", subject="thing:x"))
    bring_up_to_date(empty)
    assert AuditService(record).verify().size == 1


def test_two_starts_at_once_make_the_tables_once(empty: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        outcomes = [pool.submit(bring_up_to_date, empty) for _ in range(2)]
    for outcome in outcomes:
        outcome.result()
    check_current(empty)


def test_a_record_without_tables_is_refused_by_processes_that_do_not_make_them(empty: Engine) -> None:
    with pytest.raises(NotPossible, match="older than this program"):
        check_current(empty)


def test_a_newer_record_is_refused_and_left_alone(empty: Engine) -> None:
    bring_up_to_date(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for start in (bring_up_to_date, check_current):
        with pytest.raises(NotPossible, match="older than the record"):
            start(empty)
    assert "audit_entry" in inspect(empty).get_table_names()


def test_a_record_of_the_first_step_keeps_its_rows_and_its_references(empty: Engine) -> None:
    bring_up_to_date(empty, "0001")
    with empty.begin() as connection:
        for statement in (
            "INSERT INTO workspace (project_id, port, user_number, awake, opened_at, used_at, trouble) "
            "VALUES ('p', 8710, 200000, true, '2026-01-01 00:00:00', '2026-01-01 00:00:00', '')",
            "INSERT INTO workspace_session (session_id, project_id, person_id, state, started_at, reason, active_at) "
            "VALUES ('s', 'p', 'a', 'running', '2026-01-01 00:00:00', '', '2026-01-01 00:00:00')",
        ):
            connection.execute(text(statement))
    with pytest.raises(NotPossible, match="older than this program"):
        check_current(empty)
    bring_up_to_date(empty)
    assert differences(empty) == []
    with empty.begin() as connection:
        assert connection.execute(text("SELECT port FROM workspace")).scalar_one() == 8710
        assert connection.execute(text("SELECT intake_sha256 FROM workspace_session")).all() == [(None,)]
        connection.execute(text("UPDATE workspace SET port = NULL"))
    with pytest.raises(IntegrityError), empty.begin() as connection:
        connection.execute(text("UPDATE workspace_session SET project_id = 'nobody'"))
