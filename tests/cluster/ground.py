"""A whole installation whose workspaces run on a real cluster: the demonstration's people, data and story on it."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from orchestrator.adapters.demonstration_database import VAULT_USER
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import DEPLOYMENT, LEASE, NAMESPACE, POD, SERVICE, kind_of
from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.assembly import Installation, open_house
from orchestrator.assembly.controller.cluster import namespace_of
from orchestrator.assembly.controller.enforcement import own_policies
from orchestrator.core.database import make_engine
from orchestrator.core.ids import new_id
from orchestrator.demonstration.datasets import CUSTODIANS, DATASETS
from orchestrator.demonstration.installation import _loading
from orchestrator.demonstration.people import CONNECTION, prepare
from orchestrator.settings import Settings, load_settings
from tests.cluster.front import Front
from tests.cluster.pki import TestAuthority
from tests.cluster.servers import (
    ReachableDatabase,
    ReachableStore,
    ReachableVault,
    database_program,
    forget_reviewer,
    postgresql_with_tls,
    reviewer_token,
    vault_program,
)
from tests.cluster.storage import LocalStorage
from tests.journeys.ground import Ground, eventually
from tests.ports import free_ports

LOGS = Path(__file__).parents[2] / ".cache" / "cluster-logs"


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where one installation's programs listen: a hundred ports from ``base`` at loopback and at ``host``."""

    state: Path
    base: int
    host: str
    storage_class: str
    images: dict[str, str]
    installation: str
    pods: str
    """The cluster's range of pod addresses."""

    @property
    def front(self) -> int:
        return self.base + 3

    def settings(self, store: ReachableStore, authority: TestAuthority) -> dict[str, Any]:
        """Return ``tre.yaml`` of this site."""
        base, here = self.base, {"cidr": f"{self.host}/32"}
        claim = {"storage_class": self.storage_class, "size": "1Gi", "data_protection": "encrypted"}
        return {
            "portal": {"port": base, "name": "Demonstration on a cluster"},
            "vault": {
                "address": f"http://127.0.0.1:{base + 1}",
                "identities": str(self.state / "vault" / "identities"),
                "certificate_authority": str(authority.file),
            },
            "workspaces": {"backend": "kubernetes", "sleep_after_minutes": 60},
            "controller": {
                "desk_host": self.host,
                "desk_port": base + 5,
                "health_host": "127.0.0.1",
                "health_port": base + 6,
            },
            "airlock": {"intake_host": self.host, "intake_port": base + 7},
            "databases": {CONNECTION: self._database(authority)},
            "stores": {"sealed": store.settings("sealed")},
            "sealed": {"store": "sealed"},
            "kubernetes": {
                "installation": self.installation,
                "kubeconfig": os.environ["KUBECONFIG"],
                "hub_image": self.images["hub"],
                "agent_image": self.images["dataset-agent"],
                "image_pull_policy": "IfNotPresent",
                "profiles": {
                    "small": {"display_name": "Small", "image": self.images["workspace"], "memory_mib": 1024},
                    "large": {"display_name": "Large", "image": self.images["workspace"], "memory_mib": 2048},
                },
                "default_profile": "small",
                "work": claim,
                "data": claim,
                "network": {
                    "control_plane": [here],
                    "ingress": [here],
                    "desk": {**here, "ports": [base + 5]},
                    "intake": {**here, "ports": [base + 7]},
                    "vault": [{**here, "ports": [base + 8]}],
                    "stores": [{**here, "ports": [base + 20]}],
                    "databases": [{**here, "ports": [base + 2]}],
                },
                "desk_address": f"{self.host}:{base + 5}",
                "intake_address": f"{self.host}:{base + 7}",
                "vault_address": f"https://{self.host}:{base + 8}",
                "workspace_host": "{project}.localhost",
                "scheme": "http",
                "public_port": self.front,
                "pod_ranges": [self.pods],
            },
        }

    def _database(self, authority: TestAuthority) -> dict[str, Any]:
        return {
            "custodian": next(CUSTODIANS[dataset.custodian] for dataset in DATASETS if dataset.views),
            "host": self.host,
            "port": self.base + 2,
            "database": "demonstration",
            "user": VAULT_USER,
            "password_file": str(self.state / "postgres" / "vault.password"),
            "certificate_authority": str(authority.file),
        }


@contextlib.contextmanager
def cluster_installation(
    cluster: Cluster,
    images: dict[str, str],
    host: str,
    change: Callable[[dict[str, Any]], None] = lambda _settings: None,
    *,
    politely: bool = False,
) -> Iterator[Ground]:
    """Start everything; end it and remove everything from cluster and machine afterwards.

    ``change`` may change ``tre.yaml`` before it is written. Its end is a crash, which takes least time, or ``politely``
    what an operator does, who is then left with no pod.
    """
    state = Path(tempfile.mkdtemp(prefix="tk-", dir="/tmp"))
    state.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, state, ignore_errors=True)
        stack.callback(_keep_logs, state)
        site = Site(
            state=state,
            base=free_ports(),
            host=host,
            storage_class=_storage(stack, cluster),
            images=images,
            installation=f"t{new_id()[:8]}",
            pods=os.environ.get("TRE_CLUSTER_PODS", "10.0.0.0/8"),
        )
        stack.callback(_remove_everything, cluster, site.installation)
        _install_policies(stack, cluster, site.installation)
        stack.callback(forget_reviewer, _reviewer(site.installation))
        settings, programs = _programs(site, change)
        installation = Installation(settings, more=programs)
        if politely:
            stack.callback(_check_no_pod, cluster, site.installation)
        stack.callback(installation.stop if politely else partial(_cut_programs_off, installation))
        yield from _run(stack, cluster, site, settings, installation)


