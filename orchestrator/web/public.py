"""Pages for everybody: the first page, the catalogue, how it works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.alliance.model import Terms
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Json
from orchestrator.discovery.search.model import Asked

from .pages import page
from .tasks import tasks_of
from .visits import house_of, visitor

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = ["Id", "abstract_of", "router", "terms_in_force"]

router = APIRouter()

Id = Annotated[str, Path(pattern=r"^[a-z][a-z2-7]{15}$")]
"""An identifier in an address."""

Words = Annotated[str, Query(max_length=200)]


@router.get("/")
def home(request: Request) -> Response:
    """Show the first page; to a signed-in person, what waits for him."""
    house = house_of(request)
    visit = visitor(request)
    return page(
        request,
        "home.html",
        title="Start",
        tasks=tasks_of(visit) if visit else [],
        dataset_count=_count(house.search.find(Asked(limit=1, counted=False)).found.total, "dataset"),
        project_count=_count(house.register.count(), "project"),
    )


@router.get("/how-it-works")
def how_it_works(request: Request) -> Response:
    """Explain the whole way from a question to a checked result."""
    return page(request, "how.html", title="How it works")


@router.get("/accessibility")
def accessibility(request: Request) -> Response:
    """State how accessible the portal is."""
    return page(request, "accessibility.html", title="Accessibility")


def terms_in_force(house: House, custodian_id: str) -> Terms | None:
    """Return a custodian's terms, or nothing while none are in force."""
    try:
        return house.alliance.current_terms(custodian_id)
    except NotPossible:
        return None


def abstract_of(description: Mapping[str, Json]) -> str:
    """Return the summary that a description carries."""
    summary = description.get("summary")
    if isinstance(summary, dict):
        text = summary.get("abstract") or summary.get("description")
        return text if isinstance(text, str) else ""
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
