"""Whether an approval stands: enough different people, each on exactly what would be released, every doubt settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from orchestrator.airlock.cases.model import Case, CaseKind, CaseOutcome
from orchestrator.airlock.cases.store import overrides
from orchestrator.airlock.model import Choice, Outcome, Review, Submission, Verdict
from orchestrator.airlock.rules import Stand, binding_of, stand_of

__all__ = ["approval_stands", "settlement_of"]

May = Callable[[str, str, Submission], bool]
"""Says whether a person may do an action to a submission at this moment."""


def settlement_of(cases: Iterable[Case], submission: Submission) -> Case | None:
    """Return the SDC lead's decision of this round for exactly these files, where there is one."""
    covers = tuple(sorted(file.binding for file in submission.outputs))
    for case in cases:
        if (
            case.kind is CaseKind.SETTLEMENT
            and case.round == submission.round
            and case.outcome is CaseOutcome.ACCEPTED
            and case.covers == covers
        ):
            return case
    return None


def approval_stands(
    submission: Submission, reviews: Sequence[Review], cases: Sequence[Case], needed: int, *, may: May
) -> bool:
    """Say whether what is approved may be released, computed anew from everything that is kept.

    Either all needed reviews approve every file, or an SDC lead settled the disagreement in favour of releasing and
    at least one reviewer approved each file. What the checks block needs an override for this very file.
    """
    valid = [review for review in reviews if not review.void]
    bindings = {file.file_id: file.binding for file in submission.outputs}
    if not bindings or not _files_hold(submission, overrides(cases)):
        return False
    stand = stand_of(valid, needed)
    if stand is Stand.APPROVE:
        return all(_approved(review) == bindings for review in valid)
    settled = settlement_of(cases, submission)
    if stand is not Stand.DISAGREE or settled is None or settled.detail != Outcome.APPROVE.value:
        return False
    lead = settled.asked_by
    if lead in {review.person_id for review in valid} or not may(lead, "settleConflict", submission):
        return False
    approved = {pair for review in valid for pair in _approved(review).items()}
    voted = all({vote.file_id for vote in review.votes} >= set(bindings) for review in valid)
    return voted and set(bindings.items()) <= approved


def _approved(review: Review) -> dict[str, str]:
    return {vote.file_id: vote.binding for vote in review.votes if vote.choice is Choice.APPROVE}


def _files_hold(submission: Submission, unlocked: frozenset[str]) -> bool:
    for file in submission.outputs:
        now = binding_of(submission, file, pack_version=submission.pack_version, pack_sha256=submission.pack_sha256)
        if file.binding != now or file.verdict is None:
            return False
        if file.verdict is Verdict.BLOCK and now not in unlocked:
            return False
    return True
