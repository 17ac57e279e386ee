"""Cases of accreditation: opened and filled by the body, assessed by one operator, confirmed by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from orchestrator.alliance import store as alliance
from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.alliance.rules import check_name
from orchestrator.alliance.service import AsNow
from orchestrator.audit.record import Change, Record
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json, Notice
from orchestrator.core.ids import new_id
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

from . import rules, store
from .checklist import Checklist, Subject
from .model import CASE_STATES, BodyStanding, Case, CaseState, Hub
from .store import BodyEvidenceRow, CaseRow, HubRow

__all__ = ["AccreditationService", "Contacts"]

_RENEW_BEFORE = timedelta(days=180)
_REMIND_EVERY = timedelta(days=7)
_SYSTEM = "system:controller"
_STOPS = {
    "return": ("returnCase", "returned"),
    "refuse": ("refuseCase", "refused"),
    "suspend": ("suspendCase", "suspended"),
    "end": ("endCase", "ended"),
}
"""Steps that stop something: the action asked for, and how it is told."""

_OPEN = frozenset({CaseState.GATHERING, CaseState.ASSESSING, CaseState.RECOMMENDED, CaseState.SUSPENDED})


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """Who is told of something: people are the business of identity, which lies beside this room."""

    operators: Callable[[Session], Sequence[str]]
    officers: Callable[[Session, str], Sequence[str]]
    """The officers of a custodian."""


class AccreditationService:
    """The one way to accredit custodians and hubs."""

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

    # ---- hubs -----------------------------------------------------------------------------------------------------

    def register_hub(self, actor: Actor, name: str, address: str = "") -> Hub:
        """Register a hub; it counts for nothing until it is accredited."""
        with self._record.change() as change:
            self._check(change.session, actor, "registerHub", SITE)
            row = HubRow(
                hub_id=new_id(),
                name=check_name(name),
                address=rules.check_address(address),
                registered_by=actor.person_id,
                registered_at=self._record.clock(),
            )
            if any(each.name.casefold() == row.name.casefold() for each in store.hubs(change.session)):
                raise NotPossible("A hub of this name is registered already.")
            event = Event(kind="hub.registered", actor=actor.person_id, subject=f"hub:{row.hub_id}")
            store.add(change, row, event=event)
            return store.hub(change.session, row.hub_id)

    def hubs(self) -> list[Hub]:
        """Return every hub, by name: they are public."""
        with self._record.read() as session:
            return store.hubs(session)

    # ---- the body's side ------------------------------------------------------------------------------------------

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
                if CaseState(each.state) in _OPEN:
                    raise NotPossible("This body is being accredited already; go on with that case.")
                if each.state == CaseState.ACCREDITED and each.until and now < each.until - _RENEW_BEFORE:
                    day = rules.written_day(each.until)
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
            if case.state not in _OPEN | {CaseState.ACCREDITED}:
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

    # ---- the operators' side --------------------------------------------------------------------------------------

    def verify(self, actor: Actor, evidence_id: str) -> Case:
        """Say that one piece of evidence shows what it should: by somebody else than its giver."""
        return self._assess(actor, evidence_id, "")

    def reject(self, actor: Actor, evidence_id: str, reason: str) -> Case:
        """Say that one piece of evidence does not show what it should, and why."""
        return self._assess(actor, evidence_id, rules.check_line(reason, field="reason", most=1000))

    def _assess(self, actor: Actor, evidence_id: str, rejected: str) -> Case:
        with self._record.change() as change:
            given = store.evidence_row(change.session, evidence_id)
            row, case = self._load(change.session, actor, "showCase", given.case_id)
            attributes = {"custodian": self._custodian(row), "givenBy": given.given_by}
            thing = Thing(kind="BodyEvidence", id=evidence_id, attributes=attributes)
            self._check(change.session, actor, "verifyBodyEvidence", thing)
            if given.verified_by is not None or given.rejected:
                raise NotPossible("This evidence was looked at already; ask for newer.")
            if case.state not in _OPEN | {CaseState.ACCREDITED}:
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

    # ---- looking --------------------------------------------------------------------------------------------------

    def case(self, actor: Actor, case_id: str) -> Case:
        """Return a case: to the body's own people and to operators."""
        with self._record.read() as session:
            return self._load(session, actor, "showCase", case_id)[1]

    def cases(self, actor: Actor) -> list[Case]:
        """Return every case this person may see, newest first."""
        with self._record.read() as session:
            current = self._as_now(session, actor)
            rows = [row for row in store.cases(session) if self._may_see(session, current, row)]
            return [store.to_case(session, row) for row in rows]

    def standing(self, subject: Subject, body_id: str, *, session: Session | None = None) -> BodyStanding:
        """Say whether a body is accredited now, until when, and if not why: it is public."""
        if session is None:
            with self._record.read() as own:
                return self.standing(subject, body_id, session=own)
        cases = [store.to_case(session, row) for row in store.cases(session, subject, body_id)]
        return rules.judge(cases, self.checklists[subject], self._record.clock())

    def check_exists(self, subject: Subject, body_id: str) -> None:
        """Raise ``NotFound`` when there is no such custodian or hub."""
        with self._record.read() as session:
            self._must_exist(session, subject, body_id)

    def has_case(self, session: Session, subject: Subject, body_id: str) -> bool:
        """Say whether a body ever began to be accredited."""
        return bool(store.cases(session, subject, body_id))

    # ---- deadlines ------------------------------------------------------------------------------------------------

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

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _load(self, session: Session, actor: Actor, action: str, case_id: str) -> tuple[CaseRow, Case]:
        row = store.case_row(session, case_id)
        if not self._may_see(session, self._as_now(session, actor), row):
            raise NotFound("There is no such accreditation, or none that you may see.")
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
        change.tell(self._event(kind, _SYSTEM, row, **details))
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


def _lapses(row: CaseRow, now: datetime) -> bool:
    return row.state == CaseState.ACCREDITED and row.until is not None and row.until <= now


def _overdue(row: CaseRow, now: datetime) -> bool:
    deadline = CASE_STATES.deadline(CaseState(row.state), row.state_since)
    reminded = row.reminded_at
    return deadline is not None and now >= deadline and (reminded is None or now >= reminded + _REMIND_EVERY)
