"""Puts together what keeps the projects' places in a cluster in step with the record."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.access.model import GrantState
from orchestrator.core.errors import NotFound
from orchestrator.discovery.model import Delivery
from orchestrator.workspaces.places.conditions import Conditions
from orchestrator.workspaces.places.model import VolumePlan
from orchestrator.workspaces.places.planning import Terms
from orchestrator.workspaces.places.provisioning import Provisioner
from orchestrator.workspaces.places.removal import Ending, Remover

from ..house import House
from .cluster import ClusterParts, cluster_settings
from .cluster_layout import profile, volume_plan
from .enforcement import Prover

__all__ = ["open_prover", "open_provisioner", "open_terms"]


def open_terms(house: House) -> Terms:
    """Return what the installation decides about places."""
    settings = house.settings
    chosen = cluster_settings(settings)
    # the default comes first: it is what a project has until an operator chooses another
    names = sorted(chosen.profiles, key=lambda name: (name != chosen.default_profile, name))
    return Terms(
        profiles={name: profile(settings, name) for name in names},
        host=lambda project_id: chosen.workspace_host.replace("{project}", project_id),
        volumes=lambda project_id: _volumes(house, project_id),
        work_kept=timedelta(days=settings.retention.work_days),
    )


def open_prover(house: House, cluster: ClusterParts) -> Prover:
    """Return what proves that the cluster enforces network policies; every project is looked at when it is known."""

    def told() -> None:
        for project_id in house.access.project_ids():
            cluster.changes(project_id)

    return Prover(cluster.cluster, cluster.layout, leads=cluster.candidate.leads, told=told)


def open_provisioner(
    house: House, cluster: ClusterParts, prover: Prover, *, terms: Terms, conditions: Conditions, ending: Ending
) -> Provisioner:
    """Return the provisioner of a cluster; it makes no place before network policies are seen to be enforced."""
    remover = Remover(record=house.record, places=cluster.places, conditions=conditions, ending=ending)
    return Provisioner(
        record=house.record,
        access=house.access,
        places=cluster.places,
        conditions=conditions,
        remover=remover,
        terms=terms,
        enforced=prover.enforcement,
    )


def _volumes(house: House, project_id: str) -> tuple[VolumePlan, ...]:
    """Return the granted versions that the platform itself mounts.

    As long as the grants stand, whoever is admitted at the moment: a training that ends for a day unmakes no volume.
    """
    if not cluster_settings(house.settings).volumes:
        return ()  # none can be granted, and plans are made in every pass
    try:
        grants = house.access.project_record(project_id).grants
    except NotFound:
        return ()
    now = house.record.clock()
    standing = {one.version_id for one in grants if one.state is GrantState.ACTIVE and one.agreement_until > now}
    versions = [house.discovery.version(version_id) for version_id in sorted(standing)]
    mounted = [one for one in versions if one.delivery is Delivery.VOLUME]
    return tuple(volume_plan(house.settings, one.volume, one.version_id) for one in mounted)
