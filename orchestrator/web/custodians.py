"""Custodians: their terms, their datasets, and the grants they gave; officers publish and withdraw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.model import Grant, GrantStanding, Project
from orchestrator.alliance.evidence import EVIDENCE_KINDS
from orchestrator.core.errors import Invalid

from .forms import Form
from .pages import page, see
from .public import Id, terms_in_force
from .visits import Visit, signed_in

__all__ = ["after", "router"]

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class _Given:
    """One grant of a custodian, with the project it is for and what stands now."""

    project: Project
    grant: Grant
    title: str
    standing: GrantStanding | None


def after(last_day: date) -> datetime:
    """Return the first moment after a last day: what an end is in the record."""
    try:
        return datetime.combine(last_day + timedelta(days=1), time(), UTC)
    except OverflowError as error:
        raise Invalid("The day lies too far in the future.", field="until") from error


@router.get("/custodians")
def custodians(request: Request) -> Response:
    """List every custodian; operators register new ones here."""
    visit = signed_in(request)
    return page(request, "custodians.html", title="Custodians", custodians=visit.house.alliance.custodians(), values={})


@router.post("/custodians")
def register_custodian(request: Request, posted: Form) -> Response:
    """Register a custodian."""
    visit = signed_in(request)
    made = visit.house.alliance.register_custodian(visit.actor, posted.text("name", "the custodian's name", most=200))
    return see(f"/custodians/{made.custodian_id}", "registered")


@router.get("/custodians/{custodian_id}")
def custodian(request: Request, custodian_id: Id) -> Response:
    """Show a custodian: terms in force, datasets, and to its officers the grants."""
    return _show(request, signed_in(request), custodian_id)


@router.post("/custodians/{custodian_id}/terms")
def publish_terms(request: Request, custodian_id: Id, posted: Form) -> Response:
    """Publish the next version of a custodian's terms."""
    visit = signed_in(request)
    try:
        visit.house.alliance.publish_terms(
            visit.actor,
            custodian_id,
            text=posted.text("text", "the text of the terms", most=20_000),
            valid_until=after(posted.day("valid_until", "the last day")),
            checkers_needed=posted.number("checkers_needed", "the number of checkers", least=2, most=9),
            minimum_count=posted.number("minimum_count", "the smallest count", least=1, most=1000),
            release_signoff=posted.raw("release_signoff") == "yes",
            airlock_pack=posted.text("airlock_pack", "the rule book", most=60, needed=False),
            evidence=posted.many("evidence"),
        )
    except Invalid as problem:
        return _show(request, visit, custodian_id, values=posted.values(), problem=problem)
    return see(f"/custodians/{custodian_id}", "published")


@router.post("/grants/{grant_id}/withdraw")
def withdraw_grant(request: Request, grant_id: Id, posted: Form) -> Response:
    """Withdraw a grant at once."""
    visit = signed_in(request)
    grant = visit.house.access.withdraw_grant(visit.actor, grant_id, posted.text("reason", "a reason", most=1000))
    if grant.custodian_id in visit.actor.custodians:
        return see(f"/custodians/{grant.custodian_id}", "withdrawn")
    return see(f"/projects/{grant.project_id}", "withdrawn")


@router.post("/grants/{grant_id}/renew")
def renew_grant(request: Request, grant_id: Id, posted: Form) -> Response:
    """Move an agreement's last day."""
    visit = signed_in(request)
    until = posted.day("agreement_until", "the agreement's last day")
    grant = visit.house.access.renew_grant(visit.actor, grant_id, until)
    return see(f"/custodians/{grant.custodian_id}", "changed")


def _show(
    request: Request,
    visit: Visit,
    custodian_id: str,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    house = visit.house
    found = house.alliance.custodian(custodian_id)
    officer = custodian_id in visit.actor.custodians
    return page(
        request,
        "custodian.html",
        title=found.name,
        custodian=found,
        officer=officer,
        terms=terms_in_force(house, custodian_id),
        evidence_kinds=EVIDENCE_KINDS,
        datasets=house.discovery.datasets(custodian_id=custodian_id, limit=500),
        given=_given(visit, custodian_id) if officer else [],
        values=values or {"checkers_needed": "2", "minimum_count": "10"},
        problem=problem,
    )


def _given(visit: Visit, custodian_id: str) -> list[_Given]:
    house = visit.house
    given = []
    for project in house.access.projects(visit.actor):
        stands = {one.grant_id: one for one in house.access.standing(project.project_id).grants}
        for grant in project.grants:
            if grant.custodian_id == custodian_id:
                title = house.discovery.dataset(grant.dataset_id).title
                standing = stands.get(grant.grant_id)
                given.append(_Given(project=project, grant=grant, title=title, standing=standing))
    return given
