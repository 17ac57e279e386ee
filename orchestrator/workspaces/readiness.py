"""Tells, as conditions of the project, whether its agent answers and its data are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.access.model import Granted
from orchestrator.core.errors import OrchestratorError

from .places.conditions import ConditionKind, Conditions, ConditionState, reason_of
from .ports import Delivered, Delivery, IncidentError

__all__ = ["ToldDelivery"]

_AGENT = ("agent", "dataset agent")


class ToldDelivery:
    """A delivery whose outcome people can read: every call is passed on, what it showed is noted."""

    def __init__(self, delivery: Delivery, conditions: Conditions) -> None:
        self._delivery = delivery
        self._conditions = conditions

    def ensure(self, project_id: str, wanted: Sequence[Granted]) -> Delivered:
        """Take away what is not wanted, then bring what is missing. Raises ``IncidentError``, with all taken away."""
        try:
            delivered = self._delivery.ensure(project_id, wanted)
        except OrchestratorError as error:
            self._failed(project_id, error)
            raise
        self._note(project_id, ConditionKind.AGENT_READY, ConditionState.TRUE, "Answers", "The dataset agent answers.")
        files = [grant for grant in wanted if grant.delivery not in ("database", "volume")]
        missing = sorted(grant.name for grant in files if grant.version_id not in delivered.directories)
        if missing:
            message = f"Not there yet: {', '.join(missing)}."
            self._note(project_id, ConditionKind.DATA_READY, ConditionState.FALSE, "Missing", message)
        else:
            self._note(project_id, ConditionKind.DATA_READY, ConditionState.TRUE, "Delivered", "All granted data.")
        return delivered

    def life(self, project_id: str) -> str:
        """Return the word that ``Delivered.life`` would be now; empty while nobody answers."""
        return self._delivery.life(project_id)

    def withdraw_unwanted(self, project_id: str, wanted: Sequence[Granted]) -> None:
        """Take away what is not wanted, and bring nothing."""
        self._delivery.withdraw_unwanted(project_id, wanted)

    def open_databases(self, project_id: str, session_id: str, granted: Sequence[Granted]) -> Mapping[str, str]:
        """Draw a role per database for one session; return the address of each relay by the database's name."""
        return self._delivery.open_databases(project_id, session_id, granted)

    def close_session(self, project_id: str, session_id: str) -> None:
        """End the session's relays and revoke its roles. Repeatable."""
        self._delivery.close_session(project_id, session_id)

    def withdraw_all(self, project_id: str) -> None:
        """Take away everything of the project: data, leases, the agent. Repeatable."""
        self._delivery.withdraw_all(project_id)
        for kind in (ConditionKind.DATA_READY, ConditionKind.AGENT_READY):
            if self._conditions.knows(project_id, kind):
                self._note(project_id, kind, ConditionState.FALSE, "Withdrawn", "The workspace holds nothing now.")

    def projects(self) -> set[str]:
        """Return every project for which anything is held."""
        return self._delivery.projects()

    def _failed(self, project_id: str, error: OrchestratorError) -> None:
        if isinstance(error, IncidentError):
            self._note(project_id, ConditionKind.AGENT_READY, ConditionState.FALSE, "Incident", error.message)
            return
        agents = getattr(error, "system", "") in _AGENT
        kind = ConditionKind.AGENT_READY if agents else ConditionKind.DATA_READY
        self._note(project_id, kind, ConditionState.FALSE, reason_of(error), error.message)

    def _note(self, project_id: str, kind: ConditionKind, state: ConditionState, reason: str, message: str) -> None:
        self._conditions.note(project_id, kind, state, reason, message)
