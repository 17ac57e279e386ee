"""How a project's workspace stands, in words a person can read: kept only when it changes, with since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.audit.record import Record
from orchestrator.core.errors import OrchestratorError
from orchestrator.core.events import Event

from . import store
from .store import ConditionRow

__all__ = ["WALL_OPEN", "Condition", "ConditionKind", "ConditionState", "Conditions", "reason_of"]

_LONGEST = 400
WALL_OPEN = "WallOpen"
"""Reason of a drift by which a project's network policies did not hold for a while."""


class ConditionKind(StrEnum):
    """What may be said of a project's workspace."""

    PROVISIONED = "Provisioned"
    NETWORK_ENFORCED = "NetworkEnforced"
    AWAKE = "Awake"
    DATA_READY = "DataReady"
    AGENT_READY = "AgentReady"
    DRIFT = "Drift"
    SESSIONS = "Sessions"
    REMOVED = "Removed"


class ConditionState(StrEnum):
    """Whether it holds; ``unknown`` where nobody could look."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One statement: ``reason`` is a stable word for programs, ``message`` a sentence for people."""

    kind: ConditionKind
    state: ConditionState
    reason: str
    message: str = ""
    since: datetime


class Conditions:
    """Reads and notes conditions. At rest nothing is written: what did not change is left alone."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def of(self, project_id: str) -> list[Condition]:
        """Return every condition of a project."""
        with self._record.read() as session:
            return [_condition(row) for row in store.conditions(session, project_id)]

    def known(self, project_id: str) -> dict[ConditionKind, Condition]:
        """Return every condition of a project by its kind: one look for whoever asks about several."""
        return {condition.kind: condition for condition in self.of(project_id)}

    def note(
        self,
        project_id: str,
        kind: ConditionKind,
        state: ConditionState,
        reason: str,
        message: str = "",
        *,
        anew: bool = False,
        known: Mapping[ConditionKind, Condition] | None = None,
    ) -> bool:
        """Note how something stands; return whether that was new.

        ``since`` moves with state and reason only, or when it happened once more (``anew``). Who has looked already
        gives what was ``known``, which spares a second look where nothing changed.
        """
        message = message[:_LONGEST]
        seen = self._stands(project_id, kind) if known is None else known.get(kind)
        if not anew and seen is not None and (seen.state, seen.reason, seen.message) == (state, reason, message):
            return False
        with self._record.change() as change:
            row = change.session.get(ConditionRow, (project_id, kind.value))
            moved = anew or row is None or (row.state, row.reason) != (state.value, reason)
            if row is None:
                row = ConditionRow(project_id=project_id, kind=kind.value)
                change.session.add(row)
            row.state, row.reason, row.message = state.value, reason, message
            if moved:
                row.since = self._record.clock()
            change.tell(
                Event(
                    kind="condition.noted",
                    actor="system:controller",
                    subject=f"project:{project_id}",
                    details={"condition": kind.value, "state": state.value, "reason": reason},
                )
            )
        return True

    def others_than(self, kind: ConditionKind, reason: str) -> list[str]:
        """Return the projects of which this was noted, lastly with another reason."""
        with self._record.read() as session:
            return store.projects_noted_otherwise(session, kind.value, reason)

    def counted(self) -> dict[tuple[str, str], int]:
        """Count projects by condition and state, for the controller's figures."""
        with self._record.read() as session:
            return store.condition_counts(session)

    def failed(self, project_id: str, kind: ConditionKind, error: OrchestratorError) -> None:
        """Note that something does not hold, or that nobody knows, in the words of an error."""
        state = ConditionState.UNKNOWN if getattr(error, "unknown_outcome", False) else ConditionState.FALSE
        self.note(project_id, kind, state, reason_of(error), error.message)

    def session_ended(self, project_id: str, reason: str, words: str) -> None:
        """Note that a session ended although nobody wanted that; the newest such ending stays shown."""
        word = "".join(part.title() for part in reason.split("-"))
        self.note(project_id, ConditionKind.SESSIONS, ConditionState.FALSE, word, words, anew=True)

    def knows(self, project_id: str, kind: ConditionKind) -> bool:
        """Say whether anything was ever noted of it."""
        return self._stands(project_id, kind) is not None

    def when(self, project_id: str, kind: ConditionKind, reason: str) -> datetime | None:
        """Return since when a condition is noted with that reason, if it is."""
        with self._record.read() as session:
            row = session.get(ConditionRow, (project_id, kind.value))
            return row.since if row is not None and row.reason == reason else None

    def holds(self, project_id: str, kind: ConditionKind) -> bool:
        """Say whether a condition is noted as true."""
        with self._record.read() as session:
            row = session.get(ConditionRow, (project_id, kind.value))
            return row is not None and row.state == ConditionState.TRUE.value

    def _stands(self, project_id: str, kind: ConditionKind) -> Condition | None:
        with self._record.read() as session:
            row = session.get(ConditionRow, (project_id, kind.value))
            return None if row is None else _condition(row)


def reason_of(error: OrchestratorError) -> str:
    """Return an error's word in the form of a condition's reason."""
    return "".join(part.title() for part in error.word.split("-"))


def _condition(row: ConditionRow) -> Condition:
    return Condition(
        kind=ConditionKind(row.kind),
        state=ConditionState(row.state),
        reason=row.reason,
        message=row.message,
        since=row.since,
    )
