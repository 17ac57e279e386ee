"""The gate and the hub as real processes, a real JupyterLab server behind them, and clients that try what they can."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
import httpx
import pytest

from orchestrator.adapters.desk import Desk
from orchestrator.core.clock import system_clock
from orchestrator.core.ids import new_id
from orchestrator.hub.activity import Running, report
from tests.contract.gate_world import PORTAL, WORKSPACE, World, execute_request, new_world, run_on, until

pytestmark = pytest.mark.skipif(
    not (WORKSPACE / "bin" / "jupyterhub-singleuser").exists(), reason="the workspace environment is not installed"
)


@dataclass(kw_only=True)
class Lab:
    """An open JupyterLab: the world, its person, a browser that is signed on, and a kernel."""

    world: World
    person: str
    browser: httpx.Client
    kernel: str

    def run(self, code: str) -> str:
        return self.world.run(self.browser, self.person, self.kernel, code)

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.browser.get(f"/user/{self.person}{path}", **more)  # type: ignore[arg-type]

    def api(self, method: str, path: str, **more: object) -> httpx.Response:
        headers = self.world.headers(self.browser)
        return self.browser.request(method, f"/user/{self.person}{path}", headers=headers, **more)  # type: ignore[arg-type]

    @property
    def token(self) -> str:
        session = next(s for s in self.world.desk.started.values() if s.person == self.person)
        return session.environment["JUPYTERHUB_API_TOKEN"]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = new_world()
    with made.desk:
        made.desk.admit("warden2222222222")
        made.start("gate")
        made.start("hub")
        try:
            made.wait_open()
            yield made
        finally:
            made.stop()
    shutil.rmtree(made.directory, ignore_errors=True)


@pytest.fixture(scope="module")
def lab(world: World) -> Lab:
    person = admit(world)
    browser = world.open_lab(person)
    return Lab(world=world, person=person, browser=browser, kernel=world.new_kernel(browser, person))


def admit(world: World) -> str:
    person = world.desk.admit(new_id())
    world.control("PUT", "/admission", world.desk.admission())
    return person


def raw(world: World, request: bytes) -> bytes:
    """Send bytes as they are, as no well-behaved client would, and return the first line of the answer."""
    with socket.create_connection(("127.0.0.1", world.port), timeout=90) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


# --- the story ---------------------------------------------------------------------------------------------------


def test_a_ticket_opens_jupyterlab_and_a_kernel_computes(lab: Lab) -> None:
    assert lab.get("/lab").status_code == 200
    assert lab.run("6*7") == "42"


def test_the_browser_holds_no_credential_of_hub_or_server(lab: Lab) -> None:
    assert set(lab.browser.cookies.keys()) == {"tre-gate", "_xsrf"}


def test_the_servers_token_never_names_more_than_its_own_server(lab: Lab) -> None:
    environment = next(iter(lab.world.desk.started.values())).environment
    assert environment["JUPYTERHUB_API_URL"] == "http+unix://%2Frun%2Ftre%2Fhub%2Fhub.sock/hub/api"
    assert set(environment) >= {"JUPYTERHUB_API_TOKEN", "JUPYTERHUB_CLIENT_ID", "JUPYTERHUB_SERVICE_PREFIX"}
    assert all(name.startswith("JUPYTERHUB_") for name in environment)


def test_the_socket_files_are_for_their_owner_only(lab: Lab) -> None:
    for name in ("gate.sock", "routes.sock"):
        assert lab.world.path(name).stat().st_mode & 0o777 == 0o600


def test_a_notebook_is_saved_and_read_again(lab: Lab) -> None:
    content = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    saved = lab.api("PUT", "/api/contents/one%20%2B%20two.ipynb", json={"type": "notebook", "content": content})
    assert saved.status_code == 201, saved.text
    assert lab.api("GET", "/api/contents/one%20%2B%20two.ipynb").json()["content"]["nbformat"] == 4


# --- signing on --------------------------------------------------------------------------------------------------


def test_a_ticket_used_twice_is_refused(world: World) -> None:
    ticket = world.desk.ticket(admit(world))
    assert world.browser().get("/_gate/enter", params={"ticket": ticket}).status_code == 303
    again = world.browser().get("/_gate/enter", params={"ticket": ticket})
    assert again.status_code == 403
    assert "portal" in again.text


def test_a_ticket_may_also_come_as_a_form(world: World) -> None:
    ticket = world.desk.ticket(admit(world))
    answer = world.browser().post("/_gate/enter", data={"ticket": ticket})
    assert answer.status_code == 303
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "Domain" not in answer.headers["Set-Cookie"]


def test_a_person_without_a_session_is_sent_to_the_portal(world: World) -> None:
    answer = world.browser().get("/hub/")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{PORTAL}/projects/{world.project}/open"


def test_a_program_without_a_session_is_told_to_sign_on(world: World) -> None:
    answer = world.browser().get("/hub/", headers={"Accept": "application/json"})
    assert answer.status_code == 401


def test_leaving_ends_the_session_and_nothing_else(lab: Lab) -> None:
    browser = lab.world.enter(lab.person)
    assert browser.get("/_gate/leave").headers["Location"] == PORTAL
    cookie = {"Cookie": f"tre-gate={browser.cookies.get('tre-gate', '')}"}
    assert lab.world.browser().get(f"/user/{lab.person}/api/me", headers=cookie).status_code == 303
    assert lab.get("/api/status").status_code == 200


def test_what_the_hub_calls_home_is_the_portal_and_logging_out_ends_the_session(lab: Lab) -> None:
    browser = lab.world.enter(lab.person)
    assert browser.get("/hub/home").headers["Location"] == PORTAL
    assert browser.get(f"/user/{lab.person}/api/status").status_code != 303
    assert browser.get(f"/user/{lab.person}/logout").headers["Location"] == PORTAL
    assert browser.get("/hub/").headers["Location"].startswith(PORTAL)


def test_signing_on_as_somebody_else_in_the_same_browser_leaves_nothing_of_the_first(lab: Lab) -> None:
    browser = lab.world.enter(lab.person)
    first = browser.cookies["tre-gate"]
    assert browser.get(f"/user/{lab.person}/lab").status_code in {200, 302}
    other = admit(lab.world)
    assert browser.get("/_gate/enter", params={"ticket": lab.world.desk.ticket(other)}).status_code == 303
    assert browser.get(f"/user/{lab.person}/api/status").status_code == 403
    kept = lab.world.browser().get("/hub/", headers={"Cookie": f"tre-gate={first}"})
    assert kept.headers["Location"].startswith(PORTAL)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "abcdefghij234567.localhost", "evil.example", ""])
def test_another_host_is_refused(lab: Lab, host: str) -> None:
    assert lab.get("/api/status").status_code == 200
    answer = lab.get("/api/status", headers={"Host": f"{host}:{lab.world.port}"})
    assert answer.status_code == 421


# --- tokens ------------------------------------------------------------------------------------------------------


def test_the_servers_own_token_works_on_its_socket_and_nowhere_outside(lab: Lab) -> None:
    headers = {"Authorization": f"token {lab.token}"}
    session = next(s for s in lab.world.desk.started.values() if s.person == lab.person)
    path = f"/user/{lab.person}/api/kernels"
    inside = lab.world.inside(session.socket)
    assert inside.get(path, headers=headers).status_code == 200

    outside = lab.world.browser()
    program = {"Accept": "application/json"}
    assert outside.get(path, headers={**headers, **program}).status_code == 401
    assert outside.get(f"{path}?token={lab.token}", headers=program).status_code in {401, 403}
    assert outside.get(f"{path}?%74oken={lab.token}", headers=program).status_code in {401, 403}


@pytest.mark.parametrize(
    "query", ["token={}", "%74oken={}", "%2574oken={}", "a=1&token={}", "a=1;token={}", "TOKEN={}"]
)
def test_a_token_in_the_address_is_refused_even_with_a_session(lab: Lab, query: str) -> None:
    assert lab.get("/api/kernels?a=1").status_code == 200
    assert lab.get("/api/kernels?" + query.format(lab.token)).status_code == 403


def test_a_token_in_a_form_body_with_a_websocket_header_is_refused(lab: Lab) -> None:
    """A server takes such a token without any cookie; see the inside call, which is the positive control."""
    body = f"token={lab.token}".encode()
    path = f"/user/{lab.person}/api/status"
    tricks = {"Sec-Fetch-Mode": "websocket", "Content-Type": "application/x-www-form-urlencoded"}
    session = next(s for s in lab.world.desk.started.values() if s.person == lab.person)
    inside = lab.world.inside(session.socket)
    assert inside.request("GET", path, content=body, headers=tricks).status_code == 200

    assert lab.browser.request("GET", path, content=body, headers=tricks).status_code == 400
    assert lab.browser.request("GET", path, headers={"Sec-Fetch-Mode": "websocket"}).status_code == 400
    assert lab.browser.request("GET", path, content=body).status_code == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert lab.browser.post(f"/user/{lab.person}/api/kernels", content=body, headers=form).status_code == 415
    assert lab.world.browser().request("GET", path, content=body, headers=tricks).status_code == 400


def test_no_request_to_a_server_carries_who_the_gate_says_it_is(lab: Lab) -> None:
    """The kernel reads its own server's view: only the hub is told who asks, and it is told the secret."""
    assert lab.world.secret not in lab.world.path(f"homes/{lab.person}/server.log").read_text()


