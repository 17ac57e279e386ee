"""Recalls and incidents: what went wrong or was stopped, who has it, and what still waits for a second person."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from .pages import page
from .visits import signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/incidents")
def incidents(request: Request) -> Response:
    """List recalls, operators' holds and altered files, newest first."""
    visit = signed_in(request)
    found = visit.house.airlock.incidents(visit.actor)
    names = {
        each.submission.submission_id: {file.file_id: file.name for file in each.submission.files} for each in found
    }
    return page(request, "incidents.html", title="Recalls and incidents", incidents=found, names=names)
