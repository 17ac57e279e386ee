"""Judges a whole request before anything is sent on: host, framing, origin, body, and what it tries to smuggle."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from orchestrator.core.errors import Refused

from .routes import Side

__all__ = [
    "JSON_KINDS",
    "BadRequest",
    "Limits",
    "check_body",
    "check_framing",
    "check_origin",
    "is_upgrade",
    "method_of",
]

_SAFE = frozenset({"GET", "HEAD"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
JSON_KINDS = frozenset({"application/json", "text/plain"})
"""JupyterLab sends its JSON as text/plain, as a browser does unless told otherwise; it goes on as JSON."""

_ONCE = ("Host", "Content-Length", "Content-Type", "Origin", "Upgrade", "Sec-Fetch-Mode", "Sec-WebSocket-Key")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large things may be, in bytes."""

    upload: int = 32 * 1024 * 1024
    answer: int = 64 * 1024 * 1024
    message_to_browser: int = 32 * 1024 * 1024
    message_from_browser: int = 16 * 1024 * 1024


class BadRequest(Refused):
    """The request is refused with a status other than 403."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def is_upgrade(request: web.BaseRequest) -> bool:
    """Tell whether this is a real websocket handshake."""
    headers = request.headers
    return (
        request.method == "GET"
        and headers.get("Upgrade", "").lower() == "websocket"
        and "upgrade" in {part.strip().lower() for part in headers.get("Connection", "").split(",")}
        and headers.get("Sec-WebSocket-Version") == "13"
        and bool(headers.get("Sec-WebSocket-Key"))
    )


def method_of(request: web.BaseRequest) -> str:
    """Return the method as the list of routes names it."""
    return "WEBSOCKET" if is_upgrade(request) else request.method


def check_framing(request: web.BaseRequest, *, authority: str) -> None:
    """Refuse what two servers could read differently: hosts, doubled headers, transfer codings, half upgrades."""
    headers = request.headers
    if any(len(headers.getall(name, [])) > 1 for name in _ONCE):
        raise BadRequest(400, "This request says the same thing twice.")
    if headers.get("Host", "").lower() != authority:
        raise BadRequest(421, "This address belongs to no workspace here; open the workspace from the portal.")
    if request.method not in _METHODS:
        raise BadRequest(405, "This kind of request is not accepted.")
    if "Transfer-Encoding" in headers:
        raise BadRequest(411, "Say how long the content is (Content-Length); nothing else is accepted.")
    if "Expect" in headers:
        raise BadRequest(417, "Send the content at once, without waiting to be asked.")
    if "Upgrade" in headers and not is_upgrade(request):
        raise BadRequest(400, "This is no proper websocket handshake.")
    if headers.get("Sec-Fetch-Mode", "").lower() == "websocket" and not is_upgrade(request):
        raise BadRequest(400, "This request says that it is a websocket, but it is none.")


def check_origin(request: web.BaseRequest, *, origin: str, navigation: bool) -> None:
    """Refuse what another site's page sends: unsafe methods, websockets, and anything but opening a page."""
    headers = request.headers
    site = headers.get("Sec-Fetch-Site", "same-origin")
    if request.method in _SAFE and not is_upgrade(request):
        if site not in {"same-origin", "none"} and not navigation:
            raise Refused("Another site may not read from this workspace.")
        return
    if headers.get("Origin") != origin or site != "same-origin":
        raise Refused("Only this workspace's own pages may do that.")


def check_body(request: web.BaseRequest, *, side: Side, limits: Limits) -> None:
    """Refuse a body where none belongs, a form anywhere (a form can carry a token), and one that is too large."""
    length = _length(request)
    if length == 0:
        return
    if request.method in _SAFE:
        raise BadRequest(400, "A request that only reads may not carry content.")
    if side is Side.HUB:
        raise BadRequest(400, "The hub takes no content through this gate.")
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in JSON_KINDS:
        raise BadRequest(415, "Only JSON content is accepted here.")
    if length > limits.upload:
        raise BadRequest(413, f"This is too large: at most {limits.upload // 1024 // 1024} MB may be sent at once.")


def _length(request: web.BaseRequest) -> int:
    text = request.headers.get("Content-Length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(400, "The length of this request cannot be read.")
    return int(text)
