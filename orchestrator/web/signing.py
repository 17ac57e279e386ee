"""Signing on and out: an OpenID provider, or the development sign-in on loopback; confirming a terminal's code."""

from __future__ import annotations

import hashlib
import logging
from typing import Annotated

from fastapi import APIRouter, Query
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orchestrator.core.errors import Invalid, NotFound, OrchestratorError, Refused
from orchestrator.identity.model import SessionKind, SignOn
from orchestrator.identity.ports import SignOnAttempt

from .faults import describe
from .forms import Form
from .pages import page, see
from .visits import clear_cookie, cookie_name, development, house_of, local_path, set_cookie, signed_in, visitor

__all__ = ["router"]

router = APIRouter()

_log = logging.getLogger(__name__)

_ATTEMPT = "tre_attempt"
_ATTEMPT_SECONDS = 600
_SESSION = "tre_session"
_Next = Annotated[str, Query(max_length=500)]


@router.get("/sign-in")
def sign_in(request: Request, next: _Next = "/") -> Response:  # noqa: A002 - the word in the address
    """Offer the ways to sign in that exist here."""
    house = house_of(request)
    people = house.identity.everybody() if development(request) else []
    return page(
        request,
        "sign_in.html",
        title="Sign in",
        people=[person for person in people if person.active],
        provider=house.sign_on is not None,
        next=local_path(next),
    )


@router.post("/sign-in/development")
def development_sign_in(request: Request, posted: Form) -> Response:
    """Become anybody, on a development installation on this machine only."""
    if not development(request):
        raise NotFound("There is no such page.")
    person = house_of(request).identity.person(posted.text("person", "a person", most=16))
    if not person.active:
        raise Refused("This account is suspended; ask an operator why.")
    return _opened(request, person.person_id, second_factor=True, onward=local_path(posted.raw("next", "/")))


@router.get("/sign-in/provider")
def to_provider(request: Request, next: _Next = "/") -> Response:  # noqa: A002
    """Send the browser to the identity provider, remembering the attempt in a signed cookie."""
    house = house_of(request)
    if house.sign_on is None:
        raise NotFound("This portal has no identity provider.")
    attempt = house.sign_on.begin(_return_address(request))
    kept = [attempt.address, attempt.state, attempt.nonce, attempt.verifier, local_path(next)]
    response = RedirectResponse(attempt.address, 303)
    set_cookie(request, response, _ATTEMPT, _signer(request).dumps(kept), seconds=_ATTEMPT_SECONDS)
    return response


@router.get("/sign-in/return")
def from_provider(request: Request) -> Response:
    """Take the provider's answer; every check on it is the sign-on adapter's."""
    house = house_of(request)
    if house.sign_on is None:
        raise NotFound("This portal has no identity provider.")
    attempt, onward = _attempt(request)
    try:
        signed = house.sign_on.complete(attempt, dict(request.query_params), _return_address(request))
        person_id = _person_of(request, signed)
    except OrchestratorError as error:
        fault = describe(error)
        response = page(request, "fault.html", status=fault.status, title=fault.title, fault=fault)
        clear_cookie(request, response, _ATTEMPT)
        return response
    response = _opened(request, person_id, second_factor=signed.second_factor, onward=onward)
    clear_cookie(request, response, _ATTEMPT)
    return response


@router.post("/sign-out")
def sign_out(request: Request, posted: Form) -> Response:  # noqa: ARG001 - the form's token was checked
    """End the session here, at the doors of workspaces and, by the page that follows, at the provider."""
    visit = visitor(request)
    if visit is not None:
        visit.house.identity.sign_out(visit.secret)
    response = RedirectResponse("/signed-out", 303)
    clear_cookie(request, response, _SESSION)
    return response


@router.post("/sign-out/everywhere")
def sign_out_everywhere(request: Request, posted: Form) -> Response:  # noqa: ARG001 - the form's token was checked
    """End every session of this person: other browsers, terminals, workspaces."""
    visit = signed_in(request)
    visit.house.identity.sign_out_everywhere(visit.person.person_id)
    response = RedirectResponse("/signed-out", 303)
    clear_cookie(request, response, _SESSION)
    return response


@router.get("/signed-out")
def signed_out(request: Request, back: bool = False) -> Response:
    """Say what has ended and lead on to the provider's sign-out: a form may not lead to another host, a page may.

    With ``back`` the browser comes from there. A provider that does not answer keeps nobody signed in here.
    """
    house, onward = house_of(request), ""
    if (
        house.sign_on is not None
        and house.settings.sign_on.sign_out_at_provider
        and visitor(request) is None
        and not back
    ):
        try:
            onward = house.sign_on.sign_out_address(f"{house.settings.portal.public_url}/signed-out?back=1")
        except OrchestratorError as error:
            _log.warning("the identity provider's sign-out cannot be reached: %s", error.message)
    return page(request, "signed_out.html", title="Signed out", onward=onward, still=visitor(request) is not None)


@router.get("/command-sign-in")
def command_sign_in(request: Request) -> Response:
    """Ask for the code that a terminal shows."""
    signed_in(request)
    return page(request, "command_sign_in.html", title="Sign a terminal in", values={}, confirmed=False)


@router.post("/command-sign-in")
def confirm_command(request: Request, posted: Form) -> Response:
    """Sign on the terminal that shows this code, as the person who is signed in here."""
    visit = signed_in(request)
    try:
        visit.house.identity.confirm_pairing(visit.actor, posted.text("code", "the code", most=40).upper())
    except (Invalid, NotFound) as error:
        problem = Invalid(error.message, field="code")
        return page(
            request,
            "command_sign_in.html",
            title="Sign a terminal in",
            posted=posted,
            problem=problem,
            confirmed=False,
        )
    return see("/command-sign-in/done")


@router.get("/command-sign-in/done")
def command_signed_in(request: Request) -> Response:
    """Say that the terminal is signed on."""
    signed_in(request)
    return page(request, "command_sign_in.html", title="Terminal signed in", values={}, confirmed=True)


def _opened(request: Request, person_id: str, *, second_factor: bool, onward: str) -> Response:
    house = house_of(request)
    before = visitor(request)
    if before is not None:
        house.identity.end_session(before.secret)
    secret = house.identity.open_session(person_id, SessionKind.WEB, second_factor=second_factor)
    response = see(onward)
    set_cookie(request, response, _SESSION, secret)
    return response


def _person_of(request: Request, signed: SignOn) -> str:
    house = house_of(request)
    if house.settings.sign_on.second_factor and not signed.second_factor:
        raise Refused("This portal asks for a second factor; sign on again with yours.")
    return house.identity.find_by_sign_on(signed.issuer, signed.subject).person_id


def _attempt(request: Request) -> tuple[SignOnAttempt, str]:
    cookie = request.cookies.get(cookie_name(request, _ATTEMPT), "")
    try:
        address, state, nonce, verifier, onward = _signer(request).loads(cookie, max_age=_ATTEMPT_SECONDS)
    except (BadSignature, ValueError, TypeError) as error:
        raise Refused("This sign-in was not started here, or too long ago; sign in again.") from error
    return SignOnAttempt(address=address, state=state, nonce=nonce, verifier=verifier), local_path(onward)


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        request.app.state.key, salt="sign-on", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _return_address(request: Request) -> str:
    return f"{house_of(request).settings.portal.public_url}/sign-in/return"
