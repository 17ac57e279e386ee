"""`tre workspace`: whether a project's workspace is awake, and putting it to sleep."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from orchestrator.core.errors import NotFound

from .arguments import DryRunOption, OutputOption, ProjectArgument, YesOption
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Workspaces: awake while somebody works, asleep otherwise.", no_args_is_help=True)
SHAPE = Shape(name="project_id", columns=("project_id", "state", "url", "sessions", "bytes_today"))
PROFILES = Shape(name="name", columns=("name", "display_name", "cpus", "memory_mib", "devices", "chosen"))


@app.command("list")
def list_workspaces(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the workspaces of the projects that you may see."""
    call = begin(context)
    found = []
    for project in call.house.access.projects(call.actor):
        with contextlib.suppress(NotFound):  # a custodian's officer sees projects, not their workspaces
            found.append(call.house.workspaces.status(call.actor, project.project_id))
    show_all(found, SHAPE, output)


@app.command("show")
def show_workspace(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """Show one project's workspace, and why it cannot be entered where it cannot."""
    call = begin(context)
    show(call.house.workspaces.status(call.actor, project), SHAPE, output)


@app.command("sleep")
def sleep(
    context: typer.Context,
    *,
    project: ProjectArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Put a workspace to sleep: its sessions end, homes and shared folder are kept."""
    call = begin(context, dry_run=dry_run)
    confirm("Put this workspace to sleep? What runs in it ends.", yes=yes, dry_run=dry_run)
    call.house.workspaces.sleep(call.actor, project)
    say("It goes to sleep within seconds.")


@app.command("profiles")
def profiles(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """List what a project's sessions may run on, and which of it is chosen; none where all run on one machine."""
    call = begin(context)
    show_all(call.house.places.profiles(call.actor, project), PROFILES, output)


@app.command("profile")
def profile(
    context: typer.Context,
    *,
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="One of “tre workspace profiles”, such as “large”.")],
    dry_run: DryRunOption = False,
) -> None:
    """Choose what a project's sessions run on; those that run already stay as they are until they end."""
    call = begin(context, dry_run=dry_run)
    call.house.places.choose_profile(call.actor, project, name)
    say(f"The project's next session runs on “{name}”.")
