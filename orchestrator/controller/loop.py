"""The controller: whoever leads fills queues from the record and from what changed; workers bring projects in step."""

from __future__ import annotations

import gc
import logging
import math
import signal
import threading
import time
from typing import TYPE_CHECKING

from orchestrator.core.errors import OrchestratorError
from orchestrator.core.logs import named
from orchestrator.workspaces.figures import count
from orchestrator.workspaces.places.conditions import ConditionKind

from .chores import Chores
from .desks import open_desks
from .metrics import Metrics
from .passes import KEEP, PLACE, WITHDRAW, Passes
from .queue import Backoff, Task, WorkQueue
from .reporting import health_server
from .triggers import Follower
from .workers import Workers

if TYPE_CHECKING:
    from orchestrator.assembly import Controls, House

__all__ = ["Controller", "run"]

_log = logging.getLogger(__name__)
_ROUND = 1.0
_LEAVING = 120.0
_CHORES = 3
_LISTED_WITHIN = 30.0
"""Seconds in which a controller that just started lists what there is; after that its absence is a trouble to tell."""


class Controller:
    """Works from the record alone: killed at any moment, the next one goes on from what it sees.

    Withdrawals have a queue and hands of their own, so that nothing that is slow elsewhere holds them up.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._surroundings = controls.surroundings
        self.metrics = Metrics()
        self.projects = WorkQueue(lanes={KEEP: Backoff(longest=15.0), PLACE: Backoff(longest=60.0)})
        self.withdrawals = WorkQueue(backoff=Backoff(longest=2.0))
        self.chores = Chores(controls, self.metrics)
        self._desks = open_desks(controls)
        self._follower = Follower(controls.house.record)
        self._slept: set[str] = set()
        passes = Passes(controls, slept=self._slept.add, placed=self._placed)
        workers = controls.house.settings.controller.workers
        self._workers = [
            Workers(name, queue, handle, count=count, may_act=self.leads, metrics=self.metrics)
            for name, queue, handle, count in (
                ("project", self.projects, passes, workers),
                ("withdrawal", self.withdrawals, passes, workers),
                ("chore", self.chores.queue, self.chores, _CHORES),
            )
        ]
        self._leading = self._listed = False
        self._listed_by = time.monotonic() + _LISTED_WITHIN
        self.beat = time.monotonic()
        """When the loop last came round."""

    def leads(self) -> bool:
        """Say whether this process may act now."""
        return self._surroundings.leadership.leads()

    def start(self) -> None:
        """Begin to watch, to stand for the lead and to work."""
        self._report()
        self._surroundings.changes.subscribe(self.changed)
        self._surroundings.start()
        self._surroundings.leadership.start()
        for workers in self._workers:
            workers.start()

    def round(self) -> None:
        """Fill the queues with what is due, or stand by."""
        self.beat = time.monotonic()
        try:
            if self.leads():
                self._lead()
            else:
                self._stand_by()
        except OrchestratorError as error:
            _log.warning("%s", error.message, extra=named("round.failed"))
        except Exception:  # noqa: BLE001 - a round that fails must not be the last one
            _log.exception("a round failed; the next one tries again", extra=named("round.failed"))

    def changed(self, project_id: str) -> None:
        """Look at a project's place soon: something of it changed in the cluster."""
        if self._listed:
            self.projects.add(Task(project_id, PLACE))

    def close(self) -> None:
        """Leave workspaces running and go; the next controller adopts them."""
        for queue in (self.projects, self.withdrawals, self.chores.queue):
            queue.close()
        for workers in self._workers:
            if not workers.join(_LEAVING):
                _log.error("a pass did not end in %.0f s and is left behind", _LEAVING, extra=named("controller.left"))
        self._desks.close_all()
        self._surroundings.leadership.stop()
        self._surroundings.stop()

    def _lead(self) -> None:
        if not self._leading:
            _log.info("this controller acts now", extra=named("controller.leads"))
            self._follower.skip()
            self._leading = True
        if not self._listed and self._knows():
            self._listed = True
            self._look_at_all()
        for touched in self._follower.news() if self._listed else ():
            if self._surroundings.provisioner is not None:
                self.projects.add(Task(touched.project_id, PLACE), urgent=touched.by_person)
            if touched.by_person and touched.project_id in self._desks.projects():
                self.projects.add(Task(touched.project_id, KEEP), urgent=True)
        self._keep_awake_ones()
        self.chores.remind()

    def _stand_by(self) -> None:
        """Act no more: what is under way ends at its next write; everything is found again by who leads."""
        if self._leading:
            _log.warning("this controller no longer leads; it stands by", extra=named("controller.stands-by"))
        self._leading = self._listed = False
        for queue in (self.projects, self.withdrawals, self.chores.queue):
            queue.clear()
        self._desks.close_all()

    def _placed(self, project_id: str) -> None:
        """Go on at once with a workspace that waited for its place."""
        if project_id in self._desks.projects():
            self.projects.add(Task(project_id, KEEP), urgent=True)

    def _knows(self) -> bool:
        """Say whether everything was listed once. Before that nothing is brought in step; withdrawals do not wait."""
        return self._surroundings.age() < math.inf or time.monotonic() > self._listed_by

    def _look_at_all(self) -> None:
        if self._surroundings.provisioner is not None:
            every = {*self._controls.house.access.project_ids(), *self._surroundings.provisioner.known()}
            for project_id in sorted(every):
                self.projects.add(Task(project_id, PLACE))
        # whoever led before may have been cut off while a workspace went to sleep: nobody else would say that it sleeps
        for project_id in self._controls.conditions.others_than(ConditionKind.AWAKE, "Asleep"):
            self.projects.add(Task(project_id, KEEP))

    def _keep_awake_ones(self) -> None:
        wanted = {row.project_id for row in self._controls.register.workspaces_wanted()}
        news = wanted - self._desks.projects()
        self._desks.open(wanted)
        for project_id in list(self._slept):
            self._slept.discard(project_id)
            if project_id not in wanted:
                self._desks.close(project_id)
        for project_id in self._desks.projects():
            if self._listed:
                self.projects.add(Task(project_id, KEEP), urgent=project_id in news)
            self.withdrawals.add(Task(project_id, WITHDRAW))

    def _report(self) -> None:
        sources, queues = self.metrics.sources, (self.projects, self.withdrawals, self.chores.queue)
        sources.depths = lambda: {lane: count for queue in queues for lane, count in queue.depths().items()}
        sources.putting_off = lambda: {lane: count for queue in queues for lane, count in queue.putting_off().items()}
        sources.backoffs = lambda: sum(queue.backoffs for queue in queues)
        sources.figures = lambda: count(self._controls.house.record)
        if self._surroundings.provisioner is not None:
            self._surroundings.provisioner.drifted = self.metrics.drifted
            self._surroundings.provisioner.may_act = self.leads
        sources.calls, sources.leads = self._surroundings.calls, self.leads
        sources.lease_age, sources.mirror_age = self._surroundings.leadership.age, self._surroundings.age


def _collect_seldom() -> None:
    """Leave alone what lives as long as the process, and look for cycles after many new objects only.

    Lists of thousands of things make millions of short-lived objects, which are freed without this: with 1,000 projects
    the search for cycles took a third of a fresh controller's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def run(house: House) -> None:
    """Run until TERM or INT."""
    from orchestrator.assembly import open_controls  # noqa: PLC0415 - the package is imported without its parts

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    controls = open_controls(house)
    _collect_seldom()
    controller = Controller(controls)
    health = health_server(controls, controller)
    try:
        if health is not None:
            health.start()
        controller.start()
        while not stop.is_set():
            controller.round()
            stop.wait(_ROUND)
    finally:
        controller.close()
        controls.close()
        if health is not None:
            health.close()
