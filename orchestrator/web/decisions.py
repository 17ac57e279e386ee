"""Custodians' officers: the parts that wait for them, and the decision on one."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.model import CustodianPart
from orchestrator.access.states import PartState
from orchestrator.core.errors import Invalid, NotFound, Refused
from orchestrator.transparency.federation.model import Recognised

from .forms import Form, read_of
from .pages import page, see
from .public import Id, terms_in_force
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/decisions")
def decisions(request: Request) -> Response:
    """List what waits for this officer, oldest first."""
    visit = signed_in(request)
    waiting = visit.house.access.parts_to_decide(visit.actor)
    return page(request, "decisions.html", title="Applications to decide", waiting=waiting)


@router.get("/decisions/{application_id}/{custodian_id}")
def decision(request: Request, application_id: Id, custodian_id: Id) -> Response:
    """Show one custodian's part with the form to decide it."""
    return _show(request, signed_in(request), application_id, custodian_id)


@router.post("/decisions/{application_id}/{custodian_id}")
def decide(request: Request, application_id: Id, custodian_id: Id, posted: Form) -> Response:
    """Approve or refuse one part."""
    visit = signed_in(request)
    try:
        approve = posted.choice("decision", ("approve", "refuse"), "a decision") == "approve"
        visit.house.access.decide(
            visit.actor,
            application_id,
            custodian_id,
            approve=approve,
            reason=posted.text("reason", "a reason", most=1000, needed=not approve),
            agreement_until=posted.day("agreement_until", "the agreement's last day") if approve else None,
            read=read_of(posted),
        )
    except Invalid as problem:
        return _show(request, visit, application_id, custodian_id, values=posted.values(), problem=problem)
    return see("/decisions", "decided")


def _show(
    request: Request,
    visit: Visit,
    application_id: str,
    custodian_id: str,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    reading = visit.house.access.reading(visit.actor, application_id, custodian_id)
    found = visit.house.access.application(visit.actor, application_id)
    part = next((part for part in found.parts if part.custodian_id == custodian_id), None)
    if part is None or custodian_id not in visit.actor.custodians:
        raise NotFound("There is no such part of an application, or it is not yours to decide.")
    return page(
        request,
        "decision.html",
        title=f"Decide: {found.answers.title}",
        application=found,
        part=part,
        read=reading,
        elsewhere=_elsewhere(visit, application_id, part),
        titles={one: visit.house.discovery.dataset(one).title for one in part.dataset_ids},
        panel=bool(part.form_version)
        and visit.house.access.forms.form(visit.actor, custodian_id, part.form_version).panel > 0,
        terms=terms_in_force(visit.house, custodian_id),
        assessed=[
            one
            for one in visit.house.data_uses.assessments(visit.actor, application_id)
            if one.custodian_id == custodian_id
        ],
        values=values or {},
        problem=problem,
    )


def _elsewhere(visit: Visit, application_id: str, part: CustodianPart) -> Mapping[str, list[Recognised]]:
    """Return what hubs say of the people while it is decided on them; nothing to who would work with them himself."""
    if part.state not in (PartState.WAITING, PartState.RETURNED):
        return {}
    try:
        return visit.house.federation.recognised_asking(visit.actor, application_id, part.custodian_id)
    except Refused:
        return {}
