"""The gate against configurable-http-proxy: the same upstream, the same client, one run, and ratios of the two.

npm install --prefix DIRECTORY configurable-http-proxy@5.3.0
python benchmarks/gate.py --proxy DIRECTORY [--rounds 2] [--write benchmarks/results/gate.md]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import psutil
from aiohttp import WSMsgType, web

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orchestrator.adapters.desk_fake import FakeDesk  # noqa: E402
from orchestrator.core.ids import new_id  # noqa: E402

PERSON = "benchmark2222222"
KERNEL = "00000000-0000-0000-0000-000000000000"
LARGE = 48 * 1024 * 1024
NAMES = {"direct": "no proxy", "proxy": "configurable-http-proxy", "gate": "gate"}


@dataclass(kw_only=True)
class Way:
    """One way to the same upstream."""

    name: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    socket: Path | None = None
    process: psutil.Process | None = None

    def client(self) -> aiohttp.ClientSession:
        connector = aiohttp.UnixConnector(str(self.socket), limit=0) if self.socket else aiohttp.TCPConnector(limit=0)
        return aiohttp.ClientSession(connector=connector, headers=self.headers, cookie_jar=aiohttp.DummyCookieJar())


Measure = Callable[[Way], Awaitable[dict[str, float]]]


async def upstream(path: str) -> None:
    """A server on a unix socket: small and large answers, and an echo."""
    large = b"x" * LARGE
    small = b"y" * 1024

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=large if request.path.endswith("large") else small, content_type="text/plain")

    async def channel(request: web.Request) -> web.StreamResponse:
        opened = web.WebSocketResponse(max_msg_size=0, compress=False)
        await opened.prepare(request)
        async for message in opened:
            if message.type is WSMsgType.TEXT and message.data.startswith("send "):
                _, count, size = message.data.split()
                body = "z" * int(size)
                for _ in range(int(count)):
                    await opened.send_str(body)
            elif message.type is WSMsgType.TEXT:
                await opened.send_str(message.data)
        return opened

    application = web.Application()
    application.router.add_get("/{prefix:.*}/channels", channel)
    application.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, path).start()
    await asyncio.Event().wait()


def path(tail: str) -> str:
    return f"/user/{PERSON}/{tail}"


async def large_files(way: Way) -> dict[str, float]:
    async with way.client() as client:
        began, received = time.perf_counter(), 0
        for _ in range(6):
            async with client.get(way.url + path("api/contents/large")) as answer:
                assert answer.status == 200, await answer.text()
                async for chunk in answer.content.iter_any():
                    received += len(chunk)
        return {"files of 48 MB, MB/s": received / 1e6 / (time.perf_counter() - began)}


async def small_answers(way: Way) -> dict[str, float]:
    async with way.client() as client:

        async def one() -> float:
            began = time.perf_counter()
            async with client.get(way.url + path("api/contents/small")) as answer:
                await answer.read()
                assert answer.status == 200
            return time.perf_counter() - began

        alone = [await one() for _ in range(400)]
        began = time.perf_counter()

        async def many() -> None:
            for _ in range(100):
                await one()

        await asyncio.gather(*(many() for _ in range(16)))
        rate = 1600 / (time.perf_counter() - began)
    return {"1 KB answer, p50 ms": 1000 * statistics.median(alone), "1 KB answers, 16 clients, per s": rate}


async def websockets(way: Way) -> dict[str, float]:
    url = way.url + path(f"api/kernels/{KERNEL}/channels")
    async with way.client() as client, client.ws_connect(url, max_msg_size=0, compress=0) as channel:
        times = []
        for _ in range(1500):
            began = time.perf_counter()
            await channel.send_str("e" * 400)
            await channel.receive_str()
            times.append(time.perf_counter() - began)
        times.sort()
        small = await flow(channel, 40_000, 1024)
        large = await flow(channel, 800, 256 * 1024)
    return {
        "websocket echo of 400 B, p50 ms": 1000 * times[len(times) // 2],
        "websocket echo of 400 B, p99 ms": 1000 * times[int(len(times) * 0.99)],
        "websocket messages of 1 KB, per s": 40_000 / small,
        "websocket messages of 256 KB, MB/s": 800 * 0.262144 / large,
    }


async def flow(channel: aiohttp.ClientWebSocketResponse, count: int, size: int) -> float:
    began = time.perf_counter()
    await channel.send_str(f"send {count} {size}")
    for _ in range(count):
        await channel.receive()
    return time.perf_counter() - began


MEASURES: tuple[Measure, ...] = (large_files, small_answers, websockets)


@contextlib.contextmanager
def running(*command: str, **environment: str) -> Iterator[psutil.Process]:
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answered(url: str, *, socket_path: Path | None = None, **more: Any) -> None:
    connector = aiohttp.UnixConnector(str(socket_path)) if socket_path else None
    async with aiohttp.ClientSession(connector=connector) as client:
        for _ in range(200):
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with client.request(more.pop("method", "GET"), url, **more):
                    return
            await asyncio.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


async def tell_gate(directory: Path, desk: FakeDesk, way: Way) -> None:
    await answered("http://x/generation", socket_path=directory / "routes.sock")
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(directory / "routes.sock"))) as client:
        for spec, name in (("/", "h/hub.sock"), (f"/user/{PERSON}/", "s/1/ws.sock")):
            target = "http+unix://" + quote(str(directory / name), safe="")
            body = {"routespec": spec, "target": target, "data": {}}
            async with client.put("http://x/routes", json=body) as answer:
                assert answer.status == 204, await answer.text()
    for _ in range(100):
        async with aiohttp.ClientSession() as client:
            url = f"{way.url}/_gate/enter?ticket={desk.ticket(PERSON)}"
            async with client.get(url, headers=way.headers, allow_redirects=False) as answer:
                if answer.status == 303:
                    way.headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
                    return
        await asyncio.sleep(0.1)
    raise SystemExit("the gate did not open")


async def tell_proxy(port: int, api: int, server: Path) -> Way:
    target = "unix+http://" + quote(str(server), safe="")
    url = f"http://127.0.0.1:{api}/api/routes/user/{PERSON}"
    headers = {"Authorization": "token benchmark"}
    await answered(f"http://127.0.0.1:{api}/api/routes", headers=headers)
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.post(url, json={"target": target}) as answer,
    ):
        assert answer.status == 201, await answer.text()
    return Way(name="proxy", url=f"http://127.0.0.1:{port}")


def processor_seconds(way: Way) -> float:
    """What the way's own process has used; unlike the rates, hardly touched by other work on the machine."""
    times = way.process.cpu_times() if way.process is not None else None
    return times.user + times.system if times is not None else 0.0


