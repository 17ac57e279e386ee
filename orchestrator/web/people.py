"""Operators: register people, give and end roles by two people, record training and accreditation, suspend."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import Invalid, NotFound
from orchestrator.identity.model import Role

from .custodians import after
from .forms import Form
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_DEVELOPMENT_ISSUER = "development"


@router.get("/people")
def people(request: Request) -> Response:
    """List everybody, and what waits for a second operator."""
    return _list(request, signed_in(request))


@router.post("/people")
def register_person(request: Request, posted: Form) -> Response:
    """Register somebody under the identity he signs on with."""
    visit = signed_in(request)
    try:
        made = visit.house.identity.register_person(
            visit.actor,
            posted.text("name", "a name", most=200),
            posted.text("email", "an e-mail address", most=200),
            posted.text("issuer", "the identity provider", most=255),
            posted.text("subject", "the subject", most=255),
            affiliation=posted.text("affiliation", "the affiliation", most=200, needed=False),
        )
    except Invalid as problem:
        return _list(request, visit, values=posted.values(), problem=problem)
    return see(f"/people/{made.person_id}", "registered")


@router.get("/people/{person_id}")
def person(request: Request, person_id: Id) -> Response:
    """Show one person with everything an operator may do."""
    visit = signed_in(request)
    profile = visit.house.identity.profile(visit.actor, person_id)
    return page(
        request,
        "person.html",
        title=profile.person.name,
        profile=profile,
        elsewhere=visit.house.federation.recognised(visit.actor, person_id),
        visas=visit.house.visas.visas(visit.actor, person_id),
        custodians=visit.house.alliance.custodians(),
        roles=[role.value for role in Role],
    )


@router.post("/people/{person_id}/roles")
def propose_role(request: Request, person_id: Id, posted: Form) -> Response:
    """Propose a role; another operator confirms it."""
    visit = signed_in(request)
    role = Role(posted.choice("role", [role.value for role in Role], "a role"))
    custodian = posted.text("custodian", "a custodian", most=16, needed=role is Role.CUSTODIAN)
    until = after(posted.day("until", "the last day"))
    visit.house.identity.propose_role(
        visit.actor, person_id, role, until, custodian_id=custodian if role is Role.CUSTODIAN else None
    )
    return see(f"/people/{person_id}", "proposed")


@router.post("/roles/{holding_id}/confirm")
def confirm_role(request: Request, holding_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Give a proposed role."""
    visit = signed_in(request)
    holding = visit.house.identity.confirm_role(visit.actor, holding_id)
    return see(_back(visit, holding.person_id), "confirmed")


@router.post("/roles/{holding_id}/withdraw")
def withdraw_proposal(request: Request, holding_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """Take a proposal back."""
    visit = signed_in(request)
    holding = visit.house.identity.withdraw_proposal(visit.actor, holding_id)
    return see(f"/people/{holding.person_id}", "withdrawn")


@router.post("/roles/{holding_id}/end")
def propose_end(request: Request, holding_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Propose to end a role."""
    visit = signed_in(request)
    holding = visit.house.identity.propose_end_role(visit.actor, holding_id)
    return see(f"/people/{holding.person_id}", "proposed")


@router.post("/roles/{holding_id}/confirm-end")
def confirm_end(request: Request, holding_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """End a role."""
    visit = signed_in(request)
    holding = visit.house.identity.confirm_end_role(visit.actor, holding_id)
    return see(f"/people/{holding.person_id}", "ended")


@router.post("/people/{person_id}/training")
def record_training(request: Request, person_id: Id, posted: Form) -> Response:
    """Record a course a person passed."""
    visit = signed_in(request)
    course = posted.text("course", "the course", most=200)
    visit.house.identity.record_training(visit.actor, person_id, course, after(posted.day("until", "the last day")))
    return see(f"/people/{person_id}", "added")


@router.post("/people/{person_id}/training/{training_id}/end")
def end_training(request: Request, person_id: Id, training_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """End a training at once."""
    visit = signed_in(request)
    held = visit.house.identity.profile(visit.actor, person_id).trainings
    _must_be_among(training_id, [each.training_id for each in held])
    visit.house.identity.end_training(visit.actor, training_id)
    return see(f"/people/{person_id}", "ended")


@router.post("/people/{person_id}/accreditation")
def record_accreditation(request: Request, person_id: Id, posted: Form) -> Response:
    """Record a researcher's accreditation."""
    visit = signed_in(request)
    number = posted.text("number", "the number", most=200)
    until = after(posted.day("until", "the last day"))
    visit.house.identity.record_accreditation(visit.actor, person_id, number, until)
    return see(f"/people/{person_id}", "added")


@router.post("/people/{person_id}/accreditation/{accreditation_id}/end")
def end_accreditation(request: Request, person_id: Id, accreditation_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """End an accreditation at once."""
    visit = signed_in(request)
    held = visit.house.identity.profile(visit.actor, person_id).accreditations
    _must_be_among(accreditation_id, [each.accreditation_id for each in held])
    visit.house.identity.end_accreditation(visit.actor, accreditation_id)
    return see(f"/people/{person_id}", "ended")


@router.post("/people/{person_id}/suspend")
def suspend(request: Request, person_id: Id, posted: Form) -> Response:
    """Stop a person at once."""
    visit = signed_in(request)
    visit.house.identity.suspend(visit.actor, person_id, posted.text("reason", "a reason", most=1000))
    return see(f"/people/{person_id}", "suspended")


@router.post("/people/{person_id}/resume")
def propose_resume(request: Request, person_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """Propose to let a suspended person act again."""
    visit = signed_in(request)
    visit.house.identity.propose_resume(visit.actor, person_id)
    return see(f"/people/{person_id}", "proposed")


@router.post("/people/{person_id}/confirm-resume")
def confirm_resume(request: Request, person_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """Let a suspended person act again."""
    visit = signed_in(request)
    visit.house.identity.confirm_resume(visit.actor, person_id)
    return see(f"/people/{person_id}", "resumed")


def _must_be_among(identifier: str, held: list[str]) -> None:
    """Raise ``NotFound`` for a thing of another person than the one in the address."""
    if identifier not in held:
        raise NotFound("This person has no such training or accreditation; look at his page.")


def _back(visit: Visit, person_id: str) -> str:
    return f"/people/{person_id}" if visit.is_operator else "/account"


def _list(
    request: Request, visit: Visit, *, values: dict[str, str] | None = None, problem: Invalid | None = None
) -> Response:
    settings = visit.house.settings.sign_on
    issuer = settings.issuer if settings.kind == "oidc" else _DEVELOPMENT_ISSUER
    return page(
        request,
        "people.html",
        title="People",
        people=visit.house.identity.people(visit.actor),
        waiting=visit.house.identity.waiting(visit.actor),
        values=values or {"issuer": issuer},
        problem=problem,
    )
