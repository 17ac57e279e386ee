"""What a cluster must hold for a project: its place, its profile, its volumes, and what was done and seen of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from orchestrator.core.errors import OrchestratorError
from orchestrator.core.events import Json

__all__ = [
    "ClusterLayout",
    "Peer",
    "PlacePlan",
    "Profile",
    "Provisioned",
    "QuotaLayout",
    "Removal",
    "SeenPlace",
    "StorageLayout",
    "VolumePlan",
    "WorkspacePlaces",
]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a session of a project runs on, in the words of KubeSpawner's profile list."""

    name: str
    display_name: str
    image: str
    """By digest, such as ``registry.example.org/tre/workspace@sha256:…``."""
    cpus: float = 1.0
    cpu_guarantee: float = 0.1
    """The share kept free for each session; what lies between it and ``cpus`` is lent while others are idle."""
    memory_mib: int = 2048
    """Kept free in full: memory that was lent cannot be taken back without ending somebody's work."""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Json], ...] = ()
    extra_resources: Mapping[str, int] = field(default_factory=dict)
    """Whole numbers of counted devices, such as ``{"nvidia.com/gpu": 1}``."""
    runtime_class: str = ""
    priority_class: str = ""


@dataclass(frozen=True, kw_only=True)
class VolumePlan:
    """One granted dataset that the platform mounts: where it lies, as the operator's settings declare it."""

    version_id: str
    source: Mapping[str, Json]
    """Exactly one of ``csi``, ``nfs`` or ``local``, with the fields of a Kubernetes persistent volume source."""
    size: str = "1Gi"
    access: Literal["ReadOnlyMany", "ReadWriteOnce"] = "ReadOnlyMany"
    nodes: tuple[str, ...] = ()
    """Host names of the nodes that hold it; needed for ``local``."""


@dataclass(frozen=True, kw_only=True)
class PlacePlan:
    """The place of one approved project: a namespace and all that stays in it while nobody works."""

    project_id: str
    name: str
    """The namespace: opaque and never used again."""
    title: str
    host: str
    """The workspace's own host name, under which the gate is reached."""
    profile: Profile
    volumes: tuple[VolumePlan, ...] = ()
    keep_work: bool = True
    """Whether homes and shared folder outlive the project's end, as the retention rule says."""


@dataclass(frozen=True, kw_only=True)
class Provisioned:
    """What bringing a place in step cost: objects written, and what had drifted, in words."""

    written: int = 0
    drift: tuple[str, ...] = ()
    trouble: OrchestratorError | None = None
    """What could not be done although something had drifted, which is told all the same; otherwise it is raised."""

    @property
    def wall_open(self) -> bool:
        """Whether a network policy was missing, altered or added: who ran then may have reached what it must not."""
        return any(one.startswith("NetworkPolicy/") for one in self.drift)


@dataclass(frozen=True, kw_only=True)
class Removal:
    """One step of a removal: whether it is finished, what it waits for, and what has gone, for the certificate."""

    finished: bool
    waiting_for: str = ""
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SeenPlace:
    """A namespace of this installation, wanted or not."""

    project_id: str
    name: str


class WorkspacePlaces(Protocol):
    """Makes and removes the places of projects; one machine needs none. Every call may be repeated."""

    def provision(self, plan: PlacePlan) -> Provisioned:
        """Bring the place in step and put drift back. Without anything to do it writes nothing.

        Raises ``Conflict`` when the name belongs to somebody else, who is never touched.
        """

    def remove(self, plan: PlacePlan) -> Removal:
        """Take one step of the removal: pods first, then policies and namespace. Ask again until it is finished."""

    def contents(self, plan: PlacePlan) -> tuple[str, ...]:
        """List what the place holds now, as ``KIND/NAME UID``, asked for anew; nothing once it is removed.

        The list before the first step of a removal and the empty one after the last go into the certificate.
        """

    def places(self) -> list[SeenPlace]:
        """List every place of this installation, so that orphans are found."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Somebody outside the namespace: pods by namespace and labels, or addresses by range.

    ``ports`` are the TCP ports at which it is reached; for somebody who only calls us they stay empty.
    """

    ports: tuple[int, ...] = ()
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    cidr: str = ""
    """An address range instead of namespace and labels, such as ``192.0.2.10/32``."""


@dataclass(frozen=True, kw_only=True)
class StorageLayout:
    """One kind of claim: who provides the storage, how much, and how its content is protected at rest."""

    storage_class: str
    size: str
    access: Literal["ReadWriteMany", "ReadWriteOnce"] = "ReadWriteMany"
    """``ReadWriteOnce`` keeps a project's agent and sessions on one node."""
    protection: Literal["encrypted", "memory"]
    """What the operator declares of the class; data are never unsealed onto any other."""


@dataclass(frozen=True, kw_only=True)
class QuotaLayout:
    """What one project may use at most, all its sessions and parts together."""

    cpus: float = 16.0
    memory_mib: int = 65536
    pods: int = 24
    extra_resources: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClusterLayout:
    """What the builder knows of the installation: images, addresses, neighbours, storage, limits; never a secret."""

    installation: str
    """The label that tells this installation's objects from another's in the same cluster."""
    hub_image: str
    agent_image: str
    """Images by digest; the gate runs in the hub's."""
    images: tuple[str, ...] = ()
    """Every image by digest that a session may run: those of all profiles."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    control_plane: tuple[Peer, ...]
    """The controller: it alone calls the control ports of gate and agent."""
    ingress: tuple[Peer, ...]
    """Who brings browsers to the gate."""
    desk: Peer
    intake: Peer
    vault: tuple[Peer, ...]
    stores: tuple[Peer, ...] = ()
    databases: tuple[Peer, ...] = ()
    name_servers: tuple[Peer, ...] = ()
    """Resolvers that the agent, and nobody else, may ask; none: it has no DNS either."""
    desk_address: str
    intake_address: str
    vault_address: str
    """``host:port`` of desk and intake, and the Vault's web address, as seen from a project's pods."""
    host_names: Mapping[str, str] = field(default_factory=dict)
    """Name to address, for the agent's hosts file: what it would otherwise ask a resolver for."""
    work: StorageLayout
    data: StorageLayout
    quota: QuotaLayout = field(default_factory=QuotaLayout)
    pod_ranges: tuple[str, ...] = ()
    workspace_host: str
    """Template of the workspaces' host names, such as ``{project}.workspaces.example.org``."""
    scheme: Literal["http", "https"] = "https"
    public_port: int | None = None
    """Where browsers reach the gates, if not at the scheme's own port."""
    ingress_class: str = ""
    """Empty: no Ingress is made; the operator routes to the Service ``gate`` by other means."""
    ingress_annotations: Mapping[str, str] = field(default_factory=dict)
    ingress_certificate: str = ""
    """Name of the TLS Secret in each namespace; empty: the ingress controller's own certificate."""

    def host(self, project_id: str) -> str:
        """Return the host name of a project's workspace."""
        return self.workspace_host.replace("{project}", project_id)

    def url(self, project_id: str) -> str:
        """Return where browsers find a project's gate, without a final slash."""
        port = f":{self.public_port}" if self.public_port else ""
        return f"{self.scheme}://{self.host(project_id)}{port}"
