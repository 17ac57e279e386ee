"""One installation on a cluster whose controller can be cut off, with two approved projects: for tests of faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator.adapters.kubernetes.cluster import Cluster
from tests.cluster.faults import Faults
from tests.cluster.ground import cluster_installation
from tests.cluster.wire import kubeconfig_by
from tests.journeys.ground import chance
from tests.journeys.test_killed import killing

__all__ = ["SEED", "approved_while_killed", "faults_at"]

SEED = 20261122
_UNKNOWN = "registry.example.org/tre/workspace@sha256:" + "0" * 64


@contextmanager
def faults_at(cluster: Cluster, images: dict[str, str], here: str, directory: Path) -> Iterator[Faults]:
    """Start an installation whose controller reaches the API server by a wire that can be cut.

    Of its profiles, ``missing`` has an image that is nowhere and ``huge`` needs more memory than a project may use.
    """
    with kubeconfig_by(directory) as (wire, kubeconfig):

        def change(settings: dict[str, Any]) -> None:
            chosen = settings["kubernetes"]
            chosen["kubeconfig"] = str(kubeconfig)
            chosen["profiles"] |= {
                "missing": {"display_name": "Missing", "image": _UNKNOWN},
                "huge": {"display_name": "Huge", "image": images["workspace"], "memory_mib": 70_000},
            }

        with cluster_installation(cluster, images, here, change) as ground:
            yield Faults(ground, cluster, wire)


def approved_while_killed(faults: Faults) -> tuple[str, str]:
    """Return two projects with one dataset, approved while the controller is killed again and again."""
    ground = faults.ground
    ground.await_sealed()
    ground.accept_terms("james")
    with killing(ground, ("controller",), chance(SEED), times=2, within=1.5):
        made = [ground.project(title, ["breast-cancer-trial"]).project_id for title in ("One", "Two")]
    for project in made:
        faults.await_told(project, "Provisioned", "InStep", 120)
    return made[0], made[1]
