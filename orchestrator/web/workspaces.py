"""Workspaces: open one, wait until it is awake, enter it; operators see all and put them to sleep."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from orchestrator.core.errors import NotFound, Refused
from orchestrator.workspaces.model import WorkspaceState, WorkspaceView

from .forms import Form
from .pages import page, see
from .public import Id
from .visits import signed_in

__all__ = ["router", "words_of"]

router = APIRouter()

_WORDS = {
    WorkspaceState.ASLEEP: "The workspace sleeps.",
    WorkspaceState.WAKING: "The workspace is waking up. This takes some seconds.",
    WorkspaceState.AWAKE: "The workspace is awake.",
    WorkspaceState.UNAVAILABLE: "The workspace cannot be opened at the moment.",
}


def words_of(view: WorkspaceView) -> str:
    """Say in words how a workspace stands."""
    return f"{_WORDS[view.state]} {view.trouble}".strip()


@router.get("/projects/{project_id}/open")
def ask_to_open(request: Request, project_id: Id) -> Response:
    """Offer to open the workspace: where the gate sends a browser without a session."""
    visit = signed_in(request)
    project = visit.house.access.project(visit.actor, project_id)
    return page(request, "open.html", title=f"Open {project.title}", project=project)


@router.post("/projects/{project_id}/open")
def open_workspace(request: Request, project_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Ask for the workspace to be awake, and wait for it on the next page."""
    visit = signed_in(request)
    visit.house.workspaces.open(visit.actor, project_id)
    return see(f"/projects/{project_id}/waiting")


@router.get("/projects/{project_id}/waiting")
def waiting(request: Request, project_id: Id) -> Response:
    """Show how far the workspace is; the page looks again by itself."""
    visit = signed_in(request)
    project = visit.house.access.project(visit.actor, project_id)
    view = visit.house.workspaces.status(visit.actor, project_id)
    awake = view.state is WorkspaceState.AWAKE
    return page(
        request,
        "waiting.html",
        title="Entering the workspace" if awake else "Waiting for the workspace",
        project=project,
        view=view,
        words=words_of(view),
        awake=awake,
        forms_to=_origin(view.url) if awake else "",
    )


@router.get("/projects/{project_id}/workspace.json")
def workspace_state(request: Request, project_id: Id) -> Response:
    """Tell the waiting page how far the workspace is."""
    visit = signed_in(request)
    view = visit.house.workspaces.status(visit.actor, project_id)
    return JSONResponse({"state": view.state.value, "words": words_of(view)})


@router.post("/projects/{project_id}/enter")
def enter(request: Request, project_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Send the browser into the workspace with a ticket that is good once, for a minute."""
    visit = signed_in(request)
    return RedirectResponse(visit.house.workspaces.ticket(visit.actor, project_id), 303)


@router.post("/projects/{project_id}/sleep")
def sleep(request: Request, project_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Put the workspace to sleep: every session ends, homes are kept."""
    visit = signed_in(request)
    visit.house.workspaces.sleep(visit.actor, project_id)
    return see(f"/projects/{project_id}", "asleep")


@router.get("/workspaces")
def workspaces(request: Request) -> Response:
    """List every project's workspace, for operators."""
    visit = signed_in(request)
    if not visit.is_operator:
        raise Refused("Only an operator sees the list of workspaces.")
    rows = []
    for project in visit.house.access.projects(visit.actor):
        try:
            rows.append((project, visit.house.workspaces.status(visit.actor, project.project_id)))
        except NotFound:
            continue
    return page(request, "workspaces.html", title="Workspaces", rows=rows)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
