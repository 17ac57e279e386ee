"""Gate and hub in the form they have in a pod, as real processes, with a real server at an address of its own."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from orchestrator.adapters.addresses import TcpAddress
from orchestrator.adapters.channel import Peer, call, client_context, host_of
from orchestrator.adapters.desk import Desk
from orchestrator.adapters.kubernetes.gate_client import call_gate
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.hub.activity import Running, report
from tests.contract.gate_pod_world import PORTAL, PodDesk, PodWorld, new_pod_world
from tests.contract.gate_world import WORKSPACE, execute_request, until

pytestmark = pytest.mark.skipif(
    not (WORKSPACE / "bin" / "jupyterhub-singleuser").exists(), reason="the workspace environment is not installed"
)


@pytest.fixture(scope="module")
def world() -> Iterator[PodWorld]:
    made = new_pod_world()
    desk = desk_of(made)
    desk.open()
    desk.admit("warden2222222222")
    made.start("gate")
    made.start("hub")
    try:
        made.wait_open()
        yield made
    finally:
        made.stop()
        for session in list(desk.started):
            desk.end("", session)
        desk.close()
    shutil.rmtree(made.directory, ignore_errors=True)


def desk_of(world: PodWorld) -> PodDesk:
    assert isinstance(world.desk, PodDesk)
    return world.desk


@pytest.fixture(scope="module")
def person(world: PodWorld) -> str:
    return admit(world)


@pytest.fixture(scope="module")
def browser(world: PodWorld, person: str) -> httpx.Client:
    return world.open_lab(person)


@pytest.fixture(scope="module")
def kernel(world: PodWorld, browser: httpx.Client, person: str) -> str:
    return world.new_kernel(browser, person)


def admit(world: PodWorld) -> str:
    person = world.desk.admit(new_id())
    world.control("PUT", "/admission", world.desk.admission())
    return person


# --- the story -----------------------------------------------------------------------------------------------------


def test_a_ticket_opens_jupyterlab_and_a_kernel_computes(
    world: PodWorld, browser: httpx.Client, person: str, kernel: str
) -> None:
    assert world.run(browser, person, kernel, "6*7") == "42"
    kept = {cookie.name: cookie for cookie in browser.cookies.jar}
    assert set(kept) == {"__Host-tre-gate", "_xsrf"}
    assert all(cookie.secure for cookie in kept.values())


def test_a_server_is_told_ports_and_the_hubs_service(world: PodWorld, browser: httpx.Client, person: str) -> None:  # noqa: ARG001
    session = next(session for session in desk_of(world).started.values() if session.person == person)
    assert session.arguments[:2] == ["--ip=0.0.0.0", "--port=8888"]
    assert not [argument for argument in session.arguments if "sock" in argument]
    environment = session.environment
    assert environment["JUPYTERHUB_SERVICE_URL"] == f"http://0.0.0.0:8888/user/{person}/"
    assert environment["JUPYTERHUB_API_URL"] == f"http://127.0.0.1:{world.hub_port}/hub/api"
    assert all(name.startswith("JUPYTERHUB_") for name in environment)


def test_a_notebook_is_saved_and_read_again(world: PodWorld, browser: httpx.Client, person: str) -> None:
    content = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path, headers = f"/user/{person}/api/contents/one.ipynb", world.headers(browser)
    saved = browser.put(path, json={"type": "notebook", "content": content}, headers=headers)
    assert saved.status_code == 201, saved.text
    assert browser.get(path, headers=headers).json()["content"]["nbformat"] == 4


def test_a_person_without_a_session_is_sent_to_the_portal(world: PodWorld) -> None:
    assert world.browser().get("/hub/").headers["Location"] == f"{PORTAL}/projects/{world.project}/open"


def test_the_health_is_told_to_the_controller(world: PodWorld) -> None:
    health = world.control("GET", "/health")
    assert health["open"] is True
    assert health["hub"] is True


def test_a_busy_kernel_is_reported_over_the_private_channel(
    world: PodWorld, browser: httpx.Client, person: str, kernel: str
) -> None:
    number, session = next(pair for pair in desk_of(world).started.items() if pair[1].person == person)
    running = Running(
        session=number, person=person, address=session.address, token=session.environment["JUPYTERHUB_API_TOKEN"]
    )

    told = world.path("told")

    async def tell() -> bool:
        own = world.channel("hub", world.project).certificate.parent
        place = TcpAddress(scheme="https", host="127.0.0.1", port=world.desk_port)
        async with Desk(place, channel=own) as desk:
            await report(running=[running], desk=desk, clock=system_clock)
        reported, busy = desk_of(world).activity[-1]
        assert reported == number
        return busy

    async def story() -> None:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.ws_connect(
                world.socket_url(person, kernel), headers=world.socket_headers(browser), max_msg_size=0
            ) as channel,
        ):
            work = f"import os, time\nwhile not os.path.exists({str(told)!r}): time.sleep(0.05)"
            await channel.send_json(execute_request("long", work))
            try:
                while not await tell():  # noqa: ASYNC110 - nobody tells; it is asked
                    await asyncio.sleep(0.1)
            finally:
                told.touch()
            while await tell():  # noqa: ASYNC110 - nobody tells; it is asked
                await asyncio.sleep(0.2)

    asyncio.run(asyncio.wait_for(story(), 120))


# --- hosts and origins ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "{host}:{port}", "{host}:443", "evil.example", ""])
def test_another_host_is_refused(world: PodWorld, browser: httpx.Client, person: str, host: str) -> None:
    wrong = host.format(port=world.port, host=world.host)
    assert browser.get(f"/user/{person}/api/status", headers={"Host": wrong}).status_code == 421


@pytest.mark.parametrize("origin", ["http://{host}", "https://{host}:8443", "https://evil.example", "null"])
def test_a_change_from_another_origin_is_refused(
    world: PodWorld, browser: httpx.Client, person: str, origin: str
) -> None:
    headers = world.headers(browser)
    path = f"/user/{person}/api/contents"
    assert browser.post(path, headers=headers, json={"type": "file"}).status_code == 201
    headers |= {"Origin": origin.format(host=world.host)}
    assert browser.post(path, headers=headers, json={"type": "file"}).status_code == 403


def test_what_a_front_adds_is_not_believed(world: PodWorld, browser: httpx.Client, person: str) -> None:
    claims = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "1.2.3.4",
        "X-Tre-Person": "warden2222222222",
    }
    assert browser.get(f"/user/{person}/api/status", headers=claims).status_code == 200
    refused = world.browser().get("/hub/", headers=claims)
    assert refused.headers["Location"].startswith(PORTAL)
    assert "evil" not in refused.headers["Location"]


def test_a_cookie_under_the_plain_name_opens_nothing(world: PodWorld, browser: httpx.Client, person: str) -> None:
    value = browser.cookies["__Host-tre-gate"]
    plain = world.browser().get(f"/user/{person}/api/status", headers={"Cookie": f"tre-gate={value}"})
    assert plain.status_code == 303


# --- who may speak to the gate's control port ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "caller",
    [
        Peer(part="airlock"),
        Peer(part="web"),
        Peer(part="hub", project_id=new_id()),
        Peer(part="gate", project_id=new_id()),
        Peer(part="agent", project_id=new_id()),
    ],
)
def test_nobody_but_the_controller_is_answered_at_the_control_port(world: PodWorld, caller: Peer) -> None:
    gate = Peer(part="gate", project_id=world.project)
    place = f"127.0.0.1:{world.control_port}"
    for own in (caller, Peer(part=caller.part, project_id=world.project if caller.project_id else "")):
        channel = world.channel(own.part, own.project_id)
        for method, path in (("GET", "/health"), ("GET", "/meter"), ("PUT", "/admission"), ("POST", "/close")):
            body = None if method == "GET" else {"people": {}, "generation": 1, "person": new_id()}
            assert call(place, channel, gate, method, path, body).status == 403
    assert world.control("GET", "/health")["open"] is True


def test_the_controller_says_nothing_to_another_projects_gate(world: PodWorld) -> None:
    with pytest.raises(Unavailable):
        call_gate(f"127.0.0.1:{world.control_port}", world.channel("controller"), new_id(), "GET", "/health")


def test_the_control_port_speaks_no_plain_http_and_the_public_port_has_no_control(world: PodWorld) -> None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", world.control_port), 60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP" not in connection.recv(1000)
    assert httpx.get(f"http://127.0.0.1:{world.port}/health").status_code == 421


# --- what a captured hub, gate or pod can do -----------------------------------------------------------------------

ELSEWHERE = [
    "http://169.254.169.254:8888",
    "http://169.254.169.254:80",
    "http://192.0.2.10:8888",
    "http://10.0.0.1:8888",
    "http://127.0.0.1:{desk}",
    "http://127.0.0.1:{hub}",
    "http://127.0.0.1:{control}",
    "http://127.0.0.1:8888",
    "http://127.44.0.9:22",
    "http://127.44.0.9:08888",
    "http://127.044.0.9:8888",
    "http://127.1:8888",
    "http://2130706433:8888",
    "http://0x7f000009:8888",
    "http://[::1]:8888",
    "http://localhost:8888",
    "http://evil.example:8888",
    "http://127.44.0.9:8888/path",
    "http://127.44.0.9:8888?x",
    "http://user@127.44.0.9:8888",
    "http://127.44.0.9:8888@169.254.169.254:8888",
    "https://127.44.0.9:8888",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock",
    "http+unix://{routes}",
    "file:///etc/passwd",
    "http://127.44.0.9:8888\n",
    "",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_captured_hub_sends_nobody_anywhere_but_to_a_pod(world: PodWorld, target: str) -> None:
    places = {
        "desk": world.desk_port,
        "hub": world.hub_port,
        "control": world.control_port,
        "routes": str(world.path("routes.sock")).replace("/", "%2F"),
    }
    victim = new_id()
    with world.private("routes.sock") as hub:
        before = hub.get("/routes").json()
        body = {"routespec": f"/user/{victim}/", "target": target.format(**places), "data": {}}
        assert hub.put("/routes", json=body).status_code in {400, 403}
        others = ["/hub/", "/services/x/", f"/user/{victim}/second/", *(["/"] if "{hub}" not in target else [])]
        for routespec in others:
            assert hub.put("/routes", json={**body, "routespec": routespec}).status_code in {400, 403}
        assert hub.get("/routes").json() == before
        good = hub.put("/routes", json={**body, "target": "http://127.44.0.9:8888"})
        assert good.status_code == 204
        assert hub.delete("/routes", params={"routespec": f"/user/{victim}/"}).status_code == 204


def test_a_hub_asks_the_desk_for_its_own_project_only(world: PodWorld) -> None:
    """Another project's certificate gets that project's answers: here no list, no session and no ticket."""
    other = new_id()
    desk = desk_of(world)
    before = len(desk.started)
    ticket = desk.ticket(desk.admit(new_id()))
    place, controller = f"127.0.0.1:{world.desk_port}", Peer(part="controller")
    hub, gate = world.channel("hub", other), world.channel("gate", other)
    assert call(place, hub, controller, "GET", "/admission").content["people"] == {}
    launch = call(place, hub, controller, "POST", "/sessions", {"person": new_id()})
    assert launch.status == 403
    assert call(place, gate, controller, "POST", "/tickets/redeem", {"ticket": ticket}).status == 403
    assert len(desk.started) == before
    assert ticket in desk.tickets or desk.people


@pytest.mark.parametrize("wanted", ["POST /sessions", "GET /sessions/{session}", "DELETE /sessions/{session}"])
def test_a_captured_gate_starts_and_ends_nothing(
    world: PodWorld,
    browser: httpx.Client,  # noqa: ARG001
    person: str,
    wanted: str,
) -> None:
    desk = desk_of(world)
    session = next(number for number, kept in desk.started.items() if kept.person == person)
    method, _, path = wanted.format(session=session).partition(" ")
    gate = world.channel("gate", world.project)
    answer = call(f"127.0.0.1:{world.desk_port}", gate, Peer(part="controller"), method, path, {"person": person})
    assert answer.status == 403
    assert desk.started[session].process.poll() is None


def test_a_hub_cannot_spend_a_ticket(world: PodWorld) -> None:
    ticket = world.desk.ticket(admit(world))
    hub = world.channel("hub", world.project)
    place = f"127.0.0.1:{world.desk_port}"
    assert call(place, hub, Peer(part="controller"), "POST", "/tickets/redeem", {"ticket": ticket}).status == 403
    assert world.browser().get("/_gate/enter", params={"ticket": ticket}).status_code == 303


def test_neither_process_holds_a_kubernetes_token_or_the_authoritys_key(world: PodWorld) -> None:
    for part, process in world.processes.items():
        told = world.path(f"{part}.json").read_text()
        assert "token" not in told
        assert "PRIVATE" not in told
        opened = [str(entry.readlink()) for entry in Path(f"/proc/{process.pid}/fd").iterdir() if entry.is_symlink()]
        assert not [name for name in opened if "authority" in name or "serviceaccount" in name]


# --- ends of access ------------------------------------------------------------------------------------------------


def test_withdrawal_closes_a_busy_websocket_and_refuses_new_ones(world: PodWorld) -> None:
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
    assert world.control("GET", "/meter")["people"][person]["to_browser"] > 0
    refused = world.browser().get("/_gate/enter", params={"ticket": world.desk.ticket(person)})
    assert refused.status_code == 403


def test_a_refused_start_tells_its_reasons(world: PodWorld) -> None:
    person = admit(world)
    world.desk.refusal = ["Your training ended on 1 May."]
    try:
        browser = world.enter(person)
        browser.follow_redirects = True
        answer = browser.get("/hub/spawn")
        assert answer.status_code == 403
        assert "Your training ended on 1 May." in answer.text
    finally:
        world.desk.refusal = []


# --- faults: last, because they disturb everybody ------------------------------------------------------------------


def test_a_kernel_survives_the_death_of_gate_and_hub(
    world: PodWorld, browser: httpx.Client, person: str, kernel: str
) -> None:
    world.run(browser, person, kernel, "kept = 1")
    for part in ("hub", "gate"):
        world.kill(part)
        world.start(part)
    world.wait_open()
    until(lambda: world.control("GET", "/health")["routes"] >= 2, what="the routes")
    again = world.open_lab(person)
    assert world.run(again, person, kernel, "kept") == "1"


def serial_of(world: PodWorld) -> object:
    """The number of the certificate that the gate's control port shows now."""
    context = client_context(world.channel("controller"))
    with (
        socket.create_connection(("127.0.0.1", world.control_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=host_of("gate")) as secure,
    ):
        return (secure.getpeercert() or {})["serialNumber"]


def test_a_certificate_renewed_while_everything_runs_is_taken(world: PodWorld) -> None:
    shown = serial_of(world)
    before = {part: world.channel(part, world.project).certificate for part in ("gate", "hub")}
    for certificate in before.values():
        certificate.unlink()
    for part in before:
        world.channel(part, world.project)
    shutil.rmtree(world.channel("controller").certificate.parent)
    world.channel("controller")
    assert serial_of(world) != shown
    person = admit(world)
    world.desk.close()
    desk_of(world).open()
    browser = world.enter(person)
    assert browser.get("/hub/static/favicon.ico").status_code in {200, 404}


def test_a_silent_desk_closes_the_gate_and_ends_no_kernel(world: PodWorld, person: str, kernel: str) -> None:
    browser = world.open_lab(person)
    world.desk.close()
    world.kill("hub")
    world.start("hub")
    until(lambda: world.control("GET", "/health")["hub"], what="the hub")
    with pytest.raises((OrchestratorError, Refused)):
        call(
            f"127.0.0.1:{world.desk_port}", world.channel("controller"), Peer(part="controller"), "GET", "/", seconds=2
        )
    desk_of(world).open()
    world.wait_open()
    until(lambda: browser.get("/hub/spawn").status_code == 302, what="the hub")
    assert world.run(browser, person, kernel, "kept") == "1"
