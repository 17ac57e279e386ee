"""Where datasets come from: databases, object stores, volumes, and the place in which sealed files are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from .parts import Part, Port, Size, is_loopback

__all__ = ["DatabaseSettings", "SealedSettings", "StoreSettings", "VolumeSettings"]


class DatabaseSettings(Part):
    """One PostgreSQL server that datasets may be read from; the credentials are those that make roles."""

    custodian: str = ""
    """The name of the custodian whose data lie there: only its officers may offer views of it. Empty: nobody may."""
    host: str = "127.0.0.1"
    port: Port = 5432
    database: str
    user: str
    password_file: Path
    tls: Literal["verify-full", "off"] = "verify-full"
    certificate_authority: Path | None = None

    @model_validator(mode="after")
    def _protected(self) -> DatabaseSettings:
        if self.tls == "off" and not is_loopback(self.host):
            raise ValueError("tls may only be off for a server on loopback")
        return self


class StoreSettings(Part):
    """One bucket of an S3 store that datasets may be read from: AWS, MinIO, Ceph or another with the same interface.

    The keys are the controller's. They only serve to draw short-lived credentials that read one granted prefix.
    """

    custodian: str = ""
    """The name of the custodian whose data lie there: only its officers may offer prefixes of it. Empty: nobody may."""
    endpoint: str
    region: str = "us-east-1"
    bucket: str
    access_key_file: Path
    secret_key_file: Path
    role_arn: str = ""
    """The role that is assumed to read; without one no dataset can be offered from here."""
    token_endpoint: str = ""
    """Where the store's token service (STS) answers, if not at ``endpoint``."""
    path_style: bool = True
    """The bucket's name stands in the path, as most stores outside AWS want it."""
    certificate_authority: Path | None = None

    @model_validator(mode="after")
    def _protected(self) -> StoreSettings:
        for address in filter(None, (self.endpoint, self.token_endpoint)):
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("an object store's endpoint is an http or https address")
            if parts.scheme == "http" and not is_loopback(parts.hostname):
                raise ValueError("an object store that is not on loopback is reached by https only")
        if self.role_arn and not self.role_arn.startswith("arn:"):
            raise ValueError("role_arn is an ARN, such as arn:aws:iam::role/tre")
        return self


class SealedSettings(Part):
    """Where sealed files of datasets are kept: the state directory, or a bucket that dataset agents can reach."""

    store: str = ""
    """Name of one of the ``stores``; empty: the state directory, which only agents on this machine can read."""
    prefix: str = Field(default="sealed/", pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$")


class CsiSource(Part):
    """A volume of a CSI driver, mounted read-only."""

    driver: str
    volume_handle: str
    volume_attributes: dict[str, str] = Field(default_factory=dict)
    file_system: str = ""
    secret_name: str = ""
    secret_namespace: str = ""
    """Where the driver finds what it needs to mount it, if it needs anything."""


class NfsSource(Part):
    """A directory of an NFS server, mounted read-only."""

    server: str
    path: str = Field(pattern=r"^/")


class LocalSource(Part):
    """A directory that exists on the ``nodes``."""

    path: str = Field(pattern=r"^/")


class VolumeSettings(Part):
    """One volume that holds a dataset: the platform mounts it read-only into sessions that were granted it."""

    custodian: str = ""
    """The name of the custodian whose data lie there: only its officers may offer it. Empty: nobody may."""
    csi: CsiSource | None = None
    nfs: NfsSource | None = None
    local: LocalSource | None = None
    nodes: tuple[str, ...] = ()
    """Host names of the nodes that hold it; needed for ``local``."""
    size: Size = "1Gi"
    access: Literal["ReadOnlyMany", "ReadWriteOnce"] = "ReadOnlyMany"

    @model_validator(mode="after")
    def _one_source(self) -> VolumeSettings:
        if sum(source is not None for source in (self.csi, self.nfs, self.local)) != 1:
            raise ValueError("a volume lies in exactly one of csi, nfs or local")
        if self.local is not None and not self.nodes:
            raise ValueError("a local volume needs the nodes that hold it")
        return self
