"""One's own account: what access hangs on, roles, and the terms to accept."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.alliance.model import Custodian, Terms

from .forms import Form
from .pages import page, see
from .public import terms_in_force
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """A custodian's terms in force, and whether this person accepted them."""

    custodian: Custodian
    terms: Terms
    accepted: bool


@router.get("/account")
def account(request: Request) -> Response:
    """Show one's own account."""
    visit = signed_in(request)
    profile = visit.house.identity.profile(visit.actor, visit.person.person_id)
    sessions = visit.house.identity.own_sessions(visit.actor)
    return page(
        request,
        "account.html",
        title="Your account",
        profile=profile,
        offers=_offers(visit),
        sessions=sessions,
        namings=visit.house.access.namings(visit.actor),
    )


@router.post("/account/named")
def name(request: Request, posted: Form) -> Response:
    """Let the public register name oneself in a project, or no longer."""
    visit = signed_in(request)
    agree = posted.choice("agree", ("yes", "no"), "yes or no") == "yes"
    visit.house.access.agree_to_be_named(visit.actor, posted.text("project", "the project", most=16), agree=agree)
    return see("/account", "changed")


@router.post("/account/terms")
def accept_terms(request: Request, posted: Form) -> Response:
    """Accept one version of a custodian's terms."""
    visit = signed_in(request)
    version = posted.number("version", "the version", least=1, most=1_000_000)
    visit.house.alliance.accept_terms(visit.actor, posted.text("custodian", "the custodian", most=16), version)
    return see("/account", "accepted")


def _offers(visit: Visit) -> list[_Offer]:
    alliance, person = visit.house.alliance, visit.person.person_id
    offers = []
    for custodian in alliance.custodians():
        terms = terms_in_force(visit.house, custodian.custodian_id)
        if terms is not None:
            accepted = alliance.accepted_until(person, custodian.custodian_id) is not None
            offers.append(_Offer(custodian=custodian, terms=terms, accepted=accepted))
    return offers
