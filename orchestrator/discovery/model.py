"""Datasets and their immutable versions, as plain values, with their state tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.core.events import Json
from orchestrator.core.states import StateTable, Step, Waiting

__all__ = [
    "DATASET_STATES",
    "VERSION_STATES",
    "Dataset",
    "DatasetState",
    "DatasetVersion",
    "Delivery",
    "ManifestFile",
    "VersionState",
]


class DatasetState(StrEnum):
    """Whether a dataset can be found and asked for."""

    LISTED = "listed"
    WITHDRAWN = "withdrawn"


class VersionState(StrEnum):
    """Where a version stands: ``arriving`` lies plain until the controller sealed it; only ``sealed`` is granted."""

    ARRIVING = "arriving"
    SEALED = "sealed"
    WITHDRAWN = "withdrawn"


class Delivery(StrEnum):
    """How a version reaches a workspace.

    ``files`` are sealed here and unsealed for it; ``object`` are copied from a prefix of the custodian's own store;
    ``volume`` is mounted as it is; views of a ``database`` are read through a relay.
    """

    FILES = "files"
    DATABASE = "database"
    OBJECT = "object"
    VOLUME = "volume"


@dataclass(frozen=True, kw_only=True)
class ManifestFile:
    """One file of a version: its path below the version's folder, its size and the SHA-256 of its content."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What a custodian offers. ``name`` is unique and safe as a folder; ``description`` follows HDR UK 4.0.0."""

    dataset_id: str
    custodian_id: str
    name: str
    title: str
    description: Mapping[str, Json]
    state: DatasetState
    registered_at: datetime


@dataclass(frozen=True, kw_only=True)
class DatasetVersion:
    """One immutable state of a dataset.

    Files have a manifest, objects have one from the moment the controller has read them; a database version names a
    connection and its views, a volume version a volume.
    """

    version_id: str
    dataset_id: str
    number: int
    delivery: Delivery
    state: VersionState
    added_at: datetime
    manifest: tuple[ManifestFile, ...] = ()
    manifest_sha256: str
    """SHA-256 over the canonical JSON of the manifest, or of what is named where there is none."""
    connection: str = ""
    """Name of a database connection in the settings; never an address or a password."""
    schema: str = ""
    views: tuple[str, ...] = ()
    store: str = ""
    """Name of an object store in the settings."""
    prefix: str = ""
    """What the names of all its objects begin with; ends with “/”."""
    volume: str = ""
    """Name of a volume in the settings."""


DATASET_STATES = StateTable(
    noun="dataset",
    start=DatasetState.LISTED,
    steps=(Step(action="withdraw", source=DatasetState.LISTED, target=DatasetState.WITHDRAWN, by="custodian"),),
    lasting={DatasetState.LISTED: "its custodian withdraws it"},
)

VERSION_STATES = StateTable(
    noun="dataset version",
    start=VersionState.ARRIVING,
    steps=(
        Step(action="seal", source=VersionState.ARRIVING, target=VersionState.SEALED, by="controller"),
        Step(action="withdraw", source=VersionState.ARRIVING, target=VersionState.WITHDRAWN, by="custodian"),
        Step(action="withdraw", source=VersionState.SEALED, target=VersionState.WITHDRAWN, by="custodian"),
    ),
    waiting={
        VersionState.ARRIVING: Waiting(
            owner="controller", days=1, then="the custodian's officers and operators are told"
        ),
    },
    lasting={VersionState.SEALED: "its custodian withdraws it"},
)
