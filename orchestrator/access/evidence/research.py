"""A piece of research as evidence sees it: one application with its project and everything that amended it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.model import Application, ApplicationState, CustodianPart
from orchestrator.access.rules import was_submitted
from orchestrator.access.store import ApplicationRow, ProjectRow
from orchestrator.access.values import to_application
from orchestrator.core.errors import NotFound
from orchestrator.policy.model import Thing

from . import store
from .model import Evidence

__all__ = ["Research", "evidence_thing", "research_of"]


@dataclass(frozen=True, kw_only=True)
class Research:
    """``application_id`` is the first application; ``people`` everybody who works, worked or would work in it;
    ``custodians`` those who were asked for data, apart from drafts that they know nothing of."""

    application_id: str
    project_id: str | None
    applicant_id: str
    organisation: str
    people: frozenset[str]
    custodians: frozenset[str]
    asked: tuple[str, ...]
    """Every custodian, drafts too: for those who write them."""


def research_of(session: Session, application_id: str) -> Research:
    """Return the research that an application, first or amending, belongs to; raise ``NotFound`` for none."""
    row = access.application_row(session, application_id)
    if row.amends is not None:
        row = access.application_row(session, access.project_row(session, row.amends).application_id)
    project_id = session.scalar(select(ProjectRow.project_id).where(ProjectRow.application_id == row.application_id))
    every = [to_application(session, each) for each in [row, *_amendments(session, project_id)]]
    people = {person for each in every for person in (each.applicant_id, *each.answers.members)}
    granted = {grant.custodian_id for grant in access.grants_of(session, project_id)} if project_id else set()
    shown = {part.custodian_id for each in every if was_submitted(each) for part in each.parts}
    return Research(
        application_id=row.application_id,
        project_id=project_id,
        applicant_id=row.applicant_id,
        organisation=row.organisation,
        people=frozenset(people) | (access.workers(session, project_id) if project_id else frozenset()),
        custodians=frozenset(shown | granted),
        asked=tuple(sorted(granted | {part.custodian_id for each in every for part in _live(each)})),
    )


def _amendments(session: Session, project_id: str | None) -> list[ApplicationRow]:
    if project_id is None:
        return []
    return list(session.scalars(select(ApplicationRow).where(ApplicationRow.amends == project_id)))


def _live(application: Application) -> list[CustodianPart]:
    gone = {ApplicationState.WITHDRAWN, ApplicationState.REFUSED, ApplicationState.LAPSED}
    return [] if application.state in gone else list(application.parts)


def evidence_thing(session: Session, evidence: Evidence) -> Thing:
    """Return a piece as the access rules see it; an organisation's concerns every research that relies on it."""
    used_in = (
        [evidence.application_id]
        if evidence.application_id
        else store.applications_relying(session, evidence.evidence_id)
    )
    found = []
    for application_id in used_in:
        try:
            found.append(research_of(session, application_id))
        except NotFound:
            continue
    return Thing(
        kind="Evidence",
        id=evidence.evidence_id,
        attributes={
            "recorder": evidence.recorded_by,
            "applicant": found[0].applicant_id if evidence.application_id and found else "",
            "members": frozenset(person for each in found for person in each.people),
            "custodian": evidence.custodian_id or "",
            "concerned": frozenset(custodian for each in found for custodian in each.custodians),
        },
    )
