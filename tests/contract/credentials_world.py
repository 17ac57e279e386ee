"""A real OpenBao, a real PostgreSQL and real agents in a temporary directory, ended when a test is done."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from orchestrator.adapters.dataset_agent import AgentPlaces, DatasetAgents
from orchestrator.adapters.demonstration_database import VAULT_USER, DemonstrationDatabase
from orchestrator.adapters.sandbox.processes import Processes
from orchestrator.adapters.sealed_store import SealedDirectory
from orchestrator.adapters.vault.client import VaultClient
from orchestrator.adapters.vault.connection import AppRoleFiles, VaultConnection
from orchestrator.adapters.vault.embedded import EmbeddedVault
from orchestrator.adapters.vault.pods import PodVaultClient
from orchestrator.core.clock import system_clock
from orchestrator.core.ids import new_id
from orchestrator.credentials.model import DatabaseGrant, Wanted
from orchestrator.credentials.service import Credentials
from tests.ports import free_port

MEMORY = Path("/dev/shm")


def eventually(condition: Callable[[], bool], *, seconds: float = 90.0, every: float = 0.05) -> None:
    """Wait until ``condition`` holds, or fail; look ``every`` so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(every)


@dataclass
class Server:
    """One server process that can be killed and started again."""

    command: Callable[[], tuple[list[str], dict[str, str]]]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments, environment = self.command()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                arguments, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/"
            )

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def interrupt(self) -> None:
        if self.process is not None:
            self.process.send_signal(2)
            self.process.wait(120)
            self.process = None


@dataclass
class VaultWorld:
    """A running OpenBao and the clients of its two identities."""

    embedded: EmbeddedVault
    server: Server
    clients: dict[str, VaultClient] = field(default_factory=dict)

    def restart(self) -> None:
        self.embedded.configure()
        self.server.start()
        self.embedded.wait_until_ready(seconds=200)

    def client(self, name: str = "controller") -> VaultClient:
        files = AppRoleFiles(self.embedded.identity(name))
        return VaultClient(self.embedded.address, VaultConnection(self.embedded.address, identity=files))

    def pods_client(self) -> PodVaultClient:
        """The controller's client of a cluster, whose agents log in by themselves from one network."""
        files = AppRoleFiles(self.embedded.identity("controller"))
        return PodVaultClient(
            self.embedded.address,
            VaultConnection(self.embedded.address, identity=files),
            namespace_of=lambda project_id: f"tre-{project_id}",
            networks_of=lambda _: ("127.0.0.1/32",),
        )

    def token(self, token: str) -> VaultConnection:
        return VaultConnection(self.embedded.address, token=token)

    def unwrapped(self, wrapped: str) -> VaultConnection:
        return self.token(self.token(wrapped).post("sys/wrapping/unwrap")["auth"]["client_token"])


