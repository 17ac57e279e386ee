"""`tre endpoint`: where custodians publish their catalogues; and `tre catalogue import|harvest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.discovery.catalogue.files import read_records
from orchestrator.discovery.harvest.model import Authentication

from .arguments import DryRunOption, OutputOption, ReasonOption, YesOption, identifier
from .call import begin, begin_public, confirm, say
from .failures import ExitCode
from .output import Output, Shape, plain, show, show_all

__all__ = ["add_to_catalogue", "app"]

app = typer.Typer(help="Endpoints: where custodians publish their catalogues; pulled daily.", no_args_is_help=True)
ENDPOINT = Shape(
    name="endpoint_id", columns=("endpoint_id", "name", "state", "entries", "age_days", "stale", "trouble")
)
ONE = Shape(name="endpoint_id", columns=())
PULL = Shape(name="pull_id", columns=("pull_id", "kind", "state", "taken", "skipped", "missing", "trouble"))
ITEM = Shape(name="persistent_id", columns=("persistent_id", "version", "problem"))
IMPORT = Shape(name="source", columns=())
ENTRY = Shape(name="entry_id", columns=())
EDITION = Shape(name="number", columns=("number", "version", "schema", "taken_at", "content_sha256"))
DIFFERENCE = Shape(name="path", columns=("path", "before", "after"))

EndpointArgument = Annotated[str, typer.Argument(help="An endpoint's identifier.", callback=identifier)]
PullArgument = Annotated[str, typer.Argument(help="A pull's identifier.", callback=identifier)]
EntryArgument = Annotated[str, typer.Argument(help="An entry's identifier.", callback=identifier)]
CustodianOption = Annotated[
    str, typer.Option("--custodian", help="In whose name: its identifier.", callback=identifier)
]


@app.command("list")
def list_endpoints(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the endpoints that you keep, with their age and what is wrong with them."""
    call = begin(context)
    rows = []
    for standing in call.house.harvest.endpoints(call.actor):
        data = plain(standing)
        if isinstance(data, dict) and isinstance(data["endpoint"], dict):
            rows.append({**data["endpoint"], **{name: value for name, value in data.items() if name != "endpoint"}})
    show_all(rows, ENDPOINT, output)


@app.command("show")
def show_endpoint(context: typer.Context, *, endpoint: EndpointArgument, output: OutputOption = Output.TABLE) -> None:
    """Show an endpoint with its last pulls."""
    call = begin(context)
    standing = call.house.harvest.endpoint(call.actor, endpoint)
    found = plain(standing)
    if not isinstance(found, dict):
        raise TypeError("a standing has fields")
    pulls = call.house.harvest.pulls(call.actor, endpoint, limit=5)
    show({"endpoint_id": endpoint, **found, "pulls": pulls}, ONE, output)


