"""Builds the application out of its pages and its API, and serves it."""

from __future__ import annotations

import secrets
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from orchestrator.airlock.bench.contents import Contents
from orchestrator.airlock.bench.outside import Outsiders
from orchestrator.core.errors import OrchestratorError, Unavailable

from . import (
    accounts,
    applications,
    auditing,
    catalogue_pages,
    comparing,
    custodian_forms,
    custodians,
    data_uses,
    decisions,
    demand,
    describing,
    descriptions,
    enquiries,
    evidence,
    exchanges,
    federation,
    federation_documents,
    fees,
    harvests,
    incidents,
    onboarding,
    panels,
    people,
    precedents,
    projects,
    public,
    quotes,
    register,
    register_plans,
    releases,
    review_acts,
    review_files,
    review_overview,
    reviews,
    saved,
    sheets,
    signing,
    submissions,
    training,
    visas,
    workspaces,
)
from .api import make_api
from .faults import describe, plain_answer, problem
from .pages import STATIC, page
from .visits import SignInNeeded
from .wall import API, Names, Wall

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = ["make_app", "run"]

_PAGES = (
    public,
    comparing,
    data_uses,
    catalogue_pages,
    descriptions,
    describing,
    saved,
    demand,
    register,
    register_plans,
    sheets,
    federation_documents,
    federation,
    signing,
    accounts,
    enquiries,
    onboarding,
    applications,
    decisions,
    exchanges,
    custodian_forms,
    panels,
    evidence,
    visas,
    custodians,
    fees,
    quotes,
    harvests,
    projects,
    submissions,
    releases,
    reviews,
    review_overview,
    review_acts,
    review_files,
    precedents,
    incidents,
    training,
    people,
    workspaces,
    auditing,
)
_ERRORS = (OrchestratorError, RequestValidationError, HTTPException)


def make_app(house: House) -> FastAPI:
    """Build portal and API over an assembled house."""
    app = FastAPI(title=house.settings.portal.name, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.house = house
    app.state.names = Names.of(house.settings.portal)
    app.state.key = secrets.token_bytes(32)
    app.state.contents = Contents()
    app.state.outsiders = Outsiders()
    for module in _PAGES:
        app.include_router(module.router)
    app.mount(API, make_api(house))
    app.mount("/static", _Static(directory=STATIC), name="static")
    for kind in _ERRORS:
        app.add_exception_handler(kind, _told)
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    app.add_middleware(Wall, names=app.state.names)
    return app


def run(house: House) -> None:
    """Serve portal and API until told to end."""
    portal = house.settings.portal
    config = uvicorn.Config(
        make_app(house),
        host=portal.host,
        port=portal.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        limit_concurrency=400,
        h11_max_incomplete_event_size=32 * 1024,
    )
    with _listening(portal.host, portal.port) as listener:
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise Unavailable(
            f"The portal cannot listen on {host} port {port} ({error.strerror}); end what uses that port, "
            "or set portal.port in tre.yaml.",
            system="portal",
            retry=False,
        ) from error


class _Static(StaticFiles):
    """Our own files: their address carries their hash, so browsers may keep them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=86400"
        return response


def _told(request: Request, error: Exception) -> Response:
    fault = describe(error)
    if request.scope["path"].startswith("/api/"):
        return problem(fault)
    if isinstance(error, RequestValidationError) and request.method == "GET":
        fault = describe(HTTPException(404))
    try:
        return page(request, "fault.html", status=fault.status, headers=fault.headers, title=fault.title, fault=fault)
    except Unavailable:
        return plain_answer(request.scope, fault.status, fault.message, fault.headers)


def _to_sign_in(request: Request, _: Exception) -> Response:
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse("/sign-in", 303)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(here)}", 303)
