"""What the controller holds where workspaces run on a cluster: its API server, its picture of it, its parts in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.adapters.channel import Authority, Channel
from orchestrator.adapters.kubernetes.agent_part import AgentPart, AgentSurroundings
from orchestrator.adapters.kubernetes.agents import ClusterAgents
from orchestrator.adapters.kubernetes.backend import KubernetesBackend
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.leading import Candidate
from orchestrator.adapters.kubernetes.parts import Parts
from orchestrator.adapters.kubernetes.places import KubernetesPlaces
from orchestrator.adapters.kubernetes.watching import Mirror
from orchestrator.core.errors import NotPossible
from orchestrator.settings import KubernetesSettings, Settings
from orchestrator.workspaces.places import store as place_store
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan
from orchestrator.workspaces.surroundings import Changes

from ..house import House
from .cluster_layout import layout
from .sources import agent_database

__all__ = ["ClusterParts", "namespace_of", "open_cluster"]

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, kw_only=True)
class ClusterParts:
    """One installation's hold on its cluster. Nothing is started, and nobody asked, before ``start``."""

    cluster: Cluster
    mirror: Mirror
    layout: ClusterLayout
    changes: Changes
    candidate: Candidate
    places: KubernetesPlaces
    backend: KubernetesBackend
    agents: ClusterAgents
    channel: Channel
    renew: Callable[[], Channel]
    """Has the controller's certificate issued again in good time; who uses it takes the new one by himself."""
    namespace_of: Callable[[str], str]

    def start(self) -> None:
        """Begin to listen to the cluster."""
        self.mirror.start()

    def stop(self) -> None:
        """Stop listening and give the connections back."""
        self.mirror.stop()
        self.cluster.close()


def open_cluster(house: House, place_of: Callable[[str], PlacePlan]) -> ClusterParts:
    """Put together what is needed for the cluster of the settings; ``place_of`` plans a project's place."""
    settings = house.settings
    chosen = cluster_settings(settings)
    reached = Cluster.connect(chosen.kubeconfig)
    candidate = Candidate(reached, installation=chosen.installation, namespace=_own_namespace())
    cluster = reached.guarded(candidate.guard)  # a controller that was paused and lost the lead writes nothing
    changes = Changes()
    mirror = Mirror(cluster, chosen.installation, changed=changes)
    found = layout(settings)
    authority = Authority.open(settings.state / "authority")
    renew = partial(authority.keep, settings.state / "channel" / "controller", "controller")
    channel = renew()
    parts = Parts(cluster=cluster, mirror=mirror, authority=authority, channel=channel)
    told = AgentSurroundings(
        vault_mount=settings.vault.kubernetes_mount,
        vault_authority=settings.vault.certificate_authority,
        databases={name: agent_database(database) for name, database in settings.databases.items()},
    )
    agents = ClusterAgents(
        cluster,
        channel,
        installation=chosen.installation,
        namespace_of=namespace_of(house),
        bring=AgentPart(parts, found, told, place_of).bring,
    )
    return ClusterParts(
        cluster=cluster,
        mirror=mirror,
        layout=found,
        changes=changes,
        candidate=candidate,
        places=KubernetesPlaces(cluster, mirror, found),
        backend=KubernetesBackend(
            cluster=cluster,
            mirror=mirror,
            layout=found,
            parts=parts,
            place_of=place_of,
            readings=settings.state / "readings",
        ),
        agents=agents,
        channel=channel,
        renew=renew,
        namespace_of=namespace_of(house),
    )


def cluster_settings(settings: Settings) -> KubernetesSettings:
    """Return the part of the settings that is about the cluster."""
    if settings.kubernetes is None:
        raise NotPossible("The settings name no cluster: write the part “kubernetes” of tre.yaml.")
    return settings.kubernetes


def namespace_of(house: House) -> Callable[[str], str]:
    """Return what finds a project's namespace in the record; empty when it has none, or none any more."""

    def find(project_id: str) -> str:
        with house.record.read() as session:
            row = place_store.place(session, project_id)
        return row.name if row is not None and row.removed_at is None else ""

    return find


def _own_namespace() -> str:
    """Return the namespace this controller runs in; from outside the cluster its Lease lies in ``default``."""
    try:
        return _OWN_NAMESPACE.read_text(encoding="utf-8").strip()
    except OSError:
        return "default"
