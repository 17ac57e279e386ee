"""An empty record, quickly: its tables are made once in a process, every further record is a copy."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import Engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection

from orchestrator.core.database import Base, make_engine

__all__ = ["empty_database", "execute", "lay_tables"]

_made: dict[tuple[str, frozenset[str]], str | bytes] = {}
"""What was made already, by place and tables: which tables there are depends on the rooms that were imported."""


@event.listens_for(Pool, "checkout")
def _no_power_cuts(connection: object, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Do not wait for the disk: tests outlive no power cut, and a killed process loses nothing by it."""
    if isinstance(connection, sqlite3.Connection) and not connection.in_transaction:
        connection.execute("PRAGMA synchronous = OFF")


def lay_tables(engine: Engine) -> None:
    """Make all known tables in a record on SQLite; one that exists is completed, as ``create_all`` does."""
    file = Path(engine.url.database or ":memory:")
    if engine.dialect.name != "sqlite" or str(file) == ":memory:" or file.exists():
        Base.metadata.create_all(engine)
        return
    key = ("sqlite", frozenset(Base.metadata.tables))
    if key not in _made:
        _made[key] = _file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_bytes(_made[key])  # type: ignore[arg-type]


def _file() -> bytes:
    directory = Path(tempfile.mkdtemp(prefix="empty-record-"))
    try:
        engine = make_engine(f"sqlite:///{directory}/record.db")
        Base.metadata.create_all(engine)
        engine.dispose()
        return (directory / "record.db").read_bytes()
    finally:
        shutil.rmtree(directory)


def empty_database(server: URL) -> URL:
    """Make a database with all known tables on a PostgreSQL server; return its address."""
    key = (str(server), frozenset(Base.metadata.tables))
    if key not in _made:
        template = f"empty_{secrets.token_hex(6)}"
        execute(server, f"CREATE DATABASE {template}")
        engine = make_engine(server.set(database=template))
        Base.metadata.create_all(engine)
        engine.dispose()
        _made[key] = template
    name = f"t_{secrets.token_hex(6)}"
    execute(server, f"CREATE DATABASE {name} TEMPLATE {_made[key]!s}")
    return server.set(database=name)


def execute(server: URL, statement: str) -> None:
    """Run one statement outside a transaction."""
    engine = make_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
