"""The Vault of an installation on a cluster: agents log in by themselves, and leases work from their pod alone.

Who an agent is stands in a role of Vault's Kubernetes auth method, one for each awake project and named like it: it
admits the account ``agent`` of the project's namespace. No role, no login; so withdrawing begins with the role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ...core.errors import Invalid, NotPossible
from ...core.ids import check_id
from ...credentials.model import AgentIdentity
from .client import VaultClient, check_name
from .connection import VaultConnection

__all__ = ["AUDIENCE", "PodVaultClient"]

AUDIENCE = "vault"
"""What an agent's projected token is for; a token for anything else, such as the API server, is refused."""

_ACCOUNT = "agent"
_LONGEST_SECONDS = 24 * 3600


class PodVaultClient(VaultClient):
    """``namespace_of`` names a project's namespace; ``networks_of`` the addresses of its agent's pod.

    ``networks_of`` may return nothing where Vault does not see the pods' own addresses: tokens are then bound to none.
    """

    def __init__(
        self,
        address: str,
        connection: VaultConnection,
        *,
        namespace_of: Callable[[str], str],
        networks_of: Callable[[str], tuple[str, ...]],
        mount: str = "kubernetes",
        **settings: Any,
    ) -> None:
        super().__init__(address, connection, **settings)
        self._namespace_of = namespace_of
        self._agent_networks = networks_of
        self._mount = check_name(mount)

    def open_agent(self, project_id: str, until: datetime) -> AgentIdentity:
        """Let the project's agent log in until then. Repeatable; there is no token to deliver."""
        seconds = min(int((until - self._clock()).total_seconds()), _LONGEST_SECONDS)
        if seconds < 1:
            raise NotPossible("The time that the agent was to have is over already.")
        role = {
            "bound_service_account_names": [_ACCOUNT],
            "bound_service_account_namespaces": [self._namespace_of(check_id(project_id, field="project_id"))],
            "audience": AUDIENCE,
            "token_policies": ["tre-self"],
            "token_no_default_policy": True,
            "token_ttl": f"{min(seconds, self._lease_seconds)}s",
            "token_explicit_max_ttl": f"{seconds}s",
            "token_type": "service",
        }
        self._vault.post(self._role(project_id), role)
        return AgentIdentity(project_id=project_id, accessor="", wrapped_token="")

    def projects(self) -> set[str]:
        """Return every project with a role, a login or a lease, so that orphans are found."""
        return super().projects() | {name for name in self._roles() if _is_id(name)}

    def revoke_project(self, project_id: str) -> None:
        """Close the door, then revoke whoever came through it, and every lease. Repeatable.

        A login that was under way while the role went may still end in a token, which reads nothing: the project then
        appears in ``projects`` and is closed again.
        """
        self._vault.delete(self._role(project_id))
        super().revoke_project(project_id)

    def identity(self, project_id: str) -> str:
        """Return, as ``KIND/NAME UID``, what the project's agent is known by."""
        return f"identity/{project_id} {self._role(project_id)}"

    def _networks_of(self, project_id: str) -> tuple[str, ...]:
        return self._agent_networks(project_id)

    def _purpose(self, token: Mapping[str, Any]) -> dict[str, Any]:
        meta = token.get("meta") or {}
        if token.get("path") == f"auth/{self._mount}/login":
            return {"kind": "agent", "project": str(meta.get("role", ""))}
        return super()._purpose(token)

    def _role(self, project_id: str) -> str:
        return f"auth/{self._mount}/role/{check_id(project_id, field='project_id')}"

    def _roles(self) -> list[str]:
        return [str(name) for name in self._vault.list(f"auth/{self._mount}/role").get("data", {}).get("keys", [])]


def _is_id(name: str) -> bool:
    try:
        check_id(name)
    except Invalid:
        return False
    return True
