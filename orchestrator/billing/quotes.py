"""Quotes and orders in one place: asked for by who leads an application, offered by the issuer, accepted."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.policy.model import Actor

from . import store
from .documents import Quote
from .ordering import Ordering
from .priced import as_document
from .room import digest

__all__ = ["Check", "Quotes"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """Whether a quote is as it was offered: its hash, and its amounts priced again from list and request."""

    hash_agrees: bool
    amounts_agree: bool


class Quotes(Ordering):
    """From asking for a price to ordering at it, and looking at both."""

    def leads(self, actor: Actor, application_id: str) -> bool:
        """Say whether this person answers for an application's costs: asks for quotes and sets its budget."""
        with self._record.read() as session:
            thing = self._spending_thing(session, self._application(session, application_id))
            return self._policy.may(self.as_now(session, actor), "askQuote", thing)

    def quote(self, actor: Actor, quote_id: str) -> Quote:
        """Return a quote that this person may see."""
        with self._record.read() as session:
            row = store.quote_row(session, quote_id)
            self._must_see(session, actor, self._quote_thing(session, row))
            return self._shown(session, row)

    def quotes(self, actor: Actor, *, application_id: str | None = None) -> list[Quote]:
        """Return every quote that this person may see, the newest first."""
        with self._record.read() as session:
            current = self.as_now(session, actor)
            return [
                self._shown(session, row)
                for row in store.quotes(session)
                if application_id in (None, row.application_id)
                and self._policy.may(current, "seeQuote", self._quote_thing(session, row))
            ]

    def check_quote(self, actor: Actor, quote_id: str) -> Check:
        """Price a quote again from the list and the request it froze, and compare."""
        with self._record.read() as session:
            row = store.quote_row(session, quote_id)
            self._must_see(session, actor, self._quote_thing(session, row))
            again = as_document(self._priced(session, row))
            return Check(
                hash_agrees=not row.sha256 or digest(row.document) == row.sha256,
                amounts_agree=again == row.document["priced"],
            )
