"""What the controller holds besides the rooms: Vault rights, the workspace backend, agents, couriers."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orchestrator.airlock
from orchestrator.adapters.dataset_agent import AgentPlaces, DatasetAgents
from orchestrator.adapters.notices import Courier, MailCourier, WebhookCourier
from orchestrator.adapters.sandbox.backend import SandboxBackend, SandboxSettings
from orchestrator.adapters.sealed_store import SealedDirectory
from orchestrator.adapters.vault.client import VaultClient
from orchestrator.core.errors import NotFound, NotPossible, OrchestratorError
from orchestrator.core.ids import check_id
from orchestrator.credentials.model import DatabaseGrant
from orchestrator.credentials.service import Credentials
from orchestrator.discovery.model import DatasetVersion, Delivery, VersionState
from orchestrator.settings import DatabaseSettings, Settings
from orchestrator.workspaces.delivery import RecordedDelivery
from orchestrator.workspaces.keeping import WorkspaceKeeper
from orchestrator.workspaces.launching import SessionLauncher
from orchestrator.workspaces.model import Limits
from orchestrator.workspaces.sessions import SessionRegister

from .house import House
from .vaults import open_vault, vault_address

__all__ = ["Controls", "open_controls", "release_memory", "workspace_environment"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Controls:
    """The controller's parts, and the small jobs that need several of them."""

    house: House
    vault: VaultClient
    credentials: Credentials
    sealed: SealedDirectory
    backend: SandboxBackend
    register: SessionRegister
    launcher: SessionLauncher
    keeper: WorkspaceKeeper
    couriers: tuple[Courier, ...]

    def desk_path(self, project_id: str) -> Path:
        """Return where a project's desk listens."""
        return self.house.settings.state / "run" / check_id(project_id) / "desk.sock"

    def seal_arrivals(self) -> None:
        """Seal every version that has arrived, prepare every database version; the clear files go afterwards."""
        for version in self.house.discovery.versions_in(VersionState.ARRIVING):
            try:
                self._seal(version)
            except OrchestratorError as error:
                _log.warning("version %s waits to be sealed: %s", version.version_id, error.message)

    def _seal(self, version: DatasetVersion) -> None:
        if version.delivery is Delivery.DATABASE:
            self._know_database(version.connection)
            self.credentials.register_database(self._grant(version))
            self.house.discovery.mark_sealed(version.version_id)
            return
        arrival = self.house.discovery.arrival_directory(version.version_id)
        try:
            self.sealed.load(version.version_id)
        except NotFound:
            self.credentials.seal_version(version.version_id, arrival)
        self.house.discovery.mark_sealed(version.version_id)
        shutil.rmtree(arrival, ignore_errors=True)

    def _know_database(self, name: str) -> None:
        """Tell Vault how to reach a database it does not know yet; it then changes the password to one of its own."""
        if name in self.vault.databases():
            return
        settings = self.house.settings.databases[name]
        self.vault.configure_database(
            name,
            url=_vault_url(settings),
            username=settings.user,
            password=settings.password_file.read_text().strip(),
        )

    def _grant(self, version: DatasetVersion) -> DatabaseGrant:
        return DatabaseGrant(
            version_id=version.version_id,
            name=self.house.discovery.dataset(version.dataset_id).name,
            connection=version.connection,
            schema=version.schema,
            views=version.views,
        )

    def deliver_notices(self) -> None:
        """Send what waits in the outbox; what a courier does not take now is tried again later.

        Without any courier notices stay in the outbox: nothing is recorded as delivered that was not.
        """
        if not self.couriers:
            return
        for notice in self.house.outbox.due():
            try:
                for courier in self.couriers:
                    courier(notice)
            except OrchestratorError as error:
                _log.warning("a notice waits: %s", error.message)
                self.house.outbox.failed(notice.notice_id)
            else:
                self.house.outbox.delivered(notice.notice_id)

    def chase(self) -> None:
        """Act on deadlines that have passed."""
        self.house.access.chase()


