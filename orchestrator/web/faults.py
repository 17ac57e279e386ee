"""Turns every error into a status, and a page in words or a problem document (RFC 9457)."""

from __future__ import annotations

import json
from html import escape
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from orchestrator.core.errors import (
    Conflict,
    Invalid,
    NotFound,
    NotPossible,
    OrchestratorError,
    Refused,
    Unavailable,
)

__all__ = ["STATUS", "Fault", "describe", "plain_answer", "problem"]

STATUS: dict[type[OrchestratorError], int] = {
    Refused: 403,
    NotPossible: 409,
    Conflict: 409,
    Invalid: 422,
    NotFound: 404,
    Unavailable: 503,
}
"""The status of each kind of error."""

_TITLES = {
    400: "That cannot be understood",
    401: "Sign in first",
    403: "You may not do this",
    404: "There is no such page",
    405: "That cannot be done here",
    409: "That is not possible now",
    413: "That is too large",
    421: "Wrong address",
    422: "Something needs correcting",
    500: "Something went wrong",
    503: "Not available at the moment",
}


class Fault:
    """An error as it is told: status, stable word, title, sentences, headers."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        word: str = "error",
        reasons: tuple[str, ...] = (),
        field: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.word = word
        self.title = _TITLES.get(status, "That did not work")
        self.message = message
        self.reasons = tuple(reason for reason in reasons if reason != message)
        self.field = field
        self.headers = headers or {}


def describe(error: Exception) -> Fault:
    """Say how an error is told to whoever caused it."""
    if isinstance(error, OrchestratorError):
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
        retry = {"retry-after": "5"} if isinstance(error, Unavailable) else {}
        reasons = error.reasons if isinstance(error, Refused) else ()
        field = error.field if isinstance(error, Invalid) else ""
        return Fault(status, error.message, word=error.word, reasons=reasons, field=field, headers=retry)
    if isinstance(error, RequestValidationError):
        faults = error.errors()
        first = faults[0] if faults else {"loc": (), "msg": "it cannot be read"}
        place = [str(part) for part in first["loc"]]
        name = ".".join(place[1:]) or "the request"
        return Fault(422, f"{name}: {first['msg']}.", word="invalid", field=name)
    if isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        return Fault(error.status_code, _sentence(error), word=_word(error.status_code), headers=headers)
    return Fault(500, "Something went wrong here, not with you.")


def problem(fault: Fault) -> Response:
    """Return the fault as a problem document."""
    body: dict[str, object] = {
        "type": f"urn:tre:error:{fault.word}",
        "title": fault.title,
        "status": fault.status,
        "detail": fault.message,
        "error": fault.word,
    }
    if fault.reasons:
        body["reasons"] = list(fault.reasons)
    if fault.field:
        body["field"] = fault.field
    content = json.dumps(body).encode()
    return Response(content, fault.status, fault.headers, media_type="application/problem+json")


def plain_answer(scope: Scope, status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """Return an answer that needs no template: for what is refused before a page could be made."""
    fault = Fault(status, message, word=_word(status), headers=headers)
    if scope["path"].startswith("/api/"):
        return problem(fault)
    text = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(fault.title)}</title></head>'
        f'<body><main><h1>{escape(fault.title)}</h1><p>{escape(message)}</p><p><a href="/">Start again</a></p></main>'
        "</body></html>"
    )
    return Response(text, status, fault.headers, media_type="text/html; charset=utf-8")


def _sentence(error: HTTPException) -> str:
    if error.status_code == 404:
        return "Check the address, or start again from the first page."
    if error.status_code == 405:
        return "This address does not answer to that kind of request."
    return str(error.detail)


def _word(status: int) -> str:
    known = {401: "not-signed-in", 403: "refused", 404: "not-found", 422: "invalid", 503: "unavailable"}
    return known.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "-")
