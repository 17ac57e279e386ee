"""What time does to accreditations: they lapse, their evidence ends, and cases wait too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from . import rules, store
from .ground import Ground
from .model import CASE_STATES, CaseState
from .store import BodyEvidenceRow, CaseRow

__all__ = ["Deadlines"]

_REMIND_EVERY = timedelta(days=7)


class Deadlines(Ground):
    """Looks at every case, as often as the controller does."""

    def chase(self) -> int:
        """Let accreditations lapse, tell of evidence that ends and of cases that wait; return how many."""
        with self._record.read() as session:
            every = [row.case_id for row in store.cases(session)]
        return sum(self._chase(case_id) for case_id in every)

    def _chase(self, case_id: str) -> int:
        now = self._record.clock()
        with self._record.read() as session:
            row = store.case_row(session, case_id)
            if not (_lapses(row, now) or _overdue(row, now) or self._ending(session, row, now)):
                return 0
        with self._record.change() as change:
            row = store.case_row(change.session, case_id)
            if _lapses(row, now):
                row.state, row.state_since = CASE_STATES.after(CaseState(row.state), "lapse").value, now
                self._told(change, row, "accreditation.lapsed")
                return 1
            ending = self._ending(change.session, row, now)
            for evidence, days in ending:
                evidence.reminded_days = days
                self._told(change, row, "accreditation.evidence-ends", evidence=evidence.evidence_id, days=days)
            if _overdue(row, now):
                row.reminded_at = now
                self._told(change, row, "accreditation.overdue")
                return len(ending) + 1
            return len(ending)

    def _ending(self, session: Session, row: CaseRow, now: datetime) -> list[tuple[BodyEvidenceRow, int]]:
        """Return the evidence that shows an item of an accredited body and ends soon, with the reminder due."""
        if row.state != CaseState.ACCREDITED:
            return []
        case = store.to_case(session, row)
        shown = {best.evidence_id for item in {e.item for e in case.evidence} if (best := case.best(item, now))}
        found = []
        for each in store.evidence_rows(session, row.case_id):
            days = rules.reminder_due(store.to_evidence(each), last=each.reminded_days, now=now)
            if each.evidence_id in shown and days is not None:
                found.append((each, days))
        return found


def _lapses(row: CaseRow, now: datetime) -> bool:
    return row.state == CaseState.ACCREDITED and row.until is not None and row.until <= now


def _overdue(row: CaseRow, now: datetime) -> bool:
    deadline = CASE_STATES.deadline(CaseState(row.state), row.state_since)
    reminded = row.reminded_at
    return deadline is not None and now >= deadline and (reminded is None or now >= reminded + _REMIND_EVERY)
