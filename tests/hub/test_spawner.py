"""The spawner asks the desk for everything and takes nothing from the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jupyterhub.spawner import SpawnException

from orchestrator.adapters.desk import LookedAt
from orchestrator.core.errors import NotFound, OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.hub.spawner import ARGUMENTS, DeskSpawner

PERSON = new_id()
ADDRESS = "http+unix://%2Frun%2FA%20b%2Fs%2Fs1%2Fws.sock"


@dataclass
class Desk:
    error: OrchestratorError | None = None
    state: tuple[str, int | None] = ("running", None)
    starting: int = 0
    trouble: str = ""
    asked: list[tuple[str, dict[str, str], list[str]]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    async def start_session(self, *, person: str, environment: Mapping[str, str], arguments: Sequence[str]) -> str:
        if self.error:
            raise self.error
        self.asked.append((person, dict(environment), list(arguments)))
        return "s1"

    async def session(self, session: str) -> LookedAt:  # noqa: ARG002
        if self.error:
            raise self.error
        if self.starting:
            self.starting -= 1
            return LookedAt(state="starting", exit_code=None, address="", trouble="")
        state, code = self.state
        return LookedAt(state=state, exit_code=code, address=ADDRESS, trouble=self.trouble)

    async def stop_session(self, session: str) -> None:
        self.stopped.append(session)


class User:
    name = PERSON


ENVIRONMENT = {
    "JUPYTERHUB_API_TOKEN": "t",
    "JPY_API_TOKEN": "t",
    "PATH": "/bin",
    "SECRET": "x",
    "JUPYTERHUB_EMPTY": None,
}


@pytest.fixture
def spawner(monkeypatch: pytest.MonkeyPatch) -> DeskSpawner:
    monkeypatch.setattr("jupyterhub.spawner.Spawner.get_env", lambda _: dict(ENVIRONMENT))
    made = DeskSpawner(user=User())
    made._desk = Desk()
    return made


def desk_of(spawner: DeskSpawner) -> Desk:
    desk = spawner._desk
    assert isinstance(desk, Desk)
    return desk


def test_a_started_session_is_reached_where_the_desk_says_once_it_answers(spawner: DeskSpawner) -> None:
    desk_of(spawner).starting = 2
    assert asyncio.run(spawner.start()) == ADDRESS
    assert desk_of(spawner).starting == 0
    person, environment, arguments = desk_of(spawner).asked[0]
    assert person == PERSON
    assert environment == {
        "JUPYTERHUB_API_TOKEN": "t",
        "JUPYTERHUB_SERVICE_URL": f"http+unix://localhost/user/{PERSON}/",
    }
    assert arguments == ["--ServerApp.sock=/run/tre/server/ws.sock", *ARGUMENTS]


def test_a_session_that_does_not_come_says_what_keeps_it(spawner: DeskSpawner) -> None:
    spawner.start_timeout = 1
    desk_of(spawner).state, desk_of(spawner).trouble = ("starting", None), "No node has room for it."
    with pytest.raises(SpawnException) as refusal:
        asyncio.run(spawner.start())
    assert refusal.value.message.endswith("No node has room for it.")


def test_a_session_that_ends_before_it_answers_says_why(spawner: DeskSpawner) -> None:
    desk_of(spawner).state, desk_of(spawner).trouble = ("ended", 1), "The image cannot be pulled."
    with pytest.raises(SpawnException) as refusal:
        asyncio.run(spawner.start())
    assert refusal.value.message == "The image cannot be pulled."


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=12), st.one_of(st.text(max_size=12), st.integers(), st.none())))
def test_options_of_any_shape_change_nothing_of_the_request(spawner: DeskSpawner, options: dict[str, Any]) -> None:
    spawner.user_options = options
    asyncio.run(spawner.start())
    assert spawner.options_from_query({name: [value] for name, value in options.items()}) == {}
    assert desk_of(spawner).asked[-1] == desk_of(spawner).asked[0]


def test_a_refusal_tells_its_reasons_to_the_person(spawner: DeskSpawner) -> None:
    desk_of(spawner).error = Refused("Not started.", reasons=["Training ended.", "Not started."])
    with pytest.raises(SpawnException) as refusal:
        asyncio.run(spawner.start())
    assert refusal.value.message == "Not started. Training ended."
    assert refusal.value.status_code == 403


def test_a_silent_desk_at_start_is_said_to_be_silent(spawner: DeskSpawner) -> None:
    desk_of(spawner).error = Unavailable("The controller does not answer.", system="controller")
    with pytest.raises(SpawnException) as refusal:
        asyncio.run(spawner.start())
    assert refusal.value.status_code == 503


@pytest.mark.parametrize(
    ("state", "expected"),
    [(("starting", None), None), (("running", None), None), (("ended", 3), 3), (("ended", None), 0)],
)
def test_poll_tells_what_the_desk_says(
    spawner: DeskSpawner, state: tuple[str, int | None], expected: int | None
) -> None:
    assert asyncio.run(spawner.poll()) == 0, "never started"
    asyncio.run(spawner.start())
    desk_of(spawner).state = state
    assert asyncio.run(spawner.poll()) == expected


def test_silence_is_taken_for_life_and_an_unknown_session_for_death(spawner: DeskSpawner) -> None:
    asyncio.run(spawner.start())
    desk_of(spawner).error = Unavailable("silent", system="controller")
    assert asyncio.run(spawner.poll()) is None
    desk_of(spawner).error = NotFound("no such session")
    assert asyncio.run(spawner.poll()) == 0


def test_a_restarted_hub_finds_the_session_again(spawner: DeskSpawner) -> None:
    asyncio.run(spawner.start())
    spawner.api_token = "t"
    again = DeskSpawner(user=User())
    again._desk = spawner._desk
    again.load_state(spawner.get_state())
    assert (again.session_id, again.address, again.api_token) == ("s1", ADDRESS, "t")
    asyncio.run(again.stop())
    assert desk_of(spawner).stopped == ["s1"]
    again.clear_state()
    assert again.get_state() == {"session_id": "", "address": "", "api_token": ""}
