"""What the controller says to a project's dataset agent, whatever carries it: a socket on one machine, TLS to a pod."""

from __future__ import annotations

import http
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from ..core.errors import Conflict, Invalid, NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from ..core.ids import check_id
from ..credentials.manifest import objects_to_json, version_to_json
from ..credentials.model import DatabaseGrant, Lease, ObjectVersion, SealedVersion
from ..credentials.ports import Source

__all__ = ["ANSWER_SECONDS", "AgentControl"]

ANSWER_SECONDS = 30.0
"""How long an agent may take to answer anything but unsealing."""

_UNSEAL_SECONDS = 600.0
_ERRORS: dict[str, type[OrchestratorError]] = {
    "refused": Refused,
    "not-found": NotFound,
    "conflict": Conflict,
    "not-possible": NotPossible,
}


class AgentControl(ABC):
    """The part of ``credentials.ports.DatasetAgent`` that is a conversation; starting and ending are the adapter's."""

    @abstractmethod
    def _call(
        self, project_id: str, method: str, path: str, body: dict[str, Any] | None, seconds: float
    ) -> tuple[int, dict[str, Any]]:
        """Carry one request; return its status and content. ``Unavailable`` when there is no answer."""

    @abstractmethod
    def _alive(self, project_id: str) -> bool:
        """Say whether an agent exists, or may have left something, although it does not answer."""

    def running(self, project_id: str) -> bool:
        """Say whether the project's agent answers and has its identity."""
        try:
            return bool(self._ask(project_id, "GET", "/health")["identified"])
        except (Unavailable, NotFound):
            return False

    def adopt(self, lease: Lease) -> None:
        """Deliver a lease; it replaces what the agent held for the same version."""
        body = {"wrapped_token": lease.wrapped_token, "accessor": lease.accessor}
        self._ask(lease.project_id, "PUT", f"/leases/{check_id(lease.version_id)}", body)

    def holding(self, project_id: str) -> dict[str, str]:
        """Return the accessor of the lease that the agent holds for each version."""
        holding: dict[str, str] = self._seen(project_id).get("holding", {})
        return holding

    def held(self, project_id: str) -> dict[str, Path]:
        """Return the versions that lie unsealed now, and where."""
        return {version: Path(path) for version, path in self._seen(project_id).get("held", {}).items()}

    def life(self, project_id: str) -> str:
        """Return the word for the agent's present life: another one after each start. Empty where it tells none."""
        life = self._seen(project_id).get("life", "")
        try:
            return check_id(str(life)) if life else ""
        except Invalid as error:
            raise Unavailable("The dataset agent told a life that no agent tells.", system="agent") from error

    def may_hold(self, project_id: str) -> set[str]:  # noqa: ARG002
        """Return what it may hold whatever it says: nothing, where it is replaced with all that it held."""
        return set()

    def incidents(self, project_id: str) -> list[str]:
        """Return what went wrong in a way that a person has to look at, such as a token somebody else unwrapped."""
        return [f"{item['at']} {item['message']}" for item in self._seen(project_id).get("incidents", [])]

    def unseal(self, project_id: str, lease: Lease, version: SealedVersion, source: Source) -> Path:
        """Unseal the version, verify its manifest, return the directory to mount."""
        if lease.wrapped_token:
            self.adopt(lease)
        body = {"version": version_to_json(version), "source": dict(source)}
        path = f"/versions/{check_id(version.version_id)}"
        return Path(self._ask(project_id, "PUT", path, body, seconds=_UNSEAL_SECONDS)["directory"])

    def stage(self, project_id: str, lease: Lease, version: ObjectVersion, source: Source) -> Path:
        """Bring the objects of the version, verify each against the manifest, return the directory to mount."""
        if lease.wrapped_token:
            self.adopt(lease)
        body = {"version": objects_to_json(version), "source": dict(source)}
        path = f"/objects/{check_id(version.version_id)}"
        return Path(self._ask(project_id, "PUT", path, body, seconds=_UNSEAL_SECONDS)["directory"])

    def open_database(self, project_id: str, session_id: str, lease: Lease, grant: DatabaseGrant) -> str:
        """Draw a role for the session and open its relay; return where the session finds it."""
        if lease.wrapped_token:
            self.adopt(lease)
        path = f"/sessions/{check_id(session_id)}/databases/{check_id(grant.version_id)}"
        body = {"name": grant.name, "connection": grant.connection}
        return str(self._ask(project_id, "PUT", path, body)["address"])

    def close_session(self, project_id: str, session_id: str) -> None:
        """End the session's relays and revoke its roles. Repeatable."""
        self._unless_gone(project_id, "DELETE", f"/sessions/{check_id(session_id)}")

    def wipe(self, project_id: str, version_id: str) -> None:
        """Remove the unsealed data of one version and drop its lease. Repeatable."""
        self._unless_gone(project_id, "DELETE", f"/versions/{check_id(version_id)}")

    def _seen(self, project_id: str) -> dict[str, Any]:
        try:
            return self._ask(project_id, "GET", "/health")
        except (Unavailable, NotFound):
            if self._alive(project_id):
                raise
            return {}

    def _unless_gone(self, project_id: str, method: str, path: str) -> None:
        try:
            self._ask(project_id, method, path)
        except Unavailable:
            if self._alive(project_id):
                raise

    def _ask(
        self,
        project_id: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> dict[str, Any]:
        status, content = self._call(project_id, method, path, body, seconds)
        if status < http.HTTPStatus.MULTIPLE_CHOICES:
            return content
        raise _error(content)


def _error(data: dict[str, Any]) -> OrchestratorError:
    words = str(data.get("message", "The dataset agent gave no reason."))
    word = str(data.get("error", ""))
    if word == "invalid":
        return Invalid(words, field="dataset")
    if word in _ERRORS:
        return _ERRORS[word](words)
    return Unavailable(words, system="agent", unknown_outcome=bool(data.get("unknown_outcome", True)))
