"""What happens to applications and grants when a custodian leaves or a dataset is withdrawn."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json
from orchestrator.discovery.model import DatasetState
from orchestrator.policy.model import Actor, Thing

from . import rules, store
from .amendments import Amendments
from .applications import application_event
from .model import APPLICATION_STATES, GRANT_STATES, ApplicationState, GrantState, PartState
from .store import ApplicationRow, PartRow

__all__ = ["Endings", "Left"]

_UNDECIDED = (ApplicationState.SUBMITTED, ApplicationState.DECIDED)


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a custodian's leaving ended."""

    applications: tuple[str, ...]
    grants: tuple[str, ...]


class Endings(Amendments):
    """Ends what can no longer be granted."""

    def custodian_leaves(self, actor: Actor, custodian_id: str, reason: str, *, withdraw_grants: bool = False) -> Left:
        """End a custodian's part in every application that is not approved; the other custodians go on.

        Its grants run on to the end of their agreements, or end at once with ``withdraw_grants``. An operator does it.
        """
        with self._record.change() as change:
            self._alliance.custodian(custodian_id)
            thing = Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})
            self._check(change.session, actor, "leaveApplications", thing)
            return self.end_parts_of(change, actor, custodian_id, reason, withdraw_grants=withdraw_grants)

    def end_parts_of(
        self, change: Change, actor: Actor, custodian_id: str, reason: str, *, withdraw_grants: bool = False
    ) -> Left:
        """Do what ``custodian_leaves`` does within somebody else's transaction, who has asked the rules."""
        words = rules.check_reason(reason)
        ended: list[str] = []
        every = store.application_ids(change.session, states=list(_UNDECIDED), custodians=frozenset({custodian_id}))
        for application_id in every:
            part = change.session.get_one(PartRow, (application_id, custodian_id))
            if self._end_part(change, part, by=actor.person_id):
                part.reason = words
                ended.append(application_id)
                self._after_ending(change, store.application_row(change.session, application_id), custodian_id)
        grants = self._end_grants(change, actor, custodian_id, words) if withdraw_grants else []
        applications: list[Json] = [*ended]
        told: list[Json] = [*grants]
        change.tell(
            Event(
                kind="custodian.left-applications",
                actor=actor.person_id,
                subject=f"custodian:{custodian_id}",
                details={"applications": applications, "grants": told},
            )
        )
        return Left(applications=tuple(ended), grants=tuple(grants))

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
        parts = [store.to_part(each) for each in store.part_rows(change.session, row.application_id)]
        if row.state == ApplicationState.SUBMITTED:
            self._conclude(change, row, parts)
        elif not any(part.state is PartState.APPROVED for part in parts):
            self._move(row, APPLICATION_STATES.after(ApplicationState(row.state), "withdraw"))
            change.tell(application_event("application.withdrawn", "system:rules", row))

    def _end_grants(self, change: Change, actor: Actor, custodian_id: str, reason: str) -> list[str]:
        ended = []
        for grant in store.active_grants_of(change.session, custodian_id):
            grant.state = GRANT_STATES.after(GrantState(grant.state), "withdraw").value
            grant.reason, grant.ended_by, grant.ended_at = reason, actor.person_id, self._now()
            ended.append(grant.grant_id)
            details: dict[str, Json] = {
                "project": grant.project_id,
                "custodian": custodian_id,
                "dataset": grant.dataset_id,
                "version": grant.version_id,
                "state": grant.state,
            }
            subject = f"grant:{grant.grant_id}"
            change.tell(Event(kind="grant.withdrawn", actor=actor.person_id, subject=subject, details=details))
            project = store.to_project(change.session, store.project_row(change.session, grant.project_id))
            self._tell_members(change, project, "grant.withdrawn")
        return ended
