"""The airlock as pages and commands use it: submissions, reviews, releases behind one object."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from orchestrator.policy.model import Actor

from .cases.appeals import Appeals
from .cases.holds import Holds
from .cases.model import Case, Earlier, Gravity, History, Incident, Precedent, Task
from .cases.overrides import Overrides
from .cases.recalls import Recalls
from .cases.signoffs import SignOffs
from .desk import Desk
from .metering import CheckCount, Metering
from .model import Choice, Claim, Link, Outcome, Review, State, Submission, View
from .release.collecting import Collected, Releases
from .replay.service import Replays
from .review.claims import Claims
from .review.consolidating import Consolidating
from .review.histories import Histories
from .review.precedents import Precedents
from .review.reviews import Opened, Reviews
from .review.tasks import Tasks
from .review.voting import Voting
from .submissions import Submissions

__all__ = ["AirlockService"]


@dataclass(frozen=True, kw_only=True)
class AirlockService:
    """Everything a person does at the airlock. Each call says who acts, and asks policy first.

    ``seen`` is the ``version`` of the submission that the person looked at: when it has changed since, the call is a
    ``Conflict`` and nothing happens.
    """

    submissions: Submissions
    reviews: Reviews
    voting: Voting
    consolidating: Consolidating
    claims: Claims
    overrides: Overrides
    sign_offs: SignOffs
    appeals: Appeals
    releases: Releases
    recalls: Recalls
    holds: Holds
    histories: Histories
    precedents: Precedents
    task_lists: Tasks
    metering: Metering
    replays: Replays

    @classmethod
    def of(cls, desk: Desk) -> AirlockService:
        """Put the service together; it needs no key and no right beyond the record and the airlock's directory."""
        reviews = Reviews(desk)
        return cls(
            submissions=Submissions(desk),
            reviews=reviews,
            voting=Voting(desk),
            consolidating=Consolidating(desk),
            claims=Claims(desk),
            overrides=Overrides(desk),
            sign_offs=SignOffs(desk),
            appeals=Appeals(desk),
            releases=Releases(desk),
            recalls=Recalls(desk),
            holds=Holds(desk),
            histories=Histories(desk),
            precedents=Precedents(desk, reviews),
            task_lists=Tasks(desk),
            metering=Metering(desk),
            replays=Replays(desk),
        )

    # ---- what one sees ----------------------------------------------------------------------------------------------

    def mine(self, actor: Actor) -> list[Submission]:
        """List the actor's own submissions, newest first."""
        return self.submissions.mine(actor)

    def queue(self, actor: Actor) -> list[View]:
        """List what this checker may review now, oldest first; a member's own projects are left out."""
        return self.reviews.queue(actor)

    def tasks(self, actor: Actor) -> list[Task]:
        """List what waits for this person as checker, SDC lead, officer or operator, nearest deadline first."""
        return self.task_lists.tasks(actor)

    def view(self, actor: Actor, submission_id: str) -> View:
        """Show one submission to its author, to an eligible checker or to an operator, each with what he may see."""
        return self.reviews.view(actor, submission_id)

    def history(self, actor: Actor, submission_id: str) -> History:
        """Show all rounds of a submission, its overrides, settlements, sign-offs, appeals, recalls, and recipients."""
        return self.histories.history(actor, submission_id)

    def open_file(self, actor: Actor, submission_id: str, file_id: str) -> Opened:
        """Give whoever has to judge the frozen bytes of one file and record that he opened them."""
        return self.reviews.open_file(actor, submission_id, file_id)

    def earlier(self, actor: Actor, submission_id: str, file_id: str) -> list[Earlier]:
        """List earlier versions of a file (same name, same project) that were reviewed or released, newest first."""
        return self.precedents.earlier(actor, submission_id, file_id)

    def open_earlier(self, actor: Actor, submission_id: str, file_id: str, earlier_id: str) -> Opened:
        """Open an earlier version, by its file identifier, to compare the present file with."""
        return self.precedents.open_earlier(actor, submission_id, file_id, earlier_id)

    def search_precedents(self, actor: Actor, text: str, *, limit: int = 50) -> list[Precedent]:
        """Find decided submissions whose contexts, comments, reasons or findings hold all these words."""
        return self.precedents.search(actor, text, limit=limit)

    def incidents(self, actor: Actor) -> list[Incident]:
        """List recalls, operators' holds and altered files, newest first."""
        return self.histories.incidents(actor)

    def checks(self, actor: Actor, month: str) -> list[CheckCount]:
        """Count the checks of a month (``2026-11``) by checker and project."""
        return self.metering.checks(actor, month)

    # ---- checkers ---------------------------------------------------------------------------------------------------

    def claim(self, actor: Actor, submission_id: str) -> Claim:
        """Say that one is reviewing this, for two days: advice to others, never a lock."""
        return self.claims.claim(actor, submission_id)

    def unclaim(self, actor: Actor, submission_id: str) -> None:
        """Give one's claim up."""
        self.claims.unclaim(actor, submission_id)

    def declare_conflict(self, actor: Actor, submission_id: str, *, reason: str) -> None:
        """Say that one has an interest in this submission: one's own review of it counts no more."""
        self.claims.declare_conflict(actor, submission_id, reason=reason)

    def vote(
        self,
        actor: Actor,
        submission_id: str,
        file_id: str,
        *,
        choice: Choice,
        comment: str,
        binding: str,
        acknowledged: Collection[str] = (),
    ) -> None:
        """Vote on one file; ``binding`` is the one shown with it, so that another version cannot be approved.

        ``acknowledged`` are keys of findings that the comment answers too. While checkers disagree (consolidating),
        whoever handed a review in may change his vote this way.
        """
        self.voting.vote(
            actor,
            submission_id,
            file_id,
            choice=choice,
            comment=comment,
            binding=binding,
            acknowledged=acknowledged,
        )

    def answer_finding(self, actor: Actor, submission_id: str, file_id: str, finding: str, *, comment: str) -> None:
        """Say what one makes of a finding, named by ``Finding.key``; flags and blocks need it before handing in."""
        self.voting.answer_finding(actor, submission_id, file_id, finding, comment=comment)

    def submit_review(self, actor: Actor, submission_id: str, *, seen: int) -> Review:
        """Hand in the votes of this round; the last one needed decides, or shows that checkers disagree."""
        return self.voting.submit_review(actor, submission_id, seen=seen)

    def return_early(self, actor: Actor, submission_id: str, *, reason: str, seen: int) -> None:
        """Send it back to the author before all have reviewed it; the votes of the turn count no more."""
        self.consolidating.return_early(actor, submission_id, reason=reason, seen=seen)

    # ---- SDC leads, custodians, panels ------------------------------------------------------------------------------

    def settle(self, actor: Actor, submission_id: str, *, outcome: Outcome, reason: str, seen: int) -> Case:
        """Decide as SDC lead where checkers disagree, with a written reason that becomes part of the record."""
        return self.consolidating.settle(actor, submission_id, outcome=outcome, reason=reason, seen=seen)

    def ask_override(self, actor: Actor, submission_id: str, *, reason: str) -> Case:
        """Ask, as the author, that people look at files that the checks block."""
        return self.overrides.ask_override(actor, submission_id, reason=reason)

    def decide_override(self, actor: Actor, submission_id: str, *, accept: bool, reason: str, seen: int) -> State:
        """Let blocked files go to review as SDC lead, or send the submission back."""
        return self.overrides.decide_override(actor, submission_id, accept=accept, reason=reason, seen=seen)

    def sign_off(
        self,
        actor: Actor,
        submission_id: str,
        *,
        agree: bool,
        reason: str = "",
        custodian_id: str | None = None,
        seen: int,
    ) -> State:
        """Agree to a release as an officer of a custodian whose terms ask for it, or send it back with a reason."""
        return self.sign_offs.sign_off(
            actor, submission_id, agree=agree, reason=reason, custodian_id=custodian_id, seen=seen
        )

    def appeal(self, actor: Actor, submission_id: str, *, reason: str) -> Case:
        """Appeal as the author against a rejection, once and within 30 days."""
        return self.appeals.appeal(actor, submission_id, reason=reason)

    def decide_appeal(self, actor: Actor, submission_id: str, *, uphold: bool, reason: str, seen: int) -> State:
        """Say one's word on an appeal, as a checker or SDC lead who never judged this submission."""
        return self.appeals.decide_appeal(actor, submission_id, uphold=uphold, reason=reason, seen=seen)

    # ---- the author, releases, operators ----------------------------------------------------------------------------

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

    def recall(
        self,
        actor: Actor,
        submission_id: str,
        *,
        reason: str,
        gravity: Gravity,
        files: Collection[str] | None = None,
    ) -> Case:
        """Ask that released files (all, or those named by identifier) be taken back: nothing is handed out from now."""
        return self.recalls.recall(actor, submission_id, reason=reason, gravity=gravity, files=files)

    def confirm_recall(self, actor: Actor, submission_id: str, *, confirm: bool, reason: str = "", seen: int) -> State:
        """Confirm a recall as the second person, or dismiss it with a reason."""
        return self.recalls.confirm_recall(actor, submission_id, confirm=confirm, reason=reason, seen=seen)

    def hold(self, actor: Actor, submission_id: str, *, reason: str) -> None:
        """Stop a submission and its links, as an operator, because of an incident."""
        self.holds.hold(actor, submission_id, reason=reason)

    def let_go(self, actor: Actor, submission_id: str, *, reason: str) -> None:
        """Let a submission go on that an operator held."""
        self.holds.let_go(actor, submission_id, reason=reason)
