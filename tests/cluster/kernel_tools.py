"""What the attacker has in the kernel: run there as text, by the standard library of the workspace's Python alone."""

from __future__ import annotations

import concurrent.futures
import ctypes
import errno
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
from collections.abc import Callable
from typing import Any

token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
hub = os.environ.get("JUPYTERHUB_API_URL", "///").split("/")[2]
STATUS: list[tuple[bytes, Any]] = [(b"H", {"protocol": 1, "action": "status"}), (b"F", None)]


def attempt(call: Callable[[], Any]) -> str:
    """Return what came of it, or the short name of the error."""
    try:
        return str(call())
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)


def reach(way: tuple[str, str, int]) -> bool:
    """Whether anybody answered."""
    kind, host, port = way
    try:
        if kind == "tcp":
            socket.create_connection((host, port), 2).close()
            return True
        protocol = socket.IPPROTO_ICMP if kind == "icmp" else 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, protocol) as sender:
            sender.settimeout(2)
            sender.connect((host, port))
            question = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\x06canary\x05cluster\x05local\0\0\1\0\1"
            sender.send(b"\x08\0\0\0\0\1\0\1canary" if kind == "icmp" else question)
            return bool(sender.recv(2048))
    except OSError:
        return False


def reached(ways: list[tuple[str, str, int]]) -> list[bool]:
    """Try all ways, many at once."""
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        return list(pool.map(reach, ways))


def called(name: str, *arguments: Any) -> str:
    """Call a function of the C library; return the error's short name or “done”."""
    library = ctypes.CDLL(None, use_errno=True)
    result = getattr(library, name)(*arguments)
    return errno.errorcode.get(ctypes.get_errno(), "?") if result < 0 else "done"


def opened(family: int, kind: int, protocol: int) -> str:
    """Open a socket."""
    return attempt(lambda: socket.socket(family, kind, protocol).close() or "done")


def ask(method: str, path: str, headers: dict[str, str] | None = None) -> int:
    """Ask the hub with the server's own token; return the status."""
    connection = http.client.HTTPConnection(hub, timeout=20)
    body = None if method == "GET" else "{}"
    connection.request(method, path, body, {"Authorization": f"token {token}", **(headers or {})})
    return connection.getresponse().status


def submit(link: dict[str, Any], frames: list[tuple[bytes, Any]], secret: str = "") -> str:
    """Speak to the airlock's port directly; return its answer's word or the first of its keys."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=link["authority"])
    answer = b""
    with context.wrap_socket(
        socket.create_connection((link["host"], link["port"]), 10), server_hostname=link["name"]
    ) as channel:
        channel.settimeout(30)
        try:
            for letter, said in [(b"S", {"secret": secret or link["secret"]}), *frames]:
                content = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
                channel.sendall(letter + struct.pack(">I", len(content)) + content)
            while piece := channel.recv(65536):
                answer += piece
        except OSError:
            pass
    found = json.loads(answer[5:] or b'{"nothing": 1}')
    return str(found.get("error") or next(iter(found)))


def airlock() -> int:
    """Ask the airlock as a researcher does."""
    return subprocess.run(["tre-airlock", "status"], capture_output=True, timeout=60, check=False).returncode


def writable() -> list[str]:
    """List every mount that this user may write to."""
    places = {line.split()[1] for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()}
    return sorted(place for place in places if os.access(place, os.W_OK) and not place.startswith("/proc"))


def secrets_in_sight() -> list[str]:
    """List what can be read and looks like a credential of the platform: keys, Vault's tokens, plans, accounts."""
    looks = re.compile(
        ("BEGIN [A-Z ]*PRIVATE " + 'KEY|hvs[.][A-Za-z0-9]{20}|"sec' + 'ret": ?"|serviceaccount/tok' + "en").encode()
    )
    files = [path for path in pathlib.Path("/proc").glob("[0-9]*/*") if path.name in ("environ", "cmdline")]
    for folder in ("/etc", "/run", "/var", "/tmp", "/home", "/shared", "/dev/shm", "/root", "/mnt", "/srv"):
        for root, _, names in os.walk(folder):
            files += [pathlib.Path(root, name) for name in names]
    found = []
    for path in files:
        try:
            if path.is_file() and path.suffix != ".sqlite" and looks.search(path.read_bytes()[:1_000_000]):
                found.append(str(path))
        except OSError:
            continue
    return found


def first_process(name: str) -> str:
    """Try to read a file of the container's first process, which knows the session's secret."""
    path = pathlib.Path("/proc/1", name)
    return attempt(lambda: list(path.iterdir()) if path.is_dir() else path.open("rb").read(1))
