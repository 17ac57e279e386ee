"""Keeps the door: lets people in on a ticket, and puts them out the moment they are no longer admitted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from orchestrator.adapters.desk import Admitted, SignedOn
from orchestrator.core.errors import OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import check_id

from .people import Admissions, Session, Sessions

__all__ = ["DeskPort", "Keeper"]

_log = logging.getLogger("gate")

POLL_SECONDS = 3.0
SWEEP_SECONDS = 0.5


class DeskPort(Protocol):
    """What the gate asks the controller."""

    async def redeem(self, ticket: str) -> SignedOn:
        """Spend a ticket."""

    async def admission(self) -> Admitted:
        """Return the present list."""


class Keeper:
    """Holds admissions and sessions together; every way to lose access ends in ``_put_out``."""

    def __init__(self, *, admissions: Admissions, sessions: Sessions, desk: DeskPort) -> None:
        self.admissions = admissions
        self.sessions = sessions
        self._desk = desk

    def session(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie when its person may pass now."""
        session = self.sessions.find(cookie)
        if session is None or not self.admissions.admits(session.person) or self.admissions.outlived(session):
            return None
        return session

    async def enter(self, *, ticket: str, former_cookie: str | None) -> tuple[str, Session]:
        """Redeem a ticket and open a session; a session that this browser had before ends."""
        if not self.admissions.is_open():
            raise Unavailable("This workspace is waking up; try again in a moment.", system="controller")
        signed_on = await self._desk.redeem(ticket)
        check_id(signed_on.person, field="person")
        if not self.admissions.admits(signed_on.person):
            await self._refresh()
        if not self.admissions.admits(signed_on.person):
            raise Refused("You are not admitted to this workspace at present; the portal says why.")
        former = self.sessions.find(former_cookie)
        cookie, session, surplus = self.sessions.open(
            person=signed_on.person, name=signed_on.name, until=signed_on.until, issued=signed_on.issued
        )
        await self._put_out([*surplus, *([former] if former else [])])
        return cookie, session

    async def leave(self, session: Session) -> None:
        """End a session because its person asked for it."""
        await self._put_out([session])

    async def admit(self, people: Mapping[str, datetime], signed_out: Mapping[str, datetime] | None = None) -> None:
        """Take a new list; when this returns, nobody who is not on it, or who signed out, has a socket left."""
        self.admissions.replace(people, signed_out)
        await self.sweep()

    async def close(self, person: str) -> None:
        """Put one person out; a new ticket is needed to come back."""
        await self._put_out(self.sessions.of(person))

    async def sweep(self) -> None:
        """Put out whoever's time is over or whose name left the list; with a stale list, cut everybody's sockets."""
        if not self.admissions.is_open():
            await _end(self.sessions.all())
            return
        over = [
            session
            for session in self.sessions.all()
            if self.sessions.is_over(session)
            or not self.admissions.admits(session.person)
            or self.admissions.outlived(session)
        ]
        await self._put_out(over)

    async def watch(self) -> None:
        """Sweep for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep()

    async def poll(self) -> None:
        """Ask the desk for the list for ever."""
        while True:
            await self._refresh()
            await asyncio.sleep(POLL_SECONDS if self.admissions.is_open() else SWEEP_SECONDS)

    async def _refresh(self) -> None:
        before = self.admissions.changes
        try:
            admitted = await self._desk.admission()
        except OrchestratorError as error:
            _log.warning("no admission list: %s", error.message)
            return
        if self.admissions.changes == before:
            await self.admit(admitted.people, admitted.signed_out)

    async def _put_out(self, sessions: Iterable[Session]) -> None:
        gone = list(sessions)
        for session in gone:
            self.sessions.forget(session)
        await _end(gone)


async def _end(sessions: Iterable[Session]) -> None:
    connections = [connection for session in sessions for connection in session.connections]
    if connections:
        await asyncio.gather(*(connection.end() for connection in connections))
