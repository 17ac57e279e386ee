"""Overrides: an author asks that people look at what the checks block; an SDC lead lets them, or sends it back."""

from __future__ import annotations

from orchestrator.airlock import store
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import State, Submission, Verdict
from orchestrator.airlock.review.deciding import event_of
from orchestrator.airlock.rules import check_moves, check_words
from orchestrator.airlock.states import Action
from orchestrator.core.errors import Conflict, NotPossible
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as case_store
from .model import Case, CaseKind, CaseOutcome, Opinion

__all__ = ["NEVER", "Overrides", "blocked_bindings"]

NEVER = frozenset({"ACRO_HELPER_FILE", "ACRO_ZEROS_TOLD"})
"""Rules that nobody overrides: such files were made for checkers, and may be handed in as supporting ones."""


def blocked_bindings(submission: Submission, unlocked: frozenset[str]) -> tuple[str, ...]:
    """Return the bindings of files that the checks block and that no accepted override covers."""
    return tuple(
        sorted(
            file.binding
            for file in submission.outputs
            if file.verdict is Verdict.BLOCK and file.binding not in unlocked
        )
    )


class Overrides:
    """An override covers a file exactly as it stood: another byte, word, finding or rule, and it is void."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ask_override(self, actor: Actor, submission_id: str, *, reason: str) -> Case:
        """Ask, as the author, that people look at what the checks block; say why it is safe nevertheless."""
        reason = check_words(reason, field="reason", ask="Say why the blocked files are safe nevertheless.")
        now = self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "askOverride", submission)
            check_moves(submission, Action.ASK_OVERRIDE)
            known = case_store.cases(change.session, submission_id)
            covers = blocked_bindings(submission, case_store.overrides(known))
            if not covers:
                raise NotPossible("The checks block nothing of it, so there is nothing to override.")
            _check_possible(submission)
            case = Case(
                case_id=new_id(),
                submission_id=submission_id,
                round=submission.round,
                kind=CaseKind.OVERRIDE,
                asked_by=actor.person_id,
                asked_at=now,
                reason=reason,
                covers=covers,
            )
            details: dict[str, Json] = {"case": case.case_id, "bindings": list(covers)}
            event = event_of("submission.override-asked", actor.person_id, submission, details)
            moved = store.move(change, submission, Action.ASK_OVERRIDE, at=now, event=event)
            asked = event_of("override.asked", actor.person_id, submission, {"case": case.case_id})
            case_store.put_case(change, case, event=asked)
            leads = self._desk.governance.holders("sdc-lead")
            self._desk.tell_those_who_may(change, moved, "decideOverride", "submission.override-asked", among=leads)
            return case

    def decide_override(self, actor: Actor, submission_id: str, *, accept: bool, reason: str, seen: int) -> State:
        """Let the blocked files go to review as an SDC lead, or send the submission back; with a written reason."""
        reason = check_words(reason, field="reason", ask="Say why, for the author, the checkers and the record.")
        action = Action.ACCEPT_OVERRIDE if accept else Action.DECLINE_OVERRIDE
        now = self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "decideOverride", submission)
            check_moves(submission, action)
            store.check_seen(submission, seen)
            case = case_store.open_case(change.session, submission_id, CaseKind.OVERRIDE)
            if case is None:
                raise Conflict("Nobody asks for an override any more; look at the submission again.")
            opinion = Opinion(person_id=actor.person_id, yes=accept, reason=reason, said_at=now)
            word = "accepted" if accept else "declined"
            details: dict[str, Json] = {"case": case.case_id, "bindings": list(case.covers)}
            said = event_of(f"override.{word}", actor.person_id, submission, details)
            case = case_store.add_opinion(change, case, opinion, event=said)
            outcome = CaseOutcome.ACCEPTED if accept else CaseOutcome.REFUSED
            closed = event_of("override.closed", actor.person_id, submission, {"case": case.case_id})
            case_store.close_case(change, case, outcome, at=now, event=closed)
            event = event_of(f"submission.override-{word}", actor.person_id, submission, {"case": case.case_id})
            moved = store.move(change, submission, action, at=now, event=event, reason=reason)
            self._desk.tell_author(change, moved, f"submission.override-{word}")
            if accept:
                self._desk.tell_checkers(change, moved)
            return moved.state


def _check_possible(submission: Submission) -> None:
    for file in submission.outputs:
        if any(finding.rule in NEVER for finding in file.findings):
            raise NotPossible(
                f"File {file.position + 1} never leaves; send it as a supporting file, or leave it out, and revise."
            )
