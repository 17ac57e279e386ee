"""Ports of loopback for servers that tests start, each given to one test process only.

The kernel hands out the next free port of its own range to whoever asks; between asking and listening another process
may get the same. Ports here lie below that range and are marked as taken by sockets of the abstract namespace, which
are seen by every process of the machine and go with the process that holds them.
"""

from __future__ import annotations

import contextlib
import random
import socket

__all__ = ["free_port", "free_ports"]

_SINGLE = range(11_000, 21_000)
_HUNDREDS = range(21_000, 31_000, 100)
_USED_OF_A_HUNDRED = 30
_held: list[socket.socket] = []


def free_port() -> int:
    """Return a port that nobody listens at, given to nobody else while this process lives."""
    for port in random.SystemRandom().sample(_SINGLE, len(_SINGLE)):
        if _reserve(port, 1):
            return port
    raise AssertionError("no free port")


def free_ports() -> int:
    """Return the first of a hundred ports, of which nobody listens at the first thirty, given to nobody else."""
    for base in random.SystemRandom().sample(_HUNDREDS, len(_HUNDREDS)):
        if _reserve(base, _USED_OF_A_HUNDRED):
            return base
    raise AssertionError("no hundred free ports")


def _reserve(first: int, count: int) -> bool:
    mark = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
        mark.bind(f"\0tre-tests-port-{first}")
        for port in range(first, first + count):
            probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
        _held.append(mark)
        return True
    mark.close()
    return False
