"""What the hub makes of a server's own word about its kernels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.clock import FixedClock
from orchestrator.hub.activity import read_kernels

NOW = FixedClock()()
EARLIER = NOW - timedelta(hours=3)


def kernel(state: str, moment: str = EARLIER.isoformat()) -> dict[str, Any]:
    return {"execution_state": state, "last_activity": moment}


def test_one_busy_kernel_makes_a_busy_session() -> None:
    activity = read_kernels([kernel("idle"), kernel("busy")], now=NOW)
    assert activity.busy
    assert activity.last_activity == NOW


def test_idle_kernels_tell_when_they_last_worked() -> None:
    later = (EARLIER + timedelta(minutes=5)).isoformat()
    activity = read_kernels([kernel("idle"), kernel("idle", later)], now=NOW)
    assert not activity.busy
    assert activity.last_activity == EARLIER + timedelta(minutes=5)


def test_a_moment_in_the_future_is_not_believed() -> None:
    future = (NOW + timedelta(days=365)).isoformat()
    assert read_kernels([kernel("idle", future)], now=NOW).last_activity == NOW


@pytest.mark.parametrize("nonsense", [None, {}, "busy", [1, None], [{}], [kernel("idle", "yesterday")]])
def test_nonsense_is_an_idle_session_that_was_seen_now(nonsense: Any) -> None:
    activity = read_kernels(nonsense, now=NOW)
    assert not activity.busy
    assert activity.last_activity == NOW


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=16), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_of_a_server_breaks_the_hub(answer: Any) -> None:
    assert read_kernels(answer, now=NOW).last_activity <= NOW
