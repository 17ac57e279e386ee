"""Sign-on sessions of browsers and terminals: random secrets of which only the hash is kept, and two ends in time."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound, NotPossible, Refused, Unavailable
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.model import SITE, Actor
from orchestrator.policy.service import Policy

from . import signed_on, store
from .asking import Asking, actor_of
from .model import OpenedSession, Pairing, Person, SessionKind, SessionLimits
from .states import PAIRING_STATES, PairingState

__all__ = ["SESSION_LIMITS", "Sessions", "end_sessions"]

_log = logging.getLogger(__name__)

SESSION_LIMITS: Mapping[SessionKind, SessionLimits] = {
    SessionKind.WEB: SessionLimits(absolute=timedelta(hours=12), idle=timedelta(hours=1)),
    SessionKind.COMMAND: SessionLimits(absolute=timedelta(hours=12), idle=timedelta(hours=4)),
}
"""How long people stay signed on when nothing else is set."""

_PAIRING_LIFE = timedelta(minutes=10)
_MOST_PAIRINGS = 200
_MOST_MISSES = 5
_TOUCH_EVERY = timedelta(minutes=1)
_FORGET_AFTER = timedelta(days=30)
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH = 8


class Sessions(Asking):
    """Opens, finds and ends sign-on sessions; signs on terminals by a short code."""

    def __init__(
        self, record: Record, policy: Policy, limits: Mapping[SessionKind, SessionLimits] = SESSION_LIMITS
    ) -> None:
        super().__init__(record, policy)
        self._limits = limits

    def open_session(self, person_id: str, kind: SessionKind | str, *, second_factor: bool) -> str:
        """Sign a person on and return the session's secret: shown once, kept only as a hash."""
        with self._record.change() as change:
            person = store.load(change.session, Person, person_id)
            return self._open(change, person, SessionKind(kind), second_factor=second_factor)

    def session(self, secret: str) -> tuple[Person, Actor]:
        """Return who is signed on with this secret, as he is now; raise ``NotFound`` when nobody is (any more)."""
        now = self._now()
        with self._record.read() as session:
            opened = signed_on.session_by_secret(session, _hash(secret))
            if opened is None or not opened.alive(now, self._limits[opened.kind]):
                raise NotFound("You are not signed on, or your session has ended; sign on again.")
            person = store.load(session, Person, opened.person_id)
            actor = actor_of(session, person, second_factor=opened.second_factor, now=now)
        self._touch(opened, now)
        return person, actor

    def end_session(self, secret: str) -> None:
        """Sign off; a session that has ended already is left alone."""
        with self._record.change() as change:
            opened = signed_on.session_by_secret(change.session, _hash(secret))
            if opened is not None and opened.ended_at is None:
                _end(change, opened, by=opened.person_id, now=self._now())

    def sign_out(self, secret: str) -> None:
        """Sign a person off here and everywhere that this sign-on led to: the doors into workspaces close as well."""
        with self._record.change() as change:
            opened = signed_on.session_by_secret(change.session, _hash(secret))
            if opened is not None and opened.ended_at is None:
                _end(change, opened, by=opened.person_id, now=self._now())
                signed_on.note_sign_out(change.session, opened.person_id, self._now())

    def sign_out_everywhere(self, person_id: str, *, by: str = "") -> None:
        """End every session of a person, in browsers and terminals, and the doors into workspaces.

        ``by`` says who asked for it where it was not the person: ``system:sign-on`` for the identity provider.
        """
        with self._record.change() as change:
            person = store.load(change.session, Person, person_id)
            end_sessions(change, person.person_id, by=by or person_id, now=self._now())
            signed_on.note_sign_out(change.session, person_id, self._now())
            subject = f"person:{person_id}"
            change.tell(Event(kind="person.signed-out-everywhere", actor=by or person_id, subject=subject))

    def signed_out(self, people: Collection[str]) -> dict[str, datetime]:
        """Return when each of these people signed out last: what an earlier sign-on opened counts no more."""
        with self._record.read() as session:
            return signed_on.sign_outs(session, people)

    def own_sessions(self, actor: Actor) -> list[OpenedSession]:
        """Return the sessions in which this person is signed on now, the latest used first."""
        now = self._now()
        with self._record.read() as session:
            opened = signed_on.open_sessions(session, actor.person_id)
            living = [each for each in opened if each.alive(now, self._limits[each.kind])]
        return sorted(living, key=lambda each: each.used_at, reverse=True)

    def start_pairing(self) -> tuple[str, str]:
        """Return a code to show in the terminal and a secret to ask with; both are good for ten minutes."""
        now = self._now()
        with self._record.read() as session:
            if signed_on.waiting_pairings(session, now) >= _MOST_PAIRINGS:
                raise NotPossible("Too many terminals wait for sign-on; try again in ten minutes.")
        secret = secrets.token_urlsafe(32)
        pairing = Pairing(
            pairing_id=new_id(),
            code="".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH)),
            secret_sha256=_hash(secret),
            state=PairingState.WAITING,
            expires_at=now + _PAIRING_LIFE,
        )
        signed_on.add_pairing(self._record, pairing, now=now)
        return f"{pairing.code[:4]}-{pairing.code[4:]}", secret

    def confirm_pairing(self, actor: Actor, code: str) -> None:
        """Sign on the terminal that shows ``code`` as oneself; five wrong codes in ten minutes stop the guessing."""
        now = self._now()
        with self._record.change() as change:
            self._check(change.session, actor, "confirmPairing", SITE)
            if signed_on.misses(change.session, actor.person_id, since=now - _PAIRING_LIFE) >= _MOST_MISSES:
                raise Refused("Too many wrong codes; wait ten minutes and start the sign-in in the terminal again.")
            pairing = signed_on.pairing_by_code(change.session, _plain_code(code))
            waits = pairing is not None and pairing.state is PairingState.WAITING and now < pairing.expires_at
            if pairing is not None and waits:
                event = _about(pairing, "terminal.confirmed", actor.person_id)
                confirmed = replace(
                    pairing,
                    state=PAIRING_STATES.after(pairing.state, "confirm"),
                    person_id=actor.person_id,
                    second_factor=actor.second_factor,
                )
                store.put(change, confirmed, event=event)
                return
            event = Event(kind="terminal.code-missed", actor=actor.person_id, subject=f"person:{actor.person_id}")
            signed_on.add_miss(change, miss_id=new_id(), person_id=actor.person_id, at=now, event=event)
        raise NotFound("No terminal waits with this code; look at the terminal, or start its sign-in again.")

    def collect_pairing(self, secret: str) -> str | None:
        """Return the terminal's session secret once its code was confirmed, ``None`` before; works once."""
        with self._record.read() as session:
            if self._pairing(signed_on.pairing_by_secret(session, _hash(secret))).state is PairingState.WAITING:
                return None
        with self._record.change() as change:
            pairing = self._pairing(signed_on.pairing_by_secret(change.session, _hash(secret)))
            person = store.load(change.session, Person, pairing.person_id or "")
            collected = replace(pairing, state=PAIRING_STATES.after(pairing.state, "collect"))
            store.put(change, collected, event=_about(pairing, "terminal.collected", person.person_id))
            return self._open(change, person, SessionKind.COMMAND, second_factor=pairing.second_factor)

    def _pairing(self, pairing: Pairing | None) -> Pairing:
        if pairing is None or self._now() >= pairing.expires_at or pairing.state is PairingState.COLLECTED:
            raise NotFound("This sign-in has expired or was used; start it again.")
        return pairing

    def _open(self, change: Change, person: Person, kind: SessionKind, *, second_factor: bool) -> str:
        if not person.active:
            raise Refused("Your account is suspended; ask an operator why.")
        now, secret = self._now(), secrets.token_urlsafe(32)
        opened = OpenedSession(
            session_id=new_id(),
            secret_sha256=_hash(secret),
            person_id=person.person_id,
            kind=kind,
            second_factor=second_factor,
            opened_at=now,
            used_at=now,
            expires_at=now + self._limits[kind].absolute,
        )
        subject = f"session:{opened.session_id}"
        details = {"kind": kind.value, "second_factor": second_factor}
        event = Event(kind="session.opened", actor=person.person_id, subject=subject, details=details)
        signed_on.forget_sessions(change, before=now - _FORGET_AFTER)
        store.put(change, opened, event=event)
        return secret

    def _touch(self, opened: OpenedSession, now: datetime) -> None:
        """Note the use, at most once a minute; a busy record makes a session end sooner, never a request fail."""
        if now < opened.used_at + _TOUCH_EVERY:
            return
        try:
            signed_on.touch_session(self._record, opened.session_id, at=now)
        except Unavailable:
            _log.warning("the last use of session %s could not be noted", opened.session_id)


def end_sessions(change: Change, person_id: str, *, by: str, now: datetime) -> None:
    """End every sign-on session of a person, within a change that stops him; also those not collected yet."""
    for opened in signed_on.open_sessions(change.session, person_id):
        _end(change, opened, by=by, now=now)
    signed_on.end_pairings(change, person_id, events=lambda pairing: _about(pairing, "terminal.ended", by))


def _end(change: Change, opened: OpenedSession, *, by: str, now: datetime) -> None:
    event = Event(kind="session.ended", actor=by, subject=f"session:{opened.session_id}")
    store.put(change, replace(opened, ended_at=now), event=event)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _plain_code(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter in _CODE_LETTERS)[:_CODE_LENGTH]


def _about(pairing: Pairing, kind: str, actor: str) -> Event:
    return Event(kind=kind, actor=actor, subject=f"terminal:{pairing.pairing_id}")
