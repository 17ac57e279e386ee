"""`tre member`: who works in a project."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, PersonArgument, ProjectArgument, YesOption, day
from .call import begin, confirm
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Members: who works in a project, and until when.", no_args_is_help=True)
SHAPE = Shape(name="person_id", columns=("person_id", "role", "since", "until"))


@app.command("list")
def list_members(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """List a project's members, the lead first."""
    call = begin(context)
    show_all(call.house.access.project(call.actor, project).members, SHAPE, output)


@app.command("add")
def add(
    context: typer.Context,
    *,
    project: ProjectArgument,
    person: PersonArgument,
    role: Annotated[str, typer.Option("--role", help="lead or researcher.")] = "researcher",
    until: Annotated[str, typer.Option("--until", help="The last day, if earlier than the project's.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add a person to a project, as an operator who is not a member of it."""
    from orchestrator.access.states import MemberRole  # noqa: PLC0415

    if role not in tuple(MemberRole):
        raise Invalid(f"--role: “{role[:40]}” is not a role in a project; say lead or researcher.", field="--role")
    last = day(until) if until else None
    call = begin(context, dry_run=dry_run)
    added = call.house.access.add_member(call.actor, project, person, role=MemberRole(role), until=last)
    show(added, SHAPE, output)


@app.command("end")
def end(
    context: typer.Context,
    *,
    project: ProjectArgument,
    person: PersonArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a person's membership at once; his home is kept."""
    call = begin(context, dry_run=dry_run)
    confirm("End this membership now? The person's running session ends at once.", yes=yes, dry_run=dry_run)
    show(call.house.access.end_member(call.actor, project, person), SHAPE, output)
