"""What one task does: bring a place in step, bring a workspace in step, take away what may not be there."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from orchestrator.workspaces.places.conditions import ConditionKind, ConditionState

from .queue import Task
from .workers import Outcome

if TYPE_CHECKING:
    from orchestrator.assembly import Controls

__all__ = ["KEEP", "PLACE", "WITHDRAW", "Passes"]

PLACE, KEEP, WITHDRAW = "place", "keep", "withdraw"


class Passes:
    """Every pass looks at the record and at what is there; none relies on what an earlier one did."""

    def __init__(
        self,
        controls: Controls,
        *,
        slept: Callable[[str], None],
        placed: Callable[[str], None] = lambda _project_id: None,
    ) -> None:
        """``slept`` is told of a workspace that was put to sleep, ``placed`` once of each place that is in step."""
        self._controls = controls
        self._slept = slept
        self._placed = placed
        self._seen: set[str] = set()
        self._lanes: Mapping[str, Callable[[str], Outcome]] = {
            PLACE: self._place,
            KEEP: self._keep,
            WITHDRAW: self._withdraw,
        }

    def __call__(self, task: Task) -> Outcome:
        """Do one task."""
        return self._lanes[task.lane](task.project_id)

    def _place(self, project_id: str) -> Outcome:
        provisioner = self._controls.surroundings.provisioner
        if provisioner is None:
            return Outcome()
        step = provisioner.keep(project_id)
        if not step.trouble and project_id not in self._seen:
            self._seen.add(project_id)
            self._placed(project_id)
        resync = self._controls.house.settings.controller.resync_seconds
        spread = resync * random.uniform(0.9, 1.1)  # noqa: S311 - spread, no secret
        return Outcome(failed=bool(step.trouble), again=spread if step.again is None else min(spread, step.again))

    def _keep(self, project_id: str) -> Outcome:
        """Keep an awake workspace in step; put one to sleep that is not to be awake any more."""
        trouble = self._controls.keeper.keep(project_id)
        self._note_awake(project_id)
        return Outcome(failed=bool(trouble))

    def _withdraw(self, project_id: str) -> Outcome:
        return Outcome(failed=bool(self._controls.keeper.withdraw(project_id)))

    def _note_awake(self, project_id: str) -> None:
        row = self._controls.register.workspace(project_id)
        if not row.awake:
            self._slept(project_id)
            state, reason, message = ConditionState.FALSE, "Asleep", "It wakes when a member opens it."
        elif row.trouble:
            state, reason, message = ConditionState.FALSE, "Troubled", row.trouble
        elif row.ready_at is None:
            state, reason, message = ConditionState.FALSE, "Waking", "It is being started."
        else:
            state, reason, message = ConditionState.TRUE, "Ready", "It can be entered."
        self._controls.conditions.note(project_id, ConditionKind.AWAKE, state, reason, message)
