"""`tre dataset`: find what data exists; register datasets and add their immutable versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DatasetArgument, DryRunOption, OutputOption, ReasonOption, YesOption, identifier, mapping_file
from .call import begin, begin_public, confirm, say
from .output import Output, Shape, plain, show, show_all
from .searching import explain

__all__ = ["app"]

app = typer.Typer(help="Datasets: what exists, described; and its versions, sealed.", no_args_is_help=True)
SHAPE = Shape(name="dataset_id", columns=("dataset_id", "name", "title", "custodian_id", "state"))
VERSION = Shape(name="version_id", columns=("version_id", "number", "delivery", "state", "added_at"))

VersionArgument = Annotated[str, typer.Argument(help="A version's identifier.", callback=identifier)]
_DEEPEST = 10_000


@app.command("list")
def list_datasets(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List every dataset on offer; nobody needs to be signed in."""
    show_all(begin_public(context).discovery.datasets(), SHAPE, output)


@app.command("search")
def search(
    context: typer.Context,
    *,
    words: Annotated[list[str], typer.Argument(help="Words, as in `tre catalogue search`.")],
    custodian: Annotated[
        str, typer.Option("--custodian", help="Only those of one custodian.", callback=identifier)
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=_DEEPEST, help="At most so many.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """Find datasets on offer here, best first; nobody needs to be signed in.

    It is the search of `tre catalogue search`, which finds as well what is only described here.
    """
    house = begin_public(context)
    results = house.search.offered(" ".join(words), custodian_id=custodian or None, most=limit)
    explain(results)
    found = [each.entry.dataset_id for each in results.listed if each.entry.dataset_id]
    show_all([house.discovery.dataset(each) for each in found], SHAPE, output)


@app.command("show")
def show_dataset(context: typer.Context, *, dataset: DatasetArgument, output: OutputOption = Output.TABLE) -> None:
    """Show one dataset with its description and versions; nobody needs to be signed in."""
    discovery = begin_public(context).discovery
    found = plain(discovery.dataset(dataset))
    if not isinstance(found, dict):
        raise TypeError("a dataset has fields")
    show({**found, "versions": discovery.versions(dataset)}, SHAPE, output)


@app.command("register")
def register(
    context: typer.Context,
    *,
    custodian: Annotated[str, typer.Option("--custodian", help="In whose name: its identifier.", callback=identifier)],
    name: Annotated[str, typer.Option("--name", help="Its folder below /data: lower-case letters, digits, hyphens.")],
    description: Annotated[Path, typer.Argument(metavar="DESCRIPTION", help="YAML or JSON, HDR UK schema 4.0.0.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Offer a dataset, as an officer of its custodian."""
    document = mapping_file(description, field="DESCRIPTION")
    call = begin(context, dry_run=dry_run)
    made = call.house.discovery.register_dataset(call.actor, custodian_id=custodian, name=name, description=document)
    show(made, SHAPE, output)


@app.command("describe")
def describe(
    context: typer.Context,
    *,
    dataset: DatasetArgument,
    description: Annotated[Path, typer.Argument(metavar="DESCRIPTION", help="YAML or JSON, HDR UK schema 4.0.0.")],
    edition: Annotated[
        int | None,
        typer.Option("--edition", min=1, help="Only if this edition still stands; “tre catalogue versions” names it."),
    ] = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Replace a dataset's description, as an officer of its custodian; the one before stays among its versions.

    What it is worth is said first; with --dry-run nothing more is done.
    """
    from orchestrator.discovery.descriptions.quality import usable  # noqa: PLC0415 - heavy

    document = mapping_file(description, field="DESCRIPTION")
    call = begin(context, dry_run=dry_run)
    stands, _ = call.house.discovery.describing(call.actor, dataset)
    was, written = usable(stands.description), usable(document)
    say(f"Without placeholders it is worth {written.score} of 100 ({written.rating}); what stands, {was.score}.")
    made = call.house.discovery.describe_dataset(call.actor, dataset, document, edition=edition)
    show(made, SHAPE, output)


@app.command("add-files")
def add_files(
    context: typer.Context,
    *,
    dataset: DatasetArgument,
    directory: Annotated[Path, typer.Argument(help="A folder of this machine; it is copied, then sealed.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a folder the dataset's next version."""
    if not directory.is_dir():
        raise Invalid(f"{directory} is not a folder of this machine.", field="DIRECTORY")
    call = begin(context, dry_run=dry_run)
    say("Copying and hashing; the controller seals it afterwards.")
    show(call.house.discovery.add_files_version(call.actor, dataset, directory), VERSION, output)


@app.command("add-database")
def add_database(
    context: typer.Context,
    *,
    dataset: DatasetArgument,
    connection: Annotated[str, typer.Option("--connection", help="A database's name in tre.yaml.")],
    schema: Annotated[str, typer.Option("--schema", help="The schema that holds the views.")],
    views: Annotated[list[str], typer.Option("--view", help="A view to read; repeat for more.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make views of a configured database the dataset's next version."""
    call = begin(context, dry_run=dry_run)
    made = call.house.discovery.add_database_version(
        call.actor, dataset, connection=connection, schema=schema, views=views
    )
    show(made, VERSION, output)


@app.command("add-objects")
def add_objects(
    context: typer.Context,
    *,
    dataset: DatasetArgument,
    store: Annotated[str, typer.Option("--store", help="An object store's name in tre.yaml.")],
    prefix: Annotated[str, typer.Option("--prefix", help="What all its objects' names begin with, ended by “/”.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make what lies below a prefix of your own object store the dataset's next version."""
    call = begin(context, dry_run=dry_run)
    say("The controller reads every object once and keeps its hash; change nothing there from now on.")
    made = call.house.discovery.add_object_version(call.actor, dataset, store_name=store, prefix=prefix)
    show(made, VERSION, output)


@app.command("add-volume")
def add_volume(
    context: typer.Context,
    *,
    dataset: DatasetArgument,
    volume: Annotated[str, typer.Option("--volume", help="A volume's name in tre.yaml.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a volume of your own, mounted read-only as it is, the dataset's next version."""
    call = begin(context, dry_run=dry_run)
    show(call.house.discovery.add_volume_version(call.actor, dataset, volume=volume), VERSION, output)


@app.command("withdraw-version")
def withdraw_version(
    context: typer.Context,
    *,
    version: VersionArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Withdraw a version for ever: every grant on it stops holding at once."""
    call = begin(context, dry_run=dry_run)
    confirm("Withdraw this version for ever? Sessions that hold it end at once.", yes=yes, dry_run=dry_run)
    show(call.house.discovery.withdraw_version(call.actor, version, reason), VERSION, output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    *,
    dataset: DatasetArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take a dataset out of the catalogue with all its versions, for ever."""
    call = begin(context, dry_run=dry_run)
    confirm("Withdraw this dataset for ever, with every version?", yes=yes, dry_run=dry_run)
    show(call.house.discovery.withdraw_dataset(call.actor, dataset, reason), SHAPE, output)
