#!/usr/bin/env python3
"""Runs a researcher's server in its container, and the sockets that lead from there to the platform.

Stands alone on Python's standard library. The plan is in the environment variable ``TRE_SESSION``, as JSON::

    {"links": [{"socket": "/run/tre/intake/intake.sock", "host": "10.0.0.1", "port": 8707, "tls": true,
                "authority": "-----BEGIN CERTIFICATE-----…", "name": "airlock.tre.internal", "secret": "…"},
               {"socket": "/run/tre/databases/NAME/.s.PGSQL.5432", "host": "10.0.0.2", "port": 15432}],
     "folders": ["/home/researcher/outbox"], "command": ["jupyterhub-singleuser", "…"]}

This process stays the first of the container: it passes signals on, buries the dead, starts the forwarder again if it
should die, and ends with the server's exit code. The server never sees the plan.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import struct
import sys
import time
from typing import Any

VARIABLE = "TRE_SESSION"
MOST_CONNECTIONS = 64
CONNECT_SECONDS = 10.0
BLOCK = 64 * 1024
LOOK_SECONDS = 0.5
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
UNREACHED = "The {what} cannot be reached from this workspace now; try again in a minute, then tell an operator."
PR_SET_DUMPABLE, PR_SET_PDEATHSIG = 4, 1


class Problem(Exception):
    """Why the session cannot be run, as a sentence."""


def main() -> int:
    """Run the session; return the server's exit code."""
    for name in [name for name in os.environ if name.startswith("KUBERNETES_")]:
        del os.environ[name]  # told to every container, whatever its pod says; nobody here has business with it
    try:
        plan = read_plan(os.environ.pop(VARIABLE, ""))
        keep_private()
        make_folders(plan["folders"])
        listeners = [(listen(link["socket"]), link) for link in plan["links"]]
    except (Problem, OSError) as problem:
        print(f"session: {problem}", file=sys.stderr, flush=True)  # noqa: T201
        return 78
    return supervise(listeners, plan["command"])


def read_plan(text: str) -> dict[str, Any]:
    """Return the plan; raise ``Problem`` when it is none."""
    try:
        plan = json.loads(text)
        links = [dict(link) for link in plan.get("links", [])]
        for link in links:
            link["socket"], link["host"], link["port"] = str(link["socket"]), str(link["host"]), int(link["port"])
        folders, command = [str(folder) for folder in plan.get("folders", [])], [str(word) for word in plan["command"]]
        if not command:
            raise ValueError("no command")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(f"{VARIABLE} holds no plan that can be used ({type(error).__name__}): start it anew") from None
    return {"links": links, "folders": folders, "command": command}


