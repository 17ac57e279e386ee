"""What the controller does besides projects, each by itself: one that is slow or fails holds up no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from orchestrator.core.logs import named

from .metrics import Metrics
from .queue import Backoff, Task, WorkQueue
from .workers import Outcome

if TYPE_CHECKING:
    from orchestrator.assembly import Controls

__all__ = ["Chores"]

_log = logging.getLogger(__name__)
_LANE = "chore"


class Chores:
    """Each has its own rhythm. A chore that failed comes again after a pause that grows with its failures."""

    def __init__(self, controls: Controls, metrics: Metrics) -> None:
        self._controls = controls
        self._metrics = metrics
        self.queue = WorkQueue(backoff=Backoff(longest=30.0))
        self._chores: Mapping[str, tuple[float, Callable[[], object]]] = {
            "seal": (1.0, controls.arrivals.seal),
            "deliver": (1.0, controls.notices.deliver),
            "replays": (2.0, controls.replayer.step),
            "orphans": (15.0, controls.keeper.end_orphans),
            "bytes": (15.0, self._count_bytes),
            "chase": (60.0, controls.chase),
            "public register": (60.0, controls.house.register.bring_up_to_date),
            "strangers": (60.0, self._look_for_strangers),
            "certificate": (3600.0, controls.surroundings.renew),
            "harvest": (1.0, controls.harvest),
            "published for hubs": (60.0, controls.hubs.publish),
            "hubs asked": (5.0, controls.hubs.ask),
            "hubs in the catalogue": (5.0, controls.hubs.enter),
            "quotes": (600.0, controls.house.billing.chase),
            "catalogue": (600.0, controls.keep_catalogue),
            "saved searches": (60.0, controls.house.saved_searches.look),
            "missed searches": (3600.0, controls.house.missed_searches.forget),
            "sweep": (3600.0, controls.house.discovery.sweep_arrivals),
        }

    def remind(self) -> None:
        """Have every chore done that waits for no moment of its own."""
        for name in self._chores:
            task = Task(name, _LANE)
            if not self.queue.waits(task):
                self.queue.add(task)

    def __call__(self, task: Task) -> Outcome:
        """Do one chore."""
        seconds, chore = self._chores[task.project_id]
        chore()
        return Outcome(again=seconds)

    def _count_bytes(self) -> None:
        for row in self._controls.register.workspaces_wanted():
            if row.ready_at is not None:
                self._controls.keeper.count_bytes(row.project_id)

    def _look_for_strangers(self) -> None:
        """Tell of places that the record does not know; nobody but a person may decide what becomes of them."""
        provisioner = self._controls.surroundings.provisioner
        if provisioner is None:
            return
        strangers = provisioner.strangers()
        self._metrics.strangers.set(len(strangers))
        for place in strangers:
            _log.error(
                "the namespace %s is labelled as ours, and the record does not know it: look at it",
                place.name,
                extra=named("place.unknown"),
            )
