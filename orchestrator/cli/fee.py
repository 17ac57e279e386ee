"""`tre fee`: what custodians and the infrastructure charge, what it comes to, and what is let off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from .arguments import (
    ApplicationArgument,
    DryRunOption,
    OutputOption,
    ReasonOption,
    UntilOption,
    YesOption,
    day,
    identifier,
)
from .call import begin, begin_public, confirm, say
from .failures import ExitCode
from .output import Output, Shape, show, show_all
from .pricing import (
    AnswersOption,
    IssuerArgument,
    PeriodsOption,
    answers,
    issuer_shape,
    list_text,
    numbers,
    show_document,
)

__all__ = ["app"]

app = typer.Typer(help="Fees: price lists, estimates, waivers.", no_args_is_help=True)
SHAPE = Shape(name="list_id", columns=("list_id", "issuer", "title", "valid_from", "valid_until"))
_FINDING = Shape(name="file", columns=("file", "finding"))
_WAIVER = Shape(
    name="waiver_id", columns=("waiver_id", "issuer_name", "organisation", "percent", "lines", "reason", "until")
)
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A price list in YAML.")]
StartOption = Annotated[str, typer.Option("--start", help="The first day, as YYYY-MM-DD.")]
LastOption = Annotated[str, typer.Option("--last", help="The last day, as YYYY-MM-DD.")]


@app.command("list")
def list_fees(
    context: typer.Context,
    *,
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="Only this custodian's, or “infrastructure”.", callback=issuer_shape)
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List every price list that was published; nobody needs to be signed in."""
    show_all(begin_public(context).billing.published(issuer), SHAPE, output)


@app.command("show")
def show_fee(
    context: typer.Context,
    *,
    price_list: Annotated[str, typer.Argument(metavar="LIST", help="A price list's identifier.", callback=identifier)],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show a published price list as its issuer wrote it; nobody needs to be signed in."""
    published, _ = begin_public(context).billing.price_list(price_list)
    show(published, SHAPE, output)


@app.command("check")
def check(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Price lists in YAML, of any series.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Check price lists before they are published: each by itself, and the days on which those of a series hold.

    Ends with 7 when something is worth a look, and with 2 at a list that cannot be read.
    """
    from orchestrator.billing.checks import check_series, findings, gaps  # noqa: PLC0415 - heavy
    from orchestrator.billing.grammar import read_list  # noqa: PLC0415

    lists = {file: read_list(list_text(file), name=str(file)) for file in files}
    found = [{"file": str(file), "finding": each} for file, prices in lists.items() for each in findings(prices)]
    for series in sorted({prices.series for prices in lists.values()}):
        same = [prices for prices in lists.values() if prices.series == series]
        check_series(same)
        found += [{"file": series, "finding": f"no list holds from {first} to {last}"} for first, last in gaps(same)]
    show_all(found, _FINDING, output)
    if found:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("publish")
def publish(
    context: typer.Context,
    *,
    issuer: IssuerArgument,
    file: FileArgument,
    gap_reason: Annotated[str, typer.Option("--gap-reason", help="Why no price holds before it, where so.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish an issuer's next price list; what was published stays and is only followed."""
    text = list_text(file)
    call = begin(context, dry_run=dry_run)
    confirm(f"Publish {file.name}? It is public at once and cannot be changed.", yes=yes, dry_run=dry_run)
    show(call.house.billing.publish(call.actor, issuer, text, gap_reason=gap_reason), SHAPE, output)


@app.command("estimate")
def estimate(
    context: typer.Context,
    *,
    datasets: Annotated[list[str] | None, typer.Argument(metavar="DATASET...", help="Datasets' identifiers.")] = None,
    start: StartOption,
    last: LastOption,
    answer: AnswersOption = None,
    periods: PeriodsOption = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Price by this list instead; datasets need no registration then.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Estimate what datasets cost, one estimate for each issuer; nobody needs to be signed in and nothing is kept."""
    first, end = day(start, field="--start"), day(last, field="--last")
    told, years = answers(answer), numbers(periods, field="--periods")
    from orchestrator.billing.priced import as_document  # noqa: PLC0415 - heavy

    if file is not None:
        from orchestrator.billing.grammar import read_list  # noqa: PLC0415
        from orchestrator.billing.pricing import price  # noqa: PLC0415
        from orchestrator.billing.request import AskedDataset, Request  # noqa: PLC0415

        asked = tuple(AskedDataset(key=each, title=each, periods=years.get(each, 1)) for each in datasets or ())
        request = Request(start=first, last=end, answers=told, datasets=asked)
        show_document(as_document(price(read_list(list_text(file), name=str(file)), request)), output)
        return
    if not datasets:
        raise Invalid("Name at least one dataset, or a price list with --file.", field="DATASET")
    for dataset in datasets:
        check_id(dataset, field="DATASET")
    found = begin_public(context).billing.estimate(datasets, start=first, last=end, answers=told, periods=years)
    if output is not Output.TABLE:
        documents = [
            {
                "issuer": each.issuer,
                "issuer_name": each.issuer_name,
                "note": each.note,
                "priced": as_document(each.priced) if each.priced else None,
            }
            for each in found
        ]
        show_all(documents, Shape(name="issuer", columns=("issuer",)), output)
        return
    for each in found:
        say(f"{each.issuer_name}: {each.priced or each.note}")
        if each.priced:
            show_document(as_document(each.priced), output)


@app.command("waive")
def waive(
    context: typer.Context,
    *,
    issuer: IssuerArgument,
    application: ApplicationArgument,
    percent: Annotated[int, typer.Option("--percent", min=1, max=100, help="How much is let off.")],
    reason: ReasonOption,
    until: UntilOption,
    line: Annotated[list[str] | None, typer.Option("--line", help="Only this line; repeatable.")] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let off a part of an issuer's fees for one application; it stands on the public register of waivers."""
    last = day(until)
    call = begin(context, dry_run=dry_run)
    confirm(f"Waive {percent}% of these fees? The public sees it with the reason.", yes=yes, dry_run=dry_run)
    made = call.house.billing.grant_waiver(
        call.actor, issuer, application, percent=percent, reason=reason, until=last, lines=line or ()
    )
    show(made, _WAIVER, output)


@app.command("end-waiver")
def end_waiver(
    context: typer.Context,
    *,
    waiver: Annotated[str, typer.Argument(metavar="WAIVER", help="A waiver's identifier.", callback=identifier)],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a waiver at once; what was quoted with it stays as it was quoted."""
    call = begin(context, dry_run=dry_run)
    show(call.house.billing.end_waiver(call.actor, waiver), _WAIVER, output)


@app.command("waivers")
def waivers(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Show the public register of waivers: who let off what, how much, why and until when."""
    found = begin_public(context).billing.waivers()
    show_all([{"issuer_name": name, **vars(each)} for name, each in found], _WAIVER, output)
