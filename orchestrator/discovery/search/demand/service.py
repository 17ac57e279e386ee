"""Use cases of demand: count a search without a hit, tell those who can help, forget in time.

Neither a person nor rare words can be read from what is kept. Until five different people looked for the same words
within a month, only a digest under this installation's key stands in the record; the words come in with the fifth
person, who brings them. Everybody who is not signed in counts as one person a day, so that nobody fills the list alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from datetime import timedelta
from pathlib import Path

from orchestrator.audit.record import Record
from orchestrator.core.events import Event
from orchestrator.discovery.search.model import Asked, Results
from orchestrator.identity.asking import Asking
from orchestrator.policy.model import SITE, Actor
from orchestrator.policy.service import Policy

from . import store
from .model import FEWEST, Missed, Unmet
from .rules import rounded, topic_of

__all__ = ["MissedSearches"]

_MOST_TOPICS = 100
"""Topics for which one person is counted in a month, and everybody who is not signed in together in a day."""

_KEPT_MONTHS = 12
_SYSTEM = "system:search"


class MissedSearches(Asking):
    """Counts what is looked for in vain."""

    def __init__(self, record: Record, policy: Policy, key_file: Path) -> None:
        """``key_file`` is made when it is first needed; who loses it begins to count anew."""
        super().__init__(record, policy)
        self._key_file = key_file
        self._key = b""

    def note(self, asked: Asked, results: Results, person_id: str | None = None) -> bool:
        """Count a search if it was in vain: words alone, the first page, nothing that has all of them.

        Returns whether it was counted anew.
        """
        found = results.found
        in_vain = found.total == 0 or found.loosened
        narrowed = asked.chosen or asked.people or asked.since or asked.until
        topic = topic_of(found.read) if in_vain and not narrowed and not asked.offset and not results.behind else ()
        if not topic:
            return False
        now = self._now()
        month = f"{now:%Y-%m}"
        who = f"{month} person {person_id}" if person_id else f"{now:%Y-%m-%d} public"
        searcher, key = self._digest("searcher", who), self._digest("topic", f"{month} {' '.join(topic)}")
        with self._record.read() as session:
            if store.has_searched(session, key, searcher) or store.topics_of(session, searcher) >= _MOST_TOPICS:
                return False
        with self._record.change() as change:
            if store.has_searched(change.session, key, searcher):
                return False
            words = " ".join(topic) if store.people(change.session, key) + 1 >= FEWEST else ""
            event = Event(kind="search.missed", actor=_SYSTEM, subject=f"month:{month}", details={})
            store.note(change, key, searcher, month=month, words=words, event=event)
        return True

    def missed(self, actor: Actor, *, months: int = 3) -> Unmet:
        """Return what was looked for in vain in the last months, the most wanted first."""
        first = self._now().replace(day=1) - timedelta(days=31 * (max(1, min(months, _KEPT_MONTHS)) - 1))
        with self._record.read() as session:
            self._check(session, actor, "seeMissedSearches", SITE)
            rows = store.misses(session, f"{first:%Y-%m}")
        told = [Missed(month=row.month, words=row.words, people=rounded(row.people)) for row in rows if row.words]
        told.sort(key=lambda each: each.words)
        told.sort(key=lambda each: (each.month, each.people), reverse=True)
        return Unmet(missed=tuple(told), others=rounded(sum(not row.words for row in rows)))

    def forget(self) -> int:
        """Delete who searched in past months, topics that stayed rare, and topics of more than a year; count them."""
        now = self._now()
        month, oldest = f"{now:%Y-%m}", f"{now.year - 1}-{now.month:02}"
        with self._record.read() as session:
            if not any(row.month < month for row in store.misses(session, "")):
                return 0
        with self._record.change() as change:
            gone = store.forget(change, months_before=month, topics_before=oldest)
            details = {"rows": gone}
            change.tell(Event(kind="search.forgotten", actor=_SYSTEM, subject=f"month:{month}", details={**details}))
        return gone

    def _digest(self, use: str, text: str) -> str:
        return hmac.new(self._secret(), f"{use}\0{text}".encode(), hashlib.sha256).hexdigest()

    def _secret(self) -> bytes:
        if not self._key:
            self._key = _kept_key(self._key_file)
        return self._key


def _kept_key(file: Path) -> bytes:
    """Return the key in a file, made by whichever process comes first."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as made:
            made.write(secrets.token_bytes(32))
            made.flush()
            os.fsync(made.fileno())
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_bytes()
