"""What was decided before: a search over words of earlier requests, for whoever judges results."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.cases import Precedent
from orchestrator.core.errors import Invalid, NotPossible

from .pages import page
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_PLACES = {"comment": "A checker’s comment", "context": "The author’s words", "finding": "A finding"}


@router.get("/precedents")
def precedents(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Search decided requests: titles, files, authors' words, comments, reasons, findings."""
    visit = signed_in(request)
    found, words = _found(visit, q.strip())
    return page(
        request, "precedents.html", title="What was decided before", q=q, found=found, words=words, places=_PLACES
    )


def _found(visit: Visit, q: str) -> tuple[list[Precedent], str]:
    """Return what was found, and a sentence where the search itself made no sense."""
    if not q:
        visit.house.airlock.incidents(visit.actor)  # the same people: others are refused here too
        return [], ""
    try:
        return visit.house.airlock.search_precedents(visit.actor, q), ""
    except (Invalid, NotPossible) as problem:
        return [], problem.message
