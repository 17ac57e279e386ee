"""An empty record, quickly: its tables are made once in a process, every further record is a copy."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection

from orchestrator.core.database import Base, make_engine

__all__ = ["empty_database", "execute", "lay_tables"]


@event.listens_for(Pool, "checkout")
def _no_power_cuts(connection: object, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Do not wait for the disk: tests outlive no power cut, and a killed process loses nothing by it."""
    if isinstance(connection, sqlite3.Connection) and not connection.in_transaction:
        connection.execute("PRAGMA synchronous = OFF")


@event.listens_for(Engine, "engine_disposed")
def _forget_statements(_engine: Engine) -> None:
    """Let go of what mappers compiled for an engine that is gone: over a whole run that is much memory.

    Mappers keep 100 statements each, by dialect, and every engine has a dialect of its own.
    """
    for mapper in Base.registry.mappers:
        vars(mapper).pop("_compiled_cache", None)


def lay_tables(engine: Engine) -> None:
    """Make all known tables in a record on SQLite; one that exists is completed, as ``create_all`` does."""
    file = Path(engine.url.database or ":memory:")
    if engine.dialect.name != "sqlite" or str(file) == ":memory:" or file.exists():
        Base.metadata.create_all(engine)
        return
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_bytes(_file(_tables()))


def _tables() -> frozenset[str]:
    """Name all known tables: which there are depends on the rooms that were imported."""
    return frozenset(Base.metadata.tables)


@cache
def _file(_tables: frozenset[str]) -> bytes:
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
    template = _template(server, _tables())
    name = f"t_{secrets.token_hex(6)}"
    execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.set(database=name)


@cache
def _template(server: URL, _tables: frozenset[str]) -> str:
    name = f"empty_{secrets.token_hex(6)}"
    execute(server, f"CREATE DATABASE {name}")
    engine = make_engine(server.set(database=name))
    Base.metadata.create_all(engine)
    engine.dispose()
    return name


def execute(server: URL, statement: str) -> None:
    """Run one statement outside a transaction."""
    engine = make_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
