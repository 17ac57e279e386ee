"""`tre enquiry`: questions to the hub, answered by a named colleague, on their way to an application."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import (
    DatasetArgument,
    DryRunOption,
    OutputOption,
    PersonArgument,
    ReasonOption,
    YesOption,
    filled,
    identifier,
)
from .call import begin, confirm, say
from .output import Output, Shape, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Enquiries: ask the hub in plain words; be answered by a colleague.", no_args_is_help=True)
SHAPE = Shape(name="enquiry_id", columns=("enquiry_id", "state", "asked_at", "deadline", "colleague_id", "question"))
_DEMAND = Shape(name="dataset_id", columns=("dataset_id", "enquiries", "applications"))
_WISHES = Shape(name="topic", columns=("topic", "enquiries", "last_at"))
_APPLICATION = Shape(name="application_id", columns=("application_id", "state"))

EnquiryArgument = Annotated[
    str, typer.Argument(metavar="ENQUIRY", help="An enquiry's identifier.", callback=identifier)
]
TextOption = Annotated[str, typer.Option("--text", help="What to say, in plain words.", callback=filled)]


@app.command("list")
def list_enquiries(
    context: typer.Context,
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that wait for the hub.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the enquiries you may see, those that wait longest first."""
    call = begin(context)
    show_all(call.house.enquiries.enquiries(call.actor, waiting=waiting), SHAPE, output)


@app.command("show")
def show_enquiry(context: typer.Context, *, enquiry: EnquiryArgument, output: OutputOption = Output.TABLE) -> None:
    """Show an enquiry with everything said and every dataset put forward."""
    call = begin(context)
    show(call.house.enquiries.enquiry(call.actor, enquiry), SHAPE, output)


@app.command("ask")
def ask(
    context: typer.Context,
    *,
    question: Annotated[str, typer.Argument(help="Your question, in plain words.", callback=filled)],
    organisation: Annotated[str, typer.Option("--organisation", help="For whom you ask.")] = "",
    offer: Annotated[
        str, typer.Option("--offer", help="An offer of the hub that you ask for.", callback=identifier)
    ] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask the hub; datasets that may answer are named at once, a colleague answers in some days."""
    call = begin(context, dry_run=dry_run)
    made = call.house.enquiries.ask(call.actor, question, organisation=organisation, offer_id=offer or None)
    say("Asked. A colleague of the hub will answer; “tre enquiry show” tells how far it is.")
    show(made, SHAPE, output)


@app.command("ask-again")
def ask_again(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    text: TextOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say more in an enquiry of yours."""
    call = begin(context, dry_run=dry_run)
    show(call.house.enquiries.ask_again(call.actor, enquiry, text), SHAPE, output)


@app.command("take")
def take(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Become the colleague who answers an enquiry."""
    call = begin(context, dry_run=dry_run)
    show(call.house.enquiries.take(call.actor, enquiry), SHAPE, output)


@app.command("pass-on")
def pass_on(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    person: PersonArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give an enquiry to another concierge."""
    call = begin(context, dry_run=dry_run)
    show(call.house.enquiries.pass_on(call.actor, enquiry, person), SHAPE, output)


@app.command("suggest")
def suggest(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    dataset: DatasetArgument,
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Put a dataset before the enquirer, saying why it may help."""
    call = begin(context, dry_run=dry_run)
    show(call.house.enquiries.suggest(call.actor, enquiry, dataset, reason), SHAPE, output)


@app.command("answer")
def answer(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    text: TextOption,
    arranged: Annotated[bool, typer.Option("--arranged", help="The service asked for is arranged by this.")] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Answer an enquiry for the hub, by name."""
    call = begin(context, dry_run=dry_run)
    service = call.house.enquiries
    act = service.arrange if arranged else service.answer
    show(act(call.actor, enquiry, text), SHAPE, output)


@app.command("wish")
def wish(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    topic: Annotated[
        str, typer.Option("--topic", help="What is missing, in the hub's words: custodians read it.", callback=filled)
    ],
    dry_run: DryRunOption = False,
) -> None:
    """Note that an enquiry asked for data that do not exist here."""
    call = begin(context, dry_run=dry_run)
    call.house.enquiries.wish(call.actor, enquiry, topic)
    say("Noted.")


@app.command("apply")
def apply(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    dataset: Annotated[
        list[str], typer.Option("--dataset", help="A dataset of the enquiry; may be repeated.", callback=identifier)
    ],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Turn an enquiry of yours into a drafted application."""
    call = begin(context, dry_run=dry_run)
    made = call.house.enquiries.apply(call.actor, enquiry, dataset)
    say("Drafted. Complete it on the portal or with “tre application redraft”, then submit it.")
    show(made, _APPLICATION, output)


@app.command("close")
def close(
    context: typer.Context,
    *,
    enquiry: EnquiryArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; a concierge has to say it.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End an enquiry."""
    call = begin(context, dry_run=dry_run)
    confirm("End this enquiry? It cannot be opened again.", yes=yes, dry_run=dry_run)
    show(call.house.enquiries.close(call.actor, enquiry, reason), SHAPE, output)


@app.command("demand")
def demand(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Show how often datasets came up in enquiries; numbers below five are not told."""
    call = begin(context)
    show_all(call.house.enquiries.demand(call.actor), _DEMAND, output)


@app.command("wishes")
def wishes(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Show which data were asked for that do not exist here."""
    call = begin(context)
    show_all(call.house.enquiries.wishes(call.actor), _WISHES, output)
