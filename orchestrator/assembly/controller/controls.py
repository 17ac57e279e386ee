"""What the controller holds besides the rooms: Vault rights, the workspace backend, agents, couriers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from orchestrator.adapters.channel import Channel
from orchestrator.adapters.harvest_client import HarvestClient
from orchestrator.adapters.vault.client import VaultClient
from orchestrator.core.ids import check_id
from orchestrator.credentials.ports import DatasetAgent, SealedStore
from orchestrator.credentials.service import Credentials
from orchestrator.discovery.harvest.pulling import Puller
from orchestrator.workspaces.delivery import RecordedDelivery
from orchestrator.workspaces.keeping import WorkspaceKeeper
from orchestrator.workspaces.launching import SessionLauncher
from orchestrator.workspaces.model import Limits
from orchestrator.workspaces.places.conditions import WALL_OPEN, ConditionKind, Conditions
from orchestrator.workspaces.places.planning import Planner
from orchestrator.workspaces.places.removal import Ending
from orchestrator.workspaces.ports import Delivery, WorkspaceBackend
from orchestrator.workspaces.readiness import ToldDelivery
from orchestrator.workspaces.sessions import SessionRegister
from orchestrator.workspaces.surroundings import Surroundings

from ..house import House
from ..rooms.harvesting import open_client, open_puller
from ..sketches import open_sketch_maker
from ..vaults import open_pod_vault, open_vault
from .arrivals import Arrivals
from .hubs import Hubs
from .machine import open_machine
from .notices import Notices, open_notices
from .replaying import Replayer
from .sources import open_prefixes, open_sealed

__all__ = ["Controls", "open_controls"]


@dataclass(frozen=True, kw_only=True)
class Controls:
    """The controller's parts, and the small jobs that need several of them."""

    house: House
    vault: VaultClient
    credentials: Credentials
    sealed: SealedStore
    backend: WorkspaceBackend
    register: SessionRegister
    launcher: SessionLauncher
    keeper: WorkspaceKeeper
    conditions: Conditions
    arrivals: Arrivals
    notices: Notices
    replayer: Replayer
    hubs: Hubs
    """Speaks to other hubs and hears them."""
    surroundings: Surroundings = field(default_factory=Surroundings)
    channel: Channel | None = None
    """The controller's end of the private channel, where hubs and gates are pods."""
    puller: Puller | None = None
    """Pulls custodians' catalogues from their endpoints."""
    harvesting: HarvestClient | None = None
    """The connections that the puller asks over."""

    def close(self) -> None:
        """End every connection to hubs and endpoints."""
        self.hubs.close()
        if self.harvesting is not None:
            self.harvesting.close()

    def desk_path(self, project_id: str) -> Path:
        """Return where a project's desk listens."""
        return self.house.settings.state / "run" / check_id(project_id) / "desk.sock"

    def harvest(self) -> None:
        """Pull what is due from custodians' endpoints, for some seconds; the rest comes with the next call."""
        if self.puller is not None:
            self.puller.work()

    def keep_catalogue(self) -> None:
        """Bring the catalogue in step with datasets and converter; tell of endpoints that were not read for days."""
        while self.house.catalogue.refresh():
            pass
        if self.puller is not None:
            self.puller.tell_of_stale_ones()

    def chase(self) -> None:
        """Act on deadlines that have passed."""
        self.house.access.chase()
        self.house.evidence.chase()
        self.house.enquiries.chase()
        self.house.accreditation.chase()
        self.house.departures.chase()


def open_controls(house: House) -> Controls:
    """Open everything the controller needs; nothing is started and nobody is asked yet."""
    settings = house.settings
    register = SessionRegister(record=house.record, access=house.access)
    sealed = open_sealed(settings)
    if settings.workspaces.backend == "kubernetes":
        return _on_a_cluster(house, register, sealed)
    vault = open_vault(settings, "controller")
    machine = open_machine(settings, register)
    credentials = _credentials(house, vault, machine.agents, sealed)
    conditions = Conditions(house.record)
    recorded = _recorded(house, credentials, sealed)
    delivery = ToldDelivery(recorded, conditions)
    return _controls(house, register, _Held(vault, credentials, sealed, machine.backend, delivery))


