"""The jar that keeps hub and server cookies away from the browser and from each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.core.clock import FixedClock
from orchestrator.gate.cookies import CookieJar, gate_cookie
from orchestrator.gate.routes import Side

PERSON, OTHER = "personaaaaaaaaaa", "otheraaaaaaaaaaa"


@pytest.fixture
def jar(clock: FixedClock) -> CookieJar:
    return CookieJar(person=PERSON, now=clock)


def test_each_side_gets_back_its_own_and_the_session_number_is_shared(jar: CookieJar) -> None:
    jar.take(Side.HUB, ['jupyterhub-hub-login="2|1:0|x"; Path=/hub/; HttpOnly', "jupyterhub-session-id=n; Path=/"])
    jar.take(Side.SERVER, [f'jupyterhub-user-{PERSON}="2|1:0|y"; Path=/user/{PERSON}/'])
    assert jar.header(Side.HUB) == 'jupyterhub-hub-login="2|1:0|x"; jupyterhub-session-id=n'
    assert jar.header(Side.SERVER) == f'jupyterhub-user-{PERSON}="2|1:0|y"; jupyterhub-session-id=n'


@pytest.mark.parametrize(
    "cookie",
    [
        "tre-gate=x; Path=/",
        "jupyterhub-hub-login=x; Path=/hub/",
        "jupyterhub-session-id=fixed; Path=/",
        f"jupyterhub-user-{OTHER}=x; Path=/",
        "session=x",
        "=x",
        "\r\nX: y",
        f"jupyterhub-user-{PERSON}={'x' * 5000}",
    ],
)
def test_a_server_cannot_set_what_is_not_its_own(jar: CookieJar, cookie: str) -> None:
    assert jar.take(Side.SERVER, [cookie]) is None
    assert jar.header(Side.SERVER) == ""
    assert jar.header(Side.HUB) == ""


def test_only_the_cross_site_token_is_copied_to_the_browser(jar: CookieJar) -> None:
    assert jar.take(Side.SERVER, [f"_xsrf=abc-_=; Path=/user/{PERSON}/"]) == "abc-_="
    assert jar.take(Side.SERVER, ['_xsrf="a b;c"; Path=/']) is None
    assert jar.take(Side.SERVER, [f"jupyterhub-user-{PERSON}=x"]) is None


@pytest.mark.parametrize("end", ["Max-Age=0", "Max-Age=-1", "Expires=Sun, 22 Nov 2026 08:59:59 GMT", "Max-Age=soon"])
def test_a_cookie_that_is_taken_back_is_gone(jar: CookieJar, end: str) -> None:
    jar.take(Side.HUB, ["jupyterhub-hub-login=x; Max-Age=60"])
    jar.take(Side.HUB, [f"jupyterhub-hub-login=; {end}"])
    assert jar.header(Side.HUB) == ""


def test_a_cookie_with_an_end_in_the_future_is_kept(jar: CookieJar, clock: FixedClock) -> None:
    later = (clock() + timedelta(days=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    jar.take(Side.HUB, [f"jupyterhub-hub-login=x; expires={later}; Path=/hub/"])
    assert jar.header(Side.HUB) == "jupyterhub-hub-login=x"


def test_a_jar_does_not_grow_without_end(jar: CookieJar) -> None:
    jar.take(Side.SERVER, [f"jupyterhub-user-{PERSON}-{number}=x" for number in range(100)])
    assert jar.header(Side.SERVER).count("=x") == 16


def test_the_gates_own_cookie_is_for_this_host_and_hidden_from_scripts() -> None:
    cookie = gate_cookie("tre-gate", "v", secure=False, seconds=60)
    assert cookie == "tre-gate=v; Path=/; SameSite=Lax; Max-Age=60; HttpOnly"
