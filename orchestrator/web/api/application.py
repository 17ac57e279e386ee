"""Builds the API: its routers, its errors as problem documents, its description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import OrchestratorError

from ..faults import describe, problem
from . import (
    access,
    airlock,
    airlock_acts,
    audit,
    catalogue,
    descriptions,
    enquiries,
    evidence,
    fees,
    harvests,
    people,
    recognised,
    register,
    requests,
    searching,
    sign_on,
    uses,
    workspaces,
)
from .shapes import Problem

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = ["make_api"]

_ABOUT = (
    "The same use cases as the portal's pages. Sign in with `tre sign-in` and send the secret it keeps as "
    "`Authorization: Bearer …`. Errors are problem documents (RFC 9457) with a stable `error` word."
)
_STATUSES = {
    400: "The body cannot be read as JSON.",
    401: "Nobody is signed in with this bearer.",
    403: "The access rules refuse it; `reasons` say why.",
    404: "There is no such thing, or none this person may know of.",
    405: "This address does not answer to that kind of request.",
    409: "It is not possible in this state, or somebody changed it meanwhile.",
    413: "The request is too large.",
    422: "The input cannot be used; `field` names the part.",
    503: "An outside system does not answer; try again after `Retry-After` seconds.",
}


def make_api(house: House) -> FastAPI:
    """Build the API over an assembled house; it is mounted below ``/api/v1``."""
    api = FastAPI(
        title=f"{house.settings.portal.name}: API",
        version="1",
        description=_ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_responses(),
    )
    api.state.house = house
    for module in (
        catalogue,
        register,
        descriptions,
        searching,
        harvests,
        people,
        recognised,
        access,
        requests,
        workspaces,
        airlock,
        airlock_acts,
        audit,
        sign_on,
        enquiries,
        uses,
        evidence,
        fees,
    ):
        api.include_router(module.router)
    for kind in (OrchestratorError, RequestValidationError, HTTPException):
        api.add_exception_handler(kind, _told)
    return api


def _told(_: Request, error: Exception) -> Response:
    return problem(describe(error))


def _responses() -> dict[int | str, dict[str, Any]]:
    schema = Problem.model_json_schema()
    return {
        status: {"description": words, "content": {"application/problem+json": {"schema": schema}}}
        for status, words in _STATUSES.items()
    }
