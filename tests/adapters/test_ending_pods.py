"""A session's pod is asked once to end and then looked at; one that was made anew meanwhile is asked as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.backend import KubernetesBackend
from orchestrator.core.errors import Unavailable
from tests.workspaces.plans import LAYOUT, PLACE


class Cluster:
    """Shows these pods one look after another; the last one for ever."""

    def __init__(self, *uids: str) -> None:
        self.uids = list(uids)
        self.asked: list[str] = []

    def get(self, *_: object) -> dict[str, Any] | None:
        uid = self.uids.pop(0) if len(self.uids) > 1 else self.uids[0]
        return {"metadata": {"uid": uid}} if uid else None

    def delete(self, *_: object, uid: str, grace_seconds: int) -> bool:  # noqa: ARG002
        self.asked.append(uid)
        return True


def end(cluster: Any, *, seconds: float = 0.5) -> None:
    ticks = iter(range(10_000))
    backend = KubernetesBackend(
        cluster=cluster,
        mirror=None,  # type: ignore[arg-type]
        layout=LAYOUT,
        parts=None,  # type: ignore[arg-type]
        place_of=lambda _: PLACE,
        readings=Path(),
        monotonic=lambda: next(ticks) * seconds,
    )
    backend._end_pod(PLACE, "session-x")


@pytest.mark.parametrize(
    ("shown", "asked"),
    [(("",), []), (("a", "a", "a", ""), ["a"]), (("a", "a", "b", "b", ""), ["a", "b"])],
)
def test_each_pod_is_asked_once(shown: tuple[str, ...], asked: list[str]) -> None:
    cluster = Cluster(*shown)
    end(cluster)
    assert cluster.asked == asked


def test_a_pod_that_stays_is_told() -> None:
    cluster = Cluster("a")
    with pytest.raises(Unavailable, match="has not ended"):
        end(cluster, seconds=10.0)
    assert cluster.asked == ["a"]
