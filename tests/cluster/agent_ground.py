"""A cluster with real dataset agents in pods, and what they lean on: OpenBao, PostgreSQL and an S3 store, by TLS."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestrator.adapters.channel import Authority
from orchestrator.adapters.demonstration_database import VAULT_USER
from orchestrator.adapters.kubernetes.agent_part import AgentPart, AgentSurroundings
from orchestrator.adapters.kubernetes.agents import ClusterAgents
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import (
    NAMESPACE,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SERVICE_ACCOUNT,
)
from orchestrator.adapters.kubernetes.parts import Parts
from orchestrator.adapters.kubernetes.watching import Mirror
from orchestrator.adapters.objects.sealed import SealedObjects
from orchestrator.adapters.objects.short_lived import ShortLived
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Unavailable
from orchestrator.core.ids import new_id
from orchestrator.credentials.model import DatabaseGrant, Wanted
from orchestrator.credentials.service import Credentials
from orchestrator.workspaces.builder import place_objects
from orchestrator.workspaces.places.model import ClusterLayout, Peer, PlacePlan, StorageLayout
from tests.cluster.layout import layout, plan
from tests.cluster.operator_vault import Door, OperatorVault, operator_vault
from tests.cluster.pki import TestAuthority
from tests.cluster.servers import ReachableDatabase, ReachableStore, postgresql_with_tls
from tests.cluster.storage import LocalStorage
from tests.contract.credentials_world import Server
from tests.contract.objects_world import ROLE
from tests.ports import free_port, free_ports

CHECK_SECONDS = 0.5
LEASE_SECONDS = 12


def eventually(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait until ``condition`` holds, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)


@dataclass
class AgentGround:
    """Everything that agents in pods need, real."""

    cluster: Cluster
    vault: OperatorVault
    door: Door
    database: ReachableDatabase
    store: ReachableStore
    layout: ClusterLayout
    directory: Path
    storage_class: str
    places: dict[str, PlacePlan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        authority = Authority.open(self.directory / "authority")
        self.authority = authority
        self.channel = authority.keep(self.directory / "channel", "controller")
        self.mirror = Mirror(self.cluster, self.layout.installation)
        self.parts = Parts(cluster=self.cluster, mirror=self.mirror, authority=authority, channel=self.channel)
        self.sealed = SealedObjects(ShortLived(bucket=self.store.bucket, role=ROLE), "versions/")
        told = AgentSurroundings(
            vault_mount="kubernetes",
            vault_authority=self.vault.authority.file,
            databases={
                "demonstration": {
                    "host": self.database.host,
                    "port": self.database.port,
                    "database": "demonstration",
                    "tls": True,
                    "certificate": str(self.vault.authority.file),
                }
            },
            check_seconds=CHECK_SECONDS,
        )
        self.part = AgentPart(self.parts, self.layout, told, self.places.__getitem__)
        self.agents = self.new_agents()
        self.client = self.vault.client(self.namespace_of, self.agents.networks_of, LEASE_SECONDS)
        self.service = Credentials(vault=self.client, agent=self.agents, store=self.sealed, clock=system_clock)

    def new_agents(self, **changes: Any) -> ClusterAgents:
        return ClusterAgents(
            self.cluster,
            self.channel,
            installation=self.layout.installation,
            namespace_of=self.namespace_of,
            bring=self.part.bring,
            **{"start_seconds": 40.0, **changes},
        )

    def namespace_of(self, project_id: str) -> str:
        return self.places[project_id].name if project_id in self.places else ""

    def project(self) -> str:
        """Make a project's place, asleep."""
        place = plan(self.layout, volumes=0)
        self.places[place.project_id] = place
        self.parts.bring(place_objects(place, self.layout))
        eventually(lambda: self.cluster.get(SERVICE_ACCOUNT, "agent", place.name) is not None)
        return place.project_id

    def ensure(self, project_id: str, *wanted: Wanted) -> Any:
        """Bring the project in step as the controller does: again while something is still starting."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.service.ensure_leases(project_id, wanted)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def files(self, content: dict[str, bytes]) -> Wanted:
        """Seal a new dataset version and want it for an hour."""
        version_id = new_id()
        source = self.directory / "arrivals" / version_id
        for name, data in content.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        sealed = self.service.seal_version(version_id, source)
        return self._wanted(version_id, sealed=sealed)

    def views(self) -> Wanted:
        """Register the granted view and want it for an hour."""
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
        return self._wanted(grant.version_id, database=grant)

    def pod(self, project_id: str) -> dict[str, Any] | None:
        """The agent's pod, if there is one that is not ending."""
        found = self.cluster.list(POD, self.namespace_of(project_id), "tre.orchestrator/part=agent").items
        return next((pod for pod in found if "deletionTimestamp" not in pod["metadata"]), None)

    def log(self, project_id: str) -> str:
        asked = [
            "kubectl",
            "logs",
            "-n",
            self.namespace_of(project_id),
            "-l",
            "tre.orchestrator/part=agent",
            "--tail=-1",
        ]
        return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=30).stdout

    def seen(self, project_id: str) -> dict[str, bytes]:
        """What lies in the project's volume for data, by path, as its node sees it."""
        root = self._volume(project_id)
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def data(self, project_id: str) -> Path:
        return self._volume(project_id)

    def token(self, namespace: str, account: str, audience: str) -> str:
        """A token of an account, as the kubelet would give it to a pod."""
        asked = ["kubectl", "create", "token", account, "-n", namespace, f"--audience={audience}", "--duration=10m"]
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    def own_token(self, project_id: str) -> str:
        """The agent's own token, read in its pod."""
        return self.inside(project_id, "print(open('/var/run/tre/vault/token').read())").strip()

    def inside(self, project_id: str, program: str) -> str:
        """Run a program in the agent's pod, as somebody who broke into it could."""
        pod = self.pod(project_id)
        assert pod is not None
        asked = ["kubectl", "exec", "-n", self.namespace_of(project_id), pod["metadata"]["name"], "--"]
        done = subprocess.run(
            [*asked, "python", "-c", program], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def clean(self) -> None:
        for project_id, place in list(self.places.items()):
            with suppress(Exception):
                self.client.revoke_project(project_id)
            self.cluster.delete(NAMESPACE, place.name)
            del self.places[project_id]

    def _wanted(self, version_id: str, **what: Any) -> Wanted:
        until = system_clock() + timedelta(hours=1)
        return Wanted(grant_id=new_id(), version_id=version_id, until=until, **what)

    def _volume(self, project_id: str) -> Path:
        claim = self.cluster.get(PERSISTENT_VOLUME_CLAIM, "data", self.namespace_of(project_id))
        assert claim is not None
        volume = self.cluster.get(PERSISTENT_VOLUME, claim["spec"]["volumeName"])
        assert volume is not None
        return Path(volume["spec"]["local"]["path"])


@contextmanager
def agent_ground(cluster: Cluster, host: str, image: str, directory: Path, **layouts: Any) -> Iterator[AgentGround]:
    """Start everything; ``TRE_CLUSTER_VOLUMES`` is a directory that the cluster's node and this machine share."""
    kubeconfig, volumes = Path(os.environ["KUBECONFIG"]), Path(os.environ["TRE_CLUSTER_VOLUMES"])
    reviewer = f"tre-tests-{secrets.token_hex(4)}"
    pki = TestAuthority.make(directory / "pki")
    with ExitStack() as stack:
        vault, door = stack.enter_context(operator_vault(directory, host, pki))
        stack.callback(_forget_reviewer, reviewer)
        vault.set_up(kubeconfig, reviewer)
        database = stack.enter_context(_database(directory, host, pki))
        store = stack.enter_context(_store(directory, host, pki))
        storage = stack.enter_context(LocalStorage(cluster, volumes))
        ground = AgentGround(
            cluster=cluster,
            vault=vault,
            door=door,
            database=database,
            store=store,
            layout=_layout(host, image, vault, database, store, storage.name, **layouts),
            directory=directory,
            storage_class=storage.name,
        )
        ground.mirror.start()
        stack.callback(ground.mirror.stop)
        assert ground.mirror.wait(60)
        stack.callback(ground.clean)
        yield ground


def _layout(
    host: str,
    image: str,
    vault: OperatorVault,
    database: ReachableDatabase,
    store: ReachableStore,
    storage_class: str,
    **changes: Any,
) -> ClusterLayout:
    here = f"{host}/32"
    storage = StorageLayout(storage_class=storage_class, size="1Gi", protection="encrypted", access="ReadWriteOnce")
    settings: dict[str, Any] = {
        "agent_image": image,
        "image_pull_policy": "Never",
        "control_plane": (Peer(cidr=here, ports=()),),
        "vault": (Peer(cidr=here, ports=(vault.outer,)),),
        "stores": (Peer(cidr=here, ports=(store.first_port,)),),
        "databases": (Peer(cidr=here, ports=(database.port,)),),
        "vault_address": vault.outside,
        "work": storage,
        "data": storage,
    }
    return layout(f"tests-{secrets.token_hex(4)}", image=image, **{**settings, **changes})


@contextmanager
def _database(directory: Path, host: str, pki: TestAuthority) -> Iterator[ReachableDatabase]:
    database = ReachableDatabase(
        directory=directory / "postgresql",
        port=free_port(),
        host=host,
        authority=pki,
        programs=postgresql_with_tls(),
    )
    database.configure()
    server = Server(database.command, directory / "postgresql.log")
    server.start()
    try:
        database.wait_until_ready()
        with database.connect() as connection:
            connection.execute("CREATE SCHEMA cohort")
            connection.execute("CREATE TABLE cohort.base AS SELECT n FROM generate_series(1, 5000) n")
            connection.execute("CREATE VIEW cohort.people AS SELECT n FROM cohort.base")
        database.publish("cohort", ["people"])
        yield database
    finally:
        server.interrupt()


@contextmanager
def _store(directory: Path, host: str, pki: TestAuthority) -> Iterator[ReachableStore]:
    store = ReachableStore(directory=directory / "store", host=host, first_port=free_ports(), authority=pki)
    program = store.program()

    def command() -> tuple[list[str], dict[str, str]]:
        arguments, environment = program.command()
        return [*arguments], environment

    server = Server(command, directory / "store.log")
    server.start()
    try:
        program.after_start()
        yield store
    finally:
        server.kill()


def _forget_reviewer(name: str) -> None:
    for kind in ("namespace", "clusterrolebinding"):
        subprocess.run(["kubectl", "delete", kind, name, "--wait=false"], check=False, timeout=60, capture_output=True)


def decoded(token: str) -> dict[str, Any]:
    """What a token says of itself."""
    part = token.split(".")[1]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content
