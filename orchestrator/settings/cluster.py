"""Settings for workspaces on a Kubernetes cluster: images, profiles, volumes, storage, neighbours and bounds."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from .parts import Part, Port, Size
from .sources import VolumeSettings

__all__ = [
    "ClaimSettings",
    "IngressSettings",
    "KubernetesSettings",
    "NetworkSettings",
    "PeerSettings",
    "ProfileSettings",
    "QuotaSettings",
]

_BY_DIGEST = re.compile(r"[a-z0-9][a-zA-Z0-9._:/-]*@sha256:[0-9a-f]{64}")
_ADDRESS = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?:[0-9]{1,5}|\[[0-9a-f:]+\]:[0-9]{1,5}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _by_digest(value: str) -> str:
    if not _BY_DIGEST.fullmatch(value):
        raise ValueError(
            "name an image by its digest, such as registry.example.org/tre/hub@sha256:…, so that it is fixed"
        )
    return value


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value) or not 0 < int(value.rpartition(":")[2]) < 65536:
        raise ValueError("write an address as host:port")
    return value


def _range(value: str) -> str:
    if value:
        ip_network(value)
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError("use up to 63 lower-case letters, digits and hyphens")
    return value


Image = Annotated[str, AfterValidator(_by_digest)]
HostPort = Annotated[str, AfterValidator(_address)]
Range = Annotated[str, AfterValidator(_range)]
Label = Annotated[str, AfterValidator(_label)]


class PeerSettings(Part):
    """A neighbour of the project pods: pods by namespace and labels, or an address range."""

    namespace: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    cidr: Range = ""
    ports: tuple[Port, ...] = ()
    """TCP ports at which its pods answer (behind a Service: the pods' own); needed for those that are called."""

    @model_validator(mode="after")
    def _one_kind(self) -> PeerSettings:
        if bool(self.namespace) == bool(self.cidr):
            raise ValueError("name a neighbour either by namespace and labels or by cidr")
        return self


class NetworkSettings(Part):
    """Whom project pods may meet. Everything else is closed, name service too."""

    control_plane: tuple[PeerSettings, ...] = Field(min_length=1)
    """The controller, which calls the control ports of gate and agent."""
    ingress: tuple[PeerSettings, ...] = Field(min_length=1)
    """Who brings browsers to the gate: the pods of the ingress controller."""
    desk: PeerSettings
    """The controller's desk, which hubs call."""
    intake: PeerSettings
    """The airlock's intake, which sessions call."""
    vault: tuple[PeerSettings, ...] = Field(min_length=1)
    stores: tuple[PeerSettings, ...] = ()
    databases: tuple[PeerSettings, ...] = ()
    name_servers: tuple[PeerSettings, ...] = ()
    """Resolvers for dataset agents; rather leave it empty and give ``host_names``."""

    @model_validator(mode="after")
    def _with_ports(self) -> NetworkSettings:
        for peer in (self.desk, self.intake, *self.vault, *self.stores, *self.databases):
            if not peer.ports:
                raise ValueError("desk, intake, vault, stores and databases need the ports at which they answer")
        return self


class ProfileSettings(Part):
    """What a session runs on, in the words of KubeSpawner's profile list; a project's agreement names one."""

    display_name: str
    image: Image
    cpus: float = Field(default=1.0, gt=0)
    cpu_guarantee: float = Field(default=0.1, gt=0)
    """Kept free for each session; what lies between it and ``cpus`` is lent while others are idle."""
    memory_mib: int = Field(default=2048, ge=256)
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[dict[str, JsonValue], ...] = ()
    extra_resources: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Counted devices, such as ``nvidia.com/gpu: 1``."""
    runtime_class: str = ""
    priority_class: str = ""


class ClaimSettings(Part):
    """Storage of a project: which class provides it, how much, and how its content is protected at rest."""

    storage_class: str
    """Group 1000 must be able to write there: by ``fsGroup``, or by mount options of the class. A project keeps the
    class it began with: change it only while there are no projects."""
    size: Size = "10Gi"
    """Claims that exist grow with it where the class can do that; none can shrink."""
    access: Literal["ReadWriteMany", "ReadWriteOnce"] = "ReadWriteMany"
    """``ReadWriteOnce`` keeps a project's agent and sessions on one node."""
    data_protection: Literal["encrypted", "memory", "undeclared"] = "undeclared"
    """What you know of the class: ``encrypted`` at rest, or in ``memory``. Data are put on no other."""

    @model_validator(mode="after")
    def _declared(self) -> ClaimSettings:
        if self.data_protection == "undeclared":
            raise ValueError(
                f"declare data_protection of the storage class {self.storage_class}: encrypted at rest, or memory"
            )
        return self


class QuotaSettings(Part):
    """What one project may use at most, its sessions and parts together."""

    cpus: float = Field(default=16.0, gt=0)
    memory_mib: int = Field(default=65536, ge=1024)
    pods: int = Field(default=24, ge=3)
    extra_resources: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)


class IngressSettings(Part):
    """How browsers reach the gates. Without a class no Ingress is made, and you route to the Services ``gate``."""

    ingress_class: str = ""
    annotations: dict[str, str] = Field(default_factory=dict)
    certificate: str = ""
    """Name of the TLS Secret in each project's namespace; empty: the ingress controller's own certificate."""


class KubernetesSettings(Part):
    """A cluster that workspaces run on. Addresses are those that a project's pods reach."""

    installation: Label = "tre"
    """The label that tells this installation's objects from another's in the same cluster. Never change it."""
    kubeconfig: Path | None = None
    """How to reach the cluster from outside; without it the controller's own account in the cluster counts."""
    hub_image: Image
    agent_image: Image
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    profiles: dict[str, ProfileSettings] = Field(min_length=1)
    default_profile: str
    volumes: dict[str, VolumeSettings] = Field(default_factory=dict)
    work: ClaimSettings
    """Homes and the shared folder."""
    data: ClaimSettings
    """What the dataset agent unseals."""
    network: NetworkSettings
    desk_address: HostPort
    intake_address: HostPort
    vault_address: str = ""
    """The Vault as project pods reach it, if that is not ``vault.address``."""
    host_names: dict[str, str] = Field(default_factory=dict)
    """Name to address, for what the agents would otherwise ask a name server: Vault, stores, databases."""
    workspace_host: str
    """The workspaces' host names, such as ``{project}.workspaces.example.org``: not below the portal's own."""
    scheme: Literal["http", "https"] = "https"
    public_port: Port | None = None
    """Where browsers reach the gates, if not at the scheme's own port."""
    ingress: IngressSettings = IngressSettings()
    quota: QuotaSettings = QuotaSettings()
    pod_ranges: tuple[Range, ...] = ()
    """The cluster's pod addresses, for the credentials that are bound to them."""

    @model_validator(mode="after")
    def _agrees(self) -> KubernetesSettings:
        if self.default_profile not in self.profiles:
            raise ValueError(f"default_profile names none of the profiles ({', '.join(sorted(self.profiles))})")
        host = self.workspace_host.replace("{project}", "p")
        if host == self.workspace_host or not all(_LABEL.fullmatch(part) for part in host.split(".")):
            raise ValueError("workspace_host is a host name that contains {project}")
        for name, address in self.host_names.items():
            if not all(_LABEL.fullmatch(part) for part in name.split(".")):
                raise ValueError(f"host_names: {name} is not a host name")
            ip_address(address)
        return self
