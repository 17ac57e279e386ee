"""What waits for one person at the airlock, each with the act that answers it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from orchestrator.airlock import store
from orchestrator.airlock.cases import signoffs
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.cases.model import CaseKind, Task
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import Severity, State, Submission
from orchestrator.policy.model import Actor

from . import store as review_store

__all__ = ["Tasks"]

_ACTS: Mapping[State, tuple[tuple[str, str], ...]] = {
    State.IN_REVIEW: (("submit_review", "reviewSubmission"),),
    State.CONSOLIDATING: (("vote", "reviewSubmission"), ("settle", "settleConflict")),
    State.OVERRIDE_ASKED: (("decide_override", "decideOverride"),),
    State.SIGN_OFF: (("sign_off", "signOffRelease"),),
    State.APPEALED: (("decide_appeal", "decideAppeal"),),
    State.RECALL_ASKED: (("confirm_recall", "confirmRecall"),),
    State.QUARANTINED: (("reject_quarantined", "rejectQuarantined"),),
}
"""For each state in which people are waited for: the method of the service, and the right it needs."""

_WORST = (Severity.BLOCK, Severity.FLAG, Severity.NOTE)


class Tasks:
    """The desk of one person: checker, lead, officer or operator."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def tasks(self, actor: Actor) -> list[Task]:
        """List what waits for this person, the nearest deadline first."""
        found = []
        with self._desk.record.read() as session:
            for submission_id in store.ids_in(session, *_ACTS):
                submission = store.load(session, submission_id)
                act = self._act(actor, submission)
                if act is None or self._said(session, actor, submission, act):
                    continue
                claims = case_store.claims(session, submission_id, now=self._desk.record.clock())
                found.append(Task(act=act, submission=submission, claims=claims, highest=_highest(submission)))
        return sorted(found, key=lambda task: (task.submission.deadline is None, task.submission.deadline))

    def _act(self, actor: Actor, submission: Submission) -> str | None:
        """Return the act this person may answer with; a checker whose word is changed must have handed one in."""
        for act, right in _ACTS[submission.state]:
            if act == "vote" and actor.person_id not in submission.reviewers:
                continue
            if self._desk.may(actor, right, submission):
                return act
        return None

    def _said(self, session: Session, actor: Actor, submission: Submission, act: str) -> bool:
        me, number = actor.person_id, submission.submission_id
        if act == "submit_review":
            found = review_store.reviews(session, number, round_number=submission.round)
            return any(review.person_id == me for review in found)
        if act == "decide_appeal":
            case = case_store.open_case(session, number, CaseKind.APPEAL)
            return case is not None and me in case.people
        if act == "sign_off":
            mine = self._desk.governance.actor(me).custodians
            return not mine & set(signoffs.missing(self._desk, session, submission))
        return False


def _highest(submission: Submission) -> Severity | None:
    seen = {finding.severity for file in submission.files for finding in file.findings}
    return next((severity for severity in _WORST if severity in seen), None)
