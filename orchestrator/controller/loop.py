"""The controller's loop: one round a second; each part is tried in every round, whatever happened to the others."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from orchestrator.core.errors import OrchestratorError

from .desk import DeskParts, DeskServer

if TYPE_CHECKING:
    from orchestrator.assembly import Controls, House

__all__ = ["Controller", "run"]

_log = logging.getLogger(__name__)
_ROUND = 1.0
_WORKERS = 16


class Controller:
    """Works from the record alone: killed at any moment, the next one goes on from what it sees."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._desk_parts = DeskParts(
            identity=controls.house.identity,
            register=controls.register,
            launcher=controls.launcher,
            keeper=controls.keeper,
            admitted=controls.house.access.admitted,
        )
        self._desks: dict[str, DeskServer] = {}
        self._passes: dict[str, Future[None]] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="project")
        self._due: dict[str, float] = {}

    def round(self) -> None:
        """Do everything that is due once."""
        self._attempt("seal", self._controls.seal_arrivals)
        self._attempt("keep", self._keep_projects)
        self._attempt("deliver", self._controls.deliver_notices)
        self._every("orphans", 15, self._end_orphans)
        self._every("chase", 60, self._controls.chase)
        self._every("sweep", 3600, self._controls.house.discovery.sweep_arrivals)
        self._every("bytes", 15, self._count_bytes)

    def close(self) -> None:
        """Leave workspaces running and go; the next controller adopts them."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for desk in self._desks.values():
            desk.close()
        self._desks.clear()

    def _keep_projects(self) -> None:
        wanted = {row.project_id for row in self._controls.register.workspaces_wanted()}
        for project_id in wanted:
            desk = self._desks.get(project_id)
            if desk is None or not desk.alive():
                self._desks[project_id] = DeskServer(project_id, self._controls.desk_path(project_id), self._desk_parts)
        for project_id in wanted | set(self._desks):
            self._submit(f"keep {project_id}", self._keep_one, project_id)
            self._submit(f"withdraw {project_id}", self._controls.keeper.withdraw, project_id)

    def _submit(self, name: str, step: Callable[[str], object], project_id: str) -> None:
        """Run a step beside the others, unless its last run is still under way."""
        running = self._passes.get(name)
        if running is None or running.done():
            self._passes[name] = self._pool.submit(self._attempt, name, lambda: step(project_id))

    def _keep_one(self, project_id: str) -> None:
        self._controls.keeper.keep(project_id)
        if not self._controls.register.workspace(project_id).awake and project_id in self._desks:
            self._desks.pop(project_id).close()

    def _end_orphans(self) -> None:
        self._controls.keeper.end_orphans()

    def _count_bytes(self) -> None:
        for row in self._controls.register.workspaces_wanted():
            if row.ready_at is not None:
                project_id = row.project_id
                self._attempt("bytes", lambda project_id=project_id: self._controls.keeper.count_bytes(project_id))  # type: ignore[misc]

    def _every(self, name: str, seconds: float, step: Callable[[], object]) -> None:
        now = time.monotonic()
        if now >= self._due.get(name, 0.0):
            self._due[name] = now + seconds
            self._attempt(name, step)

    def _attempt(self, name: str, step: Callable[[], object]) -> None:
        try:
            step()
        except OrchestratorError as error:
            _log.warning("%s: %s", name, error.message)
        except Exception:  # noqa: BLE001 - one part that fails must not stop the others
            _log.exception("%s failed; it is tried again in the next round", name)


def run(house: House) -> None:
    """Run until TERM or INT."""
    from orchestrator.assembly import open_controls  # noqa: PLC0415 - the package is imported without its parts

    controls = open_controls(house)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    controller = Controller(controls)
    try:
        while not stop.is_set():
            controller.round()
            stop.wait(_ROUND)
    finally:
        controller.close()
