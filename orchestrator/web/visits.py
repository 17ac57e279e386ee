"""Who is visiting: the session cookie, the person behind it, and what a page needs to know of both."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import OrchestratorError, Unavailable
from orchestrator.identity.model import Person
from orchestrator.policy.model import Actor

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = [
    "SignInNeeded",
    "Visit",
    "clear_cookie",
    "cookie_name",
    "csrf_token",
    "development",
    "house_of",
    "local_path",
    "set_cookie",
    "signed_in",
    "visitor",
]

_SESSION = "tre_session"
_ANONYMOUS = "tre_visit"


class SignInNeeded(Exception):
    """This page is for people who are signed in."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A signed-in person on a page. ``secret`` is the session's; it never appears in a page."""

    house: House
    person: Person
    actor: Actor
    secret: str

    @property
    def is_operator(self) -> bool:
        """Whether the operator's pages are of use to this person."""
        return "operator" in self.actor.roles

    @property
    def is_judge(self) -> bool:
        """Whether this person judges results: as checker, or as SDC lead."""
        return bool({"checker", "sdc-lead"} & self.actor.roles)

    @property
    def roles_in_words(self) -> str:
        """The roles of this session, as they hold now; empty for who holds none."""
        named = {"operator": "operator", "checker": "output checker", "sdc-lead": "SDC lead", "concierge": "concierge"}
        words = [named.get(role, role) for role in sorted(self.actor.roles)]
        words += [f"officer of {self.house.alliance.custodian(each).name}" for each in sorted(self.actor.custodians)]
        return ", ".join(words)

    @property
    def is_concierge(self) -> bool:
        """Whether this person answers enquiries for the hub."""
        return "concierge" in self.actor.roles

    @property
    def is_officer(self) -> bool:
        """Whether this person speaks for a custodian."""
        return bool(self.actor.custodians)


def house_of(request: Request) -> House:
    """Return the assembled house this application serves."""
    house: House = request.app.state.house
    return house


def visitor(request: Request) -> Visit | None:
    """Return who is signed in, looked up once per request; an ended session is nobody."""
    if not hasattr(request.state, "visit"):
        request.state.visit = _look_up(request)
    found: Visit | None = request.state.visit
    return found


def signed_in(request: Request) -> Visit:
    """Return who is signed in; raises ``SignInNeeded`` otherwise."""
    visit = visitor(request)
    if visit is None:
        raise SignInNeeded
    return visit


def _look_up(request: Request) -> Visit | None:
    secret = request.cookies.get(cookie_name(request, _SESSION), "")
    if not secret or len(secret) > 200:
        return None
    house = house_of(request)
    try:
        person, actor = house.identity.session(secret)
    except Unavailable:
        raise
    except OrchestratorError:
        return None
    return Visit(house=house, person=person, actor=actor, secret=secret)


def cookie_name(request: Request, name: str) -> str:
    """Return the cookie's name: on https the ``__Host-`` prefix stops other hosts from planting it."""
    return f"__Host-{name}" if request.app.state.names.secure else name


def set_cookie(request: Request, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites do not send with their posts."""
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.app.state.names.secure,
    )


def clear_cookie(request: Request, response: Response, name: str) -> None:
    """Remove a cookie of ours."""
    secure = request.app.state.names.secure
    response.delete_cookie(cookie_name(request, name), path="/", httponly=True, samesite="lax", secure=secure)


def csrf_token(request: Request) -> str:
    """Return the token that a form of this session must carry; a visitor without session gets a cookie for it."""
    visit = visitor(request)
    if visit is not None:
        bound = visit.secret
    else:
        bound = request.cookies.get(cookie_name(request, _ANONYMOUS), "") or getattr(request.state, "anonymous", "")
        if not bound:
            bound = request.state.anonymous = secrets.token_urlsafe(24)
    key: bytes = request.app.state.key
    return hmac.new(key, b"form\0" + bound.encode(), hashlib.sha256).hexdigest()


def keep_anonymous(request: Request, response: Response) -> None:
    """Set the cookie that binds the forms of a visitor without session, when one was just made."""
    made = getattr(request.state, "anonymous", "")
    if made:
        set_cookie(request, response, _ANONYMOUS, made)


def development(request: Request) -> bool:
    """Whether the development sign-in exists for this request: set so, portal, client and Host all on loopback."""
    settings = house_of(request).settings
    if settings.sign_on.kind != "development" or not settings.portal.on_loopback:
        return False
    client = request.client.host if request.client else ""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return client in ("127.0.0.1", "::1") and (host in ("localhost", "127.0.0.1", "::1"))


def local_path(text: str, default: str = "/") -> str:
    """Return ``text`` if it is a path of this portal, so that nobody is sent elsewhere after signing in."""
    if not text.startswith("/") or text.startswith("//") or len(text) > 500:
        return default
    if any(character in text for character in "\\\r\n\t") or not text.isprintable():
        return default
    return text
