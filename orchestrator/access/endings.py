"""What becomes of applications when a dataset is withdrawn, or a custodian leaves with all of its own."""

from __future__ import annotations

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.events import Json
from orchestrator.discovery.model import DatasetState

from . import store
from .amendments import Amendments
from .applications import application_event
from .model import APPLICATION_STATES, ApplicationState, PartState
from .store import ApplicationRow, PartRow
from .values import to_part

__all__ = ["Endings"]

_UNDECIDED = (ApplicationState.SUBMITTED, ApplicationState.DECIDED)


class Endings(Amendments):
    """Ends what can no longer be granted."""

    def drop_withdrawn(self) -> int:
        """Take datasets that were withdrawn out of applications that wait; return how many applications changed.

        A part of which nothing is left ends; the applicant is told. Grants on withdrawn datasets stop by themselves
        (see ``conditions``).
        """
        with self._record.read() as session:
            every = store.application_ids(session, states=list(_UNDECIDED))
            late = [each for each in every if any(self._gone(session, part) for part in store.part_rows(session, each))]
        return sum(self._drop_from(each) for each in late)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _drop_from(self, application_id: str) -> int:
        with self._record.change() as change:
            row = store.application_row(change.session, application_id)
            changed = 0
            for part in store.part_rows(change.session, application_id):
                gone = self._gone(change.session, part)
                if not gone or row.state not in _UNDECIDED:
                    continue
                changed = 1
                part.dataset_ids = [each for each in part.dataset_ids if each not in gone]
                datasets: list[Json] = [*gone]
                event = application_event(
                    "application.dataset-dropped", "system:rules", row, custodian=part.custodian_id, datasets=datasets
                )
                change.tell(event)
                if not part.dataset_ids and self._end_part(change, part, by="system:rules"):
                    part.reason = "Every dataset that was asked for here was withdrawn."
                    self._after_ending(change, row, part.custodian_id)
            if changed:
                subject = f"application:{application_id}"
                self._tell(change, [row.applicant_id], kind="application.dataset-dropped", subject=subject)
            return changed

    def _gone(self, session: Session, part: PartRow) -> list[str]:
        if part.state in (PartState.REFUSED, PartState.VOID):
            return []
        found = {each: self._dataset(session, each) for each in part.dataset_ids}
        return [each for each, dataset in found.items() if not dataset or dataset.state is not DatasetState.LISTED]

    def _end_part(self, change: Change, part: PartRow, *, by: str) -> bool:
        """End a part that waits or was approved; say whether there was one to end."""
        if part.state in (PartState.REFUSED, PartState.VOID):
            return False
        self._step(change, part, "end" if part.state == PartState.APPROVED else "void", by=by)
        return True

    def _after_ending(self, change: Change, row: ApplicationRow, custodian_id: str) -> None:
        """Tell the applicant, and conclude an application of which every other part is decided."""
        event = application_event("application.part-ended", "system:rules", row, custodian=custodian_id)
        change.tell(event)
        subject = f"application:{row.application_id}"
        self._tell(change, [row.applicant_id], kind="application.part-ended", subject=subject)
        parts = [to_part(each) for each in store.part_rows(change.session, row.application_id)]
        if row.state == ApplicationState.SUBMITTED:
            self._conclude(change, row, parts)
        elif not any(part.state is PartState.APPROVED for part in parts):
            self._move(row, APPLICATION_STATES.after(ApplicationState(row.state), "withdraw"))
            change.tell(application_event("application.withdrawn", "system:rules", row))
