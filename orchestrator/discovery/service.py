"""Use cases of the catalogue: register, describe, add versions, withdraw, find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.core.events import Json
from orchestrator.policy.model import Actor

from .model import Dataset, DatasetVersion, VersionState

__all__ = ["DiscoveryService"]


class DiscoveryService:
    """The catalogue. Reading needs no actor: descriptions are public; files are not read through here."""

    def register_dataset(
        self, actor: Actor, *, custodian_id: str, name: str, description: Mapping[str, Json]
    ) -> Dataset:
        """Offer a dataset in the name of a custodian; ``description`` must be valid HDR UK 4.0.0."""
        raise NotImplementedError

    def describe_dataset(self, actor: Actor, dataset_id: str, description: Mapping[str, Json]) -> Dataset:
        """Replace a dataset's description."""
        raise NotImplementedError

    def withdraw_dataset(self, actor: Actor, dataset_id: str, reason: str) -> Dataset:
        """Take a dataset out of the catalogue, with all its versions, for ever."""
        raise NotImplementedError

    def add_files_version(self, actor: Actor, dataset_id: str, directory: Path) -> DatasetVersion:
        """Copy a directory of this machine to the arrivals and make it the dataset's next version."""
        raise NotImplementedError

    def add_database_version(
        self, actor: Actor, dataset_id: str, *, connection: str, schema: str, views: Sequence[str]
    ) -> DatasetVersion:
        """Make a set of views of a configured database connection the dataset's next version."""
        raise NotImplementedError

    def mark_sealed(self, version_id: str) -> DatasetVersion:
        """Note that the controller sealed a version (or prepared its database role). Repeatable."""
        raise NotImplementedError

    def withdraw_version(self, actor: Actor, version_id: str, reason: str) -> DatasetVersion:
        """Withdraw a version for ever: every grant on it stops holding at once."""
        raise NotImplementedError

    def search(self, text: str = "", *, custodian_id: str | None = None, limit: int = 50) -> list[Dataset]:
        """Find listed datasets whose title, name or description hold every word; best first."""
        raise NotImplementedError

    def dataset(self, dataset_id: str) -> Dataset:
        """Return one dataset by its identifier."""
        raise NotImplementedError

    def dataset_named(self, name: str) -> Dataset:
        """Return one dataset by its folder-safe name."""
        raise NotImplementedError

    def versions(self, dataset_id: str) -> list[DatasetVersion]:
        """Return a dataset's versions, oldest first."""
        raise NotImplementedError

    def version(self, version_id: str) -> DatasetVersion:
        """Return one version."""
        raise NotImplementedError

    def current_version(self, dataset_id: str) -> DatasetVersion | None:
        """Return the newest sealed version that is not withdrawn, if there is one."""
        raise NotImplementedError

    def versions_in(self, state: VersionState) -> list[DatasetVersion]:
        """Return every version in one state, oldest first: the controller seals those that are ``arriving``."""
        raise NotImplementedError

    def arrival_directory(self, version_id: str) -> Path:
        """Return where an arriving files version lies until it is sealed."""
        raise NotImplementedError
