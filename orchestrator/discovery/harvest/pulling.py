"""Pulls endpoints in small steps, each of which is recorded: killed at any moment, the next process goes on."""

from __future__ import annotations

import time
from datetime import timedelta

from orchestrator.audit.record import Record

from . import store
from .beginning import begin_pull
from .endings import fail, put_off
from .faults import Fault, FaultKind
from .fetching import Fetching
from .listing_steps import Listing
from .model import ENDPOINT_STATES, EndpointState, PullKind, PullState
from .ports import Fetcher, Secrets
from .rules import next_due
from .speaking import SYSTEM, about_endpoint, tell_keepers
from .standing import is_stale
from .testing import Testing

__all__ = ["Puller"]

_AT_ONCE_FAILING = frozenset({FaultKind.REJECTED, FaultKind.SECRET, FaultKind.FORBIDDEN_ADDRESS})
_STEP = 2.0
_LISTING_FOR = timedelta(days=1)
_FETCHING_FOR = timedelta(days=7)


class Puller:
    """What the controller holds: the network, the secrets and the record."""

    def __init__(
        self, record: Record, *, fetcher: Fetcher, secrets: Secrets, percent: int = 20, page: int = 100
    ) -> None:
        """``percent`` of an endpoint's entries may disappear at once without a person; ``page`` datasets are asked."""
        self._record = record
        self._listing = Listing(record, fetcher=fetcher, secrets=secrets, page=page)
        self._fetching = Fetching(record, fetcher=fetcher, secrets=secrets, percent=percent)
        self._testing = Testing(record, fetcher=fetcher, secrets=secrets, page=page)

    def work(self, seconds: float = 10.0) -> bool:
        """Work on what is due for about so long, one round at least; say whether anything was done.

        In each round every pull takes a step of two seconds at most, so that none holds up the others.
        """
        self._begin_due()
        until = time.monotonic() + seconds
        worked = False
        while True:
            with self._record.read() as session:
                waiting = [row.pull_id for row in store.due_pulls(session, self._record.clock())]
            for pull_id in waiting:
                self.step(pull_id, seconds=max(0.0, min(_STEP, until - time.monotonic())))
            worked = worked or bool(waiting)
            if not waiting or time.monotonic() >= until:
                return worked

    def step(self, pull_id: str, *, seconds: float = 0.0) -> None:
        """Take a pull on by one page or by records for so many seconds, one at least."""
        with self._record.read() as session:
            pull = store.pull_row(session, pull_id)
        if pull.state not in (PullState.LISTING, PullState.FETCHING):
            return
        limit = _LISTING_FOR if pull.state == PullState.LISTING else _FETCHING_FOR
        if self._record.clock() - pull.started_at > limit:
            fail(self._record, pull_id, "The pull did not come to an end in time; the next one goes on with the rest.")
            return
        try:
            if pull.kind == PullKind.TEST:
                self._testing.run(pull_id)
            elif pull.state == PullState.LISTING:
                self._listing.turn(pull_id)
            else:
                self._fetching.go_on(pull_id, seconds=seconds)
        except Fault as fault:
            self._faulted(pull_id, PullKind(pull.kind), fault)

    def tell_of_stale_ones(self) -> int:
        """Tell officers and operators, once each time, of endpoints that were not read for days. Repeatable."""
        told = 0
        with self._record.read() as session:
            rows = [row for row in store.endpoints(session) if is_stale(row, self._record.clock())]
        for row in rows:
            if row.stale_told:
                continue
            with self._record.change() as change:
                fresh = store.endpoint_row(change.session, row.endpoint_id)
                fresh.stale_told = True
                change.tell(about_endpoint("stale", SYSTEM, fresh))
                tell_keepers(change, fresh, "stale", self._record.clock())
                told += 1
        return told

    def _begin_due(self) -> None:
        now = self._record.clock()
        with self._record.read() as session:
            due = [row.endpoint_id for row in store.due_endpoints(session, now)]
        for endpoint_id in due:
            with self._record.change() as change:
                row = store.endpoint_row(change.session, endpoint_id)
                if row.state != EndpointState.ENABLED or row.due_at is None or row.due_at > now:
                    continue
                row.due_at = next_due(row.hour, row.minute, after=now)
                if store.open_pull(change.session, endpoint_id) is None:
                    begin_pull(change, row, PullKind.DAILY, asked_by=SYSTEM, now=now)
                else:
                    change.tell(about_endpoint("still-pulled", SYSTEM, row))

    def _faulted(self, pull_id: str, kind: PullKind, fault: Fault) -> None:
        if kind is PullKind.TEST:
            self._test_failed(pull_id, fault)
        elif fault.retry and fault.kind not in _AT_ONCE_FAILING:
            put_off(self._record, pull_id, fault.message)
        else:
            fail(self._record, pull_id, fault.message)

    def _test_failed(self, pull_id: str, fault: Fault) -> None:
        fail(self._record, pull_id, fault.message)
        with self._record.change() as change:
            pull = store.pull_row(change.session, pull_id)
            row = store.endpoint_row(change.session, pull.endpoint_id)
            row.state = ENDPOINT_STATES.after(EndpointState(row.state), "fail").value
            row.tested_at = None
            change.tell(about_endpoint("test-failed", SYSTEM, row, why=fault.kind.value))
