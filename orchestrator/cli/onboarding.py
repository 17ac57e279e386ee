"""`tre onboarding`: custodians and hubs go through a checklist; evidence ends, two people decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, ReasonOption, UntilOption, YesOption, end_of, filled, identifier
from .call import begin, begin_public, confirm, say
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.alliance.accreditation.checklist import Subject

__all__ = ["app"]

app = typer.Typer(
    help="Onboarding: custodians and hubs are accredited by checklist, evidence and two people.", no_args_is_help=True
)
SHAPE = Shape(name="case_id", columns=("case_id", "subject", "body_id", "state", "deadline", "until"))
_ITEMS = Shape(name="key", columns=("key", "title", "needed", "lasts_days", "ask"))
_STANDING = Shape(name="accredited", columns=("accredited", "until", "failures"))

CaseArgument = Annotated[
    str, typer.Argument(metavar="CASE", help="An accreditation's identifier.", callback=identifier)
]
EvidenceArgument = Annotated[
    str, typer.Argument(metavar="EVIDENCE", help="The identifier of a piece of evidence.", callback=identifier)
]
SubjectArgument = Annotated[str, typer.Argument(metavar="KIND", help="custodian or hub")]
BodyArgument = Annotated[
    str, typer.Argument(metavar="BODY", help="The custodian's or the hub's identifier.", callback=identifier)
]


@app.command("checklist")
def checklist(*, kind: SubjectArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what a custodian or a hub has to show; works without an installation."""
    from orchestrator.alliance.accreditation.checklist import load_checklists  # noqa: PLC0415 - heavy
    from orchestrator.assembly.house import POLICIES  # noqa: PLC0415 - heavy

    found = load_checklists(POLICIES / "alliance")[_subject(kind)]
    rows = [
        {
            "key": item.key,
            "title": item.title,
            "ask": item.ask,
            "needed": item.needed,
            "lasts_days": (item.lasts or found.lasts).days,
        }
        for item in found.items
    ]
    show_all(rows, _ITEMS, output)


@app.command("status")
def status(
    context: typer.Context, *, kind: SubjectArgument, body: BodyArgument, output: OutputOption = Output.TABLE
) -> None:
    """Say whether a body is accredited now, until when, and if not why; nobody needs to be signed in."""
    subject = _subject(kind)
    house = begin_public(context)
    house.accreditation.check_exists(subject, body)
    show(house.accreditation.standing(subject, body), _STANDING, output)


@app.command("list")
def list_cases(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the accreditations you may see, newest first."""
    call = begin(context)
    show_all(call.house.accreditation.cases(call.actor), SHAPE, output)


@app.command("show")
def show_case(context: typer.Context, *, case: CaseArgument, output: OutputOption = Output.TABLE) -> None:
    """Show an accreditation with its evidence."""
    call = begin(context)
    show(call.house.accreditation.case(call.actor, case), SHAPE, output)


@app.command("open")
def open_case(
    context: typer.Context,
    *,
    kind: SubjectArgument,
    body: BodyArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Begin a custodian's or a hub's accreditation."""
    subject = _subject(kind)
    call = begin(context, dry_run=dry_run)
    made = call.house.accreditation.open_case(call.actor, subject, body)
    say("Opened. Give evidence of each item with “tre onboarding give”, then “tre onboarding submit”.")
    show(made, SHAPE, output)


@app.command("give")
def give(
    context: typer.Context,
    *,
    case: CaseArgument,
    item: Annotated[str, typer.Argument(help="The checklist's item.")],
    reference: Annotated[str, typer.Option("--reference", help="What shows it, and where it lies.", callback=filled)],
    until: UntilOption,
    sha256: Annotated[str, typer.Option("--sha256", help="The document's SHA-256; the document stays with you.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give evidence of one item."""
    last = end_of(until)
    call = begin(context, dry_run=dry_run)
    show(call.house.accreditation.give_evidence(call.actor, case, item, reference, last, sha256=sha256), SHAPE, output)


@app.command("submit")
def submit(
    context: typer.Context, *, case: CaseArgument, dry_run: DryRunOption = False, output: OutputOption = Output.TABLE
) -> None:
    """Put a filled checklist before the operators."""
    call = begin(context, dry_run=dry_run)
    show(call.house.accreditation.submit(call.actor, case), SHAPE, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    case: CaseArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take an accreditation back before it is assessed."""
    call = begin(context, dry_run=dry_run)
    confirm("Take this accreditation back?", yes=yes, dry_run=dry_run)
    show(call.house.accreditation.withdraw(call.actor, case), SHAPE, output)


@app.command("verify")
def verify(
    context: typer.Context,
    *,
    evidence: EvidenceArgument,
    reject: Annotated[str, typer.Option("--reject", help="Say why it shows nothing, instead of accepting it.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say that a piece of evidence shows what it should, or why not."""
    call = begin(context, dry_run=dry_run)
    service = call.house.accreditation
    done = service.reject(call.actor, evidence, reject) if reject else service.verify(call.actor, evidence)
    show(done, SHAPE, output)


@app.command("recommend")
def recommend(
    context: typer.Context, *, case: CaseArgument, dry_run: DryRunOption = False, output: OutputOption = Output.TABLE
) -> None:
    """Recommend to accredit; another operator confirms."""
    call = begin(context, dry_run=dry_run)
    show(call.house.accreditation.recommend(call.actor, case), SHAPE, output)


@app.command("confirm")
def confirm_case(
    context: typer.Context,
    *,
    case: CaseArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Accredit what another operator recommended."""
    call = begin(context, dry_run=dry_run)
    confirm("Accredit this body?", yes=yes, dry_run=dry_run)
    show(call.house.accreditation.confirm(call.actor, case), SHAPE, output)


@app.command("stop")
def stop(
    context: typer.Context,
    *,
    case: CaseArgument,
    how: Annotated[str, typer.Option("--how", help="return, refuse, suspend or end.")],
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give an accreditation back, refuse it, suspend it at once, or end it."""
    call = begin(context, dry_run=dry_run)
    service = call.house.accreditation
    acts = {"return": service.send_back, "refuse": service.refuse, "suspend": service.suspend, "end": service.end}
    if how not in acts:
        raise Invalid(f"“{how[:40]}” is none of: {', '.join(acts)}.", field="--how")
    confirm(f"Do you want to {how} it?", yes=yes, dry_run=dry_run)
    show(acts[how](call.actor, case, reason), SHAPE, output)


def _subject(word: str) -> Subject:
    from orchestrator.alliance.accreditation.checklist import Subject  # noqa: PLC0415 - heavy

    if word not in tuple(Subject):
        raise Invalid(f"“{word[:40]}” is none of: {', '.join(Subject)}.", field="KIND")
    return Subject(word)