def _on_a_cluster(house: House, register: SessionRegister, sealed: SealedStore) -> Controls:
    """Open the same where workspaces run on a cluster: the place of each project is kept in step as well."""
    from .cluster import open_cluster  # noqa: PLC0415 - heavy, and wanted on clusters only
    from .provisioning import open_prover, open_provisioner, open_terms  # noqa: PLC0415

    conditions = Conditions(house.record)
    terms = open_terms(house)
    cluster = open_cluster(house, Planner(record=house.record, access=house.access, terms=terms).place_of)
    vault = open_pod_vault(house.settings, cluster.agents.networks_of, cluster.namespace_of)
    credentials = _credentials(house, vault, cluster.agents, sealed)
    recorded = _recorded(house, credentials, sealed)
    held = _Held(vault, credentials, sealed, cluster.backend, ToldDelivery(recorded, conditions))
    controls = _controls(house, register, held)
    ending = Ending(
        sleep=lambda project_id: controls.keeper.put_to_sleep(project_id, "project-closed"),
        held=credentials.projects,
        identity=lambda project_id: (vault.identity(project_id),),
    )
    prover = open_prover(house, cluster)
    provisioner = open_provisioner(house, cluster, prover, terms=terms, conditions=conditions, ending=ending)

    def start() -> None:
        cluster.start()
        prover.start()

    def stop() -> None:
        prover.stop()
        cluster.stop()

    surroundings = Surroundings(
        leadership=cluster.candidate,
        changes=cluster.changes,
        start=start,
        stop=stop,
        renew=cluster.renew,
        age=cluster.mirror.age,
        calls=lambda: cluster.cluster.calls,
        provisioner=provisioner,
    )
    return replace(controls, surroundings=surroundings, channel=cluster.channel)


def _credentials(house: House, vault: VaultClient, agents: DatasetAgent, sealed: SealedStore) -> Credentials:
    prefixes = open_prefixes(house.settings)
    return Credentials(vault=vault, agent=agents, store=sealed, clock=house.record.clock, prefixes=prefixes)


def _recorded(house: House, credentials: Credentials, sealed: SealedStore) -> RecordedDelivery:
    return RecordedDelivery(
        record=house.record,
        credentials=credentials,
        sealed=sealed,
        manifest_of=lambda version_id: house.discovery.version(version_id).manifest,
    )


@dataclass(frozen=True)
class _Held:
    vault: VaultClient
    credentials: Credentials
    sealed: SealedStore
    backend: WorkspaceBackend
    delivery: Delivery


def _controls(house: House, register: SessionRegister, held: _Held) -> Controls:
    chosen, conditions = house.settings.workspaces, Conditions(house.record)
    launcher = SessionLauncher(
        access=house.access,
        credentials=held.delivery,
        register=register,
        backend=held.backend,
        limits=Limits(
            cpus=chosen.cpus,
            memory_mib=chosen.memory_mib,
            processes=chosen.processes,
            file_size_mib=chosen.file_size_mib,
        ),
        told=conditions.session_ended,
    )
    keeper = WorkspaceKeeper(
        access=house.access,
        credentials=held.delivery,
        register=register,
        launcher=launcher,
        backend=held.backend,
        address=house.numbers.url,
        portal_url=house.settings.portal.public_url,
        sleep_after=timedelta(minutes=chosen.sleep_after_minutes),
        clock=house.record.clock,
        wall_open=lambda project_id: conditions.when(project_id, ConditionKind.DRIFT, WALL_OPEN),
    )
    client = open_client(house.settings)
    return Controls(
        house=house,
        vault=held.vault,
        credentials=held.credentials,
        sealed=held.sealed,
        backend=held.backend,
        register=register,
        launcher=launcher,
        keeper=keeper,
        conditions=conditions,
        arrivals=Arrivals(
            house=house,
            vault=held.vault,
            credentials=held.credentials,
            sealed=held.sealed,
            sketches=open_sketch_maker(house.settings, held.vault),
        ),
        notices=open_notices(house),
        replayer=Replayer(
            replays=house.airlock.replays,
            access=house.access,
            launcher=launcher,
            register=register,
            keeper=keeper,
            clock=house.record.clock,
        ),
        hubs=Hubs(house),
        puller=open_puller(
            house.settings, house.record, lambda each: house.alliance.custodian(each).name, client=client
        ),
        harvesting=client,
    )