@app.command("register")
def register(
    context: typer.Context,
    *,
    custodian: CustodianOption,
    name: Annotated[str, typer.Option("--name", help="What it is called here.")],
    address: Annotated[str, typer.Argument(help="Its address, such as https://catalogue.example.org/api.")],
    datasets_path: Annotated[str, typer.Option("--datasets", help="Path of the list.")] = "/datasets",
    dataset_path: Annotated[str, typer.Option("--dataset", help="Path of one dataset, with {id}.")] = "/datasets/{id}",
    authentication: Annotated[Authentication, typer.Option("--auth", help="How it knows us.")] = Authentication.NONE,
    secret: Annotated[str, typer.Option("--secret", help="The name of a secret in tre.yaml; never the secret.")] = "",
    hour: Annotated[int, typer.Option("--hour", help="Hour of the daily pull, in UTC.")] = 2,
    minute: Annotated[int, typer.Option("--minute", help="Minute of the daily pull.")] = 0,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Register an endpoint, as an officer of its custodian; test it, then an operator enables it."""
    call = begin(context, dry_run=dry_run)
    made = call.house.harvest.register_endpoint(
        call.actor,
        custodian_id=custodian,
        name=name,
        address=address,
        datasets_path=datasets_path,
        dataset_path=dataset_path,
        authentication=authentication,
        secret_name=secret,
        hour=hour,
        minute=minute,
    )
    show(made, ONE, output)


@app.command("change")
def change(
    context: typer.Context,
    *,
    endpoint: EndpointArgument,
    name: Annotated[str | None, typer.Option("--name", help="What it is called here.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Its address.")] = None,
    datasets_path: Annotated[str | None, typer.Option("--datasets", help="Path of the list.")] = None,
    dataset_path: Annotated[str | None, typer.Option("--dataset", help="Path of one dataset, with {id}.")] = None,
    authentication: Annotated[Authentication | None, typer.Option("--auth", help="How it knows us.")] = None,
    secret: Annotated[str | None, typer.Option("--secret", help="The name of a secret in tre.yaml.")] = None,
    hour: Annotated[int | None, typer.Option("--hour", help="Hour of the daily pull, in UTC.")] = None,
    minute: Annotated[int | None, typer.Option("--minute", help="Minute of the daily pull.")] = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Change an endpoint; it is tested and enabled anew. What is not given stays."""
    call = begin(context, dry_run=dry_run)
    now = call.house.harvest.endpoint(call.actor, endpoint).endpoint
    made = call.house.harvest.change_endpoint(
        call.actor,
        endpoint,
        name=now.name if name is None else name,
        address=now.address if address is None else address,
        datasets_path=now.datasets_path if datasets_path is None else datasets_path,
        dataset_path=now.dataset_path if dataset_path is None else dataset_path,
        authentication=now.authentication if authentication is None else authentication,
        secret_name=now.secret_name if secret is None else secret,
        hour=now.hour if hour is None else hour,
        minute=now.minute if minute is None else minute,
    )
    show(made, ONE, output)


@app.command("test")
def try_it(context: typer.Context, *, endpoint: EndpointArgument, output: OutputOption = Output.TABLE) -> None:
    """Have the controller try an endpoint: one page of its list, one record; neither is kept."""
    call = begin(context)
    show(call.house.harvest.ask_for_test(call.actor, endpoint), PULL, output)
    say("The controller tries it now; see “tre endpoint show” for what came of it.")


@app.command("enable")
def enable(
    context: typer.Context,
    *,
    endpoint: EndpointArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let a tested endpoint be pulled every day, as an operator who did not register it."""
    call = begin(context, dry_run=dry_run)
    confirm("Let this installation call that address every day?", yes=yes, dry_run=dry_run)
    show(call.house.harvest.enable_endpoint(call.actor, endpoint), ONE, output)


@app.command("pause")
def pause(
    context: typer.Context,
    *,
    endpoint: EndpointArgument,
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Pull an endpoint no more until it is resumed."""
    call = begin(context, dry_run=dry_run)
    show(call.house.harvest.pause_endpoint(call.actor, endpoint, reason), ONE, output)


@app.command("resume")
def resume(
    context: typer.Context,
    *,
    endpoint: EndpointArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Pull a paused endpoint again."""
    call = begin(context, dry_run=dry_run)
    show(call.house.harvest.resume_endpoint(call.actor, endpoint), ONE, output)


@app.command("close")
def close(
    context: typer.Context,
    *,
    endpoint: EndpointArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Close an endpoint for good; everything that came from it leaves the catalogue."""
    call = begin(context, dry_run=dry_run)
    confirm("Close this endpoint and take its entries out of the catalogue?", yes=yes, dry_run=dry_run)
    show(call.house.harvest.close_endpoint(call.actor, endpoint, reason), ONE, output)


@app.command("skipped")
def skipped(context: typer.Context, *, pull: PullArgument, output: OutputOption = Output.TABLE) -> int:
    """List the datasets that a pull could not take, each with the reason; exit code 7 where there are any."""
    call = begin(context)
    found = call.house.harvest.skipped(call.actor, pull)
    show_all(found, ITEM, output)
    return ExitCode.FINDINGS if found else ExitCode.OK


@app.command("decide")
def decide(
    context: typer.Context,
    *,
    pull: PullArgument,
    gone: Annotated[bool, typer.Option("--gone/--keep", help="What the list no longer names is gone, or stays.")],
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Decide on a held pull: whether the many entries that disappeared are gone."""
    call = begin(context, dry_run=dry_run)
    if gone:
        confirm("Archive every entry that the list no longer names?", yes=yes, dry_run=dry_run)
    show(call.house.harvest.decide(call.actor, pull, gone=gone, reason=reason), PULL, output)


def import_file(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: one description, a list, or a catalogue.")],
    source: Annotated[str, typer.Option("--source", help="The collection's name; by default the file's.")] = "",
    custodian: CustodianOption = "",
    publisher: Annotated[str, typer.Option("--publisher", help="Who publishes what does not say so itself.")] = "",
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> int:
    """Take descriptions of any known schema into the catalogue; exit code 7 where some were refused."""
    records = read_records(file)
    call = begin(context, dry_run=dry_run)
    name = source or file.name
    done = call.house.catalogue.import_records(
        call.actor, records, source=name, custodian_id=custodian or None, publisher=publisher
    )
    found = plain(done)
    if not isinstance(found, dict):
        raise TypeError("an import has fields")
    show({"source": name, **found}, IMPORT, output)
    return ExitCode.FINDINGS if done.refused else ExitCode.OK


def harvest(
    context: typer.Context,
    *,
    endpoint: EndpointArgument,
    thorough: Annotated[bool, typer.Option("--thorough", help="Ask for every record, not for changed ones.")] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Have the controller pull an endpoint now instead of at its time of day."""
    call = begin(context, dry_run=dry_run)
    show(call.house.harvest.ask_for_pull(call.actor, endpoint, thorough=thorough), PULL, output)
    say("The controller pulls it now; see “tre endpoint show” for how far it is.")


def show_entry(context: typer.Context, *, entry: EntryArgument, output: OutputOption = Output.TABLE) -> None:
    """Show an entry: description, original, what has no place, what is to be said of it, and its age."""
    catalogue = begin_public(context).catalogue
    found = plain(catalogue.entry(entry))
    if not isinstance(found, dict):
        raise TypeError("an entry has fields")
    show({**found, "elsewhere": catalogue.elsewhere(entry)}, ENTRY, output)


def versions(context: typer.Context, *, entry: EntryArgument, output: OutputOption = Output.TABLE) -> None:
    """List every version of an entry's description that was taken, oldest first."""
    show_all(begin_public(context).catalogue.versions(entry), EDITION, output)


def diff(
    context: typer.Context,
    *,
    entry: EntryArgument,
    earlier: Annotated[int, typer.Argument(min=1, help="The number of the earlier version.")],
    later: Annotated[int, typer.Argument(min=1, help="The number of the later version.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """List what changed between two versions of a description, field by field."""
    show_all(begin_public(context).catalogue.diff(entry, earlier, later), DIFFERENCE, output)


def withdraw(
    context: typer.Context,
    *,
    entry: EntryArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take an imported or harvested entry out of the catalogue for good."""
    call = begin(context, dry_run=dry_run)
    confirm("Take this entry out of the catalogue?", yes=yes, dry_run=dry_run)
    show(call.house.catalogue.withdraw_entry(call.actor, entry, reason), ENTRY, output)


def add_to_catalogue(catalogue: typer.Typer) -> None:
    """Add the commands about entries to ``tre catalogue``."""
    catalogue.command("import")(import_file)
    catalogue.command("harvest")(harvest)
    catalogue.command("show")(show_entry)
    catalogue.command("versions")(versions)
    catalogue.command("diff")(diff)
    catalogue.command("withdraw")(withdraw)
