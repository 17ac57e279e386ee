"""The controller's queue: nothing twice at once, nothing lost, nobody passed over, failing ones further apart."""

from __future__ import annotations

import threading
import time
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orchestrator.controller.queue import Backoff, Task, WorkQueue


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def queue(hand: Hand, **more: Any) -> WorkQueue:
    return WorkQueue(clock=hand, chance=lambda: 1.0, backoff=Backoff(first=1.0, longest=8.0), **more)


A, B = Task("a", "keep"), Task("b", "keep")
OF_A = Task("a", "place")


def test_adding_often_is_adding_once() -> None:
    work = queue(Hand())
    for _ in range(5):
        work.add(A)
    assert work.depths() == {"keep": 1}
    assert work.take() == A
    work.finish(A)
    assert work.take() is None


def test_what_is_added_while_it_is_under_way_comes_again() -> None:
    work = queue(Hand())
    work.add(A)
    assert work.take() == A
    work.add(A)
    assert work.take() is None
    work.finish(A)
    assert work.take() == A


def test_two_tasks_of_one_project_are_never_under_way_together() -> None:
    work = queue(Hand())
    work.add(A)
    work.add(OF_A)
    work.add(B)
    assert [work.take(), work.take(), work.take()] == [A, B, None]
    work.finish(A)
    assert work.take() == OF_A


def test_a_failing_task_waits_longer_each_time_up_to_a_bound_and_a_success_forgets_it() -> None:
    hand = Hand()
    work = queue(hand)
    work.add(A)
    pauses = []
    for _ in range(6):
        assert work.take() == A
        work.finish(A, failed=True)
        work.add(A)
        begun = hand.now
        while work.take() is None:
            hand.now += 0.5
        pauses.append(hand.now - begun)
        work.finish(A)
        work._failures[A] = len(pauses)
        work.add(A)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert work.take() == A
    work.finish(A)
    assert work.failures(A) == 0


def test_an_event_does_not_shorten_a_pause_but_a_persons_deed_does() -> None:
    work = queue(Hand())
    work.add(A)
    work.take()
    work.finish(A, failed=True)
    work.add(A)
    assert work.take() is None
    work.add(A, urgent=True)
    assert work.take() == A


def test_pauses_of_many_failing_projects_are_spread() -> None:
    work = WorkQueue(backoff=Backoff(first=4.0, longest=60.0))
    pauses = {work._backoff.delay(3, work._chance()) for _ in range(50)}
    assert len(pauses) > 40
    assert min(pauses) >= 8.0
    assert max(pauses) <= 16.0


def test_a_project_that_is_always_due_passes_nobody_over() -> None:
    work = queue(Hand())
    others = [Task(f"p{number}", "keep") for number in range(20)]
    work.add(A)
    for task in others:
        work.add(task)
    taken = []
    for _ in range(40):
        task = work.take()
        assert task is not None
        taken.append(task)
        work.finish(task)
        work.add(A)
    assert set(taken[:21]) == {A, *others}


def test_a_slow_project_holds_up_no_other_and_workers_end() -> None:
    work, stuck, done = WorkQueue(), threading.Event(), []
    work.add(A)

    def run() -> None:
        while (task := work.take(5.0)) is not None:
            if task == A:
                stuck.wait(120)
            else:
                done.append(task)
            work.finish(task)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    others = [Task(f"p{number}", "keep") for number in range(50)]
    for task in others:
        work.add(task)
    deadline = time.monotonic() + 90
    while len(done) < 50 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(done) == sorted(others)
    stuck.set()
    work.close()
    for thread in threads:
        thread.join(90)
        assert not thread.is_alive()


TASKS = st.builds(Task, st.sampled_from("abc"), st.sampled_from(["keep", "place"]))


class Queue(RuleBasedStateMachine):
    """Compares the queue with a list that is looked through whole."""

    def __init__(self) -> None:
        super().__init__()
        self.hand = Hand()
        self.work = queue(self.hand)
        self.wanted: dict[Task, float] = {}
        self.again: dict[Task, float] = {}
        self.busy: set[Task] = set()
        self.failed: dict[Task, int] = {}
        self.not_before: dict[Task, float] = {}

    def want(self, task: Task, moment: float) -> None:
        moment = max(moment, self.not_before.get(task, moment))
        self.wanted[task] = min(moment, self.wanted.get(task, moment))

    @rule(task=TASKS, after=st.sampled_from([0.0, 1.0, 5.0]), urgent=st.booleans())
    def add(self, task: Task, after: float, urgent: bool) -> None:
        self.work.add(task, after=after, urgent=urgent)
        if urgent:
            self.failed.pop(task, None)
            self.not_before.pop(task, None)
        moment = self.hand.now + after
        if task in self.busy:
            self.again[task] = min(moment, self.again.get(task, moment))
        else:
            self.want(task, moment)

    @rule()
    def take(self) -> None:
        taken = self.work.take()
        hands = {task.project_id for task in self.busy}
        free = {task: at for task, at in self.wanted.items() if at <= self.hand.now and task.project_id not in hands}
        if taken is None:
            assert not free
            return
        assert free[taken] == min(free.values()), "somebody was passed over"
        del self.wanted[taken]
        self.busy.add(taken)

    @precondition(lambda self: self.busy)
    @rule(failed=st.booleans(), again=st.sampled_from([None, 0.0, 2.0]), data=st.data())
    def finish(self, failed: bool, again: float | None, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(sorted(self.busy)))
        self.work.finish(task, failed=failed, again=again)
        self.busy.remove(task)
        noticed = self.again.pop(task, None)
        if failed:
            self.failed[task] = self.failed.get(task, 0) + 1
            self.not_before[task] = self.hand.now + min(8.0, 2.0 ** (self.failed[task] - 1))
            self.want(task, self.not_before[task])
        else:
            self.failed.pop(task, None)
            self.not_before.pop(task, None)
            if again is not None:
                self.want(task, self.hand.now + again)
        if noticed is not None:
            self.want(task, noticed)

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 9.0]))
    def wait(self, seconds: float) -> None:
        self.hand.now += seconds

    @invariant()
    def counts_agree(self) -> None:
        assert sum(self.work.depths().values()) == sum(1 for at in self.wanted.values() if at <= self.hand.now)
        assert sum(self.work.putting_off().values()) == len(self.failed)
        for task in self.wanted.keys() | self.busy:
            assert self.work.waits(task)

    def teardown(self) -> None:
        """Whatever happened, what is wanted is handed out in the end."""
        for task in list(self.busy):
            self.finish_at_rest(task)
        for _ in range(50):
            self.hand.now += 10
            task = self.work.take()
            if task is None:
                break
            self.wanted.pop(task)
            self.work.finish(task)
        assert not self.wanted

    def finish_at_rest(self, task: Task) -> None:
        self.work.finish(task)
        self.busy.discard(task)
        if self.again.pop(task, None) is not None:
            self.wanted[task] = 0.0


TestQueue = Queue.TestCase
TestQueue.settings = settings(
    max_examples=150, stateful_step_count=40, suppress_health_check=list(HealthCheck), deadline=None
)
