"""Which headers pass the gate, in each direction: lists of what is allowed, and the gate's own in place of the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from orchestrator.core.errors import Refused

__all__ = [
    "HeadersView",
    "content_type",
    "location",
    "own_headers",
    "request_headers",
    "response_headers",
]

_TO_SERVER = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Cache-Control",
    "Content-Length",
    "Content-Type",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Pragma",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-Fetch-User",
    "User-Agent",
    "X-Requested-With",
    "X-XSRFToken",
)
"""What a server may learn of a request. Authorization, Cookie, Referer, Forwarded, X-Tre-… and X-… are not among it."""

_TO_BROWSER = (
    "Cache-Control",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "ETag",
    "Expires",
    "Last-Modified",
    "Retry-After",
    "Vary",
    "X-JupyterHub-Version",
)

_TYPES = re.compile(
    r"""text/(html|css|plain|javascript|markdown|csv|event-stream|x-python)
    |application/(json|javascript|x-javascript|ecmascript|wasm|manifest\+json|problem\+json|x-font-ttf|font-woff2?)
    |application/(schema\+json|vnd\.ms-fontobject|x-ipynb\+json|x-font-woff|font-sfnt)
    |image/(png|jpeg|gif|webp|svg\+xml|x-icon|vnd\.microsoft\.icon|avif)
    |font/(woff2?|ttf|otf|sfnt|collection)""",
    re.VERBOSE,
)
_CHARSET = re.compile(r"charset=\"?(utf-8|us-ascii|iso-8859-1)\"?", re.IGNORECASE)
_VALUE = re.compile(r"[\x20-\x7e]*")


class HeadersView(Protocol):
    """The little that is needed of a case-insensitive multi-dictionary of headers."""

    def get(self, key: str) -> str | None:
        """Return the first value, or None."""

    def getall(self, key: str, default: list[str]) -> list[str]:
        """Return every value."""


def request_headers(headers: HeadersView, *, authority: str, cookie: str, own: Mapping[str, str]) -> dict[str, str]:
    """Return what goes on to a server: listed headers, the gate's cookies for it, and ``own``."""
    passed: dict[str, str] = {"Host": authority}
    for name in _TO_SERVER:
        value = headers.get(name)
        if value is not None and _VALUE.fullmatch(value):
            passed[name] = value
    if cookie:
        passed["Cookie"] = cookie
    return {**passed, **own}


def response_headers(headers: HeadersView) -> dict[str, str]:
    """Return what a server's answer may say to the browser, without type and location, which are judged apart."""
    passed: dict[str, str] = {}
    for name in _TO_BROWSER:
        value = headers.get(name)
        if value is not None and _VALUE.fullmatch(value):
            passed[name] = value
    return passed


def content_type(value: str | None) -> str:
    """Return a content type that a browser will show or run; anything unknown becomes bytes that it will not."""
    kind, _, parameters = (value or "").partition(";")
    kind = kind.strip().lower()
    if not _TYPES.fullmatch(kind):
        return "application/octet-stream"
    charset = _CHARSET.search(parameters)
    if charset:
        return f"{kind}; charset={charset.group(1).lower()}"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def location(value: str, *, origin: str, portal_url: str | None) -> str:
    """Return where a redirect may lead: a path of this host, or the portal where ``portal_url`` is given."""
    if not _VALUE.fullmatch(value) or "\\" in value or " " in value:
        raise Refused("The server behind the gate sent the browser to an address that cannot be used.")
    if value == origin or value.startswith(origin + "/"):
        value = value[len(origin) :] or "/"
    if value.startswith("/") and not value.startswith("//"):
        return value
    if portal_url is not None and _same_site(value, portal_url):
        return value
    if not urlsplit(value).scheme and not value.startswith(("/", ".")) and ":" not in value.split("/", 1)[0]:
        return value
    raise Refused("The server behind the gate sent the browser to another host, which is refused.")


def _same_site(value: str, portal_url: str) -> bool:
    wanted, given = urlsplit(portal_url), urlsplit(value)
    return (given.scheme, given.netloc) == (wanted.scheme, wanted.netloc)


def own_headers(*, scripts: bool) -> dict[str, str]:
    """Return the headers that the gate sets on every answer, whatever the server said.

    ``sandbox`` without downloads, popups and top navigation protects an honest person from hostile content; it does
    not stop a person who drives the session by a program. That is what the list of routes and the meter are for.
    """
    policy = _SCRIPTS_POLICY if scripts else _PLAIN_POLICY
    return {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=()",
        "Referrer-Policy": "no-referrer",
        "Server": "gate",
        "X-Content-Type-Options": "nosniff",
        "X-DNS-Prefetch-Control": "off",
        "X-Frame-Options": "DENY",
    }


_SCRIPTS_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "sandbox allow-same-origin allow-scripts allow-forms allow-modals",
    )
)
_PLAIN_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
