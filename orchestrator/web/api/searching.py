"""The whole catalogue by script: search, one entry, what is like it, comparison; one's kept searches; demand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from orchestrator.assembly.together.beside import beside
from orchestrator.assembly.together.demanded import demanded
from orchestrator.core.ids import check_id
from orchestrator.discovery.comparison import check_number, compare

from .callers import Caller, Id, house_of
from .search_shapes import (
    ComparisonOut,
    DemandOut,
    EntryOut,
    HitOut,
    KeepIn,
    KeptOut,
    KeptWithNews,
    NewsOut,
    SearchIn,
    SearchOut,
    answer_of,
)

__all__ = ["router"]

router = APIRouter(tags=["search"])


@router.post("/catalogue/search")
def search(request: Request, wanted: SearchIn) -> SearchOut:
    """Search all descriptions, best first, with counts by facet."""
    asked = wanted.asked(offset=wanted.offset, limit=wanted.limit, counted=wanted.facets)
    house = house_of(request)
    return answer_of(house.search.find(asked), house.federation.names())


@router.get("/catalogue/compare")
def comparison(
    request: Request, entries: Annotated[list[str], Query(alias="with", min_length=2, max_length=4)]
) -> ComparisonOut:
    """Put two to four entries side by side."""
    chosen = list(dict.fromkeys(check_id(entry, field="with") for entry in entries))
    check_number(len(chosen))
    house = house_of(request)
    return ComparisonOut.model_validate(compare([beside(house, house.catalogue.entry(each)) for each in chosen]))


@router.get("/catalogue/{entry_id}")
def entry(request: Request, entry_id: Id) -> EntryOut:
    """Give one entry with everything told of it."""
    return EntryOut.model_validate(house_of(request).catalogue.entry(entry_id))


@router.get("/catalogue/{entry_id}/similar")
def similar(request: Request, entry_id: Id, limit: Annotated[int, Query(ge=1, le=20)] = 5) -> list[HitOut]:
    """Give the entries that are described most like one."""
    return [HitOut.model_validate(each) for each in house_of(request).search.similar(entry_id, limit)]


@router.get("/saved-searches")
def kept_searches(caller: Caller) -> list[KeptOut]:
    """List the searches that the caller keeps."""
    return [KeptOut.model_validate(each) for each in caller.house.saved_searches.mine(caller.actor)]


@router.post("/saved-searches", status_code=201)
def keep(caller: Caller, wanted: KeepIn) -> KeptOut:
    """Keep a search: its keeper is told when what it finds changes."""
    kept = caller.house.saved_searches.keep(caller.actor, wanted.name, wanted.asked(counted=False))
    return KeptOut.model_validate(kept)


@router.get("/saved-searches/{search_id}")
def kept_search(caller: Caller, search_id: Id) -> KeptWithNews:
    """Give a kept search with its last news."""
    kept, news = caller.house.saved_searches.news(caller.actor, search_id)
    found = KeptWithNews.model_validate(kept)
    return found.model_copy(update={"news": [NewsOut.model_validate(each) for each in news]})


@router.post("/saved-searches/{search_id}/seen")
def seen(caller: Caller, search_id: Id) -> KeptOut:
    """Note that the news of a kept search were seen."""
    return KeptOut.model_validate(caller.house.saved_searches.seen(caller.actor, search_id))


@router.post("/saved-searches/{search_id}/end")
def end(caller: Caller, search_id: Id) -> KeptOut:
    """Keep a search no longer."""
    return KeptOut.model_validate(caller.house.saved_searches.end(caller.actor, search_id))


@router.get("/demand")
def demand(caller: Caller, months: Annotated[int, Query(ge=1, le=12)] = 3) -> DemandOut:
    """Give what is wanted of the catalogue, to those who can meet it."""
    return DemandOut.model_validate(demanded(caller.house, caller.actor, months=months))
