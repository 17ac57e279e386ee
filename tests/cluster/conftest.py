"""What tests on a real cluster share: the cluster, its images, and the address at which its pods reach this process."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import NAMESPACE, NODE
from tests.cluster.faults import Faults
from tests.cluster.faults_ground import approved_while_killed, faults_at

IMAGES = Path(os.environ.get("TRE_IMAGES") or Path(__file__).parents[2] / ".cache" / "images.json")
_TESTED = "tre-tests/run"
_LONGEST = (
    "faults_outside",
    "faults",
    "agent_in_a_pod",
    "from_a_kernel",
    "doctor",
    "chart",
    "story",
    "cluster_leadership",
    "places_kept",
)
"""Files that take longest: begun first, so that processes side by side end at about the same time.

A process is given its next file when two tests are left to it: behind ``story``, which has two, stands a short one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put this directory's files into the order in which they are to begin; the others keep their places."""
    mine = [at for at, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[at] for at in mine), key=_turn)
    for at, item in zip(mine, ordered, strict=True):
        items[at] = item


def _turn(item: pytest.Item) -> int:
    name = item.path.stem.removeprefix("test_")
    return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster that KUBECONFIG names, with every right in it."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("needs a cluster: ./scripts/test --cluster, or KUBECONFIG")
    connected = Cluster.connect(Path(kubeconfig))
    try:
        assert connected.server_version
        yield connected
    finally:
        connected.close()


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> dict[str, str]:  # noqa: ARG001 - without a cluster there are none to ask for
    """The project's images by digest, as ``scripts/images import`` brought them to the cluster's nodes."""
    assert IMAGES.exists(), "the images are not on the cluster: run ./scripts/images import (docs/how-to)"
    found: dict[str, str] = json.loads(IMAGES.read_text())
    return found


@pytest.fixture(scope="session")
def base_image(images: dict[str, str]) -> str:
    """An image with Python for probes and neighbours: the gate's and hub's own."""
    return os.environ.get("TRE_CLUSTER_BASE_IMAGE") or images["hub"]


@pytest.fixture(scope="session")
def here(cluster: Cluster) -> str:
    """An address of this machine that the cluster's pods can reach: TRE_CLUSTER_HOST, or a node's if that is us."""
    named = os.environ.get("TRE_CLUSTER_HOST")
    for address in [named] if named else _node_addresses(cluster):
        with socket.socket() as probe:
            try:
                probe.bind((address, 0))
            except OSError:
                continue
            return str(address)
    raise AssertionError("set TRE_CLUSTER_HOST to an address of this machine that pods can reach")


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own, without any rules, removed afterwards."""
    name = f"test-{secrets.token_hex(5)}"
    cluster.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {_TESTED: "yes"}}},
    )
    try:
        yield name
    finally:
        cluster.delete(NAMESPACE, name)


@pytest.fixture(scope="module")
def faults(
    cluster: Cluster, images: dict[str, str], here: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Faults]:
    """An installation whose parts are lost and changed."""
    with faults_at(cluster, images, here, tmp_path_factory.mktemp("wire")) as faults:
        yield faults


@pytest.fixture(scope="module")
def projects(faults: Faults) -> tuple[str, str]:
    """Two projects of it, approved while its controller is killed again and again."""
    return approved_while_killed(faults)


@pytest.fixture
def project(projects: tuple[str, str]) -> str:
    """The project that most faults happen to."""
    return projects[0]


def _node_addresses(cluster: Cluster) -> list[str]:
    return [
        address["address"]
        for node in cluster.list(NODE).items
        for address in node["status"]["addresses"]
        if address["type"] == "InternalIP" and ipaddress.ip_address(address["address"]).version == 4
    ]
