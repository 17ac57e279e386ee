"""Offering quotes: a person of the issuer completes and freezes them; they are taken back, declined, or lapse."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Json
from orchestrator.core.money import Money
from orchestrator.policy.model import Actor

from . import rules, store
from .asking import AskingQuotes
from .documents import QUOTE_STATES, Quote, QuoteState
from .forms import write_relief
from .model import Billed, PriceList
from .priced import Priced, as_document
from .room import digest, parsed
from .rows import QuoteRow

__all__ = ["OfferingQuotes"]


class OfferingQuotes(AskingQuotes):
    """Quotes from being looked at to their end without an order."""

    def offer_quote(
        self, actor: Actor, quote_id: str, *, settled: Mapping[str, Money] | None = None, reason: str = ""
    ) -> Quote:
        """Offer a quote: its document is frozen now, with amounts for what the list leaves open."""
        with self._record.change() as change:
            session = change.session
            row = self._load_quote(session, actor, "offerQuote", quote_id)
            after = QUOTE_STATES.after(QuoteState(row.state), "offer")
            self._must_offer(session, row.issuer)
            prices = parsed(store.list_row(session, row.list_id).text)
            rules.check_settled(prices, self._priced(session, row), settled or {})
            reliefs = self._reliefs(session, row.issuer, row.application_id, self._today())
            row.document = {
                **row.document,
                "settled": {name: amount.pence for name, amount in sorted((settled or {}).items())},
                "reliefs": [write_relief(each) for each in reliefs],
            }
            priced = self._priced(session, row)
            _complete(priced)
            self._freeze(row, prices, priced)
            row.state, row.state_since, row.offered_by = after.value, self._now(), actor.person_id
            row.reason = rules.check_text(reason, field="reason", least=0)
            change.tell(
                self._event("quote.offered", actor.person_id, f"quote:{quote_id}", sha256=row.sha256, state=row.state)
            )
            self._tell_people(change, [row.asked_by], kind="quote.offered", subject=f"quote:{quote_id}")
            return self._shown(session, row)

    def withdraw_quote(self, actor: Actor, quote_id: str, reason: str) -> Quote:
        """Take a quote back before it is ordered."""
        return self._end_quote(actor, quote_id, "withdrawQuote", "withdraw", reason)

    def decline_quote(self, actor: Actor, quote_id: str, reason: str = "") -> Quote:
        """Decline a quote, or what was asked for."""
        return self._end_quote(actor, quote_id, "acceptQuote", "decline", reason)

    def lapse(self) -> int:
        """Note what lapsed: quotes whose last day has passed; return how many."""
        with self._record.change() as change:
            query = select(QuoteRow).where(
                QuoteRow.state == QuoteState.OFFERED.value, QuoteRow.valid_until < self._today()
            )
            rows = list(change.session.scalars(query))
            for row in rows:
                row.state = QUOTE_STATES.after(QuoteState.OFFERED, "lapse").value
                row.state_since = self._now()
                change.tell(self._event("quote.lapsed", "system:controller", f"quote:{row.quote_id}", state=row.state))
                self._tell_people(change, [row.asked_by], kind="quote.lapsed", subject=f"quote:{row.quote_id}")
            return len(rows)

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _freeze(self, row: QuoteRow, prices: PriceList, priced: Priced) -> None:
        row.valid_until = rules.lapses_on(prices, self._today())
        document: dict[str, Json] = {
            **row.document,
            "priced": as_document(priced),
            "offered_on": self._today().isoformat(),
            "valid_until": row.valid_until.isoformat(),
        }
        row.document, row.sha256 = document, digest(document)

    def _end_quote(self, actor: Actor, quote_id: str, action: str, step: str, reason: str) -> Quote:
        with self._record.change() as change:
            row = self._load_quote(change.session, actor, action, quote_id)
            row.state = QUOTE_STATES.after(QuoteState(row.state), step).value
            row.state_since = self._now()
            row.reason = rules.check_text(reason, field="reason", least=0 if step == "decline" else 3)
            kind = f"quote.{row.state}"
            change.tell(self._event(kind, actor.person_id, f"quote:{quote_id}", state=row.state))
            people = [row.asked_by] if step == "withdraw" else self._issuers_people(change.session, row.issuer)
            self._tell_people(change, people, kind=kind, subject=f"quote:{quote_id}")
            return self._shown(change.session, row)


def _complete(priced: Priced) -> None:
    """Raise unless everything that does not hang on use has one amount."""
    lines = [line for line in priced.lines if line.billed is not Billed.MONTHLY]
    missing = [line for line in lines if line.open or not line.net.certain]
    if missing:
        raise NotPossible(
            "The quote is not complete: set the amount of "
            + ", ".join(f"“{line.line_id}” ({line.open or line.listed})" for line in missing)
            + "."
        )