def test_a_kernel_cannot_forge_the_gates_word_on_the_hubs_socket(lab: Lab) -> None:
    code = f"""
import http.client, socket
def ask(headers):
    connection = http.client.HTTPConnection("hub")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect({str(lab.world.path("h/hub.sock"))!r})
    connection.request("GET", "/hub/login", headers=headers)
    return connection.getresponse().status
print(ask({{"X-Tre-Person": {lab.person!r}}}), ask({{"X-Tre-Person": {lab.person!r}, "X-Tre-Gate": "guess" * 8}}))
"""
    assert lab.run(code).strip() == "403 403"
    with lab.world.private("h/hub.sock") as hub:
        proof = {"X-Tre-Person": lab.person, "X-Tre-Gate": lab.world.secret}
        assert hub.get("/hub/login", headers=proof).status_code == 302


def test_headers_that_name_a_person_are_stripped_at_the_door(lab: Lab) -> None:
    other = admit(lab.world)
    forged = {"X-Tre-Person": other, "X-Tre-Gate": lab.world.secret, "X-Forwarded-For": "1.2.3.4"}
    answer = lab.browser.get("/hub/spawn", headers=forged)
    assert answer.headers["Location"] == f"/user/{lab.person}/"


def test_the_hub_grants_no_tokens_no_sharing_and_no_other_people(lab: Lab) -> None:
    """Asked on the hub's own socket, where no gate protects it."""
    with lab.world.private("h/hub.sock") as hub:
        token = {"Authorization": f"token {lab.token}"}
        own = f"/hub/api/users/{lab.person}"
        active = {"last_activity": "2026-01-01T00:00:00Z"}
        assert hub.get("/hub/api/user", headers=token).status_code == 200
        assert hub.post(f"{own}/activity", headers=token, json=active).status_code == 200
        assert hub.post(f"{own}/tokens", headers=token, json={}).status_code in {403, 404}
        assert hub.get(f"{own}/tokens", headers=token).status_code in {403, 404}
        assert hub.post(f"{own}/servers/second", headers=token).status_code in {400, 403, 404}
        assert hub.post(f"/hub/api/shares/{lab.person}/", headers=token, json={}).status_code in {403, 404}
        assert hub.post(f"/hub/api/share-codes/{lab.person}/", headers=token, json={}).status_code in {403, 404}
        for path in ("/hub/api/users", "/hub/api/proxy", "/hub/api/groups", "/hub/api/services"):
            assert hub.get(path, headers=token).status_code in {403, 404}, path


