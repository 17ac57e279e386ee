"""What the controller counts, in Prometheus' form; what the database counts is asked only when somebody looks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from orchestrator.workspaces.figures import Figures

__all__ = ["Metrics", "Sources"]

_log = logging.getLogger(__name__)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Sources:
    """Where figures come from that are asked when somebody looks; one that fails is left out, not waited for."""

    def __init__(self) -> None:
        self.figures: Callable[[], Figures] | None = None
        self.depths: Callable[[], Mapping[str, int]] = dict
        self.putting_off: Callable[[], Mapping[str, int]] = dict
        self.backoffs: Callable[[], int] = lambda: 0
        self.calls: Callable[[], Mapping[str, int]] = dict
        self.leads: Callable[[], bool] = lambda: False
        self.lease_age: Callable[[], float] = lambda: 0.0
        self.mirror_age: Callable[[], float] = lambda: 0.0


class Metrics:
    """One registry of this process' own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sources = Sources()
        self._passes = Histogram(
            "tre_reconcile_seconds",
            "How long a pass took.",
            ("lane", "outcome"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._drift = Counter("tre_drift", "Objects that were found changed and put back.", registry=self.registry)
        self.strangers = Gauge(
            "tre_unknown_places", "Places in the cluster that the record does not know.", registry=self.registry
        )
        self.registry.register(_Asked(self.sources))

    def passed(self, lane: str, seconds: float, *, failed: bool) -> None:
        """Note one pass."""
        self._passes.labels(lane, "failed" if failed else "done").observe(seconds)

    def drifted(self, count: int) -> None:
        """Note what was put back."""
        self._drift.inc(count)

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)


class _Asked(Collector):
    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked when this is registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        sources = self._sources
        yield _gauge("tre_queue_depth", "Tasks that are due and wait for a hand.", "lane", sources.depths())
        yield _gauge("tre_queue_failing", "Tasks whose last run failed.", "lane", sources.putting_off())
        yield CounterMetricFamily("tre_backoffs", "Tasks put off after a failure.", value=sources.backoffs())
        calls = CounterMetricFamily("tre_api_calls", "Calls to the cluster's API server.", labels=["verb"])
        for verb, count in sorted(sources.calls().items()):
            calls.add_metric([verb], count)
        yield calls
        yield GaugeMetricFamily("tre_leader", "1 in the controller that acts.", value=float(sources.leads()))
        yield GaugeMetricFamily(
            "tre_leader_lease_age_seconds", "Since the lead was last renewed.", value=sources.lease_age()
        )
        yield GaugeMetricFamily(
            "tre_mirror_age_seconds", "Since the watched picture was last confirmed.", value=sources.mirror_age()
        )
        yield from self._counted()

    def _counted(self) -> Iterator[GaugeMetricFamily]:
        if self._sources.figures is None:
            return
        try:
            figures = self._sources.figures()
        except Exception:  # noqa: BLE001 - figures are left out rather than taking the others down
            _log.warning("the record could not be counted; its figures are left out")
            return
        yield _gauge("tre_projects", "Projects by state.", "state", figures.projects)
        yield _gauge("tre_sessions", "Live sessions by state.", "state", figures.sessions)
        yield GaugeMetricFamily("tre_workspaces_awake", "Workspaces that are to be awake.", value=figures.awake)
        yield GaugeMetricFamily(
            "tre_oldest_session_seconds", "Age of the oldest live session.", value=figures.oldest_session_seconds
        )
        conditions = GaugeMetricFamily("tre_conditions", "Projects by condition.", labels=["condition", "state"])
        for (condition, state), count in sorted(figures.conditions.items()):
            conditions.add_metric([condition, state], count)
        yield conditions


def _gauge(name: str, about: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family
