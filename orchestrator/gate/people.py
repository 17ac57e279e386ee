"""Who may pass now: the admission list, and the browser sessions of the people on it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestrator.core.clock import Clock

from .cookies import CookieJar

__all__ = ["Admissions", "Connection", "Session", "Sessions"]

_MOST_SESSIONS = 8


class Connection(Protocol):
    """A websocket or a running answer, which can be ended from outside."""

    async def end(self) -> None:
        """Say goodbye for a moment, then cut both sides off. Never raises."""


@dataclass(kw_only=True, eq=False)
class Session:
    """One browser that a person signed on with; lives in memory only."""

    key: str
    person: str
    name: str
    until: datetime
    jar: CookieJar
    issued: datetime | None = None
    """When the ticket that opened it was made; none where the desk did not say."""
    connections: set[Connection] = field(default_factory=set)
    ended: bool = False


class Admissions:
    """The positive list. Closed until there is one, and again when it is older than ``lifetime`` seconds."""

    def __init__(self, *, clock: Clock, monotonic: Callable[[], float], lifetime: float = 60.0) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._lifetime = lifetime
        self._people: Mapping[str, datetime] = {}
        self._received: float | None = None
        self._signed_out: dict[str, datetime] = {}
        self.changes = 0
        """Grows with every list; an answer that was asked for before a newer list came is thrown away."""

    def replace(self, people: Mapping[str, datetime], signed_out: Mapping[str, datetime] | None = None) -> None:
        """Take ``people`` as the list from now on; what is known of signing out only grows."""
        self._people = dict(people)
        for person, moment in (signed_out or {}).items():
            self._signed_out[person] = max(moment, self._signed_out.get(person, moment))
        self._received = self._monotonic()
        self.changes += 1

    def is_open(self) -> bool:
        """Tell whether there is a list, and a fresh one."""
        return self._received is not None and self._monotonic() - self._received <= self._lifetime

    def outlived(self, session: Session) -> bool:
        """Tell whether the session's person signed out at the portal after the session's ticket was made."""
        moment = self._signed_out.get(session.person)
        return moment is not None and session.issued is not None and session.issued <= moment

    def admits(self, person: str) -> bool:
        """Tell whether this person may pass at this moment."""
        until = self._people.get(person)
        return self.is_open() and until is not None and self._clock() < until


class Sessions:
    """The browser sessions, found by the SHA-256 of a cookie that nobody but the browser keeps."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def open(
        self, *, person: str, name: str, until: datetime, issued: datetime | None = None
    ) -> tuple[str, Session, list[Session]]:
        """Return a new cookie, its session, and older sessions of the person that are now too many."""
        cookie = secrets.token_urlsafe(32)
        jar = CookieJar(person=person, now=self._clock)
        session = Session(key=_key(cookie), person=person, name=name, until=until, jar=jar, issued=issued)
        surplus = self.of(person)[: 1 - _MOST_SESSIONS] if len(self.of(person)) >= _MOST_SESSIONS else []
        self._sessions[session.key] = session
        return cookie, session, surplus

    def find(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie, unless it is over."""
        session = self._sessions.get(_key(cookie)) if cookie else None
        if session is None or session.ended or self._clock() >= session.until:
            return None
        return session

    def forget(self, session: Session) -> None:
        """Make the session's cookie worthless. Its connections are the caller's to end."""
        session.ended = True
        self._sessions.pop(session.key, None)

    def of(self, person: str) -> list[Session]:
        """Return the person's sessions, oldest first."""
        return [session for session in self._sessions.values() if session.person == person]

    def all(self) -> list[Session]:
        """Return every session, over or not."""
        return list(self._sessions.values())

    def is_over(self, session: Session) -> bool:
        """Tell whether the session's own time has passed."""
        return self._clock() >= session.until


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()
