"""Every setting of an installation: one YAML file in the state directory, extra keys forbidden."""

from __future__ import annotations

from .cluster import (
    ClaimSettings,
    IngressSettings,
    KubernetesSettings,
    NetworkSettings,
    PeerSettings,
    ProfileSettings,
    QuotaSettings,
)
from .harvest import HarvestSecretSettings, HarvestSettings
from .installation import Settings, load_settings
from .parts import (
    AirlockSettings,
    ControllerSettings,
    NoticeSettings,
    PortalSettings,
    RetentionSettings,
    SignOnSettings,
    VaultSettings,
    WorkspaceSettings,
)
from .sources import DatabaseSettings, SealedSettings, StoreSettings, VolumeSettings
from .visas import TrustedIssuerSettings, VisaSettings

__all__ = [
    "AirlockSettings",
    "ClaimSettings",
    "ControllerSettings",
    "DatabaseSettings",
    "HarvestSecretSettings",
    "HarvestSettings",
    "IngressSettings",
    "KubernetesSettings",
    "NetworkSettings",
    "NoticeSettings",
    "PeerSettings",
    "PortalSettings",
    "ProfileSettings",
    "QuotaSettings",
    "RetentionSettings",
    "SealedSettings",
    "Settings",
    "SignOnSettings",
    "StoreSettings",
    "TrustedIssuerSettings",
    "VaultSettings",
    "VisaSettings",
    "VolumeSettings",
    "WorkspaceSettings",
    "load_settings",
]