async def measure(ways: list[Way], rounds: int) -> dict[str, dict[str, list[float]]]:
    results: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds):
        for measured in MEASURES:
            for way in ways if number % 2 == 0 else reversed(ways):
                before = processor_seconds(way)
                found = await measured(way)
                if way.process is not None:
                    found[f"processor seconds: {measured.__name__.replace('_', ' ')}"] = processor_seconds(way) - before
                for what, value in found.items():
                    results.setdefault(what, {}).setdefault(way.name, []).append(value)
    for way in ways:
        if way.process is not None:
            memory = way.process.memory_full_info().pss / 1e6
            results.setdefault("memory after, MB (PSS)", {})[way.name] = [memory]
    return results


def table(results: dict[str, dict[str, list[float]]], rounds: int) -> str:
    lines = [
        "# The gate against configurable-http-proxy",
        "",
        "Written by `benchmarks/gate.py`: the same upstream on a unix socket, the same client, both in one run,",
        f"{rounds} rounds in alternating order (each value below), ratios of the medians.",
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end;",
        "configurable-http-proxy 5.3.0 on Node.js. Other work ran on the machine: read the ratios, not the values;",
        "processor seconds are each proxy's own, for the same work, and the steadiest of these figures.",
        "The gate judges every path, header, origin and route and counts every byte; the other proxy does not.",
        "",
        "| | " + " | ".join(NAMES.values()) + " | gate : proxy | better |",
        "|---|---|---|---|---|---|",
    ]
    for what, values in results.items():
        cells = [
            ", ".join(f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in values.get(name, []))
            for name in NAMES
        ]
        ratio = statistics.median(values["gate"]) / statistics.median(values["proxy"]) if "proxy" in values else None
        lower = what.endswith(" ms") or what.startswith(("memory", "processor"))
        better = "" if ratio is None else ("gate" if (ratio < 1) == lower else "proxy")
        lines.append(f"| {what} | {' | '.join(cells)} | {'' if ratio is None else f'{ratio:.2f}'} | {better} |")
    return "\n".join(lines) + "\n"


