"""Recalls: what left by mistake is stopped at once by one person, and taken back for good by two."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.airlock import file_store, store
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import State, Submission
from orchestrator.airlock.release import store as release_store
from orchestrator.airlock.review.deciding import event_of
from orchestrator.airlock.rules import check_moves, check_words
from orchestrator.airlock.states import Action
from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict, NotFound
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as case_store
from .model import Case, CaseKind, CaseOutcome, Gravity, Opinion

__all__ = ["Recalls", "wanted"]


def wanted(submission: Submission) -> set[tuple[str, int]]:
    """Return hash and size of every file that a release of this submission hands out."""
    return {(file.sha256, file.size) for file in submission.outputs}


class Recalls:
    """What is recalled stays known outside: its facts remain in the ledger, and every recipient is listed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def recall(
        self,
        actor: Actor,
        submission_id: str,
        *,
        reason: str,
        gravity: Gravity,
        files: Collection[str] | None = None,
    ) -> Case:
        """Ask that some files, or all, be taken back; nothing of the release is handed out from this moment.

        A second person confirms or dismisses it within 24 hours; until then it stays suspended.
        """
        reason = check_words(reason, field="reason", ask="Say what should not have left, and why.")
        now = self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "askRecall", submission)
            check_moves(submission, Action.ASK_RECALL)
            case = Case(
                case_id=new_id(),
                submission_id=submission_id,
                round=submission.round,
                kind=CaseKind.RECALL,
                asked_by=actor.person_id,
                asked_at=now,
                reason=reason,
                detail=gravity.value,
                covers=_covered(submission, files),
            )
            ended = release_store.end_links(change, submission_id, at=now)
            details: dict[str, Json] = {
                "case": case.case_id,
                "gravity": gravity.value,
                "files": list(case.covers),
                "links_ended": ended,
            }
            event = event_of("submission.recall-asked", actor.person_id, submission, details)
            moved = store.move(change, submission, Action.ASK_RECALL, at=now, event=event)
            asked = event_of("recall.asked", actor.person_id, submission, {"case": case.case_id})
            case_store.put_case(change, case, event=asked)
            self._tell(change, store.load(change.session, submission_id))
            self._desk.tell_author(change, moved, "submission.recall-asked")
            return case

    def _tell(self, change: Change, submission: Submission) -> None:
        governance = self._desk.governance
        among = governance.holders("checker") | governance.holders("operator") | governance.holders("sdc-lead")
        self._desk.tell_those_who_may(change, submission, "confirmRecall", "submission.recall-asked", among=among)

    def confirm_recall(self, actor: Actor, submission_id: str, *, confirm: bool, reason: str = "", seen: int) -> State:
        """Confirm a recall as the second person, or dismiss it with a reason; then a new link may be made."""
        if not confirm:
            reason = check_words(reason, field="reason", ask="Say why nothing has to be taken back.")
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "confirmRecall", submission)
            check_moves(submission, Action.RECALL if confirm else Action.DISMISS_RECALL)
            store.check_seen(submission, seen)
            case = case_store.open_case(change.session, submission_id, CaseKind.RECALL)
            if case is None:
                raise Conflict("This recall is not open any more; look at the submission again.")
            self._close(change, actor, submission, case, confirm=confirm, reason=reason.strip())
            state = self._move(change, actor, submission, case, confirm=confirm)
            after = store.load(change.session, submission_id)
        if confirm:
            self._desk.frozen.keep_only(submission_id, {sha256 for sha256, _ in wanted(after)})
        return state

    def _close(
        self, change: Change, actor: Actor, submission: Submission, case: Case, *, confirm: bool, reason: str
    ) -> None:
        now, word = self._desk.record.clock(), "confirmed" if confirm else "dismissed"
        opinion = Opinion(person_id=actor.person_id, yes=confirm, reason=reason, said_at=now)
        said = event_of(f"recall.{word}", actor.person_id, submission, {"case": case.case_id})
        case = case_store.add_opinion(change, case, opinion, event=said)
        outcome = CaseOutcome.ACCEPTED if confirm else CaseOutcome.REFUSED
        closed = event_of("recall.closed", actor.person_id, submission, {"case": case.case_id})
        case_store.close_case(change, case, outcome, at=now, event=closed)

    def _move(self, change: Change, actor: Actor, submission: Submission, case: Case, *, confirm: bool) -> State:
        from orchestrator.airlock.ledger import store as ledger_store  # noqa: PLC0415 - heavy, and wanted at recalls only

        now, me = self._desk.record.clock(), actor.person_id
        if not confirm:
            event = event_of("submission.recall-dismissed", me, submission, {"case": case.case_id})
            moved = store.move(change, submission, Action.DISMISS_RECALL, at=now, event=event)
            self._desk.tell_author(change, moved, "submission.recall-dismissed")
            return moved.state
        hashes = {file.sha256 for file in submission.files if file.file_id in case.covers}
        marked = event_of("files.recalled", me, submission, {"files": list(case.covers)})
        file_store.mark_recalled(change, submission.submission_id, hashes, at=now, event=marked)
        names = [file.name for file in submission.files if file.sha256 in hashes]
        ledger_store.recall(change, submission.submission_id, at=now, event=marked, files=names)
        rest = [file for file in submission.outputs if file.sha256 not in hashes]
        people: list[Json] = [
            person for person, _ in release_store.recipients(change.session, submission.submission_id)
        ]
        action = Action.RECALL_PART if rest else Action.RECALL
        event = event_of("submission.recalled", me, submission, {"case": case.case_id, "recipients": people})
        moved = store.move(change, submission, action, at=now, event=event)
        self._desk.tell(change, moved, "submission.recalled", {submission.author_id, *map(str, people)})
        return moved.state


def _covered(submission: Submission, files: Collection[str] | None) -> tuple[str, ...]:
    """Return the identifiers of the files to recall; bytes that left under two names are recalled under both."""
    out = {file.file_id: file for file in submission.outputs}
    if files is None:
        return tuple(sorted(out))
    unknown = set(files) - set(out)
    if unknown or not files:
        raise NotFound("A file to recall is not among those that were released; name those that were.")
    hashes = {out[each].sha256 for each in files}
    return tuple(sorted(each for each, file in out.items() if file.sha256 in hashes))
