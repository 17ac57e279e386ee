"""The demonstration's installation: settings written once, a PostgreSQL of its own, the trial loaded into it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from orchestrator.adapters.demonstration_database import VAULT_USER, DemonstrationDatabase
from orchestrator.assembly.installation.programs import Program
from orchestrator.assembly.installation.readiness import make_state_directory
from orchestrator.core.errors import Invalid
from orchestrator.settings import Settings, load_settings

from .datasets import CUSTODIANS, DATASETS, load_trial
from .people import CONNECTION

__all__ = ["demonstration_database", "demonstration_settings"]

_SCHEMA = "trial"
_DEFAULT_PORT = 8700
_HIGHEST_PORT = 65535 - 99


def demonstration_settings(state: Path, port: int | None) -> Settings:
    """Write ``tre.yaml`` for a demonstration into a state directory that has none, and read it."""
    state = state.absolute()
    base = _DEFAULT_PORT if port is None else port
    if not 1 <= base <= _HIGHEST_PORT:
        raise Invalid(
            f"--port must be between 1 and {_HIGHEST_PORT}: the ninety-nine ports after it are used too.", field="port"
        )
    make_state_directory(state)
    file = state / "tre.yaml"
    if not file.exists():
        _write(file, _chosen(state, base))
    settings = load_settings(state)
    if CONNECTION not in settings.databases:
        raise Invalid(
            f"{file} belongs to another installation: it has no database “{CONNECTION}”. Choose another --state.",
            field="state",
        )
    if port is None or port == settings.portal.port:
        return settings
    if (state / "record" / "tre.db").exists():
        raise Invalid(
            f"The demonstration in {state} was made with port {settings.portal.port}: leave --port out, or choose "
            "another --state.",
            field="port",
        )
    _write(file, _chosen(state, port))
    return load_settings(state)


def demonstration_database(settings: Settings) -> Program:
    """Return the demonstration's database as a program of the installation."""
    port = settings.databases[CONNECTION].port
    database = DemonstrationDatabase(directory=settings.state / "postgres", port=port)
    return Program("postgres", _command(database), _loading(settings, database), ("127.0.0.1", port))


def _chosen(state: Path, port: int) -> dict[str, object]:
    return {
        "portal": {"port": port, "name": "Demonstration research environment"},
        "vault": {"port": port + 1},
        "workspaces": {"first_port": port + 10, "last_port": port + 99},
        "databases": {
            CONNECTION: {
                "custodian": next(CUSTODIANS[dataset.custodian] for dataset in DATASETS if dataset.views),
                "host": "127.0.0.1",
                "port": port + 2,
                "database": "demonstration",
                "user": VAULT_USER,
                "password_file": str(state / "postgres" / "vault.password"),
                "tls": "off",
            }
        },
    }


def _write(file: Path, chosen: dict[str, object]) -> None:
    """Write the settings at once or not at all."""
    aside = file.with_name(".tre.yaml.new")
    try:
        aside.write_text("# Written by the demonstration; change it while nothing runs.\n" + yaml.safe_dump(chosen))
        aside.rename(file)
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}. Choose another --state.", field="state") from error


def _command(database: DemonstrationDatabase) -> Callable[[], tuple[Sequence[str], dict[str, str]]]:
    def command() -> tuple[Sequence[str], dict[str, str]]:
        database.configure()
        return database.command()

    return command


def _loading(settings: Settings, database: DemonstrationDatabase) -> Callable[[], None]:
    """Load the trial and make the account that Vault takes over, once."""

    def load() -> None:
        database.wait_until_ready()
        password = settings.databases[CONNECTION].password_file
        if password.exists():
            return
        with database.connect() as connection:
            load_trial(connection, _SCHEMA)
        views = next(dataset.views for dataset in DATASETS if dataset.views)
        database.publish(_SCHEMA, views)
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(database.new_vault_password())

    return load
