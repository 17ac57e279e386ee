"""The hub's side: take an enquiry, pass it on, put datasets forward, answer, arrange a service, note what lacks."""

from __future__ import annotations

from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.policy.model import Actor

from . import rules, store
from .ground import Ground, enquiry_event
from .model import Enquiry
from .store import WishRow

__all__ = ["Replies"]


class Replies(Ground):
    """What a concierge does. Whoever answers is named to the enquirer."""

    def take(self, actor: Actor, enquiry_id: str) -> Enquiry:
        """Become the colleague who answers."""
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "takeEnquiry", enquiry_id)
            rules.check_open(enquiry)
            row.colleague_id = actor.person_id
            change.tell(enquiry_event("enquiry.taken", actor, row))
            self._tell_asker(change, row, "enquiry.taken")
            return store.to_enquiry(change.session, row)

    def pass_on(self, actor: Actor, enquiry_id: str, colleague_id: str) -> Enquiry:
        """Give an enquiry to a colleague, who must be a concierge and not have asked it."""
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "passEnquiry", enquiry_id)
            rules.check_open(enquiry)
            if colleague_id not in self._concierges(change.session):
                raise Invalid("This person does not answer for the hub; choose one of its concierges.", field="person")
            if colleague_id == row.asker_id:
                raise NotPossible("This person asked the question; another colleague has to answer it.")
            row.colleague_id = colleague_id
            change.tell(enquiry_event("enquiry.passed-on", actor, row, colleague=colleague_id))
            self._notify(change, [colleague_id], "enquiry.waiting", row)
            return store.to_enquiry(change.session, row)

    def suggest(self, actor: Actor, enquiry_id: str, dataset_id: str, reason: str) -> Enquiry:
        """Put a dataset before the enquirer, saying why it may help."""
        words = rules.check_words(reason, field="reason")
        if not self._listed(dataset_id):
            raise Invalid("This dataset is not in the catalogue; choose one that is.", field="dataset")
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "answerEnquiry", enquiry_id)
            rules.check_open(enquiry)
            self._suggest(change, row, dataset_id, [words], by=actor.person_id)
            change.tell(enquiry_event("enquiry.dataset-suggested", actor, row, dataset=dataset_id))
            change.session.flush()
            return store.to_enquiry(change.session, row)

    def answer(self, actor: Actor, enquiry_id: str, text: str) -> Enquiry:
        """Answer; whoever answers first becomes the colleague of this enquiry."""
        words = rules.check_words(text, field="text")
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "answerEnquiry", enquiry_id)
            rules.check_open(enquiry)
            self._move(row, "answer")
            row.colleague_id = row.colleague_id or actor.person_id
            self._say(change, row, actor.person_id, words)
            change.tell(enquiry_event("enquiry.answered", actor, row))
            self._tell_asker(change, row, "enquiry.answered")
            change.session.flush()
            return store.to_enquiry(change.session, row)

    def arrange(self, actor: Actor, enquiry_id: str, text: str) -> Enquiry:
        """End a request for a service of the hub: it is arranged, as the words say."""
        words = rules.check_words(text, field="text")
        with self._record.change() as change:
            row, enquiry = self._load(change.session, actor, "arrangeEnquiry", enquiry_id)
            rules.check_open(enquiry)
            if enquiry.offer_id is None:
                raise NotPossible("This enquiry asks for no service of the hub; answer it, or close it.")
            self._move(row, "arrange")
            row.colleague_id = row.colleague_id or actor.person_id
            self._say(change, row, actor.person_id, words)
            change.tell(enquiry_event("enquiry.arranged", actor, row, offer=enquiry.offer_id))
            self._tell_asker(change, row, "enquiry.arranged")
            change.session.flush()
            return store.to_enquiry(change.session, row)

    def wish(self, actor: Actor, enquiry_id: str, topic: str) -> None:
        """Note that data of this topic were asked for and do not exist here: in the hub's words, told to custodians."""
        line = rules.check_line(topic, field="topic", most=120)
        with self._record.change() as change:
            row, _ = self._load(change.session, actor, "answerEnquiry", enquiry_id)
            known = change.session.get(WishRow, enquiry_id)
            if known is None:
                change.session.add(WishRow(enquiry_id=enquiry_id, topic=line, at=self._now()))
            else:
                known.topic, known.at = line, self._now()
            change.tell(enquiry_event("enquiry.wish-noted", actor, row))
