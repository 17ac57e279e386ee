"""`tre role`: roles are given and ended by two people."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, PersonArgument, UntilOption, YesOption, end_of, identifier
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Roles: given and ended by two people, never for ever.", no_args_is_help=True)
SHAPE = Shape(
    name="holding_id",
    columns=("holding_id", "person_id", "role", "custodian_id", "state", "until", "proposed_by"),
)

HoldingArgument = Annotated[
    str, typer.Argument(metavar="ROLE", help="The role's identifier, as “tre role list” says.", callback=identifier)
]


@app.command("list")
def list_roles(
    context: typer.Context,
    *,
    person: Annotated[str, typer.Option("--person", help="Only one person's.", callback=identifier)] = "",
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for a second operator.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List roles: your own, one person's, everybody's for operators, or those that wait for a second operator."""
    call = begin(context)
    identity = call.house.identity
    if waiting:
        found = list(identity.waiting(call.actor).holdings)
    elif person:
        found = list(identity.profile(call.actor, person).holdings)
    elif "operator" in call.actor.roles:
        everybody = identity.people(call.actor)
        found = [holding for each in everybody for holding in identity.holdings(each.person_id)]
    else:
        found = list(identity.profile(call.actor, call.actor.person_id).holdings)
    show_all(found, SHAPE, output)


@app.command("propose")
def propose(
    context: typer.Context,
    *,
    person: PersonArgument,
    role: Annotated[str, typer.Argument(help="operator, checker or custodian (an officer of one).")],
    until: UntilOption,
    custodian: Annotated[
        str, typer.Option("--custodian", help="For an officer: which custodian.", callback=identifier)
    ] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Propose a role for somebody else; another operator confirms it."""
    from orchestrator.identity.model import Role  # noqa: PLC0415

    if role not in tuple(Role):
        raise Invalid(f"“{role[:40]}” is not a role; say operator, checker or custodian.", field="ROLE")
    last = end_of(until)
    call = begin(context, dry_run=dry_run)
    holding = call.house.identity.propose_role(call.actor, person, Role(role), last, custodian or None)
    say(f"Proposed. Another operator confirms with “tre role confirm {holding.holding_id}”.")
    show(holding, SHAPE, output)


@app.command("confirm")
def confirm_role(
    context: typer.Context,
    *,
    role: HoldingArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give a proposed role, as another operator than the one who proposed it."""
    call = begin(context, dry_run=dry_run)
    confirm("Give this role?", yes=yes, dry_run=dry_run)
    show(call.house.identity.confirm_role(call.actor, role), SHAPE, output)


@app.command("withdraw-proposal")
def withdraw_proposal(
    context: typer.Context, *, role: HoldingArgument, dry_run: DryRunOption = False, output: OutputOption = Output.TABLE
) -> None:
    """Take back a proposal to give or to end a role."""
    call = begin(context, dry_run=dry_run)
    show(call.house.identity.withdraw_proposal(call.actor, role), SHAPE, output)


@app.command("end")
def end(
    context: typer.Context, *, role: HoldingArgument, dry_run: DryRunOption = False, output: OutputOption = Output.TABLE
) -> None:
    """Propose to end a role before its date; another operator confirms."""
    call = begin(context, dry_run=dry_run)
    holding = call.house.identity.propose_end_role(call.actor, role)
    say(f"Proposed. Another operator confirms with “tre role confirm-end {holding.holding_id}”.")
    show(holding, SHAPE, output)


@app.command("confirm-end")
def confirm_end(
    context: typer.Context,
    *,
    role: HoldingArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a role at once, as another operator than the one who proposed it."""
    call = begin(context, dry_run=dry_run)
    confirm("End this role now?", yes=yes, dry_run=dry_run)
    show(call.house.identity.confirm_end_role(call.actor, role), SHAPE, output)