# --- what is on the list and what is not -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/hub/token",
        "/hub/admin",
        "/hub/api",
        "/hub/api/",
        "/hub/api/user",
        "/hub/api/users/{person}",
        "/hub/api/users/{person}/tokens",
        "/hub/api/oauth2/token",
        "/hub/accept-share",
        "/hub/health",
        "/hub/metrics",
        "/hub/spawn/{other}",
        "/hub/user/{other}/lab",
        "/user/{other}/lab",
        "/user/{other}/api/status",
        "/user/{person}/files/x.csv",
        "/user/{person}/nbconvert/html/x.ipynb",
        "/user/{person}/terminals/1",
        "/user/{person}/api/terminals",
        "/user/{person}/api/shutdown",
        "/user/{person}/metrics",
        "/user/{person}/proxy/8080/",
        "/user/{person}/hub/api",
        "/services/x/",
        "/api",
        "/routes",
        "/admission",
    ],
)
def test_what_is_not_on_the_list_is_refused(lab: Lab, path: str) -> None:
    other = admit(lab.world)
    assert lab.browser.get(path.format(person=lab.person, other=other)).status_code == 403


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/status"), ("DELETE", "/lab"), ("PUT", "/api/kernels")])
def test_a_method_that_is_not_on_the_list_is_refused(lab: Lab, method: str, path: str) -> None:
    assert lab.api(method, path).status_code == 403


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_refused(lab: Lab, method: str) -> None:
    with httpx.Client(base_url=lab.browser.base_url, headers=lab.browser.headers) as client:
        assert client.request(method, "/hub/").status_code in {400, 405}