def keep_private() -> None:
    """Let nobody of the same user read this process: its first environment and its memory hold the session's secret."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def make_folders(folders: list[str]) -> None:
    """Make the folders that a session begins with, where a full volume or a file of that name does not prevent it.

    Whoever could not start any more could not put that right either.
    """
    for folder in folders:
        try:
            pathlib.Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            print(f"session: {folder} cannot be made: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201


def listen(path: str) -> socket.socket:
    """Listen on a unix socket that this user alone may use; its name shows once it listens."""
    place = pathlib.Path(path)
    before = place.with_suffix(".new")
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(before))
    before.chmod(0o600)
    listener.listen(MOST_CONNECTIONS)
    before.replace(place)
    return listener


# ---- the first process ------------------------------------------------------------------------------------------


def supervise(listeners: list[tuple[socket.socket, dict[str, Any]]], command: list[str]) -> int:
    """Start forwarder and server; stay until the server ends, then end the forwarder too."""
    signals = {*PASSED_ON, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    forwarder = start_forwarder(listeners)
    began = time.monotonic()
    server = start_server(command)
    while True:
        number = signal.sigwait(signals)
        if number != signal.SIGCHLD:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server, number)
            continue
        for child, status in buried():
            if child == server:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(forwarder, signal.SIGTERM)
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            if child == forwarder:
                time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))  # one that dies at once is not started at once
                began = time.monotonic()
                forwarder = start_forwarder(listeners)


def buried() -> list[tuple[int, int]]:
    """Return every child that has ended, also those that came here as orphans."""
    found: list[tuple[int, int]] = []
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if child == 0:
            return found
        found.append((child, status))


def start_server(command: list[str]) -> int:
    """Start the server as if it were alone: signals open, no plan in its environment."""
    child = os.fork()
    if child:
        return child
    try:
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python itself; a program expects them as usual
            signal.signal(ignored, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*PASSED_ON, signal.SIGCHLD})
        os.execvp(command[0], command)  # noqa: S606 - the command is the plan's
    except OSError as error:
        print(f"session: {command[0]} cannot be started: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(127)


def start_forwarder(listeners: list[tuple[socket.socket, dict[str, Any]]]) -> int:
    """Start the forwarder as a process of its own, which ends with this one."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {*PASSED_ON, signal.SIGCHLD})
            asyncio.run(forward(listeners))
    except BaseException as error:  # noqa: BLE001 - a child never returns into its parent's code
        print(f"session: the forwarder ended: {type(error).__name__}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(1)


# ---- the forwarder ----------------------------------------------------------------------------------------------


async def forward(listeners: list[tuple[socket.socket, dict[str, Any]]]) -> None:
    """Pass on what comes to any socket until this process is ended."""
    servers = []
    for listener, link in listeners:
        way = Way(link)
        servers.append(await asyncio.start_unix_server(way.accept, sock=listener, limit=BLOCK))
    await asyncio.Event().wait()


class Way:
    """One link: from a unix socket to a port of the platform."""

    def __init__(self, link: dict[str, Any]) -> None:
        self.link = link
        self.open = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, both ways, until both have ended."""
        if self.open >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self.open += 1
        try:
            upstream = await self.connect()
            if upstream is None:
                writer.write(self.refusal())
                await drained(writer)
            else:
                await relay((reader, writer), upstream)
        except (OSError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            await ended(writer)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Return the connection to the platform, which has said who it is if it is asked to, or none."""
        link = self.link
        named: dict[str, Any] = {}
        try:
            if link.get("tls"):
                named = {"ssl": secure(link), "server_hostname": str(link["name"])}
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(link["host"], link["port"], limit=BLOCK, **named)
            if link.get("secret"):
                frame = json.dumps({"secret": link["secret"]}).encode()
                writer.write(b"S" + struct.pack(">I", len(frame)) + frame)
        except (OSError, ssl.SSLError, TimeoutError) as error:
            print(f"session: {link['host']}:{link['port']}: {type(error).__name__}", file=sys.stderr, flush=True)  # noqa: T201
            return None
        return reader, writer

    def refusal(self) -> bytes:
        """Return what the program at the socket understands as “not now”: the airlock's answer, or PostgreSQL's."""
        if self.link.get("secret"):
            said = {"error": "unavailable", "message": UNREACHED.format(what="airlock")}
            payload = json.dumps(said).encode()
            return b"R" + struct.pack(">I", len(payload)) + payload
        fields = {"S": "FATAL", "V": "FATAL", "C": "08006", "M": UNREACHED.format(what="database")}
        body = b"".join(f"{key}{value}".encode() + b"\0" for key, value in fields.items()) + b"\0"
        return b"E" + struct.pack("!I", len(body) + 4) + body


def secure(link: dict[str, Any]) -> ssl.SSLContext:
    """Return a context that accepts the named server of the installation's own authority, and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=str(link["authority"]))
    return context


async def relay(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter], server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    """Pass bytes both ways. The end of one way is passed on and does not end the other."""
    there = asyncio.ensure_future(pass_on(client[0], server[1]))
    back = asyncio.ensure_future(pass_on(server[0], client[1]))
    try:
        await there
        # TLS cannot end one way alone: when the client is gone for good, nobody waits for the answer
        while not back.done():
            if hung_up(client[1]):
                break
            await asyncio.wait({back}, timeout=LOOK_SECONDS)
    finally:
        for task in (there, back):
            task.cancel()
        await asyncio.gather(there, back, return_exceptions=True)
        await ended(server[1])


async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass one way on until it ends, then say so to the other side where that can be said."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while block := await source.read(BLOCK):
            target.write(block)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()


def hung_up(writer: asyncio.StreamWriter) -> bool:
    """Say whether the other side of a unix socket has closed it, not only its own way."""
    sock = writer.get_extra_info("socket")
    if writer.is_closing() or sock is None or sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


async def drained(writer: asyncio.StreamWriter) -> None:
    """Wait until what was written has left."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_SECONDS):
            await writer.drain()


async def ended(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and do not wait long for the other side to agree."""
    with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
        writer.close()
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
    writer.transport.abort()


if __name__ == "__main__":
    sys.exit(main())
