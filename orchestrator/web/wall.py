"""What every request passes first and every answer last: Host, origin, size, security headers, no traceback ever."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.access.evidence.document import LARGEST
from orchestrator.core.ids import new_id
from orchestrator.settings import PortalSettings

from .faults import plain_answer

__all__ = ["API", "CONTENT_POLICY", "MAXIMUM_BODY", "MAXIMUM_UPLOAD", "Names", "Wall", "content_policy"]

API = "/api/v1"
"""Below this path nothing reads a cookie, so a foreign page can use nobody's session."""

MAXIMUM_BODY = 512 * 1024
"""Forms and JSON documents."""

MAXIMUM_UPLOAD = LARGEST + 64 * 1024
"""The one exception: the document of a piece of evidence, with the form around it."""

_UPLOADS = re.compile(rf"(?:{API})?/evidence/[a-z2-7]{{16}}/document")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_log = logging.getLogger(__name__)


def content_policy(*, forms_to: str = "", frames: bool = False) -> str:
    """Return the content security policy of our pages; ``forms_to`` is one more origin a form may lead to.

    A page with ``frames`` may hold frames of this portal, in which nothing runs.
    """
    forms = f"'self' {forms_to}".strip()
    return (
        "default-src 'none'; base-uri 'none'; connect-src 'self'; frame-ancestors 'none'; img-src 'self'; "
        f"script-src 'self'; style-src 'self'; form-action {forms}" + ("; frame-src 'self'" if frames else "")
    )


CONTENT_POLICY = content_policy()

_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names this portal answers to, and the origins its own forms come from."""

    hosts: frozenset[str]
    origins: frozenset[str]
    secure: bool

    @classmethod
    def of(cls, portal: PortalSettings) -> Names:
        """Take the public address, and this machine's own names where the portal is on loopback."""
        address = urlsplit(portal.public_url)
        hosts = {address.netloc.lower()}
        if portal.on_loopback:
            hosts |= {f"{name}:{portal.port}" for name in _LOOPBACK}
        return cls(
            hosts=frozenset(hosts),
            origins=frozenset(f"{address.scheme}://{host}" for host in hosts),
            secure=address.scheme == "https",
        )


class _TooLarge(Exception):
    """The body grew past the limit while it was read."""


class Wall:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what must not come in; pass the rest on, and complete every answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(send, secure=self._names.secure)
        refusal = self._refusal(scope)
        if refusal is not None:
            await plain_answer(scope, *refusal)(scope, receive, answer)
            return
        await self._pass(scope, receive, answer)

    async def _pass(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, _limited(receive, _most(scope)), answer)
        except _TooLarge:
            await self._instead(scope, receive, answer, 413, "What you sent is too large; nothing was changed.")
        except Exception as fault:  # noqa: BLE001 - the last line: no fault may reach a person as a traceback
            reference = new_id()
            trace = "".join(traceback.format_tb(fault.__traceback__))
            _log.error("fault %s: %s\n%s", reference, type(fault).__name__, trace)
            message = f"Something went wrong here, not with you. Tell an operator this reference: {reference}."
            await self._instead(scope, receive, answer, 500, message)

    async def _instead(self, scope: Scope, receive: Receive, answer: _Answer, status: int, message: str) -> None:
        if not answer.started:
            await plain_answer(scope, status, message)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._names.hosts:
            return 421, "This portal does not answer to that name; use the address you were given."
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length[:12]) > _most(scope):
            return 413, "What you sent is too large; nothing was changed."
        if scope["method"] not in _SAFE and not _is_api(scope) and headers.get("origin") not in self._names.origins:
            return 403, "This form was not sent from a page of this portal, so nothing was changed. Open it again."
        return None


class _Answer:
    """Sends, completing the headers; remembers whether the answer has begun."""

    def __init__(self, send: Send, *, secure: bool) -> None:
        self._send = send
        self._secure = secure
        self.started = False

    async def __call__(self, message: Message) -> None:
        """Pass one message of the answer on."""
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._secure:
                headers["strict-transport-security"] = "max-age=31536000"
            message["headers"] = headers.raw
        await self._send(message)


def _most(scope: Scope) -> int:
    """Return how many bytes a request may bring."""
    return MAXIMUM_UPLOAD if _UPLOADS.fullmatch(scope["path"]) else MAXIMUM_BODY


def _limited(receive: Receive, most: int) -> Receive:
    seen = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise _TooLarge
        return message

    return limited


def _is_api(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == API or path.startswith(API + "/")
