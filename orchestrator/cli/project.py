"""`tre project`: approve, change, stop and close projects."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import (
    DryRunOption,
    OutputOption,
    ProjectArgument,
    ReadOption,
    ReasonOption,
    UntilOption,
    YesOption,
    day,
    filled,
    identifier,
)
from .audit import read_keys
from .call import begin, confirm, say
from .failures import ExitCode
from .output import Output, Shape, plain, show, show_all

__all__ = ["app"]

app = typer.Typer(help="Projects: approved work with members, granted datasets and an end.", no_args_is_help=True)
SHAPE = Shape(name="project_id", columns=("project_id", "title", "state", "organisation", "start", "end"))
RULES = Shape(name="project_id", columns=("rule", "says", "set_by", "trouble"))
CERTIFICATE = Shape(name="certificate", columns=())
_LARGEST = 64 * 1024 * 1024

ApplicationArgument = Annotated[str, typer.Argument(help="A decided application's identifier.", callback=identifier)]


@app.command("list")
def list_projects(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the projects that you may see."""
    call = begin(context)
    show_all(call.house.access.projects(call.actor), SHAPE, output)


@app.command("show")
def show_project(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """Show one project with its members, its grants, and how its workspace stands and since when."""
    call = begin(context)
    found = plain(call.house.access.project(call.actor, project))
    conditions = [
        {"kind": one.kind, "state": one.state, "reason": one.reason, "since": one.since, "message": one.message}
        for one in call.house.places.conditions(call.actor, project)
    ]
    show({**(found if isinstance(found, dict) else {}), "conditions": conditions}, SHAPE, output)


@app.command("rules")
def rules(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """Show the strictest rules over the project's datasets and who set each; leaves with 7 if one cannot be kept."""
    call = begin(context)
    found = call.house.data_uses.effective_rules(call.actor, project)
    if output is Output.TABLE:
        lines = [{**vars(each), "set_by": [setter.custodian for setter in each.set_by]} for each in found.rules]
        show_all(lines, RULES, output)
    else:
        show(found, RULES, output)
    if any(each.trouble for each in found.rules):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("certificate")
def certificate(context: typer.Context, *, project: ProjectArgument, output: OutputOption = Output.TABLE) -> None:
    """Show the signed certificate of what was removed; with “-o json” byte for byte, to be kept and checked."""
    call = begin(context)
    document = call.house.places.certificate(call.actor, project)
    if output is Output.JSON:
        sys.stdout.buffer.write(document + b"\n")
    else:
        show(json.loads(document), CERTIFICATE, output)


@app.command("verify-certificate")
def verify_certificate(
    *,
    certificate: Annotated[Path, typer.Argument(help="A file that “tre project certificate -o json” wrote.")],
    keys: Annotated[Path, typer.Option("--keys", help="Public keys, as “tre audit keys -o json” writes them.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Check a deletion certificate's signature and what it says; needs no installation and no network."""
    trusted, document = read_keys(keys), _read(certificate)
    from orchestrator.workspaces.places.certificates import verify_certificate as check  # noqa: PLC0415 - heavy

    problems = check(document, trusted)
    show({"certificate": certificate, "holds": not problems, "problems": problems}, CERTIFICATE, output)
    if problems:
        say("The certificate does not hold.")
        raise typer.Exit(ExitCode.FINDINGS)
    say("The certificate is genuine.")


@app.command("approve")
def approve(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    read: ReadOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make the project of a decided application; what was changed since you read it (--read) is not approved."""
    call = begin(context, dry_run=dry_run)
    confirm("Approve this application and make its project?", yes=yes, dry_run=dry_run)
    made = call.house.access.approve_project(call.actor, application, read=read)
    say(f"Approved: project {made.project_id}.")
    show(made, SHAPE, output)


@app.command("refuse")
def refuse(
    context: typer.Context,
    *,
    application: ApplicationArgument,
    reason: ReasonOption,
    read: ReadOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Refuse an application that its custodians have decided."""
    call = begin(context, dry_run=dry_run)
    confirm("Refuse this application for ever?", yes=yes, dry_run=dry_run)
    show(
        call.house.access.refuse_project(call.actor, application, reason, read=read),
        Shape(name="application_id", columns=()),
        output,
    )


@app.command("extend")
def extend(
    context: typer.Context,
    *,
    project: ProjectArgument,
    until: UntilOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Move a project's last day, no further than ethics and every agreement reach."""
    last = day(until)
    call = begin(context, dry_run=dry_run)
    show(call.house.access.extend_project(call.actor, project, last), SHAPE, output)


@app.command("renew-ethics")
def renew_ethics(
    context: typer.Context,
    *,
    project: ProjectArgument,
    reference: Annotated[str, typer.Option("--reference", help="The renewed approval's reference.", callback=filled)],
    until: UntilOption,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Record a renewed ethics approval."""
    last = day(until)
    call = begin(context, dry_run=dry_run)
    show(call.house.access.renew_ethics(call.actor, project, reference, last), SHAPE, output)


@app.command("suspend")
def suspend(
    context: typer.Context,
    *,
    project: ProjectArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop a project at once; its people's work is kept."""
    call = begin(context, dry_run=dry_run)
    confirm("Suspend this project now? Running sessions end at once.", yes=yes, dry_run=dry_run)
    show(call.house.access.suspend_project(call.actor, project, reason), SHAPE, output)


@app.command("resume")
def resume(
    context: typer.Context,
    *,
    project: ProjectArgument,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let a suspended project work again."""
    call = begin(context, dry_run=dry_run)
    show(call.house.access.resume_project(call.actor, project), SHAPE, output)


@app.command("close")
def close(
    context: typer.Context,
    *,
    project: ProjectArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, if there is more to say.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a project for ever, with its grants and memberships."""
    call = begin(context, dry_run=dry_run)
    confirm("Close this project for ever?", yes=yes, dry_run=dry_run)
    show(call.house.access.close_project(call.actor, project, reason), SHAPE, output)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="CERTIFICATE") from error
    if len(content) > _LARGEST:
        raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no certificate.", field="CERTIFICATE")
    return content.rstrip(b"\n")
