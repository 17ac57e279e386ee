"""The list of what may be asked of a hub and of a person's own server; whatever is not on it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .paths import Reading

__all__ = ["HUB_ROUTES", "SERVER_ROUTES", "Route", "Side", "side_of"]


class Side(StrEnum):
    """Who answers a request: the hub, or the person's own server."""

    HUB = "hub"
    SERVER = "server"


@dataclass(frozen=True, kw_only=True)
class Route:
    """Methods that may be used on paths that match ``pattern`` entirely. ``WEBSOCKET`` stands for an upgrade."""

    methods: frozenset[str]
    pattern: re.Pattern[str]


def _route(methods: str, pattern: str) -> Route:
    return Route(methods=frozenset(methods.split()), pattern=re.compile(pattern))


_NAME = r"[A-Za-z0-9_.@:+\-]+"
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

HUB_ROUTES: tuple[Route, ...] = (
    _route("GET HEAD", r"|hub/?"),
    _route("GET", r"hub/login|hub/spawn(/{person})?|hub/spawn-pending/{person}"),
    _route("GET", r"hub/user/{person}(/.*)?"),
    _route("GET HEAD", r"hub/static/.+|hub/logo|hub/favicon\.ico"),
    _route("GET", r"hub/api/oauth2/authorize|hub/api/users/{person}/server/progress"),
)
"""The hub is only read: signing in, opening a server and its progress need nothing else."""

SERVER_ROUTES: tuple[Route, ...] = (
    _route("GET HEAD", r"|lab/?|lab/(tree|workspaces)(/.*)?|oauth_callback|api|api/status|api/me|lsp/status"),
    _route("GET HEAD", r"static/.+|lab/(extensions|static)/.+|lab/api/(themes|schemas)/.+"),
    _route("GET HEAD", rf"kernelspecs/{_NAME}/(logo-[0-9]+x[0-9]+\.png|logo-svg\.svg|kernel\.(js|css))"),
    _route("GET HEAD", r"lab/api/build|lab/api/(translations|listings|licenses)(/.*)?"),
    _route("GET HEAD", r"api/(kernelspecs|nbconvert)(/.*)?"),
    _route("GET HEAD PUT DELETE POST", r"lab/api/workspaces(/.*)?"),
    _route("GET HEAD PUT", r"lab/api/settings(/.*)?"),
    _route("GET HEAD POST PUT PATCH DELETE", r"api/contents(/.*)?"),
    _route("GET HEAD POST", r"api/sessions|api/kernels"),
    _route("GET HEAD PATCH DELETE", rf"api/sessions/{_UUID}"),
    _route("GET HEAD DELETE", rf"api/kernels/{_UUID}"),
    _route("POST", rf"api/kernels/{_UUID}/(interrupt|restart)"),
    _route("WEBSOCKET", rf"api/kernels/{_UUID}/channels|api/events/subscribe"),
)
"""What JupyterLab uses. Downloads (``files/``, ``nbconvert/``), terminals and extension routes are not on it."""


def side_of(*, method: str, readings: Iterable[Reading], person: str) -> Side | None:
    """Return who may be asked, or ``None`` when any reading of the path is not on that side's list.

    >>> side_of(method="GET", readings=[("user", "p", "lab")], person="p")
    <Side.SERVER: 'server'>
    >>> side_of(method="GET", readings=[("user", "p", "files", "x")], person="p") is None
    True
    """
    sides = {_side(method=method, reading=reading, person=person) for reading in readings}
    return sides.pop() if len(sides) == 1 else None


def _side(*, method: str, reading: Reading, person: str) -> Side | None:
    if reading[0] == "user":
        own = len(reading) >= 2 and reading[1] == person
        return Side.SERVER if own and _listed(SERVER_ROUTES, method, "/".join(reading[2:])) else None
    hub_path = "/".join("{person}" if segment == person else segment for segment in reading)
    return Side.HUB if _listed(HUB_ROUTES, method, hub_path) else None


def _listed(routes: tuple[Route, ...], method: str, path: str) -> bool:
    return any(method in route.methods and route.pattern.fullmatch(path) for route in routes)