TRICKS = [
    "/user/{p}/../{p}/files/x",
    "/user/{p}/lab/../files/x",
    "/user/{p}/lab/..;/files/x",
    "/user/{p}/lab/%2e%2e/files/x",
    "/user/{p}/lab/%252e%252e/files/x",
    "/user/{p}/api/contents/%2e%2e%2ffiles/x",
    "/user/{p}/api/contents/..%2f..%2ffiles/x",
    "/user/{p}/api/contents/%5c..%5cfiles",
    "/user/{p}//files/x",
    "//user/{p}/lab",
    "/user/{p}/api/contents\\..\\files",
    "/user/{p}/%66iles/x",
    "/user/{p}/%61pi/status",
    "/%75ser/{p}/lab",
    "/user/{p}/lab%00",
    "/user/{p}/lab%0d%0aX:%20y",
    "/user/{p}/lab/%c0%ae%c0%ae/files",
    "/user/{p}/lab/%ef%bc%8e%ef%bc%8e/files",
    "/user/{p}/lab/%zz",
    "/user/{p}/lab/%",
    "/user/{p}/lab#/../files",
    "/user/{p}/files/x?lab",
    "/user/{p}/api/contents/%25252e%25252e",
    "/USER/{p}/lab",
    "/hub/%2e%2e/user/{p}/files",
    "http://evil.example/user/{p}/lab",
    "user/{p}/lab",
    "*",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_with_the_path_reaches_a_server(lab: Lab, trick: str) -> None:
    """Sent as raw bytes with the session's cookie, because a client would tidy the path."""
    cookie = lab.browser.cookies["tre-gate"]
    template = "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: tre-gate={cookie}\r\nConnection: close\r\n\r\n"

    def status(path: str) -> int:
        host = f"{lab.world.host}:{lab.world.port}"
        return int(raw(lab.world, template.format(path=path, host=host, cookie=cookie).encode()).split()[1])

    assert status(f"/user/{lab.person}/lab") == 200
    assert status(trick.format(p=lab.person)) in {400, 403, 421}


@pytest.mark.parametrize(
    "extra",
    [
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\n",
        b"Host: evil.example\r\n",
        b"Upgrade: h2c\r\n",
        b"Upgrade: websocket\r\n",
        b"Expect: 100-continue\r\n",
    ],
)
def test_a_request_that_two_servers_could_read_differently_is_refused(lab: Lab, extra: bytes) -> None:
    cookie = lab.browser.cookies["tre-gate"]
    head = f"GET /user/{lab.person}/api/status HTTP/1.1\r\nHost: {lab.world.host}:{lab.world.port}\r\n"
    head += f"Cookie: tre-gate={cookie}\r\nConnection: close\r\n"
    assert raw(lab.world, head.encode() + b"\r\n").split()[1] == b"200"
    assert raw(lab.world, head.encode() + extra + b"\r\n").split()[1] in {b"400", b"411", b"417"}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_a_change_from_another_origin_is_refused(lab: Lab, origin: str | None) -> None:
    headers = lab.world.headers(lab.browser) | lab.world.socket_headers(lab.browser)
    url = f"http://127.0.0.1:{lab.world.port}/user/{lab.person}/api/contents"
    assert httpx.post(url, headers=headers, json={"type": "file"}).status_code == 201
    headers.pop("Origin")
    headers |= {"Origin": origin} if origin else {}
    assert httpx.post(url, headers=headers, json={"type": "file"}).status_code == 403


def test_another_sites_page_may_open_but_not_read(lab: Lab) -> None:
    site = {"Sec-Fetch-Site": "cross-site"}
    assert lab.get("/lab", headers={**site, "Sec-Fetch-Mode": "navigate"}).status_code == 200
    assert lab.get("/api/contents", headers={**site, "Sec-Fetch-Mode": "no-cors"}).status_code == 403


def test_a_websocket_from_another_origin_is_refused(lab: Lab) -> None:
    async def open_from(origin: str) -> int:
        headers = lab.world.socket_headers(lab.browser) | {"Origin": origin}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            try:
                async with client.ws_connect(lab.world.socket_url(lab.person, lab.kernel), headers=headers):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    assert asyncio.run(open_from(lab.world.origin)) == 101
    assert asyncio.run(open_from("http://evil.example")) == 403


def test_too_large_an_upload_is_refused_before_it_is_read(lab: Lab) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", lab.world.port, timeout=90)
    headers = lab.world.headers(lab.browser) | lab.world.socket_headers(lab.browser)
    headers |= {"Content-Length": str(100 * 1024 * 1024), "Content-Type": "application/json"}
    connection.putrequest("PUT", f"/user/{lab.person}/api/contents/large.txt", skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


# --- starting a server -------------------------------------------------------------------------------------------


def test_a_refused_start_tells_the_reasons_and_starts_nothing(world: World) -> None:
    person = admit(world)
    world.desk.refusal = ["Your safe researcher training ended on 1 May."]
    try:
        browser = world.enter(person)
        browser.follow_redirects = True
        answer = browser.get("/hub/spawn")
        assert answer.status_code == 403
        assert "Your safe researcher training ended on 1 May." in answer.text
    finally:
        world.desk.refusal = []
    assert not [s for s in world.desk.started.values() if s.person == person]


def test_options_in_the_address_change_nothing(world: World) -> None:
    person = admit(world)
    browser = world.enter(person)
    browser.follow_redirects = True
    browser.get("/hub/spawn?opt-image=evil&opt-mounts=/&cmd=sh&environment=x")
    started = until(lambda: [s for s in world.desk.started.values() if s.person == person], what="the session")
    others = [s for s in world.desk.started.values() if s.person != person]
    assert "evil" not in str(started[0].environment)
    if others:
        assert started[0].arguments == others[0].arguments
        assert set(started[0].environment) == set(others[0].environment)


# --- the meter ---------------------------------------------------------------------------------------------------


def test_the_meter_counts_every_channel_and_survives_being_asked(lab: Lab) -> None:
    def count() -> int:
        return int(lab.world.control("GET", "/meter")["people"][lab.person]["to_browser"])

    async def by_shell_channel() -> None:
        url = lab.world.socket_url(lab.person, lab.kernel)
        headers = lab.world.socket_headers(lab.browser)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.ws_connect(url, headers=headers, max_msg_size=0) as channel,
        ):
            await run_on(channel, "pass", user_expressions={"x": "'y' * 500_000"})

    before = count()
    assert count() == before
    lab.run("print('z' * 300_000)")
    printed = count()
    assert printed - before >= 300_000
    asyncio.run(by_shell_channel())
    assert count() - printed >= 500_000


# --- activity ----------------------------------------------------------------------------------------------------


def test_a_working_kernel_is_reported_busy_and_a_resting_one_idle(lab: Lab) -> None:
    session = next(number for number, s in lab.world.desk.started.items() if s.person == lab.person)
    started = lab.world.desk.started[session]

    async def tell() -> dict[str, object]:
        address = "http+unix://" + quote(str(started.socket), safe="")
        running = Running(session=session, person=lab.person, address=address, token=lab.token)
        async with Desk(lab.world.desk.socket) as desk:
            await report(running=[running], desk=desk, clock=system_clock)
        return lab.world.desk.activity[-1]

    told = lab.world.path("told")

    async def while_working() -> dict[str, object]:
        url, headers = lab.world.socket_url(lab.person, lab.kernel), lab.world.socket_headers(lab.browser)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.ws_connect(url, headers=headers, max_msg_size=0) as channel,
        ):
            work = f"import os, time\nwhile not os.path.exists({str(told)!r}): time.sleep(0.05)"
            await channel.send_json(execute_request("long", work))
            try:
                while not (seen := await tell())["busy"]:  # noqa: ASYNC110 - nobody tells; it is asked
                    await asyncio.sleep(0.2)
            finally:
                told.touch()
            await run_on(channel, "pass")
            return seen

    assert asyncio.run(asyncio.wait_for(while_working(), 120))["session"] == session
    idle = until(lambda: not (seen := asyncio.run(tell()))["busy"] and seen, what="the kernel to rest")
    assert idle["session"] == session


