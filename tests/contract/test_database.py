"""Databases through the agent's relay: PostgreSQL demanding SCRAM, OpenBao, agent and client are all real."""

from __future__ import annotations

import os
import signal
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from orchestrator.adapters.dataset_agent import DatasetAgents
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Refused
from orchestrator.core.ids import new_id
from orchestrator.credentials.model import Wanted
from orchestrator.credentials.service import Credentials
from tests.contract.credentials_world import (
    Server,
    World,
    eventually,
    log_in,
    running_database,
    running_vault,
    short_directory,
)


@pytest.fixture(scope="module")
def ground() -> Iterator[tuple[World, Server]]:
    with (
        short_directory() as directory,
        running_vault(directory) as vault,
        running_database(directory) as (database, server),
    ):
        yield World(vault=vault, directory=directory, database=database), server


@pytest.fixture
def world(ground: tuple[World, Server]) -> Iterator[World]:
    world, _ = ground
    yield world
    world.clean()


@pytest.fixture
def wanted(world: World) -> Wanted:
    return world.views()


@pytest.fixture
def project(world: World, wanted: Wanted) -> str:
    project = world.project()
    assert world.service.ensure_leases(project, [wanted]).databases == {wanted.version_id}
    return project


@pytest.fixture
def session() -> str:
    return new_id()


@pytest.fixture
def relay(world: World, wanted: Wanted, project: str, session: str) -> Path:
    assert wanted.database is not None
    return _directory(world.service.open_databases(project, session, [wanted.database]))


def _directory(addresses: Mapping[str, str]) -> Path:
    """The session's directory, in which each database has its own."""
    return Path(addresses["cohort"]).parent


def _roles(world: World) -> set[str]:
    assert world.database is not None
    with world.database.connect() as connection:
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'").fetchall()
    return {str(row[0]) for row in rows}


def _backends(world: World) -> int:
    assert world.database is not None
    with world.database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'v-%'").fetchone()
    assert row is not None
    return int(str(row[0]))


def test_the_granted_view_is_readable_without_any_password(relay: Path) -> None:
    with log_in(relay) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (5000,)
        assert connection.execute("SELECT word FROM cohort.people WHERE n = 1").fetchone() is not None


def test_another_schema_the_table_behind_the_view_and_writing_are_denied(relay: Path) -> None:
    for statement in (
        "SELECT * FROM other.secret",
        "SELECT * FROM cohort.base",
        "INSERT INTO cohort.people VALUES (0, 'x')",
        "DELETE FROM cohort.people",
        "CREATE TABLE cohort.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMP TABLE mine (n int)",
        "CREATE ROLE mine",
        "COPY cohort.people TO '/tmp/x'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
        "SET ROLE tre_owner",
        "SET SESSION AUTHORIZATION tre_owner",
    ):
        with log_in(relay) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.commit()
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("user", ["postgres", "tre_owner", "tre_vault", "RESEARCHER", "v-x"])
def test_logging_in_as_anybody_else_is_refused_by_the_relay(world: World, relay: Path, user: str) -> None:
    eventually(lambda: _backends(world) == 0)  # those of earlier tests end a moment after their connections
    with pytest.raises(psycopg.OperationalError, match="no other user name is accepted"):
        log_in(relay, user=user)
    assert _backends(world) == 0
    log_in(relay).close()


@pytest.mark.parametrize("name", ["postgres", "template1", "demonstration", ""])
def test_any_other_database_is_refused_by_the_relay(relay: Path, name: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="only database here"):
        psycopg.connect(host=str(relay / "cohort"), user="researcher", dbname=name or "x", connect_timeout=90)


def test_the_server_itself_demands_scram_of_everybody(world: World) -> None:
    assert world.database is not None
    for user in ("postgres", "tre_owner", "tre_vault"):
        with pytest.raises(psycopg.OperationalError, match=r"no password supplied|authentication failed"):
            psycopg.connect(
                host="127.0.0.1", port=world.database.port, user=user, dbname="demonstration", connect_timeout=90
            )
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host="127.0.0.1", port=world.database.port, user="tre_owner", password="wrong", dbname="demonstration"
        )


