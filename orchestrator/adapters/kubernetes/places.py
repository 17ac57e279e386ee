"""Makes, mends and removes the places of projects: a namespace each, and the volumes that lie in none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.core.errors import Conflict, OrchestratorError
from orchestrator.workspaces.builder import place_objects
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan, Provisioned, Removal, SeenPlace

from .applying import Applier, Brought
from .cluster import Cluster
from .emptying import Emptying
from .held import PROJECT
from .kinds import (
    CONFIG_MAP,
    INGRESS,
    LIMIT_RANGE,
    NAMESPACE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    RESOURCE_QUOTA,
    ROLE,
    ROLE_BINDING,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from .proving import PROVING
from .watching import INSTALLATION, Mirror

__all__ = ["KubernetesPlaces"]

_PART = "tre.orchestrator/part"
_PRUNABLE = (
    NETWORK_POLICY,
    INGRESS,
    SERVICE,
    ROLE_BINDING,
    ROLE,
    SERVICE_ACCOUNT,
    CONFIG_MAP,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    PERSISTENT_VOLUME_CLAIM,
    PERSISTENT_VOLUME,
)


class KubernetesPlaces:
    """Implements ``WorkspacePlaces``. Provisioning compares with the mirror; removal looks at the cluster itself."""

    def __init__(self, cluster: Cluster, mirror: Mirror, layout: ClusterLayout) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._layout = layout
        self._applier = Applier(cluster, mirror)

    def provision(self, plan: PlacePlan) -> Provisioned:
        """Bring the place in step and put drift back; without anything to do it writes nothing."""
        objects = place_objects(plan, self._layout)
        done = Brought()
        trouble: OrchestratorError | None = None
        try:
            self._applier.bring(objects, prune=_outdated, prunable=_PRUNABLE, done=done)
        except OrchestratorError as error:
            if not done.drift:
                raise
            trouble = error
        return Provisioned(written=done.written, drift=tuple(done.drift), trouble=trouble)

    def remove(self, plan: PlacePlan) -> Removal:
        """Take one step: pods, then policies and the rest, the namespace, its volumes. Looks first, never remembers."""
        namespace = self._namespace(plan)
        emptying = Emptying(self._cluster, plan, self._layout)
        if namespace is not None:
            return emptying.empty(namespace)
        return emptying.volumes()

    def contents(self, plan: PlacePlan) -> tuple[str, ...]:
        """List what the place holds now, as ``KIND/NAME UID``, asked for anew; nothing once it is removed."""
        self._namespace(plan)
        return Emptying(self._cluster, plan, self._layout).contents()

    def places(self) -> list[SeenPlace]:
        """List every place of this installation, so that orphans are found."""
        self._mirror.check()
        found = self._mirror.list(NAMESPACE)
        return [
            SeenPlace(project_id=item["metadata"]["labels"].get(PROJECT, ""), name=item["metadata"]["name"])
            for item in found
            if PROJECT in item["metadata"].get("labels", {}) and PROVING not in item["metadata"]["labels"]
        ]

    def _namespace(self, plan: PlacePlan) -> dict[str, Any] | None:
        namespace = self._cluster.get(NAMESPACE, plan.name)
        if namespace is None:
            return None
        labels = namespace["metadata"].get("labels", {})
        if labels.get(PROJECT) != plan.project_id or labels.get(INSTALLATION) != self._layout.installation:
            raise Conflict(f"The namespace {plan.name} was made by somebody else: nothing in it is touched.")
        return namespace


def _outdated(kind: Kind, live: Mapping[str, Any]) -> bool:
    """Say whether an object that the plan does not name has to go: not what belongs to the parts or to a session."""
    labels = live["metadata"].get("labels", {})
    if kind == PERSISTENT_VOLUME_CLAIM:
        return str(live["metadata"]["name"]).startswith("volume-")  # work and data hold what cannot be made anew
    if kind == PERSISTENT_VOLUME:
        return bool(live["spec"].get("claimRef", {}).get("name", "").startswith("volume-"))
    return bool(labels.get(_PART) != "session")