def _run(
    stack: contextlib.ExitStack, cluster: Cluster, site: Site, settings: Settings, installation: Installation
) -> Iterator[Ground]:
    engine = make_engine(settings.record_address)
    bring_up_to_date(engine)
    engine.dispose()
    house = open_house(settings)
    cast = prepare(house)
    namespace = namespace_of(house)

    def gate_of(host: str) -> tuple[str, int] | None:
        place = namespace(host.partition(".")[0])
        service = cluster.get(SERVICE, "gate", place) if place else None
        return (service["spec"]["clusterIP"], 80) if service else None

    stack.enter_context(Front(site.front, gate_of))
    installation.start()
    ground = Ground(settings=settings, installation=installation, house=house, cast=cast)
    with ground.watching():
        yield ground
    for client in ground.clients.values():
        client.close()


def _programs(site: Site, change: Callable[[dict[str, Any]], None]) -> tuple[Settings, list[Any]]:
    authority = TestAuthority.make(site.state / "pki")
    kubeconfig = Path(os.environ["KUBECONFIG"])
    database = ReachableDatabase(
        directory=site.state / "postgres",
        port=site.base + 2,
        host=site.host,
        authority=authority,
        programs=postgresql_with_tls(),
    )
    vault = ReachableVault(
        directory=site.state / "vault",
        port=site.base + 1,
        host=site.host,
        door=site.base + 8,
        authority=authority,
        **_api_server(kubeconfig),
        reviewer_token=reviewer_token(kubeconfig, _reviewer(site.installation)),
    )
    store = ReachableStore(site.state / "store", site.host, site.base + 20, authority)
    written = site.settings(store, authority)
    change(written)
    (site.state / "tre.yaml").write_text(yaml.safe_dump(written))
    settings = load_settings(site.state)
    return settings, [
        database_program(database, _loading(settings, database)),
        vault_program(vault),
        store.program(),
    ]


def _reviewer(installation: str) -> str:
    return f"tre-test-reviewer-{installation}"


def _api_server(kubeconfig: Path) -> dict[str, str]:
    content = yaml.safe_load(kubeconfig.read_text())
    held = content["clusters"][0]["cluster"]
    if "certificate-authority-data" in held:
        authority = base64.b64decode(held["certificate-authority-data"]).decode()
    else:
        authority = (kubeconfig.parent / held["certificate-authority"]).read_text()
    return {"api_server": held["server"], "api_authority": authority}


def _storage(stack: contextlib.ExitStack, cluster: Cluster) -> str:
    """Return a storage class for claims: the cluster's own, or local directories where a test cluster has none."""
    directory = os.environ.get("TRE_CLUSTER_VOLUMES")
    if not directory:
        return os.environ.get("TRE_CLUSTER_STORAGE_CLASS", "standard")
    return stack.enter_context(LocalStorage(cluster, Path(directory))).name


def _install_policies(stack: contextlib.ExitStack, cluster: Cluster, installation: str) -> None:
    policies = own_policies(cluster, installation)
    for thing in policies.objects():
        stack.callback(cluster.delete, kind_of(thing), thing["metadata"]["name"])
    policies.install(cluster)


def _keep_logs(state: Path) -> None:
    """Keep what the programs said, for whoever looks into a failure: ``.cache/cluster-logs``."""
    kept = LOGS / state.name
    shutil.copytree(state / "logs", kept, dirs_exist_ok=True, ignore_dangling_symlinks=True)


def _check_no_pod(cluster: Cluster, installation: str) -> None:
    left = cluster.list(POD, selector=_of(installation)).items
    assert [pod["metadata"]["name"] for pod in left] == [], "it was stopped"


def _of(installation: str) -> str:
    return f"tre.orchestrator/installation={installation}"


def _cut_programs_off(installation: Installation) -> None:
    """End all programs as a crash does: told politely, some take half a minute, and nothing of them is kept."""
    for record in installation.processes.records():
        installation.processes.stop(record.name, group=record.group, deadline=0.0)


def _remove_everything(cluster: Cluster, installation: str) -> None:
    """Cut all pods off first: a namespace that goes with pods in it waits for the longest grace of them."""
    selector = _of(installation)
    cluster.delete(LEASE, f"tre-controller-{installation}", "default")
    names = [namespace["metadata"]["name"] for namespace in cluster.list(NAMESPACE, selector=selector).items]
    cut_off(cluster, names)
    for name in names:
        cluster.delete(NAMESPACE, name)
    eventually(lambda: not cluster.list(NAMESPACE, selector=selector).items, 120, "namespaces are left")


def cut_off(cluster: Cluster, namespaces: list[str]) -> None:
    """Remove the parts of these namespaces and return when no pod is left."""
    for name in namespaces:
        for part in cluster.list(DEPLOYMENT, name).items:
            cluster.delete(DEPLOYMENT, part["metadata"]["name"], name)
    eventually(lambda: sum(_ending(cluster, name) for name in namespaces) == 0, 60, "pods are left")


def _ending(cluster: Cluster, namespace: str) -> int:
    """End a namespace's pods within a second; return how many there are still."""
    pods = cluster.list(POD, namespace).items
    for pod in pods:
        if pod["metadata"].get("deletionGracePeriodSeconds") != 1:
            cluster.delete(POD, pod["metadata"]["name"], namespace, grace_seconds=1)
    return len(pods)
