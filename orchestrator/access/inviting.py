"""Naming other members by what people know of each other: the e-mail address, or the identifier of an account."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.identity import store as identity
from orchestrator.identity.rules import check_email
from orchestrator.policy.model import SITE, Actor

from .neighbours import Neighbours

__all__ = ["Inviting"]

_MOST_NAMED = 100
_MOST_MISSES = 20
_WITHIN = timedelta(days=1)
_BRACKETED = re.compile(r"[(<]([^\s()<>]+)[)>]")
_BETWEEN = re.compile(r"[\s,;]+")
_IDENTIFIER = re.compile(r"[a-z][a-z2-7]{15}")
_MISSED = "member.address-missed"


class Inviting(Neighbours):
    """Finds who is meant by an address, so that nobody learns much of who has an account here.

    Only an exact address finds somebody. Whoever is found is on the log, and sees the application that names him.
    Who is unknown, suspended or shares the address is told of in one sentence, and such misses are counted and bounded.
    """

    def members(self, actor: Actor, typed: Sequence[str]) -> tuple[str, ...]:
        """Return the identifiers of those named, in this order; raise ``Invalid`` naming every address that finds none.

        Each text holds identifiers or e-mail addresses, or one of them after a name, as “Name (identifier)” and
        “Name <address>”. Raises ``Refused`` after too many addresses that found nobody.
        """
        meant = [word for each in typed for word in _meant(each)]
        if len(meant) > _MOST_NAMED:
            raise Invalid(f"Name at most {_MOST_NAMED} people at once.", field="members")
        asked = list(dict.fromkeys(each for each in meant if "@" in each))
        found = self._found(actor, asked) if asked else {}
        if unknown := [each for each in asked if each not in found]:
            raise Invalid(
                f"Nobody can be named by {', '.join(f'“{each}”' for each in unknown)}. Check the address, ask the "
                "person for the identifier under “Your account”, or ask an operator to register this person.",
                field="members",
            )
        return tuple(found.get(each, each) for each in meant)

    def _found(self, actor: Actor, asked: Sequence[str]) -> dict[str, str]:
        """Return who is meant by each address that means somebody; what was asked is noted whatever becomes of it."""
        if self._record.rehearsed:
            raise NotPossible(
                "A dry run leaves no trace, so it looks no address up; name members by identifier, or leave them out."
            )
        found: dict[str, str] = {}
        with self._record.change() as change:
            current = self._check(change.session, actor, "draftApplication", SITE)
            left = _MOST_MISSES - self._misses(change.session, current.person_id)
            for address in asked:
                if left <= 0:
                    break
                people = identity.people_by_address(change.session, address)
                if len(people) == 1 and people[0].active:
                    found[address] = people[0].person_id
                    kind, subject = "member.found-by-address", f"person:{found[address]}"
                else:
                    left -= 1
                    kind, subject = _MISSED, f"person:{current.person_id}"
                change.tell(Event(kind=kind, actor=current.person_id, subject=subject))
        if left <= 0:
            raise Refused(
                "Too many addresses that find nobody; wait a day, or name people by the identifier that each finds "
                "under “Your account”."
            )
        return found

    def _misses(self, session: Session, person_id: str) -> int:
        """Return how many addresses found nobody lately."""
        query = select(EntryRow.body).where(EntryRow.kind == _MISSED, EntryRow.subject == f"person:{person_id}")
        newest = session.scalars(query.order_by(EntryRow.position.desc()).limit(_MOST_MISSES))
        since = self._now() - _WITHIN
        return sum(datetime.fromisoformat(json.loads(body)["at"]) > since for body in newest)


def _meant(text: str) -> list[str]:
    """Return whom a line means: what stands in brackets after a name, or else every word of it."""
    bracketed = [each for each in _BRACKETED.findall(text) if _names(each)]
    if len(bracketed) > 1:
        raise Invalid(f"“{text.strip()[:60]}” names several people; write one a line.", field="members")
    meant = bracketed or [each for each in _BETWEEN.split(text) if each]
    for each in meant:
        if not _names(each):
            raise Invalid(
                f"“{text.strip()[:60]}” is neither an e-mail address nor the identifier of an account.", field="members"
            )
    return meant


def _names(word: str) -> bool:
    if _IDENTIFIER.fullmatch(word):
        return True
    try:
        return bool(check_email(word))
    except Invalid:
        return False
