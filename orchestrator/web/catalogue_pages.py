"""The catalogue's pages, open to everybody: search with facets, and one dataset with all that is known of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.assembly.together.beside import beside, to_mend
from orchestrator.core.errors import Conflict, Invalid, NotFound, Unavailable
from orchestrator.core.events import Json
from orchestrator.discovery.catalogue.model import Entry, EntryState
from orchestrator.discovery.search.model import Asked, Facet, Found, Listed, Results
from orchestrator.discovery.search.reading import columns_of

from .hub_entries import at_hub
from .pages import page
from .public import Id, abstract_of, terms_in_force
from .search_address import address, asked_of, fields_of
from .visits import house_of, visitor

__all__ = ["ORIGINS", "facts_of", "router"]

router = APIRouter()
_log = logging.getLogger(__name__)

ORIGINS = {
    "offered": "Offered here",
    "imported": "Imported from a file",
    "harvested": "Harvested from an endpoint",
    "hub": "Offered at another hub",
}
"""How people read where a description is known from."""

_MOST_COLUMNS = 300
_MOST_TO_MEND = 10
_APART = ("structuralMetadata",)


@dataclass(frozen=True, kw_only=True)
class _Chip:
    """One choice that narrows the search, with the address that takes it back."""

    words: str
    without: str


@router.get("/datasets")
def datasets(request: Request) -> Response:
    """Search the catalogue."""
    house = house_of(request)
    problem: Invalid | None = None
    try:
        asked = asked_of(request.query_params)
        results = house.search.find(asked)
        _count_if_in_vain(request, asked, results)
    except Invalid as caught:
        problem, asked = caught, Asked(words=request.query_params.get("q", "")[:200])
        results = Results(found=Found(hits=(), total=0), listed=())
    end = asked.offset + asked.limit
    names = house.federation.names()
    return page(
        request,
        "datasets.html",
        title="Datasets",
        problem=problem,
        asked=asked,
        values=request.query_params,
        results=results,
        listed=[(each, _shortened(abstract_of(each.entry.description))) for each in results.listed],
        facets=[(facet, counts) for facet, counts in results.found.facets.items() if counts],
        chips=_chips(asked, names),
        origins=ORIGINS,
        hubs=names,
        words_of=lambda facet, value: _in_facet(facet, value, names),
        fields=fields_of(asked),
        suggestions=_suggestions(asked, results.found),
        previous=address(asked, page=asked.offset // asked.limit) if asked.offset else "",
        following=address(asked, page=end // asked.limit + 1) if end < min(results.found.total, 10_000) else "",
        facet_of=Facet,
    )


@router.get("/datasets/{entry_id}")
def dataset(request: Request, entry_id: Id) -> Response:
    """Show one dataset: description, where it is known from and how old that is, custodian, terms, versions, likes."""
    house = house_of(request)
    entry = house.catalogue.entry(entry_id)
    offered = house.discovery.dataset(entry.dataset_id) if entry.dataset_id else None
    columns = columns_of(entry.description)
    return page(
        request,
        "dataset.html",
        title=entry.title,
        entry=entry,
        dataset=offered,
        origin=ORIGINS[entry.origin.value],
        at_hub=at_hub(house, entry),
        abstract=abstract_of(entry.description),
        description=facts_of({key: value for key, value in entry.description.items() if key not in _APART}),
        columns=columns[:_MOST_COLUMNS],
        more_columns=max(0, len(columns) - _MOST_COLUMNS),
        unplaced=[(path, _in_words(value)) for path, value in entry.unplaced.items() if _in_words(value)],
        versions=house.discovery.versions(entry.dataset_id) if entry.dataset_id else [],
        terms=terms_in_force(house, entry.custodian_id) if entry.custodian_id else None,
        similar=_similar(request, entry),
        beside=beside(house, entry),
        mend=to_mend(entry)[:_MOST_TO_MEND],
    )


def _count_if_in_vain(request: Request, asked: Asked, results: Results) -> None:
    """Count a search without a hit; a record that cannot be written now must not keep anybody from searching."""
    visit = visitor(request)
    try:
        house_of(request).missed_searches.note(asked, results, visit.person.person_id if visit else None)
    except (Conflict, Unavailable) as error:
        _log.info("a search in vain was not counted: %s", error.word)


def _similar(request: Request, entry: Entry) -> list[Listed]:
    if entry.state is EntryState.WITHDRAWN:
        return []
    try:
        return house_of(request).search.similar(entry.entry_id)
    except NotFound:  # withdrawn this very moment
        return []


def _in_facet(facet: Facet, value: str, hubs: Mapping[str, str]) -> str:
    """Return how people read one value of a facet."""
    known = ORIGINS if facet is Facet.ORIGIN else hubs if facet is Facet.HUB else {}
    return known.get(value, value)


def _chips(asked: Asked, hubs: Mapping[str, str]) -> list[_Chip]:
    chips = [
        _Chip(
            words=f"{facet.heading}: {_in_facet(facet, value, hubs)}",
            without=address(asked, without=[(facet.value, value)]),
        )
        for facet, values in asked.chosen.items()
        for value in values
    ]
    for name, words, number in (
        ("people", "At least {:,} people", asked.people),
        ("since", "Data from {} on", asked.since),
        ("until", "Data up to {}", asked.until),
    ):
        if number is not None:
            shown = words.format(number)
            chips.append(_Chip(words=shown, without=address(asked, without=[(name, str(number))])))
    return chips


def _suggestions(asked: Asked, found: Found) -> list[tuple[str, str]]:
    """Return far more common words of nearly the same spelling, each with the address that searches for it."""
    return [
        (word.likely, address(asked, q=asked.words.replace(word.typed, word.likely)))
        for word in found.read
        if word.likely
    ]


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


def _in_words(value: object) -> str:
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
