"""One's visas: taken from issuers elsewhere, asked for on one's own grants; and the public keys of our own."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.identity.visas.model import SignedVisa

from .forms import Form
from .pages import page, see
from .public import Id
from .visits import Visit, house_of, signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/visas/keys")
def keys(request: Request) -> Response:
    """Give the keys with which anybody can check visas of this installation (JSON Web Key Set)."""
    return JSONResponse(house_of(request).grant_visas.keys, headers={"cache-control": "public, max-age=3600"})


@router.get("/account/visas")
def visas(request: Request) -> Response:
    """Show one's visas."""
    return _show(request, signed_in(request))


@router.post("/account/visas")
def accept(request: Request, posted: Form) -> Response:
    """Take the visas of a passport."""
    visit = signed_in(request)
    try:
        visit.house.visas.accept(visit.actor, posted.text("visas", "the visas", most=400_000).split())
    except (Invalid, Refused, NotPossible) as error:
        return _show(request, visit, values=posted.values(), problem=Invalid(error.message, field="visas"))
    return see("/account/visas", "taken")


@router.post("/account/visas/issue")
def issue(request: Request, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Sign visas on one's own grants and show them once."""
    visit = signed_in(request)
    return _show(request, visit, signed=visit.house.grant_visas.issue(visit.actor))


@router.post("/account/visas/{visa_id}/end")
def end(request: Request, visa_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """End a visa of one's own."""
    visit = signed_in(request)
    visit.house.visas.end(visit.actor, visa_id)
    return see("/account/visas", "ended")


@router.post("/people/{person_id}/visas/{visa_id}/end")
def end_of_person(request: Request, person_id: Id, visa_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """End somebody's visa, with the accreditation that came of it."""
    visit = signed_in(request)
    if visa_id not in {each.visa_id for each in visit.house.visas.visas(visit.actor, person_id)}:
        raise NotFound("There is no such visa, or none that you may see.")
    visit.house.visas.end(visit.actor, visa_id)
    return see(f"/people/{person_id}", "ended")


def _show(
    request: Request,
    visit: Visit,
    *,
    signed: list[SignedVisa] | None = None,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    return page(
        request,
        "visas.html",
        title="Your visas",
        visas=visit.house.visas.visas(visit.actor, visit.person.person_id),
        takes=bool(visit.house.settings.visas.trusted),
        issues=visit.house.settings.visas.key_file is not None,
        signed=signed,
        values=values or {},
        problem=problem,
    )