async def compare(
    directory: Path, arguments: argparse.Namespace, desk: FakeDesk, gate: psutil.Process, port: int
) -> str:
    origin = json.loads((directory / "gate.json").read_text())["public_url"]
    address = {"Host": origin.removeprefix("http://"), "Origin": origin}
    ways = [
        Way(name="direct", url="http://x", socket=directory / "s/1/ws.sock"),
        Way(name="gate", url=f"http://127.0.0.1:{port}", headers=address, process=gate),
    ]
    await tell_gate(directory, desk, ways[1])
    if arguments.proxy is None:
        return table(await measure(ways, arguments.rounds), arguments.rounds)
    public, api = free_port(), free_port()
    program = arguments.proxy / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
    options = ["--ip", "127.0.0.1", "--port", str(public), "--api-ip", "127.0.0.1", "--api-port", str(api)]
    secret = {"CONFIGPROXY_AUTH_TOKEN": "benchmark"}
    with running("node", str(program), *options, "--log-level", "error", **secret) as process:
        proxy = await tell_proxy(public, api, directory / "s/1/ws.sock")
        proxy.process = process
        return table(await measure([ways[0], proxy, ways[1]], arguments.rounds), arguments.rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proxy", type=Path, help="where configurable-http-proxy was installed by npm")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--write", type=Path, help="a Markdown file for the result")
    parser.add_argument("--upstream", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.upstream:
        asyncio.run(upstream(arguments.upstream))
        return
    directory = Path(tempfile.mkdtemp(prefix="b-", dir="/tmp"))
    try:
        text = prepare(directory, arguments)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(text)
    if arguments.write:
        arguments.write.write_text(text)


def prepare(directory: Path, arguments: argparse.Namespace) -> str:
    for name in ("h", "s", "s/1"):
        (directory / name).mkdir()
    project, port = new_id(), free_port()
    content = {
        "project_id": project,
        "title": "Benchmark",
        "public_url": f"http://{project}.localhost:{port}",
        "listen": f"http://127.0.0.1:{port}",
        "portal_url": "http://127.0.0.1:1",
        "hub_secret": "s" * 40,
        "servers": str(directory / "s"),
        "hub": str(directory / "h/hub.sock"),
    } | {name: str(directory / f"{name.partition('_')[0]}.sock") for name in ("control", "routes_socket", "desk")}
    (directory / "gate.json").write_text(json.dumps(content))

    def nothing(*_: object) -> Any:
        raise NotImplementedError

    with (
        FakeDesk(socket=directory / "desk.sock", start_server=nothing) as desk,
        running(sys.executable, __file__, "--upstream", str(directory / "s/1/ws.sock")),
        running(sys.executable, "-m", "orchestrator.gate", str(directory / "gate.json")) as gate,
    ):
        desk.admit(PERSON)
        return asyncio.run(compare(directory, arguments, desk, gate, port))


if __name__ == "__main__":
    main()
