"""`tre person`: who is known here, and stopping and resuming accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import DryRunOption, OutputOption, PersonArgument, ReasonOption, YesOption, filled
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="People: who is known here.", no_args_is_help=True)
SHAPE = Shape(name="person_id", columns=("person_id", "name", "email", "affiliation", "state"))


@app.command("list")
def list_people(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List everybody, by name."""
    call = begin(context)
    show_all(call.house.identity.people(call.actor), SHAPE, output)


@app.command("show")
def show_person(context: typer.Context, *, person: PersonArgument, output: OutputOption = Output.TABLE) -> None:
    """Show one person with roles, training, accreditation and standing."""
    call = begin(context)
    profile = call.house.identity.profile(call.actor, person)
    about = {
        "person_id": profile.person.person_id,
        "person": profile.person,
        "standing": profile.standing,
        "roles": profile.holdings,
        "trainings": profile.trainings,
        "accreditations": profile.accreditations,
    }
    show(about, SHAPE, output)


@app.command("register")
def register(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option("--name", help="The person's name.", callback=filled)],
    email: Annotated[str, typer.Option("--email", help="Where notices go.")],
    issuer: Annotated[str, typer.Option("--issuer", help="Who vouches for the person; by default as for you.")] = "",
    subject: Annotated[
        str, typer.Option("--subject", help="What that issuer calls the person; else the address.")
    ] = "",
    affiliation: Annotated[str, typer.Option("--affiliation", help="The organisation.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Register a person under the issuer and subject that sign-on will tell."""
    call = begin(context, dry_run=dry_run)
    made = call.house.identity.register_person(
        call.actor, name, email, issuer or call.person.issuer, subject or email, affiliation=affiliation
    )
    show(made, SHAPE, output)


@app.command("change")
def change(
    context: typer.Context,
    *,
    person: PersonArgument,
    name: Annotated[str, typer.Option("--name", help="The corrected name.")] = "",
    email: Annotated[str, typer.Option("--email", help="The corrected address.")] = "",
    affiliation: Annotated[str, typer.Option("--affiliation", help="The corrected organisation.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Correct a person's name, address or affiliation; what is not given stays."""
    call = begin(context, dry_run=dry_run)
    show(
        call.house.identity.change_person(call.actor, person, name=name, email=email, affiliation=affiliation),
        SHAPE,
        output,
    )


@app.command("suspend")
def suspend(
    context: typer.Context,
    *,
    person: PersonArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop a person at once: everything is refused and every session ends; homes are kept."""
    call = begin(context, dry_run=dry_run)
    confirm("Suspend this person now? Sessions end at once.", yes=yes, dry_run=dry_run)
    show(call.house.identity.suspend(call.actor, person, reason), SHAPE, output)


@app.command("resume")
def resume(
    context: typer.Context,
    *,
    person: PersonArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Propose that a suspended person may act again; another operator confirms."""
    call = begin(context, dry_run=dry_run)
    proposed = call.house.identity.propose_resume(call.actor, person)
    say(f"Proposed. Another operator confirms with “tre person confirm-resume {person}”.")
    show(proposed, SHAPE, output)


@app.command("confirm-resume")
def confirm_resume(
    context: typer.Context,
    *,
    person: PersonArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let a suspended person act again, as another operator than the one who proposed it."""
    call = begin(context, dry_run=dry_run)
    confirm("Let this person act again?", yes=yes, dry_run=dry_run)
    show(call.house.identity.confirm_resume(call.actor, person), SHAPE, output)
