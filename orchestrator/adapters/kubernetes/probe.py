"""What runs inside a probing pod: answers, or tries to reach others, and leaves what it found in its last words.

Only the standard library is used, because any image with Python has to be able to run this text. One JSON argument
says what to do: ``{"answer": [["tcp", 8080], …]}``, or ``{"try": [{"name", "way", "host", "port", "wanted"}, …],
"seconds": 20, "hold": 5}``. All ways are tried again and again until every wanted outcome was seen from one round to
another at least ``hold`` seconds later, or the time is over, because rules take a moment to be in force, and some
enforcers close everything to a pod that they do not know yet; what was seen last is what counts.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

_PATIENCE = 1.0
_GREETING = b"tre"
# Asks a name server for the address of "localhost"; any answer, even a refusal, shows that it was reached.
_QUESTION = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01"
_ECHO = b"\x08\x00\x00\x00\x00\x01\x00\x01tre"  # the kernel fills in number and checksum


def main() -> int:
    """Do what the argument says."""
    task = json.loads(sys.argv[1])
    if "answer" in task:
        _answer([(way, port) for way, port in task["answer"]])
    found = _tried(task["try"], task["seconds"], task.get("hold", 0))
    print(json.dumps(found), flush=True)  # noqa: T201 - the pod's log
    Path("/dev/termination-log").write_text(json.dumps(found), encoding="utf-8")
    return 0


def _answer(ports: list[tuple[str, int]]) -> None:
    with concurrent.futures.ThreadPoolExecutor(len(ports)) as pool:
        list(pool.map(lambda port: _echo(*port), ports))


def _echo(way: str, port: int) -> None:
    kind = socket.SOCK_STREAM if way == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", port))  # noqa: S104 - a pod of its own, for this only
        if way == "udp":
            while True:
                listener.sendto(_GREETING, listener.recvfrom(512)[1])
        listener.listen(16)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(_GREETING)


def _tried(ways: list[dict[str, Any]], seconds: float, hold: float) -> dict[str, bool]:
    end = time.monotonic() + seconds
    wanted = {way["name"]: way["wanted"] for way in ways if way["wanted"] is not None}
    since: float | None = None
    with concurrent.futures.ThreadPoolExecutor(max(len(ways), 1)) as pool:
        while True:
            began = time.monotonic()
            found = dict(zip((way["name"] for way in ways), pool.map(_reaches, ways), strict=True))
            since = (since or began) if all(found[name] == wish for name, wish in wanted.items()) else None
            if (since is not None and began - since > hold) or time.monotonic() > end:
                return found
            time.sleep(0.2)


def _reaches(way: dict[str, Any]) -> bool:
    """Whether the other side answered. A refusal is no answer: some enforcers close a way by refusing."""
    host, port = _host(way["host"]), int(way["port"])
    if not host:
        return False
    try:
        if way["way"] == "tcp":
            socket.create_connection((host, port), _PATIENCE).close()
            return True
        protocol = socket.IPPROTO_ICMP if way["way"] == "icmp" else 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, protocol) as sender:
            sender.settimeout(_PATIENCE)
            sender.connect((host, port))
            sender.send({"dns": _QUESTION, "icmp": _ECHO}.get(way["way"], _GREETING))
            return bool(sender.recv(512))
    except OSError:
        return False


def _host(name: str) -> str:
    """Return an address; ``$NAME`` is one that only the pod knows."""
    if name == "$NAMESERVER":
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines()
        return next((line.split()[1] for line in lines if line.startswith("nameserver ")), "")
    return os.environ.get(name[1:], "") if name.startswith("$") else name


if __name__ == "__main__":
    sys.exit(main())
