"""What people want of the catalogue, for custodians' officers, concierges and operators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.assembly.together.demanded import demanded

from .pages import page
from .visits import signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/demand")
def demand(request: Request, months: Annotated[int, Query(ge=1, le=12)] = 3) -> Response:
    """Show searches in vain, enquiries and applications by dataset, and wished-for data."""
    visit = signed_in(request)
    found = demanded(visit.house, visit.actor, months=months)
    return page(request, "demand.html", title="What is wanted", demand=found, months=months)
