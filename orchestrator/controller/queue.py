"""Work that waits for the controller: each task at most once, each project in one hand, what fails later and later."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Backoff", "Task", "WorkQueue"]


@dataclass(frozen=True, order=True)
class Task:
    """One kind of pass over one project. Two tasks of one project are never under way together."""

    project_id: str
    lane: str


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How long a failing task waits: doubled with each failure up to ``longest``, never less than half of that."""

    first: float = 1.0
    longest: float = 60.0

    def delay(self, failures: int, chance: float) -> float:
        """Return the seconds after so many failures in a row; ``chance`` (0 to 1) keeps failing tasks apart."""
        whole = min(self.longest, self.first * 2.0 ** min(failures - 1, 40))
        return whole * (0.5 + 0.5 * chance)


class WorkQueue:
    """Level-triggered: whoever notices something adds the task, once is as good as often, and nothing is lost.

    The task that was due first is taken first, so nobody is passed over. A task that is added while it is under way
    comes again afterwards. A task that failed is not taken before its pause is over, however often it is added,
    unless somebody did something about it (``urgent``).
    """

    def __init__(
        self,
        *,
        backoff: Backoff | None = None,
        lanes: Mapping[str, Backoff] | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._backoff, self._lanes = backoff or Backoff(), dict(lanes or {})
        self._clock, self._chance = clock, chance
        self._changed = threading.Condition()
        self._order: list[tuple[float, int, Task]] = []
        self._number = itertools.count()
        self._due: dict[Task, float] = {}
        self._parked: defaultdict[str, list[Task]] = defaultdict(list)
        self._busy: dict[str, Task] = {}
        self._again: dict[Task, float] = {}
        self._failures: dict[Task, int] = {}
        self._not_before: dict[Task, float] = {}
        self._closed = False
        self.backoffs = 0
        """How often a task was put off because it failed."""

    def add(self, task: Task, *, after: float = 0.0, urgent: bool = False) -> None:
        """Have the task done in ``after`` seconds, or sooner when it waits for an earlier moment already."""
        with self._changed:
            if urgent:
                self._failures.pop(task, None)
                self._not_before.pop(task, None)
            moment = self._clock() + after
            if self._busy.get(task.project_id) == task:
                self._again[task] = min(moment, self._again.get(task, moment))
            else:
                self._schedule(task, moment)

    def take(self, timeout: float = 0.0) -> Task | None:
        """Return the next task that is due, or none within ``timeout`` seconds or once the queue is closed."""
        with self._changed:
            deadline = self._clock() + timeout
            while not self._closed:
                task = self._next()
                if task is not None:
                    self._busy[task.project_id] = task
                    return task
                now = self._clock()
                if now >= deadline:
                    return None
                soonest = self._order[0][0] if self._order else deadline
                self._changed.wait(max(0.0, min(deadline, soonest) - now))
            return None

    def finish(self, task: Task, *, failed: bool = False, again: float | None = None) -> None:
        """Give a task back: one that failed returns after its pause, one that did not in ``again`` seconds or never."""
        with self._changed:
            self._busy.pop(task.project_id, None)
            noticed = self._again.pop(task, None)
            moments = [] if noticed is None else [noticed]
            if failed:
                moments.append(self._put_off(task))
            else:
                self._failures.pop(task, None)
                self._not_before.pop(task, None)
                if again is not None:
                    moments.append(self._clock() + again)
            if moments:
                self._schedule(task, min(moments))
            for waiting in self._parked.pop(task.project_id, []):
                self._push(waiting)

    def clear(self) -> None:
        """Forget everything that waits; what is under way may finish and does not come again."""
        with self._changed:
            for kept in (self._order, self._due, self._parked, self._again, self._failures, self._not_before):
                kept.clear()

    def close(self) -> None:
        """Hand out nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nothing is handed out any more."""
        return self._closed

    def waits(self, task: Task) -> bool:
        """Say whether the task is under way or will be taken one day."""
        with self._changed:
            return task in self._due or self._busy.get(task.project_id) == task

    def depths(self) -> dict[str, int]:
        """Count, by lane, the tasks that are due and not under way."""
        with self._changed:
            now = self._clock()
            return dict(Counter(task.lane for task, moment in self._due.items() if moment <= now))

    def putting_off(self) -> dict[str, int]:
        """Count, by lane, the tasks whose last run failed."""
        with self._changed:
            return dict(Counter(task.lane for task in self._failures))

    def failures(self, task: Task) -> int:
        """Count the failures in a row of one task."""
        with self._changed:
            return self._failures.get(task, 0)

    def _put_off(self, task: Task) -> float:
        self.backoffs += 1
        self._failures[task] = failures = self._failures.get(task, 0) + 1
        backoff = self._lanes.get(task.lane, self._backoff)
        self._not_before[task] = moment = self._clock() + backoff.delay(failures, self._chance())
        return moment

    def _schedule(self, task: Task, moment: float) -> None:
        moment = max(moment, self._not_before.get(task, moment))
        if task not in self._due or moment < self._due[task]:
            self._due[task] = moment
            self._push(task)

    def _push(self, task: Task) -> None:
        if task in self._due:
            heapq.heappush(self._order, (self._due[task], next(self._number), task))
            self._changed.notify()

    def _next(self) -> Task | None:
        """Take the task that is due first and whose project is in nobody's hand."""
        now = self._clock()
        while self._order and self._order[0][0] <= now:
            moment, _, task = heapq.heappop(self._order)
            if self._due.get(task) != moment:
                continue  # it was moved to an earlier moment, or forgotten
            if task.project_id in self._busy:
                self._parked[task.project_id].append(task)
                continue
            del self._due[task]
            return task
        return None
