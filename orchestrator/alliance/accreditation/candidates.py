"""The body's side of its accreditation: a case opened, evidence given, submitted or taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.core.clock import iso, last_day_in_words
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import rules, store
from .checklist import Subject
from .ground import OPEN, Ground
from .model import CASE_STATES, Case, CaseState
from .store import BodyEvidenceRow, CaseRow

__all__ = ["Candidates"]

_RENEW_BEFORE = timedelta(days=180)


class Candidates(Ground):
    """What a body does to be accredited."""

    def open_case(self, actor: Actor, subject: Subject, body_id: str) -> Case:
        """Begin to go through the checklist: by the custodian's officer, or for a hub by an operator."""
        checklist, now = self.checklists[subject], self._record.clock()
        with self._record.change() as change:
            row = CaseRow(
                case_id=new_id(),
                subject=subject.value,
                body_id=body_id,
                checklist_version=checklist.version,
                checklist_sha256=checklist.sha256,
                state=CASE_STATES.start.value,
                state_since=now,
                opened_by=actor.person_id,
                opened_at=now,
                reason="",
            )
            self._check(change.session, actor, "openCase", self._thing(change.session, row))
            self._must_exist(change.session, subject, body_id)
            if subject is Subject.CUSTODIAN:
                check_present(change.session, body_id, now=now)
            for each in store.cases(change.session, subject, body_id):
                if CaseState(each.state) in OPEN:
                    raise NotPossible("This body is being accredited already; go on with that case.")
                if each.state == CaseState.ACCREDITED and each.until and now < each.until - _RENEW_BEFORE:
                    day = last_day_in_words(each.until)
                    raise NotPossible(f"It is accredited until {day}; renew it in the last {_RENEW_BEFORE.days} days.")
            store.add(change, row, event=self._event("accreditation.opened", actor.person_id, row))
            self._notify(change, row, "accreditation.opened", operators=True, apart_from=actor.person_id)
            return store.to_case(change.session, row)

    def give_evidence(
        self, actor: Actor, case_id: str, item: str, reference: str, until: datetime, *, sha256: str = ""
    ) -> Case:
        """Show one item; the document itself stays with the body. Also renews evidence of an accredited body."""
        now = self._record.clock()
        with self._record.change() as change:
            row, case = self._load(change.session, actor, "giveBodyEvidence", case_id)
            wanted = self.checklists[case.subject].item(item)
            if case.state not in OPEN | {CaseState.ACCREDITED}:
                raise NotPossible(f"This accreditation is {case.state.value}; open a new one.")
            rules.check_evidence(wanted, sha256=sha256, valid_until=until, now=now)
            given = BodyEvidenceRow(
                evidence_id=new_id(),
                case_id=case_id,
                item=wanted.key,
                reference=rules.check_line(reference, field="reference", most=500),
                sha256=sha256,
                valid_until=until,
                given_by=actor.person_id,
                given_at=now,
                rejected="",
                number=len(case.evidence),
            )
            details: dict[str, Json] = {"item": item, "sha256": sha256, "valid_until": iso(until)}
            event = self._event("accreditation.evidence-given", actor.person_id, row, **details)
            store.add(change, given, event=event)
            if case.state is CaseState.ACCREDITED:
                self._notify(change, row, "accreditation.evidence-given", operators=True, apart_from=actor.person_id)
            return store.to_case(change.session, row)

    def submit(self, actor: Actor, case_id: str) -> Case:
        """Put the case before the operators: every needed item has evidence in date."""
        with self._record.change() as change:
            row, case = self._load(change.session, actor, "submitCase", case_id)
            state = CASE_STATES.after(case.state, "submit")
            rules.check_complete(case, self.checklists[case.subject], self._record.clock())
            return self._move(change, actor, row, state, "accreditation.submitted", operators=True)

    def withdraw(self, actor: Actor, case_id: str) -> Case:
        """Take a case back before it is assessed."""
        with self._record.change() as change:
            row, case = self._load(change.session, actor, "withdrawCase", case_id)
            state = CASE_STATES.after(case.state, "withdraw")
            return self._move(change, actor, row, state, "accreditation.withdrawn", operators=True)
