"""The whole installation's settings, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from orchestrator.core.errors import Invalid

from .cluster import KubernetesSettings
from .harvest import HarvestSettings
from .parts import (
    AirlockSettings,
    ControllerSettings,
    DocumentSettings,
    NoticeSettings,
    Part,
    PortalSettings,
    RetentionSettings,
    SignOnSettings,
    VaultSettings,
    WorkspaceSettings,
)
from .sources import DatabaseSettings, SealedSettings, StoreSettings
from .visas import VisaSettings

__all__ = ["Settings", "load_settings"]


class Settings(Part):
    """The whole installation."""

    state: Path
    record: str = ""
    portal: PortalSettings = PortalSettings()
    sign_on: SignOnSettings = SignOnSettings()
    vault: VaultSettings = VaultSettings()
    controller: ControllerSettings = ControllerSettings()
    airlock: AirlockSettings = AirlockSettings()
    workspaces: WorkspaceSettings = WorkspaceSettings()
    retention: RetentionSettings = RetentionSettings()
    documents: DocumentSettings = DocumentSettings()
    accreditation_needed: bool = False
    """Whether every custodian has to be accredited before it grants; without, those that began to be."""
    logs: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line that names project and event."""
    kubernetes: KubernetesSettings | None = None
    databases: dict[str, DatabaseSettings] = Field(default_factory=dict)
    stores: dict[str, StoreSettings] = Field(default_factory=dict)
    sealed: SealedSettings = SealedSettings()
    notices: NoticeSettings = NoticeSettings()
    visas: VisaSettings = VisaSettings()
    harvest: HarvestSettings = HarvestSettings()

    @model_validator(mode="after")
    def _safe(self) -> Settings:
        if self.sign_on.kind == "development" and not self.portal.on_loopback:
            raise ValueError("the development sign-in exists only where portal.host and portal.url are on loopback")
        if self.sealed.store and self.sealed.store not in self.stores:
            raise ValueError(f"sealed.store names none of the stores: {self.sealed.store}")
        return self

    @model_validator(mode="after")
    def _on_a_cluster(self) -> Settings:
        if self.workspaces.backend != "kubernetes":
            return self
        if self.kubernetes is None:
            raise ValueError("workspaces on a cluster need the part “kubernetes”")
        if self.vault.embedded:
            raise ValueError("workspaces on a cluster need a Vault by address: set vault.address")
        for name, wanted, declared in (
            ("databases", self.databases, self.kubernetes.network.databases),
            ("stores", self.stores, self.kubernetes.network.stores),
        ):
            if wanted and not declared:
                raise ValueError(
                    f"kubernetes.network.{name} must say where the {name} answer, or no agent reaches them"
                )
        return self

    @property
    def record_address(self) -> str:
        """The record's SQLAlchemy address; SQLite in the state directory unless one is set."""
        return self.record or f"sqlite:///{self.state / 'record' / 'tre.db'}"


def load_settings(state: Path) -> Settings:
    """Read ``tre.yaml`` of a state directory; what is not there takes its default. Raises ``Invalid`` with the key."""
    state = state.absolute()
    file = state / "tre.yaml"
    try:
        written = yaml.safe_load(file.read_text()) if file.exists() else {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid(f"{file} cannot be read as YAML: {error}", field="tre.yaml") from error
    if written is None:
        written = {}
    if not isinstance(written, dict) or "state" in written:
        raise Invalid(f"{file} must hold settings by name, and not the state directory itself.", field="tre.yaml")
    try:
        return Settings.model_validate({**written, "state": state})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "tre.yaml"
        unknown = "there is no such setting; docs/reference/settings.md lists them all"
        wrong = unknown if first["type"] == "extra_forbidden" else first["msg"]
        raise Invalid(f"{file}: {key}: {wrong}. Correct it and start again.", field=key) from error
