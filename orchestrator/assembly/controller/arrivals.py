"""Takes in what has arrived for a dataset: files are sealed, databases and object stores made known."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass

from orchestrator.adapters.sketching import SketchMaker
from orchestrator.adapters.vault.client import VaultClient
from orchestrator.core.errors import NotFound, OrchestratorError
from orchestrator.credentials.model import DatabaseGrant
from orchestrator.credentials.ports import SealedStore
from orchestrator.credentials.service import Credentials
from orchestrator.discovery.model import DatasetVersion, Delivery, ManifestFile, VersionState

from ..house import House
from .sources import vault_url

__all__ = ["Arrivals"]

_log = logging.getLogger(__name__)
_ELSEWHERE = "its data lie elsewhere, where no sketch can be made of them."


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Versions of datasets on their way in."""

    house: House
    vault: VaultClient
    credentials: Credentials
    sealed: SealedStore
    sketches: SketchMaker | None
    """Makes the sketches that the airlock compares results with; without it results are not compared."""

    def seal(self) -> None:
        """Seal every version that has arrived, prepare every database version; the clear files go afterwards."""
        for version in self.house.discovery.versions_in(VersionState.ARRIVING):
            try:
                self._seal(version)
            except OrchestratorError as error:
                _log.warning("version %s waits to be sealed: %s", version.version_id, error.message)

    def _seal(self, version: DatasetVersion) -> None:
        if self.sketches is not None and version.delivery is not Delivery.FILES:
            self.sketches.never(version.version_id, _ELSEWHERE)
        if version.delivery is Delivery.DATABASE:
            self._know_database(version.connection)
            self.credentials.register_database(self._grant(version))
            self.house.discovery.mark_sealed(version.version_id)
            return
        if version.delivery is Delivery.OBJECT:
            stock = self.credentials.take_stock(version.store, version.prefix)
            manifest = [ManifestFile(path=file.path, size=file.size, sha256=file.sha256) for file in stock]
            self.house.discovery.mark_sealed(version.version_id, manifest)
            return
        if version.delivery is Delivery.VOLUME:
            self.house.discovery.mark_sealed(version.version_id)
            return
        arrival = self.house.discovery.arrival_directory(version.version_id)
        try:
            self.sealed.load(version.version_id)
        except NotFound:
            self.credentials.seal_version(version.version_id, arrival)
        name = self.house.discovery.dataset(version.dataset_id).name
        if self.sketches is not None and not self.sketches.done(version.version_id, name, arrival):
            return  # its sketch is being made from the clear files, which go afterwards
        self.house.discovery.mark_sealed(version.version_id)
        shutil.rmtree(arrival, ignore_errors=True)

    def _know_database(self, name: str) -> None:
        """Tell Vault how to reach a database it does not know yet; it then changes the password to one of its own."""
        if name in self.vault.databases():
            return
        settings = self.house.settings.databases[name]
        self.vault.configure_database(
            name,
            url=vault_url(settings),
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
