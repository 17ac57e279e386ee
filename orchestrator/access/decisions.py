"""Decisions: each custodian decides its part, an operator may refuse the whole; deadlines are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.discovery.model import DatasetState
from orchestrator.policy.model import Actor

from . import rules, store
from .applications import Applications, application_event, application_thing
from .exchange import store as exchange
from .exchange.model import Opinion, Readings
from .exchange.reading import content_of, form_of, sheet_of, whole_of
from .model import (
    APPLICATION_STATES,
    PART_STATES,
    Application,
    ApplicationState,
    CustodianPart,
    PartState,
)
from .store import ApplicationRow, PartRow
from .values import to_application, to_part

__all__ = ["Decisions"]

_REMIND_EVERY = timedelta(days=7)
_CONCLUDING = {
    ApplicationState.DECIDED: "finish deciding",
    ApplicationState.REFUSED: "refuse",
    ApplicationState.WITHDRAWN: "withdraw",
}


class Decisions(Applications):
    """What custodians and operators say to an application, and who is reminded to say it."""

    against_uses: Callable[[Session, str, str], Sequence[str]] | None = None
    """Returns what a custodian's own terms of use forbid in an application's purpose (from ``access.uses``)."""

    def decide(
        self,
        actor: Actor,
        application_id: str,
        custodian_id: str,
        *,
        approve: bool,
        read: str,
        reason: str = "",
        agreement_until: date | None = None,
    ) -> Application:
        """Approve (``agreement_until``, a last day, is mandatory) or refuse (``reason`` is mandatory) one part.

        ``read`` is what ``reading`` gave when the officer began to read: what was changed since is not decided unread.
        Nobody decides without saying what he read.
        """
        with self._record.change() as change:
            row, application = self._load(
                change.session, actor, "decideApplication", application_id, custodian_id=custodian_id
            )
            part = next((each for each in application.parts if each.custodian_id == custodian_id), None)
            if part is None:
                raise NotFound("There is no such part of an application, or none that you may see.")
            action = "approve" if approve else "refuse"
            PART_STATES.after(part.state, action)
            words = rules.check_reason(reason, needed=not approve)
            held = change.session.get_one(PartRow, (application_id, custodian_id))
            content = self._content(change.session, application, custodian_id)
            rules.check_read(read, content)
            if approve:
                self._check_offered(change.session, part)
                self._check_advised(change.session, part, application_id, content, words)
                self._check_uses(change.session, application_id, custodian_id, words)
                terms = self._terms_in_force(change.session, custodian_id)
                held.agreement_until = rules.check_agreement_end(
                    agreement_until, terms_until=terms.valid_until, now=self._record.clock()
                )
                held.terms_version = terms.version
            self._step(change, held, action, by=actor.person_id, content=content)
            held.decided_by, held.reason, held.decided_at = actor.person_id, words, self._record.clock()
            change.tell(_decision(held, row))
            self._conclude(change, row, [*(each for each in application.parts if each is not part), to_part(held)])
            return self._as_seen(change.session, actor, to_application(change.session, row))

    def reading(self, actor: Actor, application_id: str, custodian_id: str) -> str:
        """Return the hash of everything that an officer reads of his custodian's part now."""
        with self._record.read() as session:
            application = to_application(session, store.application_row(session, application_id))
            self._must_see(self._current(session, actor), application)
            if all(each.custodian_id != custodian_id for each in self._as_seen(session, actor, application).parts):
                raise NotFound("There is no such part of an application, or none that you may see.")
            return self._content(session, application, custodian_id)

    def readings(self, actor: Actor, application_id: str) -> Readings:
        """Return the hashes of what this person may read of an application now: take them before you read it."""
        with self._record.read() as session:
            application = to_application(session, store.application_row(session, application_id))
            self._must_see(self._current(session, actor), application)
            seen = self._as_seen(session, actor, application)
            parts = {part.custodian_id: self._content(session, application, part.custodian_id) for part in seen.parts}
            return Readings(whole=self._reads_whole(session, application) if seen is application else "", parts=parts)

    def _check_uses(self, session: Session, application_id: str, custodian_id: str, words: str) -> None:
        if self.against_uses is not None:
            rules.check_against_uses(self.against_uses(session, application_id, custodian_id), words)

    def refuse_project(self, actor: Actor, application_id: str, reason: str, *, read: str) -> Application:
        """Refuse an application that its custodians have decided; ``read`` is the whole of what ``readings`` gave."""
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "refuseProject", application_id)
            if application.state is not ApplicationState.DECIDED:
                APPLICATION_STATES.after(application.state, "approve")
            rules.check_read(read, self._reads_whole(change.session, application))
            self._move(row, APPLICATION_STATES.after(application.state, "refuse"))
            row.reason, row.settled_by = rules.check_reason(reason), actor.person_id
            change.tell(application_event("application.refused", actor.person_id, row))
            self._tell(change, [row.applicant_id], kind="application.refused", subject=f"application:{application_id}")
            return to_application(change.session, row)

    def parts_to_decide(self, actor: Actor) -> list[tuple[Application, CustodianPart]]:
        """Return what waits for this officer's decision, oldest first."""
        found: list[tuple[Application, CustodianPart]] = []
        with self._record.read() as session:
            current = self._current(session, actor)
            for each in store.application_ids(
                session, states=[ApplicationState.SUBMITTED], custodians=current.custodians
            ):
                application = to_application(session, store.application_row(session, each))
                own = rules.seen_by_officer(application, current.custodians)
                found += [
                    (own, part)
                    for part in own.parts
                    if part.state is PartState.WAITING
                    and self._policy.may(
                        current, "decideApplication", application_thing(application, custodian_id=part.custodian_id)
                    )
                ]
        return sorted(found, key=lambda pair: pair[0].state_since)

    # ---- deadlines ----------------------------------------------------------------------------------------------

    def _chase_applications(self, now: datetime) -> int:
        waiting = [ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.DECIDED]
        with self._record.read() as session:
            every = store.application_ids(session, states=waiting)
            late = [each for each in every if self._is_late(session, each, now)]
        return sum(self._chase_application(each, now) for each in late)

    def _chase_application(self, application_id: str, now: datetime) -> int:
        with self._record.change() as change:
            row = store.application_row(change.session, application_id)
            if not self._is_late(change.session, application_id, now):
                return 0
            if row.state == ApplicationState.DRAFT:
                self._move(row, APPLICATION_STATES.after(ApplicationState.DRAFT, "lapse"))
                self._void_parts(change, application_id)
                change.tell(application_event("application.lapsed", "system:controller", row))
                return 1
            row.reminded_at = now
            late = set(self._operators(change.session))
            waited: list[Json] = []
            for part in self._late_parts(change.session, row, now):
                part.reminded_at = now
                waited.append(part.custodian_id)
                if part.state == PartState.RETURNED:
                    self._tell(
                        change,
                        [row.applicant_id],
                        kind="application.answer-overdue",
                        subject=f"application:{application_id}",
                    )
                else:
                    late |= set(self._officers(change.session, part.custodian_id))
            change.tell(application_event("application.overdue", "system:controller", row, custodians=waited))
            self._tell(
                change,
                sorted(late),
                kind="application.overdue",
                subject=f"application:{application_id}",
                apart_from=[row.applicant_id, *row.members],
            )
            return 1

    def _is_late(self, session: Session, application_id: str, now: datetime) -> bool:
        row = store.application_row(session, application_id)
        if row.state == ApplicationState.SUBMITTED:
            return bool(self._late_parts(session, row, now))
        return _overdue(row, now)

    def _late_parts(self, session: Session, row: ApplicationRow, now: datetime) -> list[PartRow]:
        """Return the parts of a submitted application that wait too long for whoever has them."""
        if row.state != ApplicationState.SUBMITTED:
            return []
        return [
            part
            for part in store.part_rows(session, row.application_id)
            if part.state in (PartState.WAITING, PartState.RETURNED)
            and now >= (part.due_at or PART_STATES.deadline(PartState(part.state), row.state_since) or now)
            and (part.reminded_at is None or now >= part.reminded_at + _REMIND_EVERY)
        ]

    # ---- inside -------------------------------------------------------------------------------------------------

    def _content(self, session: Session, application: Application, custodian_id: str) -> str:
        """Return the hash of everything that a custodian reads of an application now."""
        answers = exchange.answers_up_to(session, application.application_id, application.revision)
        return content_of(application, sheet_of(session, application), answers, custodian_id)

    def _reads_whole(self, session: Session, application: Application) -> str:
        """Return the hash of everything that an operator reads of an application now."""
        answers = exchange.answers_up_to(session, application.application_id, application.revision)
        return whole_of(application, sheet_of(session, application), answers)

    def _check_offered(self, session: Session, part: CustodianPart) -> None:
        """Raise ``NotPossible`` when a dataset was withdrawn since it was asked for."""
        for dataset_id in part.dataset_ids:
            dataset = self._dataset(session, dataset_id)
            if dataset is None or dataset.state is not DatasetState.LISTED:
                title = dataset.title if dataset else "A dataset"
                raise NotPossible(
                    f"“{title}” was withdrawn since it was asked for. It is taken out of the application within "
                    "minutes; decide on the rest then, or refuse."
                )

    def _check_advised(
        self, session: Session, part: CustodianPart, application_id: str, content: str, reason: str
    ) -> None:
        """Raise unless the lay panel that the form asks for has advised on the part as it reads now."""
        form = form_of(session, part)
        if form is None or not form.panel:
            return
        advice = exchange.advised(exchange.advice_on(session, application_id, part.custodian_id, content=content))
        if len(advice) < form.panel:
            raise NotPossible(
                f"Your form asks for the advice of {form.panel} lay members; {len(advice)} advised on the application "
                "as it reads now. Wait for the others, or refuse with a reason."
            )
        if not reason and any(each.opinion is Opinion.DO_NOT_SUPPORT for each in advice):
            raise Invalid("A lay member does not support it; give the reason why you approve it.", field="reason")

    def _conclude(self, change: Change, row: ApplicationRow, parts: list[CustodianPart]) -> None:
        """Move the application on when no custodian is waited for any more, and tell who acts next."""
        state = rules.outcome(part.state for part in parts)
        if state is ApplicationState.SUBMITTED:
            return
        action = _CONCLUDING[state]
        self._move(row, APPLICATION_STATES.after(ApplicationState(row.state), action))
        change.tell(application_event(f"application.{state.value}", "system:rules", row))
        next_people = self._operators(change.session) if state is ApplicationState.DECIDED else [row.applicant_id]
        self._tell(
            change,
            next_people,
            kind=f"application.{state.value}",
            subject=f"application:{row.application_id}",
            apart_from=[row.applicant_id, *row.members] if state is ApplicationState.DECIDED else [],
        )


def _overdue(row: ApplicationRow, now: datetime) -> bool:
    deadline = APPLICATION_STATES.deadline(ApplicationState(row.state), row.state_since)
    reminded = row.reminded_at
    return deadline is not None and now >= deadline and (reminded is None or now >= reminded + _REMIND_EVERY)


def _decision(part: PartRow, row: ApplicationRow) -> Event:
    until = iso(part.agreement_until) if part.agreement_until else None
    return Event(
        kind=f"application.part-{part.state}",
        actor=part.decided_by or "",
        subject=f"application:{row.application_id}",
        details={
            "custodian": part.custodian_id,
            "datasets": [*part.dataset_ids],
            "agreement_until": until,
            "terms": part.terms_version,
        },
    )
