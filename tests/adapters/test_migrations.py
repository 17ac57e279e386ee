"""The record's tables are made and brought up to date by steps, on both databases, and never by an older program."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from orchestrator.adapters.migrations import bring_up_to_date, check_current, differences, tables  # noqa: F401
from orchestrator.airlock.review.store import votes
from orchestrator.airlock.store import load
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


def test_submissions_of_the_second_step_keep_their_files_votes_and_terms(empty: Engine) -> None:
    bring_up_to_date(empty, "0002")
    with empty.begin() as connection:
        for statement in (
            "INSERT INTO alliance_custodian (custodian_id, name, registered_by, registered_at) "
            "VALUES ('c', 'North', 'o', '2026-01-01 00:00:00')",
            "INSERT INTO alliance_terms (custodian_id, version, text, text_sha256, valid_until, checkers_needed, "
            "minimum_count, published_by, published_at) "
            "VALUES ('c', 1, 't', 'h', '2027-01-01 00:00:00', 2, 10, 'o', '2026-01-01 00:00:00')",
            "INSERT INTO airlock_submission (submission_id, project_id, session_id, author_id, title, state, round, "
            "submitted_at, entered_at, held, pack_version, pack_sha256, checkers_needed, version) "
            "VALUES ('s', 'p', 'w', 'a', 'Ages', 'rejected', 1, '2026-01-01 00:00:00', '2026-01-02 00:00:00', '', "
            "'1', 'd', 2, 3)",
            "INSERT INTO airlock_file (file_id, submission_id, position, name, size, sha256, context, kind, binding) "
            "VALUES ('f', 's', 0, 'a.csv', 3, 'e', 'rounded', 'csv', 'b')",
            "INSERT INTO airlock_vote (vote_id, submission_id, file_id, person_id, round, choice, comment, binding, "
            "voted_at) VALUES ('v', 's', 'f', 'k', 1, 'reject', 'no', 'b', '2026-01-02 00:00:00')",
        ):
            connection.execute(text(statement))
    bring_up_to_date(empty)
    assert differences(empty) == []
    with Record(empty).read() as session:
        submission = load(session, "s")
        (vote,) = votes(session, "s", round_number=1)
    (file,) = submission.files
    assert (file.name, file.role, file.original_sha256, submission.incident) == ("a.csv", "output", "", "")
    assert (vote.choice, vote.carried_from) == ("reject", None)
    assert submission.deadline == datetime(2026, 2, 1, tzinfo=UTC)
    with empty.begin() as connection:
        terms = connection.execute(text("SELECT release_signoff, airlock_pack FROM alliance_terms")).one()
        assert (bool(terms[0]), terms[1]) == (False, "")
