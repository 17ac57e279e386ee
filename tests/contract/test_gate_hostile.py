"""A gate in this process before servers of our own making that behave as badly as a researcher's process can."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from orchestrator.adapters.desk import Admitted, SignedOn
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.gate.configuration import configuration_from
from orchestrator.gate.judge import Limits
from orchestrator.gate.process import Gate
from tests.contract.gate_world import PORTAL
from tests.ports import free_port

PERSON = new_id()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Desk:
    """Admits whom it is told to; falls silent when asked to."""

    people: set[str] = field(default_factory=lambda: {PERSON})
    silent: bool = False

    async def redeem(self, ticket: str) -> SignedOn:
        if self.silent:
            raise Unavailable("no desk", system="controller")
        if ticket not in self.people:
            raise Refused("unknown ticket")
        return SignedOn(person=ticket, name="P", until=system_clock() + timedelta(hours=1))

    async def admission(self) -> Admitted:
        if self.silent:
            raise Unavailable("no desk", system="controller")
        return Admitted(people={p: system_clock() + timedelta(hours=1) for p in self.people}, generation=1)

    async def close(self) -> None:
        return


@dataclass
class Scene:
    gate: Gate
    desk: Desk
    client: aiohttp.ClientSession
    cookie: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gate.configuration.listen.port}"

    def headers(self, **more: str) -> dict[str, str]:
        configuration = self.gate.configuration
        headers = {"Host": configuration.authority, "Origin": configuration.origin, "Cookie": self.cookie}
        return headers | {name.replace("_", "-"): value for name, value in more.items()}

    async def enter(self, person: str = PERSON) -> aiohttp.ClientResponse:
        url = f"{self.url}/_gate/enter?ticket={person}"
        async with self.client.get(url, headers=self.headers(), allow_redirects=False) as answer:
            self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
            return answer

    @asynccontextmanager
    async def get(self, path: str, method: str = "GET", **more: str) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{self.url}{path}"
        async with self.client.request(
            method, url, headers=self.headers(**more), allow_redirects=False, auto_decompress=False
        ) as answer:
            yield answer

    async def status(self, path: str, **more: str) -> int:
        async with self.get(path, **more) as answer:
            await answer.read()
            return answer.status


@pytest.fixture
def directory() -> Iterator[Path]:
    made = Path(f"/tmp/h-{new_id()}")
    made.mkdir(mode=0o700)
    before = os.umask(0o022)
    yield made
    os.umask(before)
    for file in sorted(made.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    made.rmdir()


async def serve(path: Path, handler: Handler) -> web.AppRunner:
    application = web.Application(client_max_size=0)
    application.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    path.parent.mkdir(parents=True, exist_ok=True)
    await web.UnixSite(runner, str(path)).start()
    return runner


@asynccontextmanager
async def scene(
    directory: Path, server: Handler, hub: Handler | None = None, limits: Limits | None = None
) -> AsyncIterator[Scene]:
    project = new_id()
    (directory / "s").mkdir()
    port, hub_socket = free_port(), directory / "h" / "hub.sock"
    configuration = configuration_from(
        {
            "project_id": project,
            "title": "T",
            "public_url": f"http://{project}.localhost:{port}",
            "listen": f"http://127.0.0.1:{port}",
            "portal_url": PORTAL,
            "control": str(directory / "gate.sock"),
            "routes_socket": str(directory / "routes.sock"),
            "desk": str(directory / "desk.sock"),
            "hub": str(hub_socket),
            "servers": str(directory / "s"),
            "hub_secret": "s" * 40,
        }
    )
    socket = directory / "s" / "one" / "ws.sock"
    runners = [await serve(socket, server), await serve(hub_socket, hub or server)]
    gate = Gate(configuration, limits=limits)
    desk = Desk()
    gate.keeper._desk = desk
    await gate.start()
    try:
        await gate.upstreams.put(routespec="/", target=url_of(hub_socket), data={"hub": True})
        await gate.upstreams.put(routespec=f"/user/{PERSON}/", target=url_of(socket) + ":80", data={"user": PERSON})
        await gate.keeper.admit((await desk.admission()).people)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            made = Scene(gate=gate, desk=desk, client=client)
            await made.enter()
            yield made
    finally:
        await gate.stop()
        for runner in runners:
            await runner.cleanup()


def url_of(socket: Path) -> str:
    return "http+unix://" + quote(str(socket), safe="")


def run(story: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(120):
            await story

    asyncio.run(limited())


async def fine(_: web.Request) -> web.StreamResponse:
    return web.Response(text="fine", content_type="text/html")


# --- answers -----------------------------------------------------------------------------------------------------

HOSTILE = [
    ("Set-Cookie", "tre-gate=stolen; Path=/; Domain=localhost"),
    ("Set-Cookie", "jupyterhub-hub-login=x; Path=/hub/"),
    ("Content-Disposition", "attachment; filename=data.csv"),
    ("Refresh", "0; url=http://evil.example/"),
    ("Link", "<http://evil.example/>; rel=preconnect"),
    ("Content-Security-Policy", "default-src *"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Service-Worker-Allowed", "/"),
    ("Alt-Svc", 'h3=":443"'),
    ("NEL", "{}"),
    ("Report-To", "{}"),
    ("Reporting-Endpoints", 'a="http://evil.example"'),
    ("SourceMap", "http://evil.example/map"),
    ("Clear-Site-Data", '"*"'),
    ("Strict-Transport-Security", "max-age=1"),
    ("X-Anything", "1"),
]


def test_hostile_headers_are_replaced_by_the_gates_own(directory: Path) -> None:
    async def hostile(_: web.Request) -> web.StreamResponse:
        answer = web.Response(text="x", content_type="text/html")
        for name, value in HOSTILE:
            answer.headers.add(name, value)
        return answer

    async def story() -> None:
        async with scene(directory, hostile) as here, here.get(f"/user/{PERSON}/lab") as answer:
            assert answer.status == 200
            forbidden = {name for name, _ in HOSTILE} - {"Content-Security-Policy"}
            assert not forbidden & set(answer.headers)
            assert answer.headers.getall("Content-Security-Policy")[0].startswith("default-src 'self'")
            assert "sandbox allow-same-origin allow-scripts" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Server"] == "gate"

    run(story())


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("http://evil.example/", 403),
        ("//evil.example/", 403),
        ("https:evil.example", 403),
        ("javascript:alert(1)", 403),
        ("/\\evil.example", 403),
        (PORTAL + "/x", 403),
        ("/user/x/lab", 302),
        ("lab?redirects=1", 302),
        ("{origin}/hub/", 302),
        ("{origin}.evil.example/", 403),
    ],
)
def test_a_server_may_send_the_browser_only_within_this_host(directory: Path, where: str, expected: int) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        origin = f"http://{request.headers['Host']}"
        return web.Response(status=302, headers={"Location": where.format(origin=origin)})

    async def story() -> None:
        async with scene(directory, elsewhere) as here, here.get(f"/user/{PERSON}/lab") as answer:
            assert answer.status == expected
            assert "evil" not in answer.headers.get("Location", "")

    run(story())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("text/html", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/zip", "application/octet-stream"),
        ("multipart/x-mixed-replace", "application/octet-stream"),
        ("text/html; charset=utf-7", "text/html; charset=utf-8"),
        ("", "application/octet-stream"),
    ],
)
def test_an_unknown_content_type_becomes_bytes(directory: Path, kind: str, expected: str) -> None:
    async def typed(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x", headers={"Content-Type": kind})

    async def story() -> None:
        async with scene(directory, typed) as here, here.get(f"/user/{PERSON}/lab") as answer:
            assert answer.headers["Content-Type"] == expected

    run(story())


def test_an_answer_that_is_too_large_is_cut_whatever_it_says_of_itself(directory: Path) -> None:
    limits = replace(Limits(), answer=1024 * 1024)

    async def large(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("honest"):
            return web.Response(body=b"x" * 2 * 1024 * 1024)
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        for _ in range(64):
            await answer.write(b"x" * 1024 * 1024)
        return answer

    async def story() -> None:
        async with scene(directory, large, limits=limits) as here:
            assert await here.status(f"/user/{PERSON}/api/contents/honest") == 403
            received = 0
            with pytest.raises(aiohttp.ClientError):
                async with here.get(f"/user/{PERSON}/api/contents/endless") as answer:
                    async for chunk in answer.content.iter_any():
                        received += len(chunk)
            assert received <= limits.answer

    run(story())


# --- requests ----------------------------------------------------------------------------------------------------


def test_the_hub_learns_who_asks_and_the_server_does_not(directory: Path) -> None:
    seen: dict[str, dict[str, str]] = {}

    def remember(name: str) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            seen[name] = dict(request.headers)
            answer = web.Response(text="x")
            answer.headers.add("Set-Cookie", 'jupyterhub-session-id="a b"; Path=/')
            answer.headers.add("Set-Cookie", "jupyterhub-hub-login=h; Path=/hub/; HttpOnly")
            answer.headers.add("Set-Cookie", f"jupyterhub-user-{PERSON}=u; Path=/; Domain=localhost")
            return answer

        return handler

    async def story() -> None:
        async with scene(directory, remember("server"), remember("hub")) as here:
            forged = {
                "X_Tre_Person": "someoneelse22222",
                "X_Tre_Gate": "guess",
                "Authorization": "token abc",
                "X_Forwarded_For": "1.2.3.4",
                "X_Forwarded_Host": "evil.example",
                "Forwarded": "for=1.2.3.4",
                "X_HTTP_Method_Override": "DELETE",
                "Proxy_Authorization": "x",
                "Referer": "http://evil.example/",
            }
            for path in ("/hub/", "/hub/", f"/user/{PERSON}/lab", f"/user/{PERSON}/lab"):
                async with here.get(path, **forged) as answer:
                    assert answer.status == 200
                    assert "Set-Cookie" not in answer.headers
            assert seen["hub"]["X-Tre-Person"] == PERSON
            assert seen["hub"]["X-Tre-Gate"] == "s" * 40
            assert "jupyterhub-hub-login=h" in seen["hub"]["Cookie"]
            for name in ("X-Tre-Person", "X-Tre-Gate", "Authorization", "X-Forwarded-For", "Referer", "Forwarded"):
                assert name not in seen["server"]
            assert "tre-gate" not in str(seen)
            assert "hub-login" not in seen["server"]["Cookie"]
            assert f"jupyterhub-user-{PERSON}=u" in seen["server"]["Cookie"]

    run(story())


def test_the_path_goes_on_exactly_as_it_came(directory: Path) -> None:
    seen: list[str] = []

    async def remember(request: web.Request) -> web.StreamResponse:
        seen.append(request.raw_path)
        return web.Response(text="x")

    async def story() -> None:
        async with scene(directory, remember) as here:
            path = f"/user/{PERSON}/api/contents/a%20b/%C3%A9+x;y@z:1%2500?content=1&x=%2F%3d+[y]"
            reader, writer = await asyncio.open_connection("127.0.0.1", here.gate.configuration.listen.port)
            head = f"GET {path} HTTP/1.1\r\nConnection: close\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in here.headers().items())
            writer.write(head.encode() + b"\r\n")
            assert (await reader.readline()).split()[1] == b"403", "%2500 would be a NUL to whoever decodes twice"
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", here.gate.configuration.listen.port)
            writer.write(head.replace("%2500", "").encode() + b"\r\n")
            assert (await reader.readline()).split()[1] == b"200"
            writer.close()
            await writer.wait_closed()
            assert seen == [path.replace("%2500", "")]

    run(story())


# --- closed doors ------------------------------------------------------------------------------------------------


def test_the_gate_starts_closed_and_a_stale_list_closes_it_again(directory: Path) -> None:
    async def story() -> None:
        async with scene(directory, fine) as here:
            assert await here.status(f"/user/{PERSON}/lab") == 200
            here.desk.silent = True
            here.gate.keeper.admissions._received = -1e9
            async with here.get(f"/user/{PERSON}/lab") as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"] == "2"
            assert (await here.enter()).status == 503
            here.gate.keeper.admissions._received = None
            assert await here.status("/hub/") == 503

    run(story())


def test_a_stale_list_cuts_sockets_and_a_fresh_one_lets_the_same_session_back(directory: Path) -> None:
    async def story() -> None:
        async with scene(directory, echo) as here:
            channel = await open_channel(here)
            here.desk.silent = True
            here.gate.keeper.admissions._received = -1e9
            assert (await channel.receive()).type is not WSMsgType.TEXT
            assert channel.close_code == 4403
            here.desk.silent = False
            await here.gate.keeper.admit((await here.desk.admission()).people)
            again = await open_channel(here)
            await again.close()

    run(story())


def test_a_person_whose_time_is_over_is_put_out_without_a_word_from_anybody(directory: Path) -> None:
    async def story() -> None:
        async with scene(directory, echo) as here:
            channel = await open_channel(here)
            session = here.gate.keeper.sessions.of(PERSON)[0]
            session.until = system_clock() - timedelta(seconds=1)
            assert (await channel.receive()).type is not WSMsgType.TEXT
            assert channel.close_code == 4403
            assert await here.status("/hub/", Accept="text/html") == 303

    run(story())


def test_a_route_that_is_not_there_is_not_ready_rather_than_forbidden(directory: Path) -> None:
    async def story() -> None:
        async with scene(directory, fine) as here:
            await here.gate.upstreams.delete(f"/user/{PERSON}/")
            assert await here.status(f"/user/{PERSON}/api/status") == 424
            assert await here.status(f"/user/{PERSON}/lab", Accept="text/html") == 303
            await here.gate.upstreams.delete("/")
            assert await here.status("/hub/") == 503

    run(story())


def test_a_server_that_is_gone_is_told_in_words(directory: Path) -> None:
    async def story() -> None:
        async with scene(directory, fine) as here:
            (directory / "s" / "one" / "ws.sock").unlink()
            async with here.get(f"/user/{PERSON}/api/status") as answer:
                assert answer.status == 503
                assert "does not answer" in (await answer.json())["message"]

    run(story())


# --- where routes may lead ---------------------------------------------------------------------------------------


def test_a_server_that_puts_a_link_in_place_of_its_socket_is_not_followed(directory: Path) -> None:
    """The kernel owns the directory of its socket; a link to the control socket would let it admit itself."""

    async def story() -> None:
        async with scene(directory, fine) as here:
            socket = directory / "s" / "one" / "ws.sock"
            assert await here.status(f"/user/{PERSON}/api/status") == 200
            socket.rename(directory / "s" / "one" / "kept.sock")
            await here.gate.upstreams._close(f"/user/{PERSON}/")
            for target in (directory / "gate.sock", directory / "h" / "hub.sock", directory / "s/one/kept.sock"):
                socket.symlink_to(target)
                assert await here.status(f"/user/{PERSON}/api/status") == 503
                socket.unlink()
            (directory / "s" / "one" / "kept.sock").rename(socket)
            assert await here.status(f"/user/{PERSON}/api/status") == 200

    run(story())


@pytest.mark.parametrize(
    ("routespec", "target"),
    [
        ("/user/{person}/", "http://127.0.0.1:22"),
        ("/user/{person}/", "http+unix://{gate}"),
        ("/user/{person}/", "http+unix://{hub}"),
        ("/user/{person}/", "http+unix://{server}%2F..%2F..%2F..%2Fgate.sock"),
        ("/user/{person}/", "http+unix://relative.sock"),
        ("/user/{person}/", "http+unix://{linked}"),
        ("/", "http+unix://{server}"),
        ("/", "http://127.0.0.1:8081"),
        ("/services/x/", "http+unix://{server}"),
        ("/user/{person}/second/", "http+unix://{server}"),
        ("evil.example/", "http+unix://{hub}"),
    ],
)
def test_a_captured_hub_cannot_route_anywhere_else(directory: Path, routespec: str, target: str) -> None:
    async def story() -> None:
        async with scene(directory, fine) as here:
            (directory / "s" / "away").symlink_to(directory)
            names = {
                "person": PERSON,
                "gate": quote(str(directory / "gate.sock"), safe=""),
                "hub": quote(str(directory / "h" / "hub.sock"), safe=""),
                "server": quote(str(directory / "s" / "one" / "ws.sock"), safe=""),
                "linked": quote(str(directory / "s" / "away" / "gate.sock"), safe=""),
            }
            before = here.gate.upstreams.routes()
            with pytest.raises(OrchestratorError):
                await here.gate.upstreams.put(
                    routespec=routespec.format(**names), target=target.format(**names), data={}
                )
            assert here.gate.upstreams.routes() == before
            await here.gate.upstreams.put(
                routespec=f"/user/{PERSON}/", target=f"http+unix://{names['server']}:80", data={}
            )

    run(story())


# --- websockets --------------------------------------------------------------------------------------------------


async def echo(request: web.Request) -> web.StreamResponse:
    channel = web.WebSocketResponse(protocols=("v1.kernel.websocket.jupyter.org",), max_msg_size=0)
    await channel.prepare(request)
    async for message in channel:
        if message.data == "flood":
            while not channel.closed:
                await channel.send_str("x" * 1000)
                await asyncio.sleep(0)
        elif message.data == "large":
            await channel.send_bytes(b"x" * 3 * 1024 * 1024)
        elif message.data == "goodbye":
            await channel.close(code=4001)
        elif message.type is WSMsgType.TEXT:
            await channel.send_str(message.data)
        else:
            await channel.send_bytes(message.data)
    return channel


async def open_channel(here: Scene, **more: str) -> aiohttp.ClientWebSocketResponse:
    kernel = "00000000-0000-0000-0000-000000000000"
    url = f"{here.url}/user/{PERSON}/api/kernels/{kernel}/channels"
    return await here.client.ws_connect(
        url, headers=here.headers(**more), max_msg_size=0, protocols=("v1.kernel.websocket.jupyter.org", "other")
    )


def test_messages_pass_both_ways_and_are_counted(directory: Path) -> None:
    async def story() -> None:
        async with scene(directory, echo) as here:
            channel = await open_channel(here)
            assert channel.protocol == "v1.kernel.websocket.jupyter.org"
            await channel.send_str("å" * 1000)
            assert await channel.receive_str() == "å" * 1000
            await channel.send_bytes(b"\x00" * 5000)
            assert await channel.receive_bytes() == b"\x00" * 5000
            counted = here.gate.meter.report()["people"][PERSON]  # type: ignore[index]
            assert counted == {"to_browser": 7000, "from_browser": 7000}
            await channel.send_str("goodbye")
            assert (await channel.receive()).data == 4001

    run(story())


def test_bursts_of_messages_of_every_size_arrive_whole_and_in_order(directory: Path) -> None:
    """The gate writes what waits in one go; the sizes are those at which a frame's header changes its form."""
    sizes = [0, 1, 125, 126, 127, 1000, 32 * 1024, 32 * 1024 + 1, 65535, 65536, 200_000, 0, 7] * 3
    sent = [("é" if number % 3 else "y") * size for number, size in enumerate(sizes)]

    async def burst(request: web.Request) -> web.StreamResponse:
        channel = web.WebSocketResponse(max_msg_size=0)
        await channel.prepare(request)
        await channel.receive()
        for number, text in enumerate(sent):
            await (channel.send_str(text) if number % 2 else channel.send_bytes(text.encode()))
        await channel.close(code=4002)
        return channel

    async def story() -> None:
        async with scene(directory, burst) as here:
            channel = await open_channel(here)
            await channel.send_str("go")
            for number, text in enumerate(sent):
                message = await channel.receive()
                assert message.type is (WSMsgType.TEXT if number % 2 else WSMsgType.BINARY)
                assert message.data == (text if number % 2 else text.encode())
            assert (await channel.receive()).data == 4002
            counted = here.gate.meter.report()["people"][PERSON]  # type: ignore[index]
            assert counted["to_browser"] == sum(len(text.encode()) for text in sent)

    run(story())


