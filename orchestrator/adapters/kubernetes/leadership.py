"""One controller at a time: a Lease that is renewed, and a check, right before every write, that it is still held.

Times are measured by this machine's own clock, which goes on while the process is stopped or the machine sleeps: who
wakes up late finds the lead lost before it can write. What was seen of another holder counts from when it was seen,
so that clocks of different machines are never compared.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.core.errors import Conflict, OrchestratorError, Unavailable

from .cluster import Cluster
from .kinds import LEASE

__all__ = ["Leadership", "NotLeading", "steady"]

_log = logging.getLogger(__name__)


def steady() -> float:
    """Return seconds of a clock that never goes back and does not stop when the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class NotLeading(Unavailable):
    """Another controller may have the lead: nothing is written."""


@dataclass(frozen=True)
class _Seen:
    holder: str
    renewed: str
    transitions: int
    at: float


class Leadership:
    """This process's part in the election. ``check`` guards writes; ``token`` grows with every change of the lead."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        name: str,
        namespace: str,
        identity: str,
        lease_seconds: float = 15.0,
        renew_seconds: float = 3.0,
        clock: Callable[[], float] = steady,
    ) -> None:
        """``identity`` must differ for every process that ever runs, also for one that is started again."""
        self._cluster = cluster
        self._name = name
        self._namespace = namespace
        self._identity = identity
        self._lease_seconds = lease_seconds
        self._held_seconds = lease_seconds * 2 / 3
        self._renew_seconds = renew_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._token = -1
        self._seen: _Seen | None = None

    @property
    def leading(self) -> bool:
        """Whether this process has the lead now: its renewal is younger than two thirds of the Lease."""
        return self._clock() < self._until

    @property
    def age(self) -> float:
        """For how many seconds the lead was not renewed; endless before it was had."""
        return self._clock() - (self._until - self._held_seconds)

    @property
    def token(self) -> int:
        """The number of the lead (``leaseTransitions``): whoever leads later has a higher one."""
        self.check()
        return self._token

    def check(self, token: int | None = None) -> None:
        """Raise ``NotLeading`` unless this process leads, with ``token`` since that very lead."""
        if not self.leading or (token is not None and token != self._token):
            raise NotLeading("Another controller may lead now: this one writes nothing.", system="kubernetes")

    def attempt(self) -> bool:
        """Renew the Lease, or take it when it is free or was not renewed for its whole length; say whether we lead."""
        with self._lock:
            began = self._clock()
            try:
                self._try(began)
            except Conflict:
                _log.info("somebody else wrote the lease %s first", self._name)
            except OrchestratorError as error:
                _log.warning("lease %s: %s", self._name, error.message)
            return self.leading

    def run(self, stopping: threading.Event, *, lost: Callable[[], None] = lambda: None) -> None:
        """Take part until told to stop, then give the lead back; ``lost`` is called whenever it was lost."""
        led = False
        while not stopping.is_set():
            leads = self.attempt()
            if led and not leads:
                lost()
            led = leads
            stopping.wait(self._renew_seconds)
        self.release()

    def release(self) -> None:
        """Give the lead back, so that another need not wait; nothing is lost when that fails."""
        with self._lock:
            leads, self._until = self.leading, float("-inf")
            if not leads:
                return
            try:
                lease = self._cluster.get(LEASE, self._name, self._namespace)
                if lease and lease["spec"].get("holderIdentity") == self._identity:
                    self._cluster.replace(_with(lease, holderIdentity="", renewTime=_now(), leaseDurationSeconds=1))
            except OrchestratorError as error:
                _log.info("the lease %s was not given back: %s", self._name, error.message)

    def _try(self, began: float) -> None:
        lease = self._cluster.get(LEASE, self._name, self._namespace)
        if lease is None:
            self._hold(self._cluster.create(self._new()), began)
            return
        spec = lease.get("spec", {})
        holder, renewed = spec.get("holderIdentity") or "", str(spec.get("renewTime", ""))
        transitions = int(spec.get("leaseTransitions") or 0)
        if holder == self._identity:
            self._hold(self._cluster.replace(_with(lease, renewTime=_now())), began)
            return
        self._until = float("-inf")
        if self._seen is None or (self._seen.holder, self._seen.renewed) != (holder, renewed):
            self._seen = _Seen(holder, renewed, transitions, began)
        length = max(float(spec.get("leaseDurationSeconds") or 0), self._lease_seconds)
        if holder and began - self._seen.at <= length:
            return
        taken = _with(
            lease,
            holderIdentity=self._identity,
            acquireTime=_now(),
            renewTime=_now(),
            leaseDurationSeconds=int(self._lease_seconds),
            leaseTransitions=transitions + 1,
        )
        self._hold(self._cluster.replace(taken), began)

    def _hold(self, lease: dict[str, Any], began: float) -> None:
        """The lead counts from before the call was sent, and ends well before another may take it."""
        self._token = int(lease["spec"].get("leaseTransitions") or 0)
        self._until = began + self._held_seconds

    def _new(self) -> dict[str, Any]:
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._lease_seconds),
            "acquireTime": _now(),
            "renewTime": _now(),
            "leaseTransitions": 0,
        }
        metadata = {"name": self._name, "namespace": self._namespace}
        return {"apiVersion": LEASE.api_version, "kind": LEASE.name, "metadata": metadata, "spec": spec}


def _with(lease: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {**lease, "spec": {**lease["spec"], **fields}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