# --- ends of access ----------------------------------------------------------------------------------------------


def test_withdrawal_closes_a_busy_websocket_at_once_and_refuses_new_ones(world: World) -> None:
    person = admit(world)
    browser = world.open_lab(person)
    kernel = world.new_kernel(browser, person)

    async def watch() -> int | None:
        url, headers = world.socket_url(person, kernel), world.socket_headers(browser)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.ws_connect(url, headers=headers, max_msg_size=0) as channel,
        ):
            endless = "import time\nwhile True:\n    print('x' * 100, flush=True)\n    time.sleep(0.002)"
            await channel.send_json(execute_request("busy", endless))
            received = 0
            while received < 20:
                received += "xxx" in (await channel.receive()).data
            world.desk.withdraw(person)
            telling = asyncio.create_task(asyncio.to_thread(world.control, "PUT", "/admission", world.desk.admission()))
            while (await channel.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            await telling
            return channel.close_code

    assert asyncio.run(asyncio.wait_for(watch(), 120)) == 4403
    assert browser.get(f"/user/{person}/api/status").status_code == 303
    until(lambda: world.control("GET", "/health")["connections"] == 0, what="other connections to end")
    refused = world.browser().get("/_gate/enter", params={"ticket": world.desk.ticket(person)})
    assert refused.status_code == 403
    session = next(s for s in world.desk.started.values() if s.person == person)
    assert session.process.poll() is None, "the gate ends access, the controller ends sessions"


def test_the_gate_learns_of_a_withdrawal_by_asking_when_nobody_tells_it(world: World) -> None:
    person = admit(world)
    browser = world.enter(person)
    assert browser.get("/hub/static/favicon.ico").status_code in {200, 404}
    world.desk.withdraw(person)
    until(lambda: browser.get("/hub/static/favicon.ico").headers.get("Location"), what="the next poll")


def test_signing_out_at_the_portal_closes_an_open_websocket_and_keeps_the_kernel(world: World) -> None:
    """Nobody tells the gate: it learns of it with its next question, as it does from a real desk."""
    person = admit(world)
    browser = world.open_lab(person)
    kernel = world.new_kernel(browser, person)

    async def watch() -> int | None:
        url, headers = world.socket_url(person, kernel), world.socket_headers(browser)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.ws_connect(url, headers=headers, max_msg_size=0) as channel,
        ):
            world.desk.sign_out(person)
            while (await channel.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            return channel.close_code

    assert asyncio.run(asyncio.wait_for(watch(), 120)) == 4403
    assert browser.get(f"/user/{person}/api/status").status_code == 303
    session = next(s for s in world.desk.started.values() if s.person == person)
    assert session.process.poll() is None
    again = world.open_lab(person)
    assert kernel in [each["id"] for each in again.get(f"/user/{person}/api/kernels").json()]


def test_the_controller_can_put_one_person_out(lab: Lab) -> None:
    person = admit(lab.world)
    browser = lab.world.enter(person)
    lab.world.control("POST", "/close", {"person": person})
    assert browser.get("/hub/").headers["Location"].startswith(PORTAL)
    assert lab.get("/api/status").status_code == 200


# --- faults: last, because they disturb everybody ----------------------------------------------------------------


def test_a_kernel_survives_the_death_of_the_hub_even_while_it_is_away(lab: Lab) -> None:
    lab.run("kept = 'before the hub died'")
    lab.world.kill("hub")
    assert lab.run("kept") == "'before the hub died'"
    lab.world.start("hub")
    until(lambda: lab.browser.get("/hub/spawn").status_code == 302, what="the hub")
    assert lab.run("kept") == "'before the hub died'"
    assert lab.get("/lab").status_code == 200


def test_a_kernel_survives_the_death_of_the_gate_and_its_routes_come_back(lab: Lab) -> None:
    lab.run("kept = 'before the gate died'")
    lab.world.kill("gate")
    lab.world.start("gate")
    lab.world.wait_open()
    until(lambda: lab.world.control("GET", "/health")["routes"] >= 2, what="the routes")
    assert lab.get("/lab").status_code == 303, "sessions live in memory: the portal signs on again"
    browser = lab.world.open_lab(lab.person)
    assert lab.world.run(browser, lab.person, lab.kernel, "kept") == "'before the gate died'"


def test_a_silent_desk_ends_no_kernel(lab: Lab) -> None:
    """The hub is restarted while the controller is away: a session it cannot ask about counts as alive."""
    browser = lab.world.open_lab(lab.person)
    lab.world.desk.close()
    lab.world.kill("hub")
    lab.world.start("hub")
    time.sleep(3)
    lab.world.desk.open()
    lab.world.wait_open()
    until(lambda: browser.get("/hub/spawn").status_code == 302, what="the hub")
    assert lab.world.run(browser, lab.person, lab.kernel, "kept") == "'before the gate died'"
