"""The election on a real API server: one leads, a silent one is replaced, and whoever lost it writes nothing."""

from __future__ import annotations

import time

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import CONFIG_MAP, LEASE
from orchestrator.adapters.kubernetes.leadership import Leadership, NotLeading

pytestmark = pytest.mark.cluster


def _candidate(cluster: Cluster, namespace: str, identity: str) -> Leadership:
    return Leadership(cluster, name="controller", namespace=namespace, identity=identity, lease_seconds=2)


def test_one_leads_until_it_falls_silent_and_then_writes_nothing(cluster: Cluster, namespace: str) -> None:
    first, second = (_candidate(cluster, namespace, name) for name in ("first", "second"))
    assert first.attempt()
    assert not second.attempt()
    written = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}}
    cluster.guarded(first.check).apply(written)
    end = time.monotonic() + 120
    while not second.attempt():
        assert time.monotonic() < end
        time.sleep(0.2)
    assert second.token == 1
    with pytest.raises(NotLeading):
        cluster.guarded(first.check).delete(CONFIG_MAP, "a", namespace)
    assert cluster.get(CONFIG_MAP, "a", namespace) is not None
    lease = cluster.get(LEASE, "controller", namespace)
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "second"


def test_a_lead_that_was_given_back_is_free(cluster: Cluster, namespace: str) -> None:
    first, second = (_candidate(cluster, namespace, name) for name in ("first", "second"))
    first.attempt()
    first.release()
    assert second.attempt()
    assert not first.attempt()
