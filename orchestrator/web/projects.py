"""Projects: members, grants with every failed condition in words, and what operators do with them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.model import MemberRole, Project

from .forms import Form
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/projects")
def projects(request: Request) -> Response:
    """List the projects this person may see."""
    visit = signed_in(request)
    return page(request, "projects.html", title="Projects", projects=visit.house.access.projects(visit.actor))


@router.get("/projects/{project_id}")
def project(request: Request, project_id: Id) -> Response:
    """Show a project with what stands now."""
    visit = signed_in(request)
    found = visit.house.access.project(visit.actor, project_id)
    standing = visit.house.access.standing(project_id)
    titles = {grant.grant_id: visit.house.discovery.dataset(grant.dataset_id).title for grant in found.grants}
    member = _is_member(visit, found)
    return page(
        request,
        "project.html",
        title=found.title,
        project=found,
        standing=standing,
        grant_standing={one.grant_id: one for one in standing.grants},
        member_standing={one.person_id: one for one in standing.members},
        titles=titles,
        member=member,
        leads=any(one.person_id == visit.person.person_id and one.role is MemberRole.LEAD for one in found.members),
        workspace=visit.house.workspaces.status(visit.actor, project_id) if member or visit.is_operator else None,
        conditions=visit.house.places.conditions(visit.actor, project_id),
        sees_people=member or visit.is_operator,
        elsewhere=visit.house.federation.recognised_together(visit.actor, [one.person_id for one in found.members])
        if visit.is_operator
        else {},
    )


@router.post("/projects/{project_id}/suspend")
def suspend(request: Request, project_id: Id, posted: Form) -> Response:
    """Stop a project at once."""
    visit = signed_in(request)
    visit.house.access.suspend_project(visit.actor, project_id, posted.text("reason", "a reason", most=1000))
    return see(f"/projects/{project_id}", "suspended")


@router.post("/projects/{project_id}/resume")
def resume(request: Request, project_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Let a suspended project work again."""
    visit = signed_in(request)
    visit.house.access.resume_project(visit.actor, project_id)
    return see(f"/projects/{project_id}", "resumed")


@router.post("/projects/{project_id}/extend")
def extend(request: Request, project_id: Id, posted: Form) -> Response:
    """Move a project's last day."""
    visit = signed_in(request)
    visit.house.access.extend_project(visit.actor, project_id, posted.day("end", "the last day"))
    return see(f"/projects/{project_id}", "changed")


@router.post("/projects/{project_id}/ethics")
def renew_ethics(request: Request, project_id: Id, posted: Form) -> Response:
    """Record a renewed ethics approval."""
    visit = signed_in(request)
    reference = posted.text("reference", "the reference", most=200)
    visit.house.access.renew_ethics(visit.actor, project_id, reference, posted.day("until", "the last day"))
    return see(f"/projects/{project_id}", "changed")


@router.post("/projects/{project_id}/close")
def close(request: Request, project_id: Id, posted: Form) -> Response:
    """End a project for ever."""
    visit = signed_in(request)
    reason = posted.text("reason", "a reason", most=1000, needed=False)
    visit.house.access.close_project(visit.actor, project_id, reason)
    return see(f"/projects/{project_id}", "closed")


@router.post("/projects/{project_id}/members")
def add_member(request: Request, project_id: Id, posted: Form) -> Response:
    """Add a person to a project."""
    visit = signed_in(request)
    visit.house.access.add_member(
        visit.actor,
        project_id,
        posted.text("person", "the person's identifier", most=16),
        role=MemberRole(posted.choice("role", [role.value for role in MemberRole], "a role")),
        until=posted.optional_day("until", "the last day"),
    )
    return see(f"/projects/{project_id}", "added")


@router.post("/projects/{project_id}/members/{person_id}/end")
def end_member(request: Request, project_id: Id, person_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """End a membership at once."""
    visit = signed_in(request)
    visit.house.access.end_member(visit.actor, project_id, person_id)
    here = f"/projects/{project_id}" if person_id != visit.person.person_id else "/projects"
    return see(here, "ended")


@router.post("/projects/{project_id}/named")
def agree_to_be_named(request: Request, project_id: Id, posted: Form) -> Response:
    """Let the public register name this member, or no longer."""
    visit = signed_in(request)
    agree = posted.choice("agree", ("yes", "no"), "yes or no") == "yes"
    visit.house.access.agree_to_be_named(visit.actor, project_id, agree=agree)
    return see(f"/projects/{project_id}", "changed")


def _is_member(visit: Visit, project: Project) -> bool:
    return any(member.person_id == visit.person.person_id for member in project.members)
