"""The airlock as pages and commands use it: submissions, reviews, releases behind one object."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.policy.model import Actor

from .desk import Desk
from .model import Choice, Link, Review, Submission, View
from .releases import Collected, Releases
from .reviews import Opened, Reviews
from .submissions import Submissions

__all__ = ["AirlockService"]


@dataclass(frozen=True, kw_only=True)
class AirlockService:
    """Everything a person does at the airlock. Each call says who acts, and asks policy first."""

    submissions: Submissions
    reviews: Reviews
    releases: Releases

    @classmethod
    def of(cls, desk: Desk) -> AirlockService:
        """Put the service together; it needs no key and no right beyond the record and the airlock's directory."""
        return cls(submissions=Submissions(desk), reviews=Reviews(desk), releases=Releases(desk))

    def mine(self, actor: Actor) -> list[Submission]:
        """List the actor's own submissions, newest first."""
        return self.submissions.mine(actor)

    def queue(self, actor: Actor) -> list[View]:
        """List what this checker may review now, oldest first; a member's own projects are left out."""
        return self.reviews.queue(actor)

    def view(self, actor: Actor, submission_id: str) -> View:
        """Show one submission to its author, to an eligible checker or to an operator, each with what he may see."""
        return self.reviews.view(actor, submission_id)

    def open_file(self, actor: Actor, submission_id: str, file_id: str) -> Opened:
        """Give an eligible checker the frozen bytes of one file and record that he opened them."""
        return self.reviews.open_file(actor, submission_id, file_id)

    def vote(
        self, actor: Actor, submission_id: str, file_id: str, *, choice: Choice, comment: str, binding: str
    ) -> None:
        """Vote on one file; ``binding`` is the one shown with it, so that another version cannot be approved."""
        self.reviews.vote(actor, submission_id, file_id, choice=choice, comment=comment, binding=binding)

    def submit_review(self, actor: Actor, submission_id: str) -> Review:
        """Hand in the votes of this round for good; the last one needed decides the submission."""
        return self.reviews.submit_review(actor, submission_id)

    def withdraw(self, actor: Actor, submission_id: str) -> None:
        """Take one's own submission back."""
        self.submissions.withdraw(actor, submission_id)

    def reject_quarantined(self, actor: Actor, submission_id: str) -> None:
        """Let an operator close a submission whose frozen bytes were found altered."""
        self.submissions.reject_quarantined(actor, submission_id)

    def make_link(self, actor: Actor, submission_id: str) -> tuple[str, Link]:
        """Give the author a new secret that collects the release once; earlier unused links end."""
        return self.releases.make_link(actor, submission_id)

    def collect(self, actor: Actor, secret: str) -> Collected:
        """Use a link: the released files and their signed record, once, for its own person only."""
        return self.releases.collect(actor, secret)

    def signed_record(self, actor: Actor, submission_id: str) -> bytes:
        """Return the signed JSON record of a release to its author, a checker, a custodian or an operator."""
        return self.releases.signed_record(actor, submission_id)
