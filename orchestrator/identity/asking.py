"""What every part of identity does first: know the actor as he is now, and ask policy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change, Record
from orchestrator.core.events import Notice
from orchestrator.policy.model import Actor, Attribute, Thing
from orchestrator.policy.service import Policy

from . import store
from .model import Person, Role
from .rules import live_holdings

__all__ = ["Asking", "account", "actor_of"]


def actor_of(session: Session, person: Person, *, second_factor: bool, now: datetime) -> Actor:
    """Return a person as the rules see him: the roles in force now, no others."""
    live = live_holdings(store.holdings(session, person.person_id), now)
    return Actor(
        person_id=person.person_id,
        roles=frozenset(each.role.value for each in live if each.role is not Role.CUSTODIAN),
        custodians=frozenset(each.custodian_id for each in live if each.custodian_id is not None),
        active=person.active,
        second_factor=second_factor,
    )


class Asking:
    """The record and the rules, with the few questions that all parts ask of them."""

    def __init__(self, record: Record, policy: Policy) -> None:
        self._record = record
        self._policy = policy

    def _now(self) -> datetime:
        return self._record.clock()

    def _check(self, session: Session, actor: Actor, action: str, thing: Thing) -> Actor:
        """Raise ``Refused`` unless the actor, as he is in this very transaction, may do it.

        What a caller knew of the actor may be older than the end of his role: only how he signed on is taken from it.
        """
        current = self.as_now(session, actor)
        self._policy.check(current, action, thing)
        return current

    def _check_known(
        self,
        session: Session,
        actor: Actor,
        action: str,
        thing: Thing,
        *,
        sight: str,
        unknown: str,
        shown: Thing | None = None,
    ) -> Actor:
        """As ``_check``, but whoever may not even ``sight`` the thing is told ``unknown``, as ``NotFound``."""
        current = self.as_now(session, actor)
        self._policy.check_known(current, action, thing, sight=sight, unknown=unknown, shown=shown)
        return current

    def as_now(self, session: Session, actor: Actor) -> Actor:
        """Return the actor as he is in this transaction: a role or account that ended meanwhile does not count."""
        person = store.load(session, Person, actor.person_id)
        return actor_of(session, person, second_factor=actor.second_factor, now=self._now())

    def _tell_operators(self, change: Change, *, kind: str, subject: str, apart_from: Iterable[str]) -> None:
        """Notify the operators who could act."""
        apart = frozenset(apart_from)
        for person_id in store.operators(change.session, self._now()):
            if person_id not in apart:
                change.notify(Notice(person=person_id, kind=kind, subject=subject))


def account(person_id: str, *, resume_proposed_by: str = "") -> Thing:
    """Return somebody's account as the rules see it."""
    attributes: dict[str, Attribute] = {"person": person_id, "resumeProposedBy": resume_proposed_by}
    return Thing(kind="Account", id=person_id, attributes=attributes)
