"""Brings the record's tables up to date, one step after another, and refuses tables newer than this program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from orchestrator.core.database import WRITE, Base
from orchestrator.core.errors import NotPossible, Unavailable

__all__ = ["bring_up_to_date", "check_current", "differences", "new_step"]

_ONE_AT_A_TIME = 0x7472_6501


def bring_up_to_date(engine: Engine, step: str = "head") -> None:
    """Take every step that is missing, in one transaction. Raises ``NotPossible`` for a newer record."""
    scripts = ScriptDirectory.from_config(_configuration())
    with _connected(engine) as connection, _references_put_off(connection), connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        _refuse_newer(connection_revision(connection), scripts)
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, step)
        _check_references(connection)


def check_current(engine: Engine) -> None:
    """Raise ``NotPossible`` unless the record's tables are exactly those of this program."""
    scripts = ScriptDirectory.from_config(_configuration())
    with engine.connect() as connection:
        found = connection_revision(connection)
    _refuse_newer(found, scripts)
    if found != scripts.get_current_head():
        raise NotPossible("The record's tables are older than this program: run “tre init” or “tre up” once.")


def differences(engine: Engine) -> list[object]:
    """Return how the migrated tables differ from the models: nothing, unless a migration was forgotten."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=_options()), Base.metadata))


def new_step(engine: Engine, message: str) -> None:
    """Write a new migration from what the models have and the tables lack; for developers (scripts/migration)."""
    with _connected(engine) as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        number = len(list(ScriptDirectory.from_config(configuration).walk_revisions())) + 1
        command.revision(configuration, message=message, autogenerate=True, rev_id=f"{number:04d}")


def connection_revision(connection: Connection) -> str | None:
    """Return which step the tables are at."""
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None, scripts: ScriptDirectory) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise NotPossible(
            f"The record is at step {found}, which this program does not know: it is older than the record. "
            "Start the newer program."
        )


class _connected:  # noqa: N801 - used like a function
    """A connection that takes SQLite's write lock at once, so that two starts do not migrate together."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Connection:
        try:
            self._connection = self._engine.connect().execution_options(**{WRITE: True})
        except OperationalError as error:
            raise Unavailable("The record does not answer; nothing was changed.", system="record") from error
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@contextmanager
def _references_put_off(connection: Connection) -> Iterator[None]:
    """Let SQLite, which changes a table by making it anew, do so while other tables refer to it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    if raw is None:
        raise AssertionError("the connection is not open")
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise NotPossible("A row of the record refers to one that is not there; nothing was changed. Ask for help.")


def _options() -> dict[str, object]:
    return {"compare_type": False}


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration
