"""What everybody may read: custodians, terms, datasets, the register of projects."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from .callers import Id, house_of
from .shapes import CustodianOut, DatasetOut, Limit, Offset, Page, RegisterOut, TermsOut, VersionOut, page_of

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
    """Search the catalogue."""
    words = " ".join("".join(c if c.isprintable() else " " for c in q).split())
    return page_of(DatasetOut, house_of(request).discovery.search(words, limit=offset + limit + 200), offset, limit)


@router.get("/datasets/{dataset_id}")
def dataset(request: Request, dataset_id: Id) -> DatasetOut:
    """Give one dataset with its versions."""
    discovery = house_of(request).discovery
    found = DatasetOut.model_validate(discovery.dataset(dataset_id))
    versions = [VersionOut.model_validate(version) for version in discovery.versions(dataset_id)]
    return found.model_copy(update={"versions": versions})


@router.get("/register")
def register(request: Request, offset: Offset = 0, limit: Limit = 50) -> Page[RegisterOut]:
    """Give the public register of projects."""
    return page_of(RegisterOut, house_of(request).access.register(), offset, limit)
