"""`tre explain`: why a person may or may not do something, and what a project's standing is, condition by condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.ids import check_id

from .arguments import OutputOption, ProjectArgument, identifier
from .call import Rehearsal, begin
from .output import Output, Shape, show

if TYPE_CHECKING:
    from orchestrator.assembly import House
    from orchestrator.policy.model import Actor

__all__ = ["ACTIONS", "app"]

app = typer.Typer(help="Reasons: why somebody may or may not do something.", no_args_is_help=True)
STANDING = Shape(name="project_id", columns=())
ANSWER = Shape(name="action", columns=())

Step = Callable[["House", "Actor", str], object]
_WHY = "Asked to be explained."

ACTIONS: dict[str, Step] = {
    "view-application": lambda house, actor, thing: house.access.application(actor, thing),
    "submit-application": lambda house, actor, thing: house.access.submit(actor, thing),
    "withdraw-application": lambda house, actor, thing: house.access.withdraw_application(actor, thing, _WHY),
    "approve-project": lambda house, actor, thing: house.access.approve_project(
        actor, thing, read=house.access.readings(actor, thing).whole
    ),
    "refuse-project": lambda house, actor, thing: house.access.refuse_project(
        actor, thing, _WHY, read=house.access.readings(actor, thing).whole
    ),
    "view-project": lambda house, actor, thing: house.access.project(actor, thing),
    "suspend-project": lambda house, actor, thing: house.access.suspend_project(actor, thing, _WHY),
    "resume-project": lambda house, actor, thing: house.access.resume_project(actor, thing),
    "close-project": lambda house, actor, thing: house.access.close_project(actor, thing, _WHY),
    "withdraw-grant": lambda house, actor, thing: house.access.withdraw_grant(actor, thing, _WHY),
    "withdraw-version": lambda house, actor, thing: house.discovery.withdraw_version(actor, thing, _WHY),
    "withdraw-dataset": lambda house, actor, thing: house.discovery.withdraw_dataset(actor, thing, _WHY),
    "open-workspace": lambda house, actor, thing: house.workspaces.open(actor, thing),
    "sleep-workspace": lambda house, actor, thing: house.workspaces.sleep(actor, thing),
    "view-submission": lambda house, actor, thing: house.airlock.view(actor, thing),
    "withdraw-submission": lambda house, actor, thing: house.airlock.withdraw(actor, thing),
}
"""What can be explained: each is the use case itself, carried out up to its commit and undone."""


@app.command("project")
def explain_project(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """Show a project's standing now: every member and grant, with every condition that fails."""
    call = begin(context)
    call.house.access.project(call.actor, project)
    show(call.house.access.standing(project), STANDING, output)


@app.command("action", epilog=f"Actions: {', '.join(ACTIONS)}.")
def explain_action(
    context: typer.Context,
    *,
    action: Annotated[str, typer.Argument(help="What is to be done; the list is below.")],
    thing: Annotated[str, typer.Argument(help="The identifier of what it is done to.", callback=identifier)],
    person: Annotated[str, typer.Option("--person", help="Somebody else's identifier, for operators.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Say whether you, or a person, may do something to a thing, and whether its state permits it now."""
    step = ACTIONS.get(action)
    if step is None:
        raise Invalid(f"“{action[:40]}” cannot be explained; known are {', '.join(ACTIONS)}.", field="ACTION")
    call = begin(context, dry_run=True)
    actor = call.actor
    if person and person != actor.person_id:
        check_id(person, field="--person")
        if "operator" not in actor.roles:
            raise Refused("Only an operator may ask about somebody else; leave --person out to ask about yourself.")
        actor = call.house.identity.actor(person, second_factor=True)
    answer = _answer(step, call.house, actor, thing, about_self=actor is call.actor)
    show(
        {
            "action": action,
            "thing": thing,
            "person": actor.person_id,
            **answer,
            "rules_sha256": call.house.policy.digest,
        },
        ANSWER,
        output,
    )


def _answer(step: Step, house: House, actor: Actor, thing: str, *, about_self: bool) -> dict[str, object]:
    try:
        step(house, actor, thing)
    except Rehearsal as rehearsal:
        would = [f"{event.kind} {event.subject}" for event in rehearsal.events]
        return {"allowed": True, "possible_now": True, "reasons": [], "would_record": would}
    except Refused as error:
        return {"allowed": False, "possible_now": None, "reasons": list(error.reasons)}
    except NotPossible as error:
        return {"allowed": True, "possible_now": False, "reasons": [error.message]}
    except NotFound as error:
        if about_self:
            raise
        return {"allowed": False, "possible_now": None, "reasons": [error.message]}
    return {"allowed": True, "possible_now": True, "reasons": []}
