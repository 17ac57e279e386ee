"""What everybody may read: custodians, terms, datasets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from orchestrator.discovery.catalogue.model import Origin
from orchestrator.discovery.search.model import Asked, Facet

from .callers import Id, house_of
from .shapes import CustodianOut, DatasetOut, Limit, Offset, Page, TermsOut, VersionOut, page_of

__all__ = ["router"]

router = APIRouter(tags=["catalogue"])

_Words = Annotated[str, Query(max_length=200)]


@router.get("/custodians")
def custodians(request: Request, offset: Offset = 0, limit: Limit = 50) -> Page[CustodianOut]:
    """List the custodians."""
    return page_of(CustodianOut, house_of(request).alliance.custodians(), offset, limit)


@router.get("/custodians/{custodian_id}/terms")
def terms(request: Request, custodian_id: Id) -> TermsOut:
    """Give a custodian's terms in force."""
    return TermsOut.model_validate(house_of(request).alliance.current_terms(custodian_id))


@router.get("/datasets")
def datasets(request: Request, q: _Words = "", offset: Offset = 0, limit: Limit = 50) -> Page[DatasetOut]:
    """Search the datasets that are offered here and can be asked for; ``/catalogue/search`` searches all."""
    words = " ".join("".join(c if c.isprintable() else " " for c in q).split())
    house = house_of(request)
    chosen = {Facet.ORIGIN: (Origin.OFFERED.value,)}
    results = house.search.find(Asked(words=words, chosen=chosen, offset=offset, limit=limit, counted=False))
    items = [DatasetOut.model_validate(house.discovery.dataset(each.entry.entry_id)) for each in results.listed]
    total, following = results.found.total, offset + limit
    more = following < total or (results.found.at_least and len(results.found.hits) == limit)
    return Page[DatasetOut](items=items, total=total, next=following if more else None)


@router.get("/datasets/{dataset_id}")
def dataset(request: Request, dataset_id: Id) -> DatasetOut:
    """Give one dataset with its versions."""
    discovery = house_of(request).discovery
    found = DatasetOut.model_validate(discovery.dataset(dataset_id))
    versions = [VersionOut.model_validate(version) for version in discovery.versions(dataset_id)]
    return found.model_copy(update={"versions": versions})
