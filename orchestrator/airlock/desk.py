"""What every part of the airlock asks first: who may do it, whether the project may let anything out, which rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound, Refused, Unavailable
from orchestrator.core.events import Notice
from orchestrator.policy.model import Actor, Decision, Thing
from orchestrator.policy.service import Policy

from .frozen import FrozenStore
from .model import Submission
from .packs import Pack, effective
from .ports import CustodianTerms, Governance

__all__ = ["Desk"]

_JUDGES = frozenset({"checker", "sdc-lead", "operator"})
"""Whoever holds such a role knows of submissions, and is told why one of them is not for him."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The pieces that submissions, scanning, reviews and releases share."""

    record: Record
    policy: Policy
    governance: Governance
    pack: Pack
    frozen: FrozenStore
    packs: Mapping[str, Pack] = field(default_factory=dict)
    """Every rule book that a custodian's terms may name."""

    def thing(self, project_id: str, author_id: str) -> Thing:
        """Return a submission that is to be made as the access rules see it now."""
        return self._thing(project_id, author_id)

    def thing_of(self, submission: Submission, *, trained: bool = False) -> Thing:
        """Return a known submission as the access rules see it now; ``trained`` is about whoever asks."""
        return self._thing(submission.project_id, submission.author_id, submission, trained=trained)

    def _thing(
        self, project_id: str, author_id: str, submission: Submission | None = None, *, trained: bool = False
    ) -> Thing:
        terms = self.governance.terms(project_id)
        nobody: frozenset[str] = frozenset()
        return Thing(
            kind="Submission",
            id="new" if submission is None else submission.submission_id,
            attributes={
                "author": author_id,
                "members": self.governance.members_within_a_year(project_id),
                "custodians": frozenset(term.custodian_id for term in terms),
                "signers": frozenset(term.custodian_id for term in terms if term.release_signoff),
                "conflicted": nobody if submission is None else submission.conflicted,
                "reviewers": nobody if submission is None else submission.reviewers,
                "settlers": nobody if submission is None else submission.settlers,
                "overriders": nobody if submission is None else submission.overriders,
                "barred": nobody if submission is None else submission.barred,
                "asker": "" if submission is None else submission.asker,
                "trained": trained,
            },
        )

    def check(self, actor: Actor, action: str, submission: Submission) -> None:
        """Ask the access rules; raises ``Refused`` with their reasons, or ``NotFound`` where one may not even look."""
        decision = self.decide(actor, action, submission)
        if decision.allowed:
            return
        judges = bool(self.as_now(actor).roles & _JUDGES)  # who works in the project is told that, and not misled
        if action == "showSubmission" or not (judges or self.may(actor, "showSubmission", submission)):
            raise NotFound("There is no such submission, or none that you may see.")
        raise Refused(decision.reasons[0], reasons=decision.reasons)

    def may(self, actor: Actor, action: str, submission: Submission) -> bool:
        """Say whether the access rules allow it."""
        return self.decide(actor, action, submission).allowed

    def as_now(self, actor: Actor) -> Actor:
        """Return the actor with the roles of this moment; of what the caller knew, only how he signed on counts."""
        return replace(self.governance.actor(actor.person_id), second_factor=actor.second_factor)

    def decide(self, actor: Actor, action: str, submission: Submission) -> Decision:
        """Return the rules' answer about the actor as he is now.

        Roles may have ended, or accounts been stopped, since a page or command began.
        """
        current = self.as_now(actor)
        trained = self.governance.trained(actor.person_id)
        return self.policy.decide(current, action, self.thing_of(submission, trained=trained))

    def hold_reasons(self, submission: Submission) -> tuple[str, ...]:
        """Say in sentences why this submission may not go on now; empty when it may."""
        own = (f"An operator holds it: {submission.incident}",) if submission.incident else ()
        return own + self.governance.hold_reasons(
            submission.project_id, submission.author_id, since=submission.submitted_at
        )

    def pack_for(self, project_id: str) -> Pack:
        """Return the rules in force for a project: the strictest of the installation and its custodians."""
        terms = self.governance.terms(project_id)
        return effective(
            self.pack,
            [(term.custodian_id, term.checkers_needed, term.minimum_count) for term in terms],
            [(term.custodian_id, self._named(term)) for term in terms if term.airlock_pack],
        )

    def _named(self, term: CustodianTerms) -> Pack:
        """Return the rule book that terms name; one that is not here any more stops everything rather than nothing."""
        named = self.packs.get(term.airlock_pack)
        if named is None:
            raise Unavailable(
                f"The rule book “{term.airlock_pack}” that a custodian asks for is not installed; tell an operator.",
                system="rule books",
                retry=False,
            )
        return named

    def tell_author(self, change: Change, submission: Submission, kind: str) -> None:
        """Put a notice for the author into the outbox."""
        change.notify(Notice(person=submission.author_id, kind=kind, subject=f"submission:{submission.submission_id}"))

    def tell(self, change: Change, submission: Submission, kind: str, people: Iterable[str]) -> None:
        """Put a notice for each of these people into the outbox."""
        for person_id in sorted(set(people)):
            change.notify(Notice(person=person_id, kind=kind, subject=f"submission:{submission.submission_id}"))

    def tell_checkers(self, change: Change, submission: Submission) -> None:
        """Tell every checker who may review this submission that it waits."""
        self.tell_those_who_may(
            change, submission, "reviewSubmission", "submission.in-review", among=self.governance.holders("checker")
        )

    def tell_those_who_may(
        self, change: Change, submission: Submission, action: str, kind: str, *, among: Iterable[str]
    ) -> None:
        """Tell everybody of these whom the access rules let do it that it waits."""
        for person_id in sorted(set(among)):
            if self.may(self.governance.actor(person_id), action, submission):
                change.notify(Notice(person=person_id, kind=kind, subject=f"submission:{submission.submission_id}"))
