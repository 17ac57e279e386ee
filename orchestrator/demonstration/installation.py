"""The demonstration's installation: settings written once, a PostgreSQL of its own, the trial loaded into it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from orchestrator.adapters.demonstration_database import VAULT_USER, DemonstrationDatabase
from orchestrator.assembly import Installation
from orchestrator.assembly.programs import Program
from orchestrator.core.errors import Invalid
from orchestrator.settings import Settings, load_settings

from .datasets import DATASETS, load_trial
from .people import CONNECTION

__all__ = ["demonstration_settings", "open_installation"]

_SCHEMA = "trial"


def demonstration_settings(state: Path, port: int) -> Settings:
    """Write ``tre.yaml`` for a demonstration into a state directory that has none, and read it."""
    state = state.absolute()
    state.mkdir(parents=True, exist_ok=True)
    file = state / "tre.yaml"
    if not file.exists():
        chosen = {
            "portal": {"port": port, "name": "Demonstration research environment"},
            "vault": {"port": port + 1},
            "workspaces": {"first_port": port + 10, "last_port": port + 99},
            "databases": {
                CONNECTION: {
                    "host": "127.0.0.1",
                    "port": port + 2,
                    "database": "demonstration",
                    "user": VAULT_USER,
                    "password_file": str(state / "postgres" / "vault.password"),
                    "tls": "off",
                }
            },
        }
        file.write_text("# Written by the demonstration; change it while nothing runs.\n" + yaml.safe_dump(chosen))
    settings = load_settings(state)
    if CONNECTION not in settings.databases:
        raise Invalid(
            f"{file} belongs to another installation: it has no database “{CONNECTION}”. Choose another --state.",
            field="state",
        )
    return settings


def open_installation(settings: Settings) -> Installation:
    """Return the installation with the demonstration's database among its programs."""
    database = DemonstrationDatabase(directory=settings.state / "postgres", port=settings.databases[CONNECTION].port)
    return Installation(settings, more=(Program("postgres", _command(database), _loading(settings, database)),))


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