def test_a_browser_that_does_not_read_stops_the_server_and_not_the_gates_memory(directory: Path) -> None:
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        channel = web.WebSocketResponse(max_msg_size=0)
        await channel.prepare(request)
        while not channel.closed:
            await channel.send_str("x" * 1000)
            sent += 1000
            await asyncio.sleep(0)
        return channel

    async def story() -> None:
        async with scene(directory, flood) as here:
            channel = await open_channel(here)
            seen = -1
            while seen != sent:
                seen = sent
                await asyncio.sleep(0.3)
            assert 0 < sent < 64 * 1024 * 1024
            assert not channel.closed  # also keeps it from being collected, which would end it
            await here.gate.keeper.close(PERSON)

    run(story())


def test_a_message_that_is_too_large_ends_the_socket_and_not_the_gate(directory: Path) -> None:
    limits = replace(Limits(), message_to_browser=1024 * 1024, message_from_browser=1024 * 1024)

    async def story() -> None:
        async with scene(directory, echo, limits=limits) as here:
            for too_large in ("large", "y" * 2 * 1024 * 1024):
                channel = await open_channel(here)
                await channel.send_str(too_large)
                assert (await channel.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR}
            assert await here.status("/_gate/nothing") == 404

    run(story())


@pytest.mark.parametrize("reading", [True, False])
def test_withdrawal_ends_a_flooding_socket_whether_or_not_its_reader_reads(directory: Path, reading: bool) -> None:
    async def story() -> None:
        async with scene(directory, echo) as here:
            channel = await open_channel(here)
            await channel.send_str("flood")
            await channel.receive()
            if not reading:
                await asyncio.sleep(0.3)
            here.desk.people.clear()
            drain = asyncio.create_task(until_closed(channel)) if reading else None
            async with asyncio.timeout(60):  # it ends by itself, whoever reads or does not
                await here.gate.keeper.admit({})
            assert not here.gate.keeper.sessions.all()
            if drain is not None:
                await drain
                assert channel.close_code == 4403
            else:
                await until_closed(channel)
            assert await here.status("/hub/", Accept="application/json") == 401
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await open_channel(here)

    run(story())


async def until_closed(channel: aiohttp.ClientWebSocketResponse) -> None:
    while (await channel.receive()).type is WSMsgType.TEXT:
        pass


def test_a_running_answer_is_cut_off_too(directory: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"data: x\n\n")
            await asyncio.sleep(0.01)

    async def story() -> None:
        path = f"/hub/api/users/{PERSON}/server/progress"
        async with scene(directory, endless) as here, here.get(path) as answer:
            await answer.content.readany()
            await here.gate.keeper.close(PERSON)
            with pytest.raises(aiohttp.ClientError):
                while await answer.content.readany():
                    pass

    run(story())


def test_the_oldest_of_too_many_browsers_is_signed_off(directory: Path) -> None:
    async def story() -> None:
        async with scene(directory, fine) as here:
            first = here.cookie
            for _ in range(8):
                here.cookie = ""
                await here.enter()
            assert len(here.gate.keeper.sessions.of(PERSON)) == 8
            here.cookie = first
            assert await here.status("/hub/", Accept="application/json") == 401

    run(story())
