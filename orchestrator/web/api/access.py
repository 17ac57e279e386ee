"""Applications, decisions, projects, members, grants."""

from __future__ import annotations

from fastapi import APIRouter

from orchestrator.access.model import Answers, MemberRole, ProjectStanding

from .access_shapes import (
    ApplicationIn,
    ApplicationOut,
    DecisionIn,
    EndIn,
    GrantOut,
    GrantStandingOut,
    MemberIn,
    MemberOut,
    MemberStandingOut,
    ProjectOut,
    ReadApplicationOut,
    ReadIn,
    ReasonIn,
    RefusalIn,
    StandingOut,
    WaitingPart,
)
from .callers import Caller, Id
from .shapes import Limit, Offset, Page, page_of

__all__ = ["router"]

router = APIRouter(tags=["access"])


@router.get("/applications")
def applications(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[ApplicationOut]:
    """List the applications the caller may see."""
    return page_of(ApplicationOut, caller.house.access.applications(caller.actor), offset, limit)


@router.post("/applications", status_code=201)
def draft(caller: Caller, body: ApplicationIn) -> ApplicationOut:
    """Begin an application as a draft."""
    made = caller.house.access.draft(
        caller.actor, _answers(caller, body), body.datasets, justifications=dict(body.justifications)
    )
    return ApplicationOut.model_validate(made)


@router.get("/applications/{application_id}")
def application(caller: Caller, application_id: Id) -> ReadApplicationOut:
    """Give one application; an officer sees his custodian's part only."""
    readings = caller.house.access.readings(caller.actor, application_id)
    shown = ReadApplicationOut.model_validate(caller.house.access.application(caller.actor, application_id))
    named = {each: caller.house.identity.person(each).name for each in shown.answers.members}
    return shown.model_copy(update={"read": readings.whole, "parts_read": dict(readings.parts), "member_names": named})


@router.put("/applications/{application_id}")
def redraft(caller: Caller, application_id: Id, body: ApplicationIn) -> ApplicationOut:
    """Replace what a draft says."""
    changed = caller.house.access.redraft(
        caller.actor, application_id, _answers(caller, body), body.datasets, justifications=dict(body.justifications)
    )
    return ApplicationOut.model_validate(changed)


@router.post("/applications/{application_id}/submit")
def submit(caller: Caller, application_id: Id) -> ApplicationOut:
    """Freeze a draft and put it before its custodians."""
    return ApplicationOut.model_validate(caller.house.access.submit(caller.actor, application_id))


@router.post("/applications/{application_id}/withdraw")
def withdraw(caller: Caller, application_id: Id, body: ReasonIn) -> ApplicationOut:
    """Take an application back."""
    changed = caller.house.access.withdraw_application(caller.actor, application_id, body.reason)
    return ApplicationOut.model_validate(changed)


@router.get("/decisions")
def decisions(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[WaitingPart]:
    """List the parts that wait for the caller as a custodian's officer, oldest first."""
    waiting = [
        WaitingPart(application=ApplicationOut.model_validate(one), custodian_id=part.custodian_id)
        for one, part in caller.house.access.parts_to_decide(caller.actor)
    ]
    return page_of(WaitingPart, waiting, offset, limit)


@router.post("/applications/{application_id}/parts/{custodian_id}/decision")
def decide(caller: Caller, application_id: Id, custodian_id: Id, body: DecisionIn) -> ApplicationOut:
    """Approve or refuse one custodian's part."""
    changed = caller.house.access.decide(
        caller.actor,
        application_id,
        custodian_id,
        approve=body.approve,
        reason=body.reason,
        agreement_until=body.agreement_until,
        read=body.read,
    )
    return ApplicationOut.model_validate(changed)


@router.post("/applications/{application_id}/approve", status_code=201)
def approve(caller: Caller, application_id: Id, body: ReadIn) -> ProjectOut:
    """Make the project of a decided application, with the approved parts only."""
    made = caller.house.access.approve_project(caller.actor, application_id, read=body.read)
    return ProjectOut.model_validate(made)


@router.post("/applications/{application_id}/refuse")
def refuse(caller: Caller, application_id: Id, body: RefusalIn) -> ApplicationOut:
    """Refuse a decided application."""
    changed = caller.house.access.refuse_project(caller.actor, application_id, body.reason, read=body.read)
    return ApplicationOut.model_validate(changed)


@router.get("/projects")
def projects(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[ProjectOut]:
    """List the projects the caller may see."""
    return page_of(ProjectOut, caller.house.access.projects(caller.actor), offset, limit)


@router.get("/projects/{project_id}")
def project(caller: Caller, project_id: Id) -> ProjectOut:
    """Give one project."""
    return ProjectOut.model_validate(caller.house.access.project(caller.actor, project_id))


@router.get("/projects/{project_id}/standing")
def standing(caller: Caller, project_id: Id) -> StandingOut:
    """Say which conditions of a project hold now; failed ones in sentences."""
    seen = caller.house.access.project(caller.actor, project_id)
    whole = caller.house.access.standing(project_id)
    shown = {grant.grant_id for grant in seen.grants}
    people = {member.person_id for member in seen.members}
    return _standing(whole, caller.person.person_id, shown, people)


@router.post("/projects/{project_id}/suspend")
def suspend(caller: Caller, project_id: Id, body: ReasonIn) -> ProjectOut:
    """Stop a project at once."""
    return ProjectOut.model_validate(caller.house.access.suspend_project(caller.actor, project_id, body.reason))


@router.post("/projects/{project_id}/resume")
def resume(caller: Caller, project_id: Id) -> ProjectOut:
    """Let a suspended project work again."""
    return ProjectOut.model_validate(caller.house.access.resume_project(caller.actor, project_id))


@router.post("/projects/{project_id}/extend")
def extend(caller: Caller, project_id: Id, body: EndIn) -> ProjectOut:
    """Move a project's last day."""
    return ProjectOut.model_validate(caller.house.access.extend_project(caller.actor, project_id, body.end))


@router.post("/projects/{project_id}/close")
def close(caller: Caller, project_id: Id, body: ReasonIn) -> ProjectOut:
    """End a project for ever."""
    return ProjectOut.model_validate(caller.house.access.close_project(caller.actor, project_id, body.reason))


@router.post("/projects/{project_id}/members", status_code=201)
def add_member(caller: Caller, project_id: Id, body: MemberIn) -> MemberOut:
    """Add a person to a project."""
    made = caller.house.access.add_member(
        caller.actor, project_id, body.person_id, role=MemberRole(body.role), until=body.until
    )
    return MemberOut.model_validate(made)


@router.delete("/projects/{project_id}/members/{person_id}")
def end_member(caller: Caller, project_id: Id, person_id: Id) -> MemberOut:
    """End a membership at once."""
    return MemberOut.model_validate(caller.house.access.end_member(caller.actor, project_id, person_id))


@router.post("/grants/{grant_id}/withdraw")
def withdraw_grant(caller: Caller, grant_id: Id, body: ReasonIn) -> GrantOut:
    """Withdraw a grant at once."""
    return GrantOut.model_validate(caller.house.access.withdraw_grant(caller.actor, grant_id, body.reason))


def _answers(caller: Caller, body: ApplicationIn) -> Answers:
    fields = body.answers.model_dump()
    members = caller.house.access.inviting.members(caller.actor, fields["members"])
    return Answers(**(fields | {"members": members}))


def _standing(whole: ProjectStanding, person_id: str, grants: set[str], people: set[str]) -> StandingOut:
    return StandingOut(
        project_id=whole.project_id,
        at=whole.at,
        until=whole.until,
        reasons=list(whole.reasons),
        members=[MemberStandingOut.model_validate(one) for one in whole.members if one.person_id in people],
        grants=[
            GrantStandingOut(
                grant_id=one.grant_id,
                dataset_id=one.dataset_id,
                until=one.until,
                reasons=list(one.reasons),
                own_reasons=list(one.people_reasons.get(person_id, ())),
            )
            for one in whole.grants
            if one.grant_id in grants
        ],
    )
