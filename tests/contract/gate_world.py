"""A real gate and a real hub as processes of their own, a fake desk, and clients, for the tests beside this file."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from yarl import URL

from orchestrator.adapters.desk_fake import FakeDesk, PlainServers
from orchestrator.core.ids import new_id
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = ROOT / ".venv-workspace"
PORTAL = "http://127.0.0.1:8089"


def until(condition: Any, *, seconds: float = 120.0, what: str = "it") -> Any:
    """Wait for a condition; a failing wait says what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")


@dataclass(kw_only=True)
class World:
    """One project: gate and hub as started by a backend."""

    directory: Path
    project: str = field(default_factory=new_id)
    port: int = field(default_factory=free_port)
    secret: str = field(default_factory=lambda: uuid.uuid4().hex)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    clients: list[httpx.Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("h", "s", "hub"):
            (self.directory / name).mkdir(mode=0o700)
        self.desk = FakeDesk(
            socket=self.path("desk.sock"),
            start_server=PlainServers(
                executable=WORKSPACE / "bin" / "jupyterhub-singleuser",
                hub_socket=self.path("h/hub.sock"),
                server_directory=self.path("s"),
                homes=self.path("homes"),
            ),
        )

    @property
    def host(self) -> str:
        return f"{self.project}.localhost"

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    def path(self, name: str) -> Path:
        return self.directory / name

    def told(self, part: str) -> dict[str, Any]:
        content = {
            "project_id": self.project,
            "title": "A study",
            "public_url": self.origin,
            "portal_url": PORTAL,
            "routes_socket": str(self.path("routes.sock")),
            "desk": str(self.path("desk.sock")),
            "hub_secret": self.secret,
        }
        if part == "gate":
            content |= {
                "listen": f"http://127.0.0.1:{self.port}",
                "control": str(self.path("gate.sock")),
                "hub": str(self.path("h/hub.sock")),
                "servers": str(self.path("s")),
            }
        else:
            content |= {"listen": str(self.path("h/hub.sock")), "directory": str(self.path("hub"))}
        return content

    def configuration(self, part: str) -> Path:
        file = self.path(f"{part}.json")
        file.write_text(json.dumps(self.told(part)))
        file.chmod(0o600)
        return file

    def start(self, part: str) -> None:
        with self.path(f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(
                [sys.executable, "-m", f"orchestrator.{part}", str(self.configuration(part))],
                cwd=ROOT,
                env={**os.environ, "PYTHONWARNINGS": "default"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, part: str) -> None:
        process = self.processes[part]
        process.send_signal(signal.SIGKILL)
        process.wait(60)

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(60)

    def _speak(self, name: str, method: str, path: str, body: Any) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("private", timeout=90)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self.path(name)))
            content = None if body is None else json.dumps(body)
            connection.request(method, path, body=content, headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def private(self, name: str) -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(self.path(name)))
        return httpx.Client(transport=transport, base_url="http://private", timeout=90)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        status, content = self._speak("gate.sock", method, path, body)
        assert status < 300, content
        return json.loads(content) if content else None

    def browser(self) -> httpx.Client:
        """A client with a cookie jar that speaks to the gate as a browser at this project's address."""
        headers = {"Host": f"{self.host}:{self.port}", "Origin": self.origin, "Accept": "text/html"}
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=120)
        self.clients.append(client)
        return client

    def inside(self, session: Path) -> httpx.Client:
        """A client straight on a server's socket, past the gate."""
        client = httpx.Client(transport=httpx.HTTPTransport(uds=str(session)), base_url="http://server", timeout=90)
        self.clients.append(client)
        return client

    def wait_open(self) -> None:
        def is_open() -> bool:
            try:
                health = self.control("GET", "/health")
            except (http.client.HTTPException, OSError):
                return False
            return bool(health["open"] and health["hub"])

        until(is_open, what="gate and hub")

    def enter(self, person: str) -> httpx.Client:
        """Sign on with a ticket and return the browser that holds the session."""
        browser = self.browser()
        answer = browser.get("/_gate/enter", params={"ticket": self.desk.ticket(person)})
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"] == "/hub/"
        return browser

    def open_lab(self, person: str) -> httpx.Client:
        """Sign on and follow redirects, as a browser does, until JupyterLab's page is there."""
        browser = self.enter(person)
        url = "/hub/"
        end = time.monotonic() + 180
        while time.monotonic() < end:
            answer = browser.get(url)
            if answer.is_redirect:
                url = answer.headers["Location"]
            elif answer.status_code == 200 and "jupyter-config-data" in answer.text:
                return browser
            else:
                assert answer.status_code in {200, 424, 503}, (url, answer.status_code, answer.text[:2000])
                time.sleep(0.3)
                url = url if answer.status_code != 200 else f"/user/{person}/lab"
        raise AssertionError(f"JupyterLab did not open; last {answer.status_code} at {url}")

    def headers(self, browser: httpx.Client) -> dict[str, str]:
        """What JupyterLab's own requests carry."""
        return {"X-XSRFToken": browser.cookies.get("_xsrf", ""), "Accept": "application/json"}

    def new_kernel(self, browser: httpx.Client, person: str) -> str:
        answer = browser.post(f"/user/{person}/api/kernels", json={"name": "python3"}, headers=self.headers(browser))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def socket_headers(self, browser: httpx.Client) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        return {"Host": f"{self.host}:{self.port}", "Origin": self.origin, "Cookie": cookies}

    def socket_url(self, person: str, kernel: str) -> URL:
        return URL(f"http://127.0.0.1:{self.port}/user/{person}/api/kernels/{kernel}/channels")

    def run(self, browser: httpx.Client, person: str, kernel: str, code: str) -> str:
        """Execute code over the kernel's websocket through the gate and return what it printed or gave."""

        async def execute() -> str:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
                url = self.socket_url(person, kernel)
                async with client.ws_connect(url, headers=self.socket_headers(browser), max_msg_size=0) as channel:
                    return await run_on(channel, code)

        return asyncio.run(asyncio.wait_for(execute(), 120))


async def run_on(channel: Any, code: str, **more: Any) -> str:
    """Send one execute request and gather its output."""
    number = uuid.uuid4().hex
    await channel.send_json(execute_request(number, code, **more))
    gathered: list[str] = []
    idle = replied = False
    while not (idle and replied):
        message = await channel.receive_json()
        if message["parent_header"].get("msg_id") != number:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            gathered.append(content["text"])
        elif kind in {"execute_result", "display_data"}:
            gathered.append(content["data"]["text/plain"])
        elif kind == "error":
            gathered.append(f"{content['ename']}: {content['evalue']}")
        elif kind == "execute_reply":
            replied = True
        elif kind == "status" and content["execution_state"] == "idle":
            idle = True
    return "".join(gathered)


def execute_request(number: str, code: str, **more: Any) -> dict[str, Any]:
    header = {"msg_id": number, "msg_type": "execute_request", "username": "x", "session": "s", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content | more,
        "channel": "shell",
        "buffers": [],
    }


def new_world() -> World:
    return World(directory=Path(tempfile.mkdtemp(prefix="g-", dir="/tmp")))
