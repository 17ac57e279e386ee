"""A desk for tests: the controller's side of the socket, with sessions that are ordinary processes without walls."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from aiohttp import web

from orchestrator.core.clock import iso, system_clock
from orchestrator.core.ids import new_id

__all__ = ["FakeDesk", "PlainServers", "StartServer"]

StartServer = Callable[[str, Mapping[str, str], Sequence[str]], tuple[subprocess.Popen[bytes], Path]]
"""Takes the session, its environment and its arguments; returns the process and the socket it will listen on."""


@dataclass(kw_only=True)
class PlainServers:
    """Starts real servers with no sandbox around them, with the paths of the inside replaced by paths outside."""

    executable: Path
    hub_socket: Path
    server_directory: Path
    homes: Path

    def __call__(
        self, session: str, environment: Mapping[str, str], arguments: Sequence[str]
    ) -> tuple[subprocess.Popen[bytes], Path]:
        """Start one server."""
        home = self.homes / environment["JUPYTERHUB_USER"]
        home.mkdir(parents=True, exist_ok=True)
        directory = self.server_directory / session
        directory.mkdir(parents=True, exist_ok=True)
        outside = {
            "/run/tre/hub/hub.sock": str(self.hub_socket),
            "%2Frun%2Ftre%2Fhub%2Fhub.sock": str(self.hub_socket).replace("/", "%2F"),
            "/run/tre/server/": f"{directory}/",
            "/home/researcher": str(home),
        }
        with (home / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [str(self.executable), *(_replace(argument, outside) for argument in arguments), "--allow-root"],
                env={
                    **{name: _replace(value, outside) for name, value in environment.items()},
                    "HOME": str(home),
                    "PATH": f"{self.executable.parent}:/usr/bin:/bin",
                    "JUPYTER_PLATFORM_DIRS": "1",
                },
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return process, directory / "ws.sock"


def _replace(text: str, pairs: Mapping[str, str]) -> str:
    for inside, outside in pairs.items():
        text = text.replace(inside, outside)
    return text


@dataclass(kw_only=True)
class _Started:
    person: str
    environment: dict[str, str]
    arguments: list[str]
    socket: Path
    process: subprocess.Popen[bytes]


@dataclass(kw_only=True)
class FakeDesk:
    """Answers at a unix socket from a thread of its own; a test changes what it says between two calls."""

    socket: Path
    start_server: StartServer
    people: dict[str, datetime] = field(default_factory=dict)
    refusal: list[str] = field(default_factory=list)
    started: dict[str, _Started] = field(default_factory=dict)
    activity: list[dict[str, Any]] = field(default_factory=list)
    generation: int = 1
    signed_out: dict[str, datetime] = field(default_factory=dict)
    _tickets: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _runner: web.AppRunner | None = None

    def admit(self, person: str, *, hours: float = 1.0) -> str:
        """Put a person on the list and return the identifier."""
        self.people[person] = system_clock() + timedelta(hours=hours)
        self.generation += 1
        return person

    def withdraw(self, person: str) -> None:
        """Take a person off the list."""
        self.people.pop(person, None)
        self.generation += 1

    def sign_out(self, person: str) -> None:
        """Have a person sign out at the portal."""
        self.signed_out[person] = system_clock()

    def ticket(self, person: str) -> str:
        """Return a ticket for one use."""
        ticket = new_id()
        self._tickets[ticket] = person, system_clock()
        return ticket

    def admission(self) -> dict[str, Any]:
        """Return the list as the desk and the gate's control socket speak of it."""
        people = {person: iso(until) for person, until in self.people.items()}
        signed_out = {person: iso(at) for person, at in self.signed_out.items()}
        return {"people": people, "signed_out": signed_out, "generation": self.generation}

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        for session in list(self.started):
            self.end(session)

    def open(self) -> None:
        """Begin to answer."""
        ready = threading.Event()
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(ready, loop), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("The desk did not open.")

    def close(self) -> None:
        """Fall silent, as a controller does that was killed; sessions live on."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop = self._thread = None

    def end(self, session: str) -> None:
        """End a session's processes."""
        started = self.started[session]
        if started.process.poll() is None:
            os.killpg(started.process.pid, signal.SIGTERM)
            try:
                started.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(started.process.pid, signal.SIGKILL)
                started.process.wait(5)

    def _run(self, ready: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        loop.run_until_complete(runner.setup())
        self.socket.unlink(missing_ok=True)
        loop.run_until_complete(web.UnixSite(runner, str(self.socket)).start())
        loop.call_soon(ready.set)
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/tickets/redeem", self._redeem)
        application.router.add_get("/admission", self._admission)
        application.router.add_post("/sessions", self._start)
        application.router.add_get("/sessions/{session}", self._look)
        application.router.add_delete("/sessions/{session}", self._stop)
        application.router.add_post("/activity", self._activity)
        return application

    async def _redeem(self, request: web.Request) -> web.Response:
        person, issued = self._tickets.pop((await request.json())["ticket"], ("", system_clock()))
        if person not in self.people:
            return _refuse("This ticket was used before or is unknown; open the workspace from the portal again.")
        entry = {"person": person, "name": "A Person", "until": iso(self.people[person]), "issued": iso(issued)}
        return web.json_response(entry)

    async def _admission(self, _: web.Request) -> web.Response:
        return web.json_response(self.admission())

    async def _start(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.refusal:
            return _refuse("Your server was not started.", self.refusal)
        session = new_id()
        environment, arguments = body["environment"], body["arguments"]
        process, socket = await asyncio.to_thread(self.start_server, session, environment, arguments)
        self.started[session] = _Started(
            person=body["person"], environment=environment, arguments=arguments, socket=socket, process=process
        )
        return web.json_response({"session": session}, status=201)

    async def _look(self, request: web.Request) -> web.Response:
        started = self.started.get(request.match_info["session"])
        if started is None:
            return web.json_response({"error": "not-found", "message": "No such session."}, status=404)
        code = started.process.poll()
        state = "ended" if code is not None else "running" if started.socket.exists() else "starting"
        address = "http+unix://" + quote(str(started.socket), safe="")
        return web.json_response({"state": state, "exit": code, "address": address, "trouble": ""})

    async def _stop(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        if session not in self.started:
            return web.json_response({"error": "not-found", "message": "No such session."}, status=404)
        await asyncio.to_thread(self.end, session)
        return web.Response(status=204)

    async def _activity(self, request: web.Request) -> web.Response:
        self.activity.append(json.loads(await request.text()))
        return web.Response(status=204)


def _refuse(message: str, reasons: Sequence[str] = ()) -> web.Response:
    body = {"error": "refused", "message": message, "reasons": list(reasons)}
    return web.json_response(body, status=403)
