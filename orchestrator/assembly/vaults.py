"""Opens the Vault, embedded or by address, with the identity of one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.adapters.vault.client import VaultClient
from orchestrator.adapters.vault.connection import AppRoleFiles, VaultConnection
from orchestrator.adapters.vault.embedded import EmbeddedVault
from orchestrator.adapters.vault.pods import PodVaultClient
from orchestrator.core.clock import system_clock
from orchestrator.settings import Settings

__all__ = ["embedded_vault", "open_pod_vault", "open_vault", "vault_address"]


def embedded_vault(settings: Settings) -> EmbeddedVault:
    """Return the installation's own Vault server."""
    return EmbeddedVault(directory=settings.state / "vault", port=settings.vault.port)


def vault_address(settings: Settings) -> str:
    """Return where the Vault answers."""
    return embedded_vault(settings).address if settings.vault.embedded else settings.vault.address


def open_vault(settings: Settings, identity: str) -> VaultClient:
    """Open the Vault as ``controller`` or ``airlock``; it logs in at the first call and again when needed."""
    address = vault_address(settings)
    return VaultClient(
        address,
        _connection(settings, identity),
        clock=system_clock,
        certificate=settings.vault.certificate_authority,
    )


def open_pod_vault(
    settings: Settings, networks_of: Callable[[str], tuple[str, ...]], namespace_of: Callable[[str], str]
) -> PodVaultClient:
    """Open the Vault as the controller of a cluster, whose agents log in by themselves."""
    return PodVaultClient(
        vault_address(settings),
        _connection(settings, "controller"),
        namespace_of=namespace_of,
        networks_of=networks_of,
        mount=settings.vault.kubernetes_mount,
        clock=system_clock,
        certificate=settings.vault.certificate_authority,
    )


def _connection(settings: Settings, identity: str) -> VaultConnection:
    files = AppRoleFiles(_identity(settings, identity))
    return VaultConnection(vault_address(settings), identity=files, certificate=settings.vault.certificate_authority)


def _identity(settings: Settings, name: str) -> Path:
    if settings.vault.identities is not None:
        return settings.vault.identities / name
    return embedded_vault(settings).identity(name)
