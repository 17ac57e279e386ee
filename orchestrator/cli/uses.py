"""`tre uses`: what each dataset may be used for, by codes that programs can judge by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import NotFound

from .arguments import DatasetArgument, DryRunOption, OutputOption, YesOption, identifier, mapping_file
from .call import begin, begin_public, confirm
from .failures import ExitCode
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.alliance.uses.model import Assessment

__all__ = ["PurposeFile", "answered", "app"]

app = typer.Typer(help="Uses: what each dataset may be used for, in codes.", no_args_is_help=True)
CODE = Shape(name="code", columns=("short", "kind", "takes", "code", "says"))
TERMS = Shape(name="version", columns=("version", "published_at", "sha256"))
ANSWER = Shape(name="dataset_id", columns=("dataset_id", "verdict", "code", "reason"))
PurposeFile = Annotated[Path, typer.Argument(metavar="FILE", help="The purpose as YAML or JSON, fields by name.")]


@app.command("codes")
def codes(*, output: OutputOption = Output.TABLE) -> None:
    """List every code with what it asks and what stands beside it; needs no installation."""
    from orchestrator.alliance.uses.codes import CODES  # noqa: PLC0415

    show_all(CODES.values(), CODE, output)


@app.command("list")
def list_uses(context: typer.Context, *, dataset: DatasetArgument, output: OutputOption = Output.TABLE) -> None:
    """List every version of a dataset's terms of use, newest first; nobody needs to be signed in."""
    show_all(begin_public(context).uses.versions(dataset), TERMS, output)


@app.command("show")
def show_uses(context: typer.Context, *, dataset: DatasetArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what a dataset may be used for now; nobody needs to be signed in."""
    found = begin_public(context).uses.current(dataset)
    if found is None:
        raise NotFound("The custodian has published no machine-readable terms for this dataset; ask it to.")
    show(found, TERMS, output)


@app.command("suggest")
def suggest_uses(context: typer.Context, *, dataset: DatasetArgument, output: OutputOption = Output.TABLE) -> None:
    """Read the words on use in a dataset's description as codes, to look at before publishing."""
    from orchestrator.alliance.uses.words import suggest  # noqa: PLC0415

    description = begin_public(context).discovery.dataset(dataset).description
    show(suggest(description), TERMS, output)


@app.command("publish")
def publish(
    context: typer.Context,
    *,
    dataset: DatasetArgument,
    clauses: Annotated[
        list[str], typer.Argument(metavar="CLAUSE...", help="Such as HMB, DS=MONDO:0005105, “TS=12 # words”.")
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish what a dataset may be used for; the next version takes the place of this one."""
    from orchestrator.alliance.uses.rules import read_clause  # noqa: PLC0415

    read = [read_clause(each) for each in clauses]
    call = begin(context, dry_run=dry_run)
    confirm("Publish these terms of use? Applications are answered by them at once.", yes=yes, dry_run=dry_run)
    show(call.house.uses.publish(call.actor, dataset, read), TERMS, output)


@app.command("answer")
def answer(
    context: typer.Context,
    *,
    file: PurposeFile,
    datasets: Annotated[
        list[str], typer.Argument(metavar="DATASET...", help="Identifiers of datasets.", callback=identifier)
    ],
    output: OutputOption = Output.TABLE,
) -> None:
    """Answer a purpose by the terms of some datasets: permitted, not permitted, or needs a person, and why.

    Leaves with 0 when everything is permitted and with 7 otherwise. Nothing is kept; nobody needs to be signed in.
    """
    from orchestrator.alliance.uses.reading import read_purpose  # noqa: PLC0415

    purpose = read_purpose(mapping_file(file, field="FILE"))
    house = begin_public(context)
    for each in datasets:
        house.discovery.dataset(each)
    found = house.uses.assess(datasets, purpose)
    answered([(each.dataset_id, each) for each in found], output)


def answered(found: list[tuple[str, Assessment]], output: Output) -> None:
    """Write answers, one line for each code as a table, and leave with 7 unless everything is permitted."""
    from orchestrator.alliance.uses.model import Verdict  # noqa: PLC0415

    if output is Output.TABLE:
        lines = [{**vars(each), "dataset_id": dataset} for dataset, one in found for each in one.answers]
        show_all(lines, ANSWER, output)
    else:
        show_all([{**vars(one), "verdict": one.verdict} for _, one in found], ANSWER, output)
    if any(each.verdict is not Verdict.PERMITTED for _, each in found):
        raise typer.Exit(ExitCode.FINDINGS)
