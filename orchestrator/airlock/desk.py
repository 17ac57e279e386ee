"""What every part of the airlock asks first: who may do it, whether the project may let anything out, which rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound, Refused
from orchestrator.core.events import Notice
from orchestrator.policy.model import Actor, Decision, Thing
from orchestrator.policy.service import Policy

from .frozen import FrozenStore
from .model import Submission
from .packs import Pack, effective
from .ports import Governance

__all__ = ["Desk"]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The pieces that submissions, scanning, reviews and releases share."""

    record: Record
    policy: Policy
    governance: Governance
    pack: Pack
    frozen: FrozenStore

    def thing(self, project_id: str, author_id: str, submission_id: str = "new") -> Thing:
        """Return a submission as the access rules see it now."""
        return Thing(
            kind="Submission",
            id=submission_id,
            attributes={
                "author": author_id,
                "members": self.governance.members_within_a_year(project_id),
                "custodians": frozenset(term.custodian_id for term in self.governance.terms(project_id)),
            },
        )

    def thing_of(self, submission: Submission) -> Thing:
        """Return a known submission as the access rules see it now."""
        return self.thing(submission.project_id, submission.author_id, submission.submission_id)

    def check(self, actor: Actor, action: str, submission: Submission) -> None:
        """Ask the access rules; raises ``Refused`` with their reasons, or ``NotFound`` where one may not even look."""
        decision = self.decide(actor, action, submission)
        if action == "showSubmission" and not decision.allowed:
            raise NotFound("There is no such submission, or none that you may see.")
        if not decision.allowed:
            raise Refused(decision.reasons[0], reasons=decision.reasons)

    def may(self, actor: Actor, action: str, submission: Submission) -> bool:
        """Say whether the access rules allow it."""
        return self.decide(actor, action, submission).allowed

    def decide(self, actor: Actor, action: str, submission: Submission) -> Decision:
        """Return the rules' answer about the actor as he is now: of what the caller knew, only how he signed on counts.

        Roles may have ended, or accounts been stopped, since a page or command began.
        """
        current = replace(self.governance.actor(actor.person_id), second_factor=actor.second_factor)
        return self.policy.decide(current, action, self.thing_of(submission))

    def hold_reasons(self, submission: Submission) -> tuple[str, ...]:
        """Say in sentences why this submission may not go on now; empty when it may."""
        return self.governance.hold_reasons(submission.project_id, submission.author_id, since=submission.submitted_at)

    def pack_for(self, project_id: str) -> Pack:
        """Return the rules in force for a project: the strictest of the installation and its custodians."""
        terms = self.governance.terms(project_id)
        return effective(self.pack, [(term.custodian_id, term.checkers_needed, term.minimum_count) for term in terms])

    def tell_author(self, change: Change, submission: Submission, kind: str) -> None:
        """Put a notice for the author into the outbox."""
        change.notify(Notice(person=submission.author_id, kind=kind, subject=f"submission:{submission.submission_id}"))

    def tell_checkers(self, change: Change, submission: Submission) -> None:
        """Tell every checker who may review this submission that it waits."""
        for person_id in sorted(self.governance.checkers()):
            if self.may(self.governance.actor(person_id), "reviewSubmission", submission):
                change.notify(
                    Notice(
                        person=person_id, kind="submission.in-review", subject=f"submission:{submission.submission_id}"
                    )
                )
