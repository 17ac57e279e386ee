"""`tre federation recognised|applicants|members|accredit|accredited`: what other hubs say of people, and taking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import (
    ApplicationArgument,
    CustodianArgument,
    DryRunOption,
    OutputOption,
    PersonArgument,
    ProjectArgument,
    ReasonOption,
    YesOption,
    end_of,
    identifier,
)
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.transparency.federation.model import Recognised

__all__ = ["add_to_federation"]

RECOGNISED = Shape(
    name="hub_id", columns=("hub", "hub_id", "accredited_until", "trained_until", "said_at", "counts_until", "believed")
)
TOGETHER = Shape(
    name="person_id", columns=("person_id", "hub", "accredited_until", "trained_until", "said_at", "counts_until")
)
BELIEVED = Shape(
    name="accreditation_id",
    columns=("accreditation_id", "hub", "valid_until", "at_most", "taken_at", "fell_at", "fell", "reason"),
)


HubArgument = Annotated[str, typer.Argument(help="A hub's identifier.", callback=identifier)]


def recognised(context: typer.Context, *, person: PersonArgument, output: OutputOption = Output.TABLE) -> None:
    """List which hubs say that a person's accreditation and training hold there; it is no right here by itself."""
    call = begin(context)
    show_all(call.house.federation.recognised(call.actor, person), RECOGNISED, output)


def applicants(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    custodian: CustodianArgument,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what hubs say of those who would work with a custodian's data, for whoever decides on that."""
    call = begin(context)
    found = call.house.federation.recognised_asking(call.actor, application, custodian)
    show_all(_each(found), TOGETHER, output)


def members(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """List what hubs say of a project's members, for operators."""
    call = begin(context)
    people = [each.person_id for each in call.house.access.project(call.actor, project).members]
    show_all(_each(call.house.federation.recognised_together(call.actor, people)), TOGETHER, output)


def accredit(
    context: typer.Context,
    *,
    person: PersonArgument,
    hub: HubArgument,
    reason: ReasonOption,
    until: Annotated[
        str | None, typer.Option("--until", help="Its last day at most, as YYYY-MM-DD, whatever the hub says then.")
    ] = None,
    read: Annotated[
        str, typer.Option("--read", metavar="HASH", help="What you read, as “recognised -o json” names it.")
    ] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take a hub's word as the evidence for an accreditation; it ends with the word, and falls with the hub's trust."""
    last = end_of(until) if until else None
    call = begin(context, dry_run=dry_run)
    federation = call.house.federation
    if not read:
        read = _shown(federation.recognised(call.actor, person), hub)
    confirm("Accredit this person here on the hub's word?", yes=yes, dry_run=dry_run)
    made = federation.accredit(call.actor, person, hub, reason=reason, read=read, until=last)
    show(made, BELIEVED, output)


def accredited(context: typer.Context, *, person: PersonArgument, output: OutputOption = Output.TABLE) -> None:
    """List a person's accreditations here that stand, or stood, on hubs' words, with who took them and why."""
    call = begin(context)
    show_all(call.house.federation.believed(call.actor, person), BELIEVED, output)


def _each(found: Mapping[str, Sequence[Recognised]]) -> list[dict[str, object]]:
    """Return a row for each word of each hub; who is not spoken of has one too, so that nobody is overlooked."""
    rows: list[dict[str, object]] = []
    for person_id, said in found.items():
        if not said:
            rows.append({"person_id": person_id, "hub": "No trusted hub says anything."})
        rows += [{"person_id": person_id, **vars(each)} for each in said]
    return rows


def _shown(said: Sequence[Recognised], hub_id: str) -> str:
    """Say what a hub says of a person before somebody takes it as evidence; return what names exactly that."""
    word = next((each for each in said if each.hub_id == hub_id), None)
    if word is None:
        say("This hub says nothing of this person that counts here now; “tre federation recognised” lists who does.")
        return ""
    say(
        f"{word.hub} says: accredited until {word.accredited_until:%Y-%m-%d}, trained until "
        f"{word.trained_until:%Y-%m-%d}; said {word.said_at:%Y-%m-%d %H:%M} UTC."
    )
    return word.read


def add_to_federation(app: typer.Typer) -> None:
    """Add the commands to ``tre federation``."""
    for command in (recognised, applicants, members, accredit, accredited):
        app.command(command.__name__)(command)
