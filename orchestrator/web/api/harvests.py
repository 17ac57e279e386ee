"""Entries' versions, imports, and custodians' endpoints with their pulls."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from .callers import Caller, Id, house_of
from .harvest_shapes import (
    DecideIn,
    DifferenceOut,
    EditionOut,
    EndpointIn,
    EndpointOut,
    ImportIn,
    ImportOut,
    ItemOut,
    NewEndpointIn,
    PullIn,
    PullOut,
    StandingOut,
    WhyIn,
)
from .shapes import Limit, Offset, Page, page_of

__all__ = ["router"]

router = APIRouter(tags=["harvest"])

_Number = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get("/catalogue/{entry_id}/versions")
def versions(request: Request, entry_id: Id, offset: Offset = 0, limit: Limit = 50) -> Page[EditionOut]:
    """Give every version of an entry's description, oldest first."""
    return page_of(EditionOut, house_of(request).catalogue.versions(entry_id), offset, limit)


@router.get("/catalogue/{entry_id}/changes")
def changes(request: Request, entry_id: Id, earlier: _Number, later: _Number) -> list[DifferenceOut]:
    """Give what changed between two versions, value by value."""
    found = house_of(request).catalogue.diff(entry_id, earlier, later)
    return [DifferenceOut.model_validate(each) for each in found]


@router.post("/catalogue/import")
def import_records(caller: Caller, body: ImportIn) -> ImportOut:
    """Take descriptions into the catalogue; larger files by ``tre catalogue import``."""
    done = caller.house.catalogue.import_records(
        caller.actor, body.records, source=body.source, custodian_id=body.custodian_id, publisher=body.publisher
    )
    return ImportOut.model_validate(done)


@router.post("/catalogue/{entry_id}/withdraw", status_code=204)
def withdraw(caller: Caller, entry_id: Id, body: WhyIn) -> None:
    """Take an imported or harvested entry out of the catalogue."""
    caller.house.catalogue.withdraw_entry(caller.actor, entry_id, body.reason)


@router.get("/endpoints")
def endpoints(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[StandingOut]:
    """List the endpoints that the caller keeps."""
    return page_of(StandingOut, caller.house.harvest.endpoints(caller.actor), offset, limit)


@router.post("/endpoints", status_code=201)
def register(caller: Caller, body: NewEndpointIn) -> EndpointOut:
    """Register an endpoint; it is tested, then an operator enables it."""
    return EndpointOut.model_validate(caller.house.harvest.register_endpoint(caller.actor, **dict(body)))


@router.get("/endpoints/{endpoint_id}")
def endpoint(caller: Caller, endpoint_id: Id) -> StandingOut:
    """Give one endpoint with its standing."""
    return StandingOut.model_validate(caller.house.harvest.endpoint(caller.actor, endpoint_id))


@router.put("/endpoints/{endpoint_id}")
def change(caller: Caller, endpoint_id: Id, body: EndpointIn) -> EndpointOut:
    """Change an endpoint; it is tested and enabled anew."""
    return EndpointOut.model_validate(caller.house.harvest.change_endpoint(caller.actor, endpoint_id, **dict(body)))


@router.post("/endpoints/{endpoint_id}/test", status_code=201)
def try_it(caller: Caller, endpoint_id: Id) -> PullOut:
    """Have the controller test an endpoint."""
    return PullOut.model_validate(caller.house.harvest.ask_for_test(caller.actor, endpoint_id))


@router.post("/endpoints/{endpoint_id}/enable")
def enable(caller: Caller, endpoint_id: Id) -> EndpointOut:
    """Enable a tested endpoint, as an operator who did not register it."""
    return EndpointOut.model_validate(caller.house.harvest.enable_endpoint(caller.actor, endpoint_id))


@router.post("/endpoints/{endpoint_id}/pause")
def pause(caller: Caller, endpoint_id: Id, body: WhyIn) -> EndpointOut:
    """Pull an endpoint no more until it is resumed."""
    return EndpointOut.model_validate(caller.house.harvest.pause_endpoint(caller.actor, endpoint_id, body.reason))


@router.post("/endpoints/{endpoint_id}/resume")
def resume(caller: Caller, endpoint_id: Id) -> EndpointOut:
    """Pull a paused endpoint again."""
    return EndpointOut.model_validate(caller.house.harvest.resume_endpoint(caller.actor, endpoint_id))


@router.post("/endpoints/{endpoint_id}/close")
def close(caller: Caller, endpoint_id: Id, body: WhyIn) -> EndpointOut:
    """Close an endpoint for good; what came from it leaves the catalogue."""
    return EndpointOut.model_validate(caller.house.harvest.close_endpoint(caller.actor, endpoint_id, body.reason))


@router.get("/endpoints/{endpoint_id}/pulls")
def pulls(caller: Caller, endpoint_id: Id, offset: Offset = 0, limit: Limit = 50) -> Page[PullOut]:
    """List an endpoint's last hundred pulls, newest first."""
    return page_of(PullOut, caller.house.harvest.pulls(caller.actor, endpoint_id, limit=100), offset, limit)


@router.post("/endpoints/{endpoint_id}/pulls", status_code=201)
def pull(caller: Caller, endpoint_id: Id, body: PullIn) -> PullOut:
    """Have the controller pull an endpoint now."""
    return PullOut.model_validate(caller.house.harvest.ask_for_pull(caller.actor, endpoint_id, thorough=body.thorough))


@router.get("/pulls/{pull_id}")
def one_pull(caller: Caller, pull_id: Id) -> PullOut:
    """Give one pull."""
    return PullOut.model_validate(caller.house.harvest.pull(caller.actor, pull_id))


@router.get("/pulls/{pull_id}/skipped")
def skipped(caller: Caller, pull_id: Id, offset: Offset = 0, limit: Limit = 50) -> Page[ItemOut]:
    """List what a pull could not take, each with the reason."""
    return page_of(ItemOut, caller.house.harvest.skipped(caller.actor, pull_id, limit=10_000), offset, limit)


@router.post("/pulls/{pull_id}/decide")
def decide(caller: Caller, pull_id: Id, body: DecideIn) -> PullOut:
    """Decide on a held pull: what its list no longer names is gone, or stays."""
    return PullOut.model_validate(
        caller.house.harvest.decide(caller.actor, pull_id, gone=body.gone, reason=body.reason)
    )