def open_controls(house: House) -> Controls:
    """Open everything the controller needs; nothing is started and nobody is asked yet."""
    settings = house.settings
    state = settings.state
    vault = open_vault(settings, "controller")
    backend = SandboxBackend(
        SandboxSettings(
            state=state,
            workspace=workspace_environment(settings),
            submit_program=Path(orchestrator.airlock.__file__).parent / "client.py",
        )
    )
    register = SessionRegister(record=house.record, access=house.access)
    agents = DatasetAgents(
        AgentPlaces(
            run=state / "run",
            memory=_memory(settings),
            sealed=state / "sealed",
            vault_address=vault_address(settings),
            databases={name: _agent_database(database) for name, database in settings.databases.items()},
        ),
        backend.processes,
        group_of=lambda project_id: register.workspace(project_id).user_number if os.geteuid() == 0 else None,
    )
    sealed = SealedDirectory(state / "sealed")
    credentials = Credentials(vault=vault, agent=agents, store=sealed, clock=house.record.clock)
    delivery = RecordedDelivery(record=house.record, credentials=credentials, sealed=sealed)
    launcher = SessionLauncher(
        access=house.access,
        credentials=delivery,
        register=register,
        backend=backend,
        limits=Limits(
            cpus=settings.workspaces.cpus,
            memory_mib=settings.workspaces.memory_mib,
            processes=settings.workspaces.processes,
            file_size_mib=settings.workspaces.file_size_mib,
        ),
    )
    return Controls(
        house=house,
        vault=vault,
        credentials=credentials,
        sealed=sealed,
        backend=backend,
        register=register,
        launcher=launcher,
        keeper=WorkspaceKeeper(
            access=house.access,
            credentials=delivery,
            register=register,
            launcher=launcher,
            backend=backend,
            address=house.numbers.url,
            portal_url=settings.portal.public_url,
            sleep_after=timedelta(minutes=settings.workspaces.sleep_after_minutes),
            clock=house.record.clock,
        ),
        couriers=_couriers(house),
    )


def workspace_environment(settings: Settings) -> Path:
    """Return the researchers' Python environment: as set, or ``.venv-workspace`` beside the one that runs this."""
    if settings.workspaces.environment is not None:
        return settings.workspaces.environment
    return Path(sys.prefix).with_name(".venv-workspace")


def release_memory(settings: Settings) -> None:
    """Take this installation's directory out of memory once nothing lies in it any more."""
    with contextlib.suppress(OSError):
        _memory_directory(settings).rmdir()


def _memory_directory(settings: Settings) -> Path:
    name = hashlib.sha256(os.fsencode(settings.state.resolve())).hexdigest()[:12]
    return settings.workspaces.memory_directory / f"tre-{name}"


def _memory(settings: Settings) -> Path:
    """Return this installation's own directory in memory: what lies in another one's is never touched."""
    directory = _memory_directory(settings)
    directory.mkdir(mode=0o711, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
        raise NotPossible(f"{directory} belongs to somebody else; remove it or choose another memory_directory.")
    directory.chmod(0o711)
    return directory


def _couriers(house: House) -> tuple[Courier, ...]:
    chosen = house.settings.notices
    couriers: list[Courier] = []
    if chosen.smtp_host:
        couriers.append(
            MailCourier(
                host=chosen.smtp_host,
                port=chosen.smtp_port,
                sender=chosen.sender,
                portal_url=house.settings.portal.public_url,
                address_of=lambda person_id: house.identity.person(person_id).email,
            )
        )
    if chosen.webhook:
        couriers.append(WebhookCourier(address=chosen.webhook))
    return tuple(couriers)


def _vault_url(settings: DatabaseSettings) -> str:
    mode = "disable" if settings.tls == "off" else "verify-full"
    return f"postgresql://{{{{username}}}}:{{{{password}}}}@{settings.host}:{settings.port}/{settings.database}?sslmode={mode}"


def _agent_database(settings: DatabaseSettings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "database": settings.database,
        "tls": settings.tls == "verify-full",
        "certificate": str(settings.certificate_authority) if settings.certificate_authority else None,
    }
