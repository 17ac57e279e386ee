"""From the settings of a cluster to what the builder knows of it: images, neighbours, addresses, storage, bounds."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from orchestrator.core.errors import Invalid, NotFound, Unavailable
from orchestrator.core.events import Json
from orchestrator.settings import (
    ClaimSettings,
    KubernetesSettings,
    NetworkSettings,
    PeerSettings,
    ProfileSettings,
    Settings,
    VolumeSettings,
)
from orchestrator.workspaces.places.model import (
    ClusterLayout,
    Peer,
    Profile,
    QuotaLayout,
    StorageLayout,
    VolumePlan,
)

__all__ = ["layout", "profile", "volume_plan"]

Resolve = Callable[[str], str]
"""Host name to address. The controller asks, because project pods have no name service."""


def layout(settings: Settings, *, resolve: Resolve | None = None) -> ClusterLayout:
    """Return the cluster's layout; raises ``Unavailable`` for a name that nobody knows the address of."""
    cluster = _cluster(settings)
    ask = resolve or _resolve
    names = _host_names(settings, cluster, ask)
    return ClusterLayout(
        installation=cluster.installation,
        hub_image=cluster.hub_image,
        agent_image=cluster.agent_image,
        images=tuple(sorted({each.image for each in cluster.profiles.values()})),
        image_pull_policy=cluster.image_pull_policy,
        desk_address=_by_number(cluster.desk_address, names, ask),
        intake_address=_by_number(cluster.intake_address, names, ask),
        vault_address=cluster.vault_address or settings.vault.address,
        host_names=names,
        work=_storage(cluster.work),
        data=_storage(cluster.data),
        quota=QuotaLayout(**cluster.quota.model_dump()),
        pod_ranges=cluster.pod_ranges,
        **_neighbours(cluster.network),
        **_entrance(cluster),
    )


def profile(settings: Settings, name: str = "") -> Profile:
    """Return a profile by name, or the one that projects have unless theirs says otherwise."""
    cluster = _cluster(settings)
    name = name or cluster.default_profile
    found: ProfileSettings | None = cluster.profiles.get(name)
    if found is None:
        known = ", ".join(sorted(cluster.profiles))
        raise NotFound(f"There is no profile “{name[:40]}” in the settings; there are: {known}.")
    return Profile(name=name, **dict(found))


def volume_plan(settings: Settings, name: str, version_id: str) -> VolumePlan:
    """Return how a version that lies in the volume ``name`` is mounted."""
    found: VolumeSettings | None = _cluster(settings).volumes.get(name)
    if found is None:
        raise NotFound(f"The settings have no volume “{name[:40]}” any more; an operator declares it in tre.yaml.")
    return VolumePlan(
        version_id=version_id, source=_source(found), size=found.size, access=found.access, nodes=found.nodes
    )


def _cluster(settings: Settings) -> KubernetesSettings:
    if settings.kubernetes is None:
        raise Invalid("The settings have no part “kubernetes”; write it into tre.yaml.", field="kubernetes")
    return settings.kubernetes


def _neighbours(network: NetworkSettings) -> dict[str, Any]:
    one = {"desk": _peer(network.desk), "intake": _peer(network.intake)}
    several = ("control_plane", "ingress", "vault", "stores", "databases", "name_servers")
    return {**one, **{name: _peers(getattr(network, name)) for name in several}}


def _entrance(cluster: KubernetesSettings) -> dict[str, Any]:
    return {
        "workspace_host": cluster.workspace_host,
        "scheme": cluster.scheme,
        "public_port": cluster.public_port,
        "ingress_class": cluster.ingress.ingress_class,
        "ingress_annotations": cluster.ingress.annotations,
        "ingress_certificate": cluster.ingress.certificate,
    }


def _peer(peer: PeerSettings) -> Peer:
    return Peer(**dict(peer))


def _peers(peers: tuple[PeerSettings, ...]) -> tuple[Peer, ...]:
    return tuple(_peer(peer) for peer in peers)


def _storage(claim: ClaimSettings) -> StorageLayout:
    if claim.data_protection == "undeclared":
        raise Invalid(f"Declare data_protection of {claim.storage_class}.", field="kubernetes.data.data_protection")
    return StorageLayout(
        storage_class=claim.storage_class, size=claim.size, access=claim.access, protection=claim.data_protection
    )


def _source(volume: VolumeSettings) -> Mapping[str, Json]:
    """Return the source in Kubernetes' own words."""
    if volume.csi is not None:
        csi = volume.csi
        fields: dict[str, Json] = {"driver": csi.driver, "volumeHandle": csi.volume_handle}
        if csi.volume_attributes:
            fields["volumeAttributes"] = dict(csi.volume_attributes)
        if csi.file_system:
            fields["fsType"] = csi.file_system
        if csi.secret_name:
            fields["nodePublishSecretRef"] = {"name": csi.secret_name, "namespace": csi.secret_namespace}
        return {"csi": fields}
    if volume.nfs is not None:
        return {"nfs": {"server": volume.nfs.server, "path": volume.nfs.path}}
    assert volume.local is not None  # noqa: S101 - the settings hold exactly one of them
    return {"local": {"path": volume.local.path}}


def _host_names(settings: Settings, cluster: KubernetesSettings, resolve: Resolve) -> dict[str, str]:
    """Return the agents' hosts file: what the settings say, and what they leave out as it is known here and now.

    Nothing is looked up where agents may ask a name server themselves; that is for addresses that move.
    """
    known = dict(cluster.host_names)
    if cluster.network.name_servers:
        return known
    web = [cluster.vault_address or settings.vault.address, *(each.endpoint for each in settings.stores.values())]
    hosts = {urlsplit(address).hostname or "" for address in web}
    hosts |= {database.host for database in settings.databases.values()}
    for host in sorted(hosts - known.keys() - {""}):
        if not _is_number(host):
            known[host] = resolve(host)
    return known


def _by_number(address: str, names: Mapping[str, str], resolve: Resolve) -> str:
    """Return ``host:port`` with the host's address, for pods that cannot look a name up."""
    host, _, port = address.rpartition(":")
    if host.startswith("[") or _is_number(host):
        return address
    number = names.get(host) or resolve(host)
    return f"[{number}]:{port}" if ":" in number else f"{number}:{port}"


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolve(host: str) -> str:
    """Ask the system's resolver, which has its own deadline; once, when the controller starts."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(
            f"The address of {host} is not known here: correct the name, or give it in kubernetes.host_names.",
            system="name service",
        ) from error
    return str(found[0][4][0])