def test_encryption_and_replication_are_answered_as_they_should(relay: Path) -> None:
    psycopg.connect(
        host=str(relay / "cohort"), user="researcher", dbname="cohort", sslmode="prefer", gssencmode="disable"
    ).close()
    with pytest.raises(psycopg.OperationalError, match="Replication is not possible"):
        psycopg.connect(
            host=str(relay / "cohort"), user="researcher", dbname="cohort", replication="database", connect_timeout=90
        )
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(90)
        raw.connect(str(relay / "cohort" / ".s.PGSQL.5432"))
        raw.sendall(struct.pack("!II", 8, 80877104))
        assert raw.recv(1) == b"N"
        raw.sendall(struct.pack("!II", 8, 80877103))
        assert raw.recv(1) == b"N"


@pytest.mark.parametrize(
    "packet",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!II", 0xFFFFFFFF, 196608),
        struct.pack("!II", 4, 196608),
        struct.pack("!II", 12, 131072) + b"user",
        struct.pack("!II", 14, 196608) + b"user\0x",
        struct.pack("!II", 14, 196608) + b"\xff\xfe\0\0\0\0",
    ],
)
def test_what_is_not_the_protocol_is_answered_with_an_error_and_hung_up(relay: Path, packet: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(90)
        raw.connect(str(relay / "cohort" / ".s.PGSQL.5432"))
        raw.sendall(packet)
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while block := raw.recv(4096):
            answer += block
    assert answer[:1] == b"E"
    log_in(relay).close()


def _sleeping(world: World) -> bool:
    assert world.database is not None
    with world.database.connect() as connection:
        query = "SELECT 1 FROM pg_stat_activity WHERE usename LIKE 'v-%' AND wait_event = 'PgSleep'"
        return connection.execute(query).fetchone() is not None


def test_a_running_query_can_be_cancelled(world: World, relay: Path) -> None:
    with log_in(relay) as connection, ThreadPoolExecutor(1) as pool:

        def cancel() -> None:
            eventually(lambda: _sleeping(world))
            connection.cancel_safe()

        cancelled = pool.submit(cancel)
        with pytest.raises(errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(200)")
        cancelled.result()


def test_an_open_cursor_dies_when_the_dataset_is_withdrawn(
    world: World, wanted: Wanted, project: str, relay: Path
) -> None:
    connection = log_in(relay)
    cursor = connection.cursor(name="open")
    cursor.execute("SELECT n FROM people")
    assert len(cursor.fetchmany(10)) == 10
    eventually(lambda: _backends(world) == 1)
    assert world.service.ensure_leases(project, []).wiped == (wanted.version_id,)
    with pytest.raises(psycopg.OperationalError):
        cursor.fetchmany(10)
    cursor.close()
    connection.close()
    eventually(lambda: _backends(world) == 0 and _roles(world) == set())
    with pytest.raises(psycopg.OperationalError):
        log_in(relay)


def test_revocation_in_vault_alone_ends_the_back_end_and_its_cursor(world: World, project: str, relay: Path) -> None:
    connection = log_in(relay)
    cursor = connection.cursor(name="open")
    cursor.execute("SELECT n FROM people")
    assert len(cursor.fetchmany(10)) == 10
    os.kill(world.agent_process(project), signal.SIGSTOP)  # nobody but Vault acts
    try:
        (lease,) = world.client.leases(project)
        world.client.revoke_lease(lease.accessor)
        eventually(lambda: _backends(world) == 0 and _roles(world) == set())
    finally:
        os.kill(world.agent_process(project), signal.SIGCONT)
    with pytest.raises(psycopg.OperationalError):
        cursor.fetchmany(10)
    cursor.close()
    connection.close()


def test_closing_one_session_ends_its_role_and_leaves_another_sessions(
    world: World, wanted: Wanted, project: str, session: str, relay: Path
) -> None:
    assert wanted.database is not None
    other = _directory(world.service.open_databases(project, new_id(), [wanted.database]))
    assert len(_roles(world)) == 2
    with log_in(other) as kept, log_in(relay) as closed:
        world.service.close_session(project, session)
        world.service.close_session(project, session)
        with pytest.raises(psycopg.OperationalError):
            closed.execute("SELECT 1")
        assert kept.execute("SELECT count(*) FROM people").fetchone() == (5000,)
    assert len(_roles(world)) == 1
    assert not relay.exists()


def test_after_kill_9_of_the_agent_nobody_gets_in_and_the_next_look_ends_its_roles(
    world: World, wanted: Wanted, project: str, relay: Path
) -> None:
    connection = log_in(relay)
    connection.execute("SELECT 1")
    os.kill(world.agent_process(project), signal.SIGKILL)
    eventually(lambda: not world.agents.running(project))
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    changes = world.service.ensure_leases(project, [wanted])
    assert changes.agent_restarted
    eventually(lambda: _roles(world) == set())
    assert not relay.exists()
    assert wanted.database is not None
    again = world.service.open_databases(project, new_id(), [wanted.database])
    log_in(_directory(again)).close()


def test_a_project_without_the_lease_opens_nothing(world: World, wanted: Wanted) -> None:
    other = world.project()
    world.service.ensure_leases(other, [])
    assert wanted.database is not None
    with pytest.raises(Refused, match="no living lease"):
        world.service.open_databases(other, new_id(), [wanted.database])


def test_a_lease_for_one_dataset_draws_no_role_of_another(world: World, wanted: Wanted) -> None:
    second = world.views()
    lease = world.client.lease(new_id(), wanted.grant_id, wanted.version_id, wanted.until)
    token = world.vault.unwrapped(lease.wrapped_token)
    assert token.get(f"database/creds/{wanted.version_id}")["data"]["password"]
    with pytest.raises(Refused):
        token.get(f"database/creds/{second.version_id}")
    world.client.revoke_lease(lease.accessor)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run sessions under another account")
def test_as_root_the_projects_group_reaches_the_socket(world: World, wanted: Wanted) -> None:
    agents = DatasetAgents(world.places, world.processes, group_of=lambda _: 223_344)
    service = Credentials(vault=world.client, agent=agents, store=world.store, clock=system_clock)
    project = world.project()
    service.ensure_leases(project, [wanted])
    assert wanted.database is not None
    relay = _directory(service.open_databases(project, new_id(), [wanted.database]))
    for path, mode in ((relay, 0o750), (relay / "cohort", 0o750), (relay / "cohort" / ".s.PGSQL.5432", 0o660)):
        seen = path.stat()
        assert (seen.st_gid, stat.S_IMODE(seen.st_mode)) == (223_344, mode), path


def test_the_socket_is_the_sessions_alone(relay: Path) -> None:
    assert stat.S_IMODE((relay / "cohort" / ".s.PGSQL.5432").stat().st_mode) & 0o007 == 0
    assert stat.S_IMODE((relay / "cohort").stat().st_mode) & 0o007 == 0


def test_a_server_that_trusts_everybody_is_refused_by_the_relay(
    world: World, ground: tuple[World, Server], relay: Path
) -> None:
    assert world.database is not None
    file = world.database.directory / "cluster" / "pg_hba.conf"
    demanding = file.read_text()
    _, server = ground
    assert server.process is not None
    try:
        for weaker in ("trust", "password", "md5"):
            file.write_text(demanding.replace("scram-sha-256", weaker))
            server.process.send_signal(signal.SIGHUP)
            if weaker == "md5":
                continue  # a role whose secret is a SCRAM one is still asked for SCRAM
            eventually(lambda: _refused_as_weak(relay))
    finally:
        file.write_text(demanding)
        server.process.send_signal(signal.SIGHUP)
    eventually(lambda: not _refused_as_weak(relay))


def _refused_as_weak(relay: Path) -> bool:
    try:
        log_in(relay).close()
    except psycopg.OperationalError as error:
        return "does not demand SCRAM-SHA-256" in str(error)
    return False
