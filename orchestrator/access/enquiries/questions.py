"""The enquirer's side: ask, with an account or without, go on, take an enquiry over, apply, close."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from orchestrator.access.model import Application
from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.identity import store as identity
from orchestrator.identity.model import Person
from orchestrator.policy.model import SITE, Actor

from . import rules, store
from .ground import STRANGER, Ground, enquiry_event, enquiry_thing
from .model import ENQUIRY_STATES, Asked, Candidate, Enquiry, OfferState
from .store import EnquiryRow

__all__ = ["Questions"]

_MOST_CANDIDATES = 8


class Questions(Ground):
    """What an enquirer does. Everything here also works for a stranger who shows the secret of his enquiry's page."""

    def ask(self, actor: Actor, question: str, *, organisation: str = "", offer_id: str | None = None) -> Enquiry:
        """Ask the hub a question in plain words, or for one of its services."""
        return self._ask(actor, question, organisation, offer_id).enquiry

    def ask_without_account(self, question: str, *, organisation: str = "", offer_id: str | None = None) -> Asked:
        """Ask as a stranger: the answer is read at a secret address, and nobody needs to say who he is."""
        return self._ask(STRANGER, question, organisation, offer_id)

    def _ask(self, actor: Actor, question: str, organisation: str, offer_id: str | None) -> Asked:
        words = rules.check_words(question, field="question")
        line = rules.check_line(organisation, field="organisation", needed=False)
        found = self.candidates.find(words, limit=_MOST_CANDIDATES)
        stranger = actor is STRANGER
        secret = secrets.token_urlsafe(32) if stranger else ""
        with self._record.change() as change:
            self._check(change.session, actor, "askEnquiry", SITE)
            if stranger and store.waiting_from_strangers(change.session) >= rules.MOST_FROM_STRANGERS:
                raise NotPossible(
                    "More questions wait than the hub can answer now. Sign in to ask, or try again in some days."
                )
            if offer_id is not None and store.offer_row(change.session, offer_id).state != OfferState.OFFERED:
                raise NotPossible("The hub does not offer this any more; look at the list of offers.")
            now = self._now()
            row = EnquiryRow(
                enquiry_id=new_id(),
                asker_id=None if stranger else actor.person_id,
                secret_sha256=_hash(secret) if stranger else None,
                organisation=line,
                question=words,
                offer_id=offer_id,
                state=ENQUIRY_STATES.start.value,
                state_since=now,
                asked_at=now,
                reason="",
                erased=False,
            )
            details: dict[str, Json] = {"offer": offer_id, "datasets": [each.dataset_id for each in found]}
            store.add(change, row, event=enquiry_event("enquiry.asked", actor, row, **details))
            self._put_before(change, row, found)
            self._notify(change, self._concierges(change.session), "enquiry.waiting", row)
            change.session.flush()
            return Asked(enquiry=store.to_enquiry(change.session, row), secret=secret)

    def _put_before(self, change: Change, row: EnquiryRow, found: Sequence[Candidate]) -> None:
        for candidate in found:
            if self._listed(candidate.dataset_id):
                self._suggest(change, row, candidate.dataset_id, candidate.reasons)

    def opened(self, secret: str) -> Enquiry:
        """Return the enquiry of a secret address."""
        with self._record.read() as session:
            return store.to_enquiry(session, store.by_secret(session, _hash(secret)))

    def ask_again(self, actor: Actor, enquiry_id: str, text: str) -> Enquiry:
        """Say more; the hub is waited for again."""
        words = rules.check_words(text, field="text")
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "continueEnquiry", enquiry_id)
            rules.check_open(enquiry)
            self._move(row, "ask again")
            self._say(change, row, row.asker_id, words)
            change.tell(enquiry_event("enquiry.continued", actor, row))
            people = [row.colleague_id] if row.colleague_id else self._concierges(change.session)
            self._notify(change, people, "enquiry.waiting", row)
            change.session.flush()
            return store.to_enquiry(change.session, row)

    def ask_again_without_account(self, secret: str, text: str) -> Enquiry:
        """Say more at a secret address."""
        return self.ask_again(STRANGER, self._strangers(secret), text)

    def close(self, actor: Actor, enquiry_id: str, reason: str = "") -> Enquiry:
        """End an enquiry: by whoever asked, or by a concierge, who says why."""
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "closeEnquiry", enquiry_id)
            rules.check_open(enquiry)
            own = enquiry.asker_id == actor.person_id or actor is STRANGER
            row.reason = rules.check_words(reason, field="reason") if reason.strip() or not own else ""
            self._move(row, "close")
            change.tell(enquiry_event("enquiry.closed", actor, row))
            if own:
                self._notify(change, [row.colleague_id], "enquiry.closed", row)
            else:
                self._tell_asker(change, row, "enquiry.closed")
            return store.to_enquiry(change.session, row)

    def close_without_account(self, secret: str) -> Enquiry:
        """End an enquiry at its secret address."""
        return self.close(STRANGER, self._strangers(secret))

    def adopt(self, actor: Actor, secret: str) -> Enquiry:
        """Take an enquiry that was asked without an account over into one's own; its secret address ends."""
        with self._record.change() as change:
            row = store.by_secret(change.session, _hash(secret))
            self._check(change.session, actor, "adoptEnquiry", enquiry_thing(row))
            row.asker_id, row.secret_sha256 = actor.person_id, None
            change.tell(enquiry_event("enquiry.adopted", actor, row))
            change.session.flush()
            return store.to_enquiry(change.session, row)

    def apply(self, actor: Actor, enquiry_id: str, dataset_ids: Sequence[str]) -> Application:
        """Turn an enquiry into a drafted application over some of its datasets, in the enquirer's words."""
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "applyFromEnquiry", enquiry_id)
            rules.check_open(enquiry)
            known = {each.dataset_id for each in enquiry.suggestions}
            if not dataset_ids or not set(dataset_ids) <= known:
                raise Invalid("Choose one or more of the datasets of this enquiry.", field="datasets")
            person = identity.load(change.session, Person, actor.person_id)
            answers = rules.drafted(enquiry, organisation=person.affiliation, today=self._now().date())
            application = self._access.draft_within(change, actor, answers, list(dict.fromkeys(dataset_ids)))
            self._move(row, "apply")
            row.application_id = application.application_id
            chosen: list[Json] = [*sorted(set(dataset_ids))]
            details: dict[str, Json] = {"application": application.application_id, "datasets": chosen}
            change.tell(enquiry_event("enquiry.applied", actor, row, **details))
            self._notify(change, [row.colleague_id], "enquiry.applied", row)
            return application

    def _strangers(self, secret: str) -> str:
        with self._record.read() as session:
            return store.by_secret(session, _hash(secret)).enquiry_id


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
