"""Comments on a part and on single questions; a custodian's notes for itself."""

from __future__ import annotations

from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.core.working_days import WorkingDays
from orchestrator.policy.model import Actor

from ..states import ApplicationState, PartState
from . import store
from .clock import used_days
from .model import Comment, PartCourse
from .parts import Found, PartExchange
from .reading import form_of, sheet_of
from .store import CommentRow

__all__ = ["Talking"]

_LONGEST = 10_000


class Talking(PartExchange):
    """What applicant and custodian say to one another while a part is decided, and how long it takes."""

    def comment(
        self,
        actor: Actor,
        application_id: str,
        custodian_id: str,
        text: str,
        *,
        question_id: str = "",
        internal: bool = False,
    ) -> Comment:
        """Say something about a part, or about one question of it; ``internal`` stays with the custodian's officers."""
        with self._record.change() as change:
            found = self._find(change.session, actor, application_id, custodian_id)
            self._check(change.session, actor, "noteOnPart" if internal else "writeOnPart", found.thing)
            if found.application.state is ApplicationState.DRAFT:
                raise NotPossible("This application is a draft; custodians hear of it when it is submitted.")
            asked = sheet_of(change.session, found.application).of(custodian_id)
            if question_id and asked.find(question_id) is None:
                raise Invalid("This custodian did not ask that question.", field="question_id")
            row = CommentRow(
                comment_id=new_id(),
                application_id=application_id,
                custodian_id=custodian_id,
                number=len(store.comments_on(change.session, application_id, custodian_id)) + 1,
                question_id=question_id,
                author_id=actor.person_id,
                internal=internal,
                text=_words(text),
                written_at=self._now(),
            )
            change.session.add(row)
            change.session.flush()
            change.tell(_about(found, actor, "application.noted" if internal else "application.commented", row))
            if not internal:
                self._tell_other_side(change, found, actor, "application.comment")
            return store.comments_on(change.session, application_id, custodian_id)[-1]

    def comments(self, actor: Actor, application_id: str, custodian_id: str) -> list[Comment]:
        """Return what was said about a part, oldest first; notes to its officers only."""
        with self._record.read() as session:
            found = self._find(session, actor, application_id, custodian_id)
            notes = self._policy.may(self._current(session, actor), "noteOnPart", found.thing)
            every = store.comments_on(session, application_id, custodian_id)
            return [each for each in every if notes or not each.internal]

    def resolve(self, actor: Actor, application_id: str, custodian_id: str, comment_id: str) -> Comment:
        """Mark a comment on a part as dealt with; either side does it."""
        with self._record.change() as change:
            found = self._find(change.session, actor, application_id, custodian_id)
            row = change.session.get(CommentRow, comment_id)
            if row is None or (row.application_id, row.custodian_id) != (application_id, custodian_id):
                raise NotFound("There is no such comment, or none that you may see.")
            self._check(change.session, actor, "noteOnPart" if row.internal else "writeOnPart", found.thing)
            if row.resolved_at is not None:
                raise NotPossible("This comment is dealt with already.")
            row.resolved_by, row.resolved_at = actor.person_id, self._now()
            change.tell(_about(found, actor, "application.comment-resolved", row))
            change.session.flush()
            every = store.comments_on(change.session, row.application_id, row.custodian_id)
            return next(each for each in every if each.comment_id == comment_id)

    def course(self, actor: Actor, application_id: str, custodian_id: str) -> PartCourse:
        """Return every state that a part was in and since when, and the working days it waited for the custodian."""
        with self._record.read() as session:
            found = self._find(session, actor, application_id, custodian_id)
            steps = store.steps_of(session, application_id, custodian_id)
            form = form_of(session, found.part)
            return PartCourse(
                custodian_id=custodian_id,
                steps=tuple(steps),
                used=used_days(steps, self._now(), WorkingDays.of(form.nation) if form else None),
                allowed=form.decide_within if form else None,
                due_at=found.part.due_at if found.part.state in (PartState.WAITING, PartState.RETURNED) else None,
            )


def _words(text: str) -> str:
    words = text.strip()
    if not 1 <= len(words) <= _LONGEST:
        raise Invalid(f"Write a comment of 1 to {_LONGEST:,} characters.", field="text")
    if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in words):
        raise Invalid("The comment holds control characters; remove them.", field="text")
    return words


def _about(found: Found, actor: Actor, kind: str, row: CommentRow) -> Event:
    return Event(
        kind=kind,
        actor=actor.person_id,
        subject=f"application:{found.row.application_id}",
        details={"custodian": found.held.custodian_id, "comment": row.comment_id, "question": row.question_id},
    )
