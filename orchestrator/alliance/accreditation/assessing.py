"""The operators' side of an accreditation: evidence looked at, one recommends, another confirms, either stops it."""

from __future__ import annotations

from orchestrator.core.clock import iso
from orchestrator.core.errors import NotPossible
from orchestrator.policy.model import Actor, Thing

from . import rules, store
from .ground import OPEN, Ground
from .model import CASE_STATES, Case, CaseState

__all__ = ["Assessing"]

_STOPS = {
    "return": ("returnCase", "returned"),
    "refuse": ("refuseCase", "refused"),
    "suspend": ("suspendCase", "suspended"),
    "end": ("endCase", "ended"),
}
"""Steps that stop something: the action asked for, and how it is told."""


class Assessing(Ground):
    """What operators do with a case."""

    def verify(self, actor: Actor, evidence_id: str) -> Case:
        """Say that one piece of evidence shows what it should: by somebody else than its giver."""
        return self._assess(actor, evidence_id, "")

    def reject(self, actor: Actor, evidence_id: str, reason: str) -> Case:
        """Say that one piece of evidence does not show what it should, and why."""
        return self._assess(actor, evidence_id, rules.check_line(reason, field="reason", most=1000))

    def _assess(self, actor: Actor, evidence_id: str, rejected: str) -> Case:
        with self._record.change() as change:
            given = store.evidence_row(change.session, evidence_id)
            row, case = self._load(change.session, actor, "showCase", given.case_id, unknown=store.UNKNOWN_EVIDENCE)
            attributes = {"custodian": self._custodian(row), "givenBy": given.given_by}
            thing = Thing(kind="BodyEvidence", id=evidence_id, attributes=attributes)
            self._check(change.session, actor, "verifyBodyEvidence", thing)
            if given.verified_by is not None or given.rejected:
                raise NotPossible("This evidence was looked at already; ask for newer.")
            if case.state not in OPEN | {CaseState.ACCREDITED}:
                raise NotPossible(f"This accreditation is {case.state.value}.")
            given.verified_by, given.verified_at, given.rejected = actor.person_id, self._record.clock(), rejected
            kind = "accreditation.evidence-rejected" if rejected else "accreditation.evidence-verified"
            change.tell(self._event(kind, actor.person_id, row, evidence=evidence_id, item=given.item))
            if rejected:
                self._notify(change, row, kind, apart_from=actor.person_id)
            change.session.flush()
            return store.to_case(change.session, row)

    def recommend(self, actor: Actor, case_id: str) -> Case:
        """Recommend to accredit, or to let a suspended body go on: every needed item is shown. Another confirms."""
        with self._record.change() as change:
            row, case = self._load(change.session, actor, "recommendCase", case_id)
            state = CASE_STATES.after(case.state, "recommend")
            rules.check_shown(case, self.checklists[case.subject], self._record.clock())
            row.recommended_by, row.confirmed_by = actor.person_id, None
            return self._move(change, actor, row, state, "accreditation.recommended", operators=True)

    def confirm(self, actor: Actor, case_id: str) -> Case:
        """Accredit: by another operator than the one who recommended it."""
        with self._record.change() as change:
            row, case = self._load(change.session, actor, "confirmCase", case_id)
            state, now = CASE_STATES.after(case.state, "confirm"), self._record.clock()
            checklist = self.checklists[case.subject]
            rules.check_shown(case, checklist, now)
            row.confirmed_by, row.reason = actor.person_id, ""
            row.until = min(row.until, now + checklist.lasts) if row.until else now + checklist.lasts
            return self._move(change, actor, row, state, "accreditation.confirmed", until=iso(row.until))

    def send_back(self, actor: Actor, case_id: str, reason: str) -> Case:
        """Give a case back to the body, saying what is missing."""
        return self._stop(actor, case_id, "return", reason)

    def refuse(self, actor: Actor, case_id: str, reason: str) -> Case:
        """Refuse to accredit, with the reason."""
        return self._stop(actor, case_id, "refuse", reason)

    def suspend(self, actor: Actor, case_id: str, reason: str) -> Case:
        """Stop an accreditation at once: nothing new is granted; what was granted stands until it is withdrawn."""
        return self._stop(actor, case_id, "suspend", reason)

    def end(self, actor: Actor, case_id: str, reason: str) -> Case:
        """End an accreditation for ever."""
        return self._stop(actor, case_id, "end", reason)

    def _stop(self, actor: Actor, case_id: str, step: str, reason: str) -> Case:
        with self._record.change() as change:
            action, done = _STOPS[step]
            row, case = self._load(change.session, actor, action, case_id)
            state = CASE_STATES.after(case.state, step)
            row.reason = rules.check_line(reason, field="reason", most=1000)
            if step == "return":
                row.recommended_by = None
            return self._move(change, actor, row, state, f"accreditation.{done}")