@contextlib.contextmanager
def short_directory() -> Iterator[Path]:
    """A temporary directory with a path short enough for sockets."""
    directory = Path(tempfile.mkdtemp(prefix="tre-", dir="/tmp"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class _WithKubernetes(EmbeddedVault):
    """The embedded server with the mount that an operator makes for a cluster."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        arguments, environment = super().command()
        if len(arguments) > 2:  # its first start
            file = self.directory / "kubernetes.hcl"
            file.write_text(
                'initialize "kubernetes" {\n  request "kubernetes" {\n    operation = "update"\n'
                '    path = "sys/auth/kubernetes"\n    data = { type = "kubernetes" }\n  }\n}\n'
            )
            arguments.append(f"-config={file}")
        return arguments, environment


@contextlib.contextmanager
def running_vault(directory: Path) -> Iterator[VaultWorld]:
    """A fresh OpenBao."""
    embedded = _WithKubernetes(directory=directory / "vault", port=free_port())
    world = VaultWorld(embedded=embedded, server=Server(embedded.command, directory / "vault.log"))
    try:
        world.restart()
        yield world
    finally:
        world.server.kill()


@contextlib.contextmanager
def running_database(directory: Path) -> Iterator[tuple[DemonstrationDatabase, Server]]:
    """A fresh PostgreSQL with one granted schema, ``cohort``, and one that nobody is granted, ``other``."""
    database = DemonstrationDatabase(directory=directory / "postgresql", port=free_port())
    database.configure()
    server = Server(database.command, directory / "postgresql.log")
    server.start()
    try:
        database.wait_until_ready(seconds=200)
        with database.connect() as connection:
            connection.execute("CREATE SCHEMA cohort")
            connection.execute("CREATE SCHEMA other")
            connection.execute(
                "CREATE TABLE cohort.base AS SELECT n, md5(n::text) AS word FROM generate_series(1, 5000) n"
            )
            connection.execute("CREATE VIEW cohort.people AS SELECT n, word FROM cohort.base")
            connection.execute("CREATE TABLE other.secret AS SELECT 1 AS n")
        database.publish("cohort", ["people"])
        yield database, server
    finally:
        server.interrupt()


@dataclass
class World:
    """Everything the credentials room needs, real; agents are ended by ``clean``."""

    vault: VaultWorld
    directory: Path
    database: DemonstrationDatabase | None = None
    projects: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        databases = {}
        if self.database is not None:
            server = {"host": "127.0.0.1", "port": self.database.port, "database": "demonstration", "tls": False}
            databases["demonstration"] = server
        self.store = SealedDirectory(self.directory / "sealed")
        self.processes = Processes(run=self.directory / "run", logs=self.directory / "logs")
        places = AgentPlaces(
            run=self.directory / "run",
            memory=MEMORY,
            sealed=self.directory / "sealed",
            vault_address=self.vault.embedded.address,
            databases=databases,
            check_seconds=0.3,
        )
        self.places = places
        self.agents = DatasetAgents(places, self.processes, group_of=lambda _: None)
        self.client = self.vault.client()
        self.service = Credentials(vault=self.client, agent=self.agents, store=self.store, clock=system_clock)

    def project(self) -> str:
        self.projects.append(new_id())
        return self.projects[-1]

    def files(self, content: dict[str, bytes]) -> Wanted:
        """Seal a new dataset version and want it for an hour."""
        version_id = new_id()
        source = self.directory / "arrivals" / version_id
        for name, data in content.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        sealed = self.service.seal_version(version_id, source)
        return Wanted(
            grant_id=new_id(), version_id=version_id, until=system_clock() + timedelta(hours=1), sealed=sealed
        )

    def views(self) -> Wanted:
        """Register the granted view and want it for an hour."""
        assert self.database is not None
        if "demonstration" not in self.client.databases():
            self.client.configure_database(
                "demonstration",
                url=self.database.vault_url,
                username=VAULT_USER,
                password=self.database.new_vault_password(),
                rotate=True,
            )
        grant = DatabaseGrant(
            version_id=new_id(), name="cohort", connection="demonstration", schema="cohort", views=("people",)
        )
        self.service.register_database(grant)
        until = system_clock() + timedelta(hours=1)
        return Wanted(grant_id=new_id(), version_id=grant.version_id, until=until, database=grant)

    def agent_process(self, project_id: str) -> int:
        record = self.processes.find("agent", group=project_id)
        assert record is not None
        return record.pid

    def memory(self, project_id: str) -> Path:
        return MEMORY / f"tre-{project_id}"

    def clean(self) -> None:
        for project_id in self.projects:
            self.agents.stop(project_id)
            if self.vault.server.process is not None:
                self.client.revoke_project(project_id)


def log_in(
    directory: Path, *, user: str = "researcher", name: str = "cohort"
) -> psycopg.Connection[tuple[object, ...]]:
    """Connect through a relay's socket, as a kernel does: without a password."""
    return psycopg.connect(host=str(directory / "cohort"), user=user, dbname=name, connect_timeout=90)
