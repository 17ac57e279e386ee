"""Opening a workspace, looking at it, a ticket into it, putting it to sleep."""

from __future__ import annotations

from fastapi import APIRouter

from .airlock_shapes import ConditionOut, ConditionsOut, TicketOut, WorkspaceOut
from .callers import Caller, Id

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project_id}/workspace", tags=["workspaces"])


@router.get("")
def status(caller: Caller, project_id: Id) -> WorkspaceOut:
    """Say how a workspace stands."""
    return WorkspaceOut.model_validate(caller.house.workspaces.status(caller.actor, project_id))


@router.get("/conditions")
def conditions(caller: Caller, project_id: Id) -> ConditionsOut:
    """Say what holds of a workspace and what does not, with reason and since when."""
    found = caller.house.places.conditions(caller.actor, project_id)
    return ConditionsOut(items=[ConditionOut.model_validate(one) for one in found])


@router.post("/open")
def open_workspace(caller: Caller, project_id: Id) -> WorkspaceOut:
    """Ask for a workspace to be awake; repeatable."""
    return WorkspaceOut.model_validate(caller.house.workspaces.open(caller.actor, project_id))


@router.post("/ticket", status_code=201)
def ticket(caller: Caller, project_id: Id) -> TicketOut:
    """Make an address that lets the caller's browser in, once, within a minute."""
    return TicketOut(url=caller.house.workspaces.ticket(caller.actor, project_id))


@router.post("/sleep")
def sleep(caller: Caller, project_id: Id) -> WorkspaceOut:
    """Put a workspace to sleep."""
    return WorkspaceOut.model_validate(caller.house.workspaces.sleep(caller.actor, project_id))
