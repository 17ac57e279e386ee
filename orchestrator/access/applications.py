"""Applications: written by researchers, decided by each custodian for itself, approved or refused by an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.discovery.model import DatasetState
from orchestrator.policy.model import SITE, Actor, Thing

from . import rules, store
from .exchange import store as exchange
from .exchange.clock import due
from .exchange.public import check_public_words
from .exchange.reading import content_of, form_of, freeze
from .forms.model import Form
from .model import (
    APPLICATION_STATES,
    PART_STATES,
    Answers,
    Application,
    ApplicationState,
    GrantState,
    PartState,
)
from .neighbours import Neighbours
from .store import ApplicationRow, PartRow
from .values import to_application, to_part

__all__ = ["Applications", "application_event", "application_thing", "write_answers"]

_UNSEEN = "There is no such application, or none that you may see."


def application_thing(application: Application, *, custodian_id: str = "") -> Thing:
    """Return an application as the rules see it; a draft is nobody's business but its writers'."""
    shown = rules.was_submitted(application) and any(part.state is not PartState.DRAFT for part in application.parts)
    return Thing(
        kind="Application",
        id=application.application_id,
        attributes={
            "applicant": application.applicant_id,
            "members": application.people,
            "custodians": frozenset(part.custodian_id for part in application.parts) if shown else frozenset(),
            "custodian": custodian_id,
            "deciders": frozenset(part.decided_by for part in application.parts if part.decided_by)
            | application.deciders,
        },
    )


class Applications(Neighbours):
    """One request over several custodians, from draft to decision."""

    def draft(
        self,
        actor: Actor,
        answers: Answers,
        dataset_ids: Sequence[str],
        *,
        justifications: Mapping[str, str] | None = None,
    ) -> Application:
        """Begin an application; ``justifications`` are per custodian identifier."""
        with self._record.change() as change:
            return self.draft_within(change, actor, answers, dataset_ids, justifications=justifications)

    def draft_within(
        self,
        change: Change,
        actor: Actor,
        answers: Answers,
        dataset_ids: Sequence[str],
        *,
        justifications: Mapping[str, str] | None = None,
    ) -> Application:
        """Begin an application as part of a larger change, such as the end of an enquiry."""
        application_id = new_id()
        self._check(change.session, actor, "draftApplication", SITE)
        kept = self._checked(change.session, actor.person_id, answers)
        parts = self._parts(change.session, application_id, actor.person_id, dataset_ids, justifications or {})
        now = self._record.clock()
        row = ApplicationRow(
            application_id=application_id,
            applicant_id=actor.person_id,
            state=APPLICATION_STATES.start.value,
            state_since=now,
            made_at=now,
        )
        write_answers(row, kept)
        change.session.add(row)
        change.session.flush()
        store.add(change, *parts, event=application_event("application.drafted", actor.person_id, row))
        return to_application(change.session, row)

    def redraft(
        self,
        actor: Actor,
        application_id: str,
        answers: Answers,
        dataset_ids: Sequence[str],
        *,
        justifications: Mapping[str, str] | None = None,
    ) -> Application:
        """Replace what a draft says; once submitted it is frozen."""
        with self._record.change() as change:
            row, _ = self._load(change.session, actor, "redraftApplication", application_id)
            if row.state != ApplicationState.DRAFT:
                raise NotPossible("This application was submitted and is frozen; withdraw it and write a new one.")
            kept = self._checked(change.session, row.applicant_id, answers)
            wanted = self._with_granted(change.session, row, dataset_ids)
            parts = self._parts(change.session, application_id, row.applicant_id, wanted, justifications or {})
            write_answers(row, kept)
            row.state_since = self._record.clock()
            event = application_event("application.redrafted", actor.person_id, row)
            store.replace_parts(change, application_id, parts, event=event)
            return to_application(change.session, row)

    def submit(self, actor: Actor, application_id: str) -> Application:
        """Freeze a draft and put each part before its custodian."""
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "submitApplication", application_id)
            state = APPLICATION_STATES.after(application.state, "submit")
            rules.check_complete(application.answers, self._record.clock())
            self._checked(change.session, row.applicant_id, application.answers)
            frozen = freeze(change.session, application, by=actor.person_id, at=self._now())
            check_public_words(change.session, application, frozen.sheet, frozen.answers)
            row.revision += 1
            for part in store.part_rows(change.session, application_id):
                self._owners(change.session, part.dataset_ids)
                form = frozen.forms.get(part.custodian_id)
                part.form_version = form.version if form else None
                content = content_of(application, frozen.sheet, frozen.answers, part.custodian_id)
                self._step(change, part, "submit", by=actor.person_id, content=content)
                self._ask_custodian(change, row, part.custodian_id, form)
            self._move(row, state)
            change.tell(
                application_event(
                    "application.submitted",
                    actor.person_id,
                    row,
                    custodians=[part.custodian_id for part in application.parts],
                    datasets=[dataset for part in application.parts for dataset in part.dataset_ids],
                    content=rules.fingerprint(application),
                )
            )
            return to_application(change.session, row)

    def withdraw_application(self, actor: Actor, application_id: str, reason: str = "") -> Application:
        """Take back an application that is not approved yet."""
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "withdrawApplication", application_id)
            self._move(row, APPLICATION_STATES.after(application.state, "withdraw"))
            row.reason = rules.check_reason(reason, needed=False)
            self._void_parts(change, application_id)
            change.tell(application_event("application.withdrawn", actor.person_id, row))
            return to_application(change.session, row)

    # ---- looking ------------------------------------------------------------------------------------------------

    def application(self, actor: Actor, application_id: str) -> Application:
        """Return what this person may see of an application; a custodian's officer sees its own part only."""
        with self._record.read() as session:
            row = store.application_row(session, application_id)
            application = to_application(session, row)
            current = self._current(session, actor)
            self._must_see(current, application)
            return self._as_seen(session, current, application)

    def applications(self, actor: Actor) -> list[Application]:
        """Return every application this person may see, newest first."""
        with self._record.read() as session:
            current = self._current(session, actor)
            every = [
                to_application(session, store.application_row(session, each)) for each in store.application_ids(session)
            ]
            seen = [each for each in every if self._policy.may(current, "showApplication", application_thing(each))]
            return [_cut(current, each) for each in seen]

    # ---- inside -------------------------------------------------------------------------------------------------

    def _step(self, change: Change, part: PartRow, action: str, *, by: str, content: str = "") -> None:
        """Move a part on, note it in its course, and set until when whoever has it now should act."""
        if part.state == PartState.RETURNED:
            for request in exchange.open_requests(change.session, part.application_id, part.custodian_id):
                request.answered_at = self._now()
        part.state = PART_STATES.after(PartState(part.state), action).value
        exchange.add_step(
            change.session,
            application_id=part.application_id,
            custodian_id=part.custodian_id,
            state=PartState(part.state),
            by=by,
            at=self._now(),
            content=content,
        )
        form = form_of(change.session, to_part(part))
        part.due_at = due(exchange.steps_of(change.session, part.application_id, part.custodian_id), form)
        part.reminded_at = None
        if part.state == PartState.VOID:
            part.decided_at = self._now()

    def _ask_custodian(self, change: Change, row: ApplicationRow, custodian_id: str, form: Form | None) -> None:
        """Tell the custodian's officers, and its lay panel where its form asks for one, that a part waits."""
        concerned = [row.applicant_id, *row.members]
        subject = f"application:{row.application_id}"
        officers = self._officers(change.session, custodian_id)
        self._tell(change, officers, kind="application.waiting", subject=subject, apart_from=concerned)
        if form is not None and form.panel:
            panel = [each.person_id for each in exchange.panel_of(change.session, custodian_id)]
            self._tell(change, panel, kind="application.advice-waiting", subject=subject, apart_from=concerned)

    def _load(
        self, session: Session, actor: Actor, action: str, application_id: str, *, custodian_id: str = ""
    ) -> tuple[ApplicationRow, Application]:
        """Return an application that the actor may see and do ``action`` to; who may not see it is told of nothing."""
        row = store.application_row(session, application_id)
        application = to_application(session, row)
        self._must_see(self._current(session, actor), application)
        self._check(session, actor, action, application_thing(application, custodian_id=custodian_id))
        return row, application

    def _must_see(self, current: Actor, application: Application) -> None:
        if not self._policy.may(current, "showApplication", application_thing(application)):
            raise NotFound(_UNSEEN)

    def _as_seen(self, session: Session, actor: Actor, application: Application) -> Application:
        """Cut an application to what a person may see: custodians' officers know nothing of one another."""
        return _cut(self._current(session, actor), application)

    def _checked(self, session: Session, applicant_id: str, answers: Answers) -> Answers:
        kept = rules.check_answers(answers)
        members = tuple(person_id for person_id in kept.members if person_id != applicant_id)
        for person_id in members:
            if not self._knows(session, person_id):
                raise Invalid(
                    "One of the members is not registered here; ask an operator to register this person first.",
                    field="members",
                )
        return replace(kept, members=members)

    def _parts(
        self,
        session: Session,
        application_id: str,
        applicant_id: str,
        dataset_ids: Sequence[str],
        justifications: Mapping[str, str],
    ) -> list[PartRow]:
        owners = self._owners(session, rules.check_datasets(dataset_ids))
        words = rules.check_justifications(justifications, owners.values())
        return [
            PartRow(
                application_id=application_id,
                custodian_id=custodian_id,
                applicant_id=applicant_id,
                dataset_ids=[dataset for dataset, owner in owners.items() if owner == custodian_id],
                justification=words.get(custodian_id, ""),
                state=PART_STATES.start.value,
            )
            for custodian_id in sorted(set(owners.values()))
        ]

    def _with_granted(self, session: Session, row: ApplicationRow, dataset_ids: Sequence[str]) -> Sequence[str]:
        """Add to an amendment's datasets those that its project holds: each of their custodians decides anew."""
        if row.amends is None:
            return dataset_ids
        held = [grant.dataset_id for grant in store.grants_of(session, row.amends) if grant.state == GrantState.ACTIVE]
        found = {each: self._dataset(session, each) for each in held}
        offered = [each for each, dataset in found.items() if dataset and dataset.state is DatasetState.LISTED]
        return list(dict.fromkeys([*offered, *dataset_ids]))

    def _owners(self, session: Session, dataset_ids: Sequence[str]) -> dict[str, str]:
        """Return each dataset's custodian; every one must be listed."""
        owners = {}
        for dataset_id in dataset_ids:
            dataset = self._dataset(session, dataset_id)
            if dataset is None or dataset.state is not DatasetState.LISTED:
                raise Invalid("One of the datasets is not in the catalogue any more; choose another.", field="datasets")
            owners[dataset_id] = dataset.custodian_id
        return owners

    def _move(self, row: ApplicationRow, state: ApplicationState) -> None:
        row.state, row.state_since, row.reminded_at = state.value, self._record.clock(), None

    def _void_parts(self, change: Change, application_id: str) -> None:
        for part in store.part_rows(change.session, application_id):
            if PART_STATES.allows(PartState(part.state), "void"):
                self._step(change, part, "void", by="system:rules")


def _cut(current: Actor, application: Application) -> Application:
    whole = (
        current.person_id == application.applicant_id
        or current.person_id in application.answers.members
        or "operator" in current.roles
    )
    return application if whole else rules.seen_by_officer(application, current.custodians)


def write_answers(row: ApplicationRow, answers: Answers) -> None:
    """Put the shared answers into a row."""
    row.title, row.lay_summary, row.purpose = answers.title, answers.lay_summary, answers.purpose
    row.organisation, row.ethics_reference = answers.organisation, answers.ethics_reference
    row.ethics_until, row.start, row.end = answers.ethics_until, answers.start, answers.end
    row.members = list(answers.members)


def application_event(kind: str, actor: str, row: ApplicationRow, **details: Json) -> Event:
    """Return what is recorded of a change of an application."""
    return Event(
        kind=kind, actor=actor, subject=f"application:{row.application_id}", details={"state": row.state, **details}
    )
