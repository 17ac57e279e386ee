"""What every step on a case of accreditation begins with: find it, ask policy, and tell the people concerned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from orchestrator.alliance import store as alliance
from orchestrator.alliance.service import AsNow
from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event, Json, Notice
from orchestrator.policy.model import Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .checklist import Checklist, Subject
from .model import Case, CaseState
from .store import CaseRow

__all__ = ["OPEN", "SYSTEM", "Contacts", "Ground"]

SYSTEM = "system:controller"

OPEN = frozenset({CaseState.GATHERING, CaseState.ASSESSING, CaseState.RECOMMENDED, CaseState.SUSPENDED})
"""States of a case that is under way: a body has one at most."""


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """Who is told of something: people are the business of identity, which lies beside this room."""

    operators: Callable[[Session], Sequence[str]]
    officers: Callable[[Session, str], Sequence[str]]
    """The officers of a custodian."""


class Ground:
    """The record, the rules and the checklists that cases stand on."""

    def __init__(
        self,
        record: Record,
        policy: Policy,
        *,
        checklists: Mapping[Subject, Checklist],
        as_now: AsNow,
        contacts: Contacts,
    ) -> None:
        self._record = record
        self._policy = policy
        self.checklists = checklists
        self._as_now = as_now
        self._contacts = contacts

    def _load(
        self, session: Session, actor: Actor, action: str, case_id: str, *, unknown: str = store.UNKNOWN_CASE
    ) -> tuple[CaseRow, Case]:
        row = store.case_row(session, case_id)
        if not self._may_see(session, self._as_now(session, actor), row):
            raise NotFound(unknown)
        self._check(session, actor, action, self._thing(session, row))
        return row, store.to_case(session, row)

    def _may_see(self, session: Session, current: Actor, row: CaseRow) -> bool:
        return self._policy.may(current, "showCase", self._thing(session, row))

    def _check(self, session: Session, actor: Actor, action: str, thing: Thing) -> None:
        self._policy.check(self._as_now(session, actor), action, thing)

    def _thing(self, session: Session, row: CaseRow) -> Thing:
        given = {each.given_by for each in store.evidence_rows(session, row.case_id)}
        return Thing(
            kind="AccreditationCase",
            id=row.case_id,
            attributes={
                "custodian": self._custodian(row),
                "givers": frozenset(given),
                "recommendedBy": row.recommended_by or "",
            },
        )

    def _custodian(self, row: CaseRow) -> str:
        return row.body_id if row.subject == Subject.CUSTODIAN else ""

    def _must_exist(self, session: Session, subject: Subject, body_id: str) -> None:
        if subject is Subject.HUB:
            store.hub(session, body_id)
        elif alliance.custodian(session, body_id) is None:
            raise NotFound("There is no such custodian; look at the list of custodians.")

    def _move(
        self,
        change: Change,
        actor: Actor,
        row: CaseRow,
        state: CaseState,
        kind: str,
        *,
        operators: bool = False,
        **details: Json,
    ) -> Case:
        row.state, row.state_since, row.reminded_at = state.value, self._record.clock(), None
        change.tell(self._event(kind, actor.person_id, row, **details))
        self._notify(change, row, kind, operators=operators, apart_from=actor.person_id)
        change.session.flush()
        return store.to_case(change.session, row)

    def _told(self, change: Change, row: CaseRow, kind: str, **details: Json) -> None:
        change.tell(self._event(kind, SYSTEM, row, **details))
        self._notify(change, row, kind, operators=True)

    def _notify(
        self, change: Change, row: CaseRow, kind: str, *, operators: bool = False, apart_from: str = ""
    ) -> None:
        people = set(self._contacts.operators(change.session)) if operators or not self._custodian(row) else set()
        if self._custodian(row):
            people |= set(self._contacts.officers(change.session, row.body_id))
        for person_id in sorted(people - {apart_from}):
            change.notify(Notice(person=person_id, kind=kind, subject=f"accreditation:{row.case_id}"))

    def _event(self, kind: str, actor: str, row: CaseRow, **details: Json) -> Event:
        body = f"{row.subject}:{row.body_id}"
        subject = f"accreditation:{row.case_id}"
        return Event(kind=kind, actor=actor, subject=subject, details={"state": row.state, "body": body, **details})
