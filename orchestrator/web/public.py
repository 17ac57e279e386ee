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
        dataset_count=_count(len(house.discovery.search()), "dataset"),
        project_count=_count(len(house.access.register()), "project"),
    )


@router.get("/datasets")
def datasets(request: Request, q: Words = "") -> Response:
    """Search the catalogue."""
    words = " ".join("".join(c if c.isprintable() else " " for c in q).split())
    found = house_of(request).discovery.search(words)
    abstracts = {dataset.dataset_id: _shortened(abstract_of(dataset.description)) for dataset in found}
    return page(request, "datasets.html", title="Datasets", text=words, datasets=found, abstracts=abstracts)


@router.get("/datasets/{dataset_id}")
def dataset(request: Request, dataset_id: Id) -> Response:
    """Show one dataset: its description, custodian, terms and versions."""
    house = house_of(request)
    found = house.discovery.dataset(dataset_id)
    return page(
        request,
        "dataset.html",
        title=found.title,
        dataset=found,
        abstract=abstract_of(found.description),
        description=facts_of(found.description),
        versions=house.discovery.versions(dataset_id),
        terms=terms_in_force(house, found.custodian_id),
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


def facts_of(description: Mapping[str, Json]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return a description as headed lists of facts, in words."""
    headed = []
    for key, value in description.items():
        if isinstance(value, dict):
            facts = [(_spaced(name), text) for name, inner in value.items() if (text := _in_words(inner))]
            if facts:
                headed.append((_spaced(key), facts))
    single = [(_spaced(key), _in_words(value)) for key, value in description.items() if not isinstance(value, dict)]
    return [*headed, ("Record", [fact for fact in single if fact[1]])]


def _in_words(value: Json) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{_spaced(key)}: {text}" for key, inner in value.items() if (text := _in_words(inner)))
    if isinstance(value, list):
        return "\n".join(text for inner in value if (text := _in_words(inner)))
    return "" if value is None else str(value)


def _spaced(name: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _shortened(text: str) -> str:
    return text if len(text) <= 240 else text[:240].rsplit(" ", 1)[0] + " …"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
