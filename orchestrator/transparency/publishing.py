"""Puts what an approved application answered into the register, in the very transaction that approves it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.exchange import store as exchange
from orchestrator.access.exchange.reading import sheet_of, unfrozen
from orchestrator.access.model import Application
from orchestrator.access.states import PartState
from orchestrator.access.values import to_application
from orchestrator.alliance import store as alliance
from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json

from . import store
from .model import Statement
from .planning import Planned, Settled, digest, planned, settled

__all__ = ["names_of", "plan_of", "take_over"]


def plan_of(session: Session, application: Application, custodians: Iterable[str], *, own: bool) -> list[Planned]:
    """Return what an application's answers say, as far as these custodians ask it.

    ``own``: as its writers read it, with what is not handed in yet; else as it was handed in last.
    """
    answers = exchange.answers_up_to(session, application.application_id, unfrozen(application, own=own))
    return planned(sheet_of(session, application), answers, frozenset(custodians))


def names_of(session: Session, custodian_ids: Iterable[str]) -> dict[str, str]:
    """Return custodians' names."""
    found = {each: alliance.custodian(session, each) for each in custodian_ids}
    return {each: custodian.name if custodian else "an unknown custodian" for each, custodian in found.items()}


def take_over(change: Change, now: datetime) -> None:
    """State what an application answered, where this change approves it.

    An amendment that repeats an answer says nothing new: what was stated since then stays.
    """
    for event in [each for each in change.told if each.kind == "application.approved"]:
        change.session.flush()
        row = access.application_row(change.session, event.subject.partition(":")[2])
        application = to_application(change.session, row)
        if application.project_id is not None:
            _take_over(change, application, application.project_id, now)


def _take_over(change: Change, application: Application, project_id: str, now: datetime) -> None:
    session = change.session
    approved = [part.custodian_id for part in application.parts if part.state is PartState.APPROVED]
    names = names_of(session, approved)
    wanted = store.rewordings(session, application.application_id)
    before = store.answered_before(session, project_id)
    found = [settled(each, wanted, names) for each in plan_of(session, application, approved, own=False)]
    new = [each for each in found if each.reworded_by or before.get(_place(each)) != digest(each.planned.words)]
    if not new:
        return
    fields: dict[str, Json] = {":".join(filter(None, _place(each))): _trace(each) for each in new}
    store.add_statements(
        change,
        [_statement(each, application, project_id, now) for each in new],
        event=Event(
            kind="register.answers-taken",
            actor="system:register",
            subject=f"project:{project_id}",
            details={"application": application.application_id, "fields": fields},
        ),
    )


def _place(settled: Settled) -> tuple[str, str]:
    return settled.planned.owner, settled.planned.key


def _trace(settled: Settled) -> str:
    """Return the hash of the words; none of what names a person, which could be guessed from a log kept for ever."""
    return "" if settled.planned.field.personal else digest(settled.words)


def _statement(settled: Settled, application: Application, project_id: str, now: datetime) -> Statement:
    return Statement(
        project_id=project_id,
        custodian_id=settled.planned.owner,
        key=settled.planned.key,
        value=settled.words,
        stated_by=application.applicant_id,
        stated_at=now,
        application_id=application.application_id,
        of_sha256=digest(settled.planned.words),
        reworded_by=", ".join(settled.reworded_by),
    )
