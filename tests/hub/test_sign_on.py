"""The hub believes the gate's word, and only with the gate's proof."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders

from orchestrator.adapters.desk import Admitted
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Unavailable
from orchestrator.core.ids import new_id
from orchestrator.hub.authenticator import GateAuthenticator, person_of

SECRET = "a secret of at least 32 characters"
PERSON, OTHER = new_id(), new_id()


@dataclass
class Desk:
    people: set[str] = field(default_factory=lambda: {PERSON})
    silent: bool = False
    asked: int = 0

    async def admission(self) -> Admitted:
        self.asked += 1
        if self.silent:
            raise Unavailable("silent", system="controller")
        return Admitted(people={p: system_clock() + timedelta(hours=1) for p in self.people}, generation=1)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def authenticator(desk: Desk) -> GateAuthenticator:
    made = GateAuthenticator(secret=SECRET, allow_all=True)
    made._desk = desk
    return made


def handler(*headers: tuple[str, str]) -> Any:
    sent = HTTPHeaders()
    for name, value in headers:
        sent.add(name, value)
    return SimpleNamespace(request=SimpleNamespace(headers=sent))


GOOD = (("X-Tre-Person", PERSON), ("X-Tre-Gate", SECRET))


def test_the_gates_word_with_its_proof_signs_a_person_on(authenticator: GateAuthenticator) -> None:
    assert asyncio.run(authenticator.authenticate(handler(*GOOD), None)) == {"name": PERSON, "admin": False}


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("X-Tre-Person", PERSON),),
        (("X-Tre-Gate", SECRET),),
        (("X-Tre-Person", PERSON), ("X-Tre-Gate", SECRET[:-1])),
        (("X-Tre-Person", PERSON), ("X-Tre-Gate", "")),
        (("X-Tre-Person", PERSON), ("X-Tre-Gate", "ü" * 34)),
        (*GOOD, ("X-Tre-Person", OTHER)),
        (*GOOD, ("X-Tre-Gate", SECRET)),
        (("X-Tre-Person", "admin"), ("X-Tre-Gate", SECRET)),
        (("X-Tre-Person", PERSON.upper()), ("X-Tre-Gate", SECRET)),
    ],
)
def test_anything_else_does_not(authenticator: GateAuthenticator, headers: tuple[tuple[str, str], ...]) -> None:
    assert asyncio.run(authenticator.authenticate(handler(*headers), {"username": PERSON, "password": "x"})) is None


def test_an_empty_secret_proves_nothing() -> None:
    assert person_of(handler(("X-Tre-Person", PERSON), ("X-Tre-Gate", "")).request.headers, secret="") is None


def test_a_person_who_is_not_admitted_is_not_signed_on(authenticator: GateAuthenticator, desk: Desk) -> None:
    desk.people = set()
    assert asyncio.run(authenticator.authenticate(handler(*GOOD), None)) is None


def test_a_refreshed_person_must_still_be_admitted(authenticator: GateAuthenticator, desk: Desk) -> None:
    user = SimpleNamespace(name=PERSON)
    assert asyncio.run(authenticator.refresh_user(user)) is True
    desk.people = set()
    authenticator._asked = -1e9
    assert asyncio.run(authenticator.refresh_user(user)) is False


def test_a_hub_cookie_of_one_person_is_nothing_in_the_session_of_another(authenticator: GateAuthenticator) -> None:
    user = SimpleNamespace(name=PERSON)
    assert asyncio.run(authenticator.refresh_user(user, handler(*GOOD))) is True
    other = handler(("X-Tre-Person", OTHER), ("X-Tre-Gate", SECRET))
    assert asyncio.run(authenticator.refresh_user(user, other)) is False


def test_someone_admitted_a_moment_ago_need_not_wait_for_an_old_list(
    authenticator: GateAuthenticator, desk: Desk
) -> None:
    assert asyncio.run(authenticator.authenticate(handler(*GOOD), None)) is not None
    desk.people.add(OTHER)
    headers = (("X-Tre-Person", OTHER), ("X-Tre-Gate", SECRET))
    assert asyncio.run(authenticator.authenticate(handler(*headers), None)) is not None


def test_while_the_desk_is_silent_the_last_list_serves_for_a_minute_and_no_longer(
    authenticator: GateAuthenticator, desk: Desk
) -> None:
    user = SimpleNamespace(name=PERSON)
    assert asyncio.run(authenticator.refresh_user(user)) is True
    desk.silent = True
    authenticator._asked -= 30
    assert asyncio.run(authenticator.refresh_user(user)) is True
    authenticator._asked -= 31
    assert asyncio.run(authenticator.refresh_user(user)) is False


def test_names_are_taken_as_they_are(authenticator: GateAuthenticator) -> None:
    assert authenticator.normalize_username("AbC") == "AbC"
    assert authenticator.validate_username(PERSON)
    assert not authenticator.validate_username(PERSON.upper())
