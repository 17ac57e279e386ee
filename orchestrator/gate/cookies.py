"""Keeps the cookies of hub and server in the gate, so that a browser holds none of them.

The browser has one cookie, the gate's. What hub and server set is kept with the person's session and sent only to the
one that set it; it ends with the session, cannot be carried elsewhere, and one person's never meets another's. The one
exception is ``_xsrf``, which JupyterLab's own script must read: the browser gets a copy that nobody trusts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookies import CookieError, Morsel, SimpleCookie

from .routes import Side

__all__ = ["CookieJar", "cookie_name", "gate_cookie"]

_MOST = 16
_LONGEST = 4096
_SHARED = "jupyterhub-session-id"
_PLAIN = re.compile(r"[A-Za-z0-9_\-=.|:]{1,1024}")


class CookieJar:
    """The cookies of one person's session, apart for hub and server."""

    def __init__(self, *, person: str, now: Callable[[], datetime]) -> None:
        self._now = now
        self._kept: dict[Side, dict[str, str]] = {Side.HUB: {}, Side.SERVER: {}}
        self._allowed = {
            Side.HUB: re.compile(r"jupyterhub-[A-Za-z0-9\-]{1,80}|_xsrf"),
            Side.SERVER: re.compile(rf"jupyterhub-user-{re.escape(person)}[A-Za-z0-9\-_]{{0,80}}|_xsrf"),
        }

    def header(self, side: Side) -> str:
        """Return the Cookie header for one side; the server also learns the hub's session number, which it needs."""
        kept = dict(self._kept[side])
        shared = self._kept[Side.HUB].get(_SHARED)
        if side is Side.SERVER and shared is not None:
            kept[_SHARED] = shared
        return "; ".join(f"{name}={value}" for name, value in kept.items())

    def take(self, side: Side, set_cookies: Iterable[str]) -> str | None:
        """Keep what an answer sets; return a new value of ``_xsrf`` for the browser, or None."""
        copied: str | None = None
        for text in set_cookies:
            for morsel in _parse(text):
                if not self._allowed[side].fullmatch(morsel.key) or len(morsel.coded_value) > _LONGEST:
                    continue
                self._keep(side, morsel)
                if morsel.key == "_xsrf" and _PLAIN.fullmatch(morsel.value):
                    copied = morsel.value
        return copied

    def _keep(self, side: Side, morsel: Morsel[str]) -> None:
        kept = self._kept[side]
        kept.pop(morsel.key, None)
        if self._is_over(morsel):
            return
        kept[morsel.key] = morsel.coded_value
        while len(kept) > _MOST:
            kept.pop(next(iter(kept)))

    def _is_over(self, morsel: Morsel[str]) -> bool:
        age, end = morsel["max-age"], morsel["expires"]
        try:
            if age != "":
                return int(age) <= 0
            return bool(end) and parsedate_to_datetime(end) <= self._now()
        except (TypeError, ValueError):
            return True


def _parse(text: str) -> list[Morsel[str]]:
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie.load(text)
    except CookieError:
        return []
    return list(cookie.values())


def cookie_name(*, secure: bool) -> str:
    """Return the name of the gate's cookie; where there is TLS, one that no other host and no plain page can set."""
    return "__Host-tre-gate" if secure else "tre-gate"


def gate_cookie(
    name: str, value: str, *, secure: bool, path: str = "/", seconds: int | None = None, hidden: bool = True
) -> str:
    """Return a Set-Cookie header of the gate's own making: this host only, never a Domain."""
    parts = [f"{name}={value}", f"Path={path}", "SameSite=Lax"]
    if secure:
        parts.append("Secure")
    if seconds is not None:
        parts.append(f"Max-Age={max(seconds, 0)}")
    if hidden:
        parts.append("HttpOnly")
    return "; ".join(parts)
