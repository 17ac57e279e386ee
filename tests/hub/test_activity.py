"""What the hub makes of a server's own word about its kernels."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.desk import LookedAt
from orchestrator.core.clock import FixedClock
from orchestrator.hub.activity import Running, read_kernels, report

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


@dataclass
class Desk:
    seen: LookedAt
    reported: list[str] = field(default_factory=list)

    async def session(self, _: str) -> LookedAt:
        return self.seen

    async def report_activity(self, *, session: str, busy: bool, last_activity: datetime) -> None:  # noqa: ARG002
        self.reported.append(session)


@pytest.mark.parametrize(
    ("state", "moved", "shown"), [("running", False, True), ("running", True, False), ("ended", False, False)]
)
def test_a_token_is_shown_only_to_the_server_it_belongs_to(state: str, moved: bool, shown: bool) -> None:
    """Addresses of pods are used again: what answers at an old one may be another person's kernel."""
    tokens: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        tokens.append(request.headers["Authorization"])
        return web.json_response([])

    async def story() -> Desk:
        application = web.Application()
        application.router.add_get("/user/p/api/kernels", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        desk = Desk(
            LookedAt(state=state, exit_code=None, address="http://10.0.0.1:8888" if moved else address, trouble="")
        )
        running = Running(session="s", person="p", address=address, token="t")
        await report(running=[running], desk=desk, clock=FixedClock())  # type: ignore[arg-type]
        await runner.cleanup()
        return desk

    desk = asyncio.run(story())
    assert tokens == (["token t"] if shown else [])
    assert desk.reported == (["s"] if shown else [])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=16), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_of_a_server_breaks_the_hub(answer: Any) -> None:
    assert read_kernels(answer, now=NOW).last_activity <= NOW
