"""A fixed number of hands that take tasks from a queue, measure them and give them back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.core.errors import OrchestratorError
from orchestrator.core.logs import named

from .metrics import Metrics
from .queue import Task, WorkQueue

__all__ = ["Outcome", "Workers"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a task went: whether it has to be tried again, or when it is due again although all is well."""

    failed: bool = False
    again: float | None = None


class Workers:
    """Threads over one queue. Before each task they ask whether this process may act at all."""

    def __init__(
        self,
        name: str,
        queue: WorkQueue,
        handle: Callable[[Task], Outcome],
        *,
        count: int,
        may_act: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        self._queue, self._handle, self._may_act, self._metrics = queue, handle, may_act, metrics
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(count)
        ]

    def start(self) -> None:
        """Begin to take tasks."""
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> bool:
        """Wait until every hand has put its task down; the queue must be closed before. Says whether all have."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while not self._queue.closed:
            task = self._queue.take(1.0)
            if task is None:
                continue
            if not self._may_act():
                self._queue.finish(task)  # whoever leads now finds it by himself
                continue
            began = time.monotonic()
            outcome = self._try(task)
            self._metrics.passed(task.lane, time.monotonic() - began, failed=outcome.failed)
            self._queue.finish(task, failed=outcome.failed, again=outcome.again)

    def _try(self, task: Task) -> Outcome:
        try:
            return self._handle(task)
        except OrchestratorError as error:
            _log.warning("%s", error.message, extra=named(f"{task.lane}.failed", task.project_id))
        except Exception:  # noqa: BLE001 - one task that fails must not end the hand that took it
            _log.exception("failed; it is tried again", extra=named(f"{task.lane}.failed", task.project_id))
        return Outcome(failed=True)
