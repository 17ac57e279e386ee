"""`tre form`: what one custodian asks of its applicants, and how long it takes to decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.core.errors import Invalid

from .arguments import CustodianArgument, DryRunOption, OutputOption, YesOption, mapping_file
from .call import begin, confirm
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.access.forms.model import FormItem

__all__ = ["app"]

app = typer.Typer(help="Forms: what a custodian asks.", no_args_is_help=True)
SHAPE = Shape(name="version", columns=("custodian_id", "version", "decide_within", "answer_within", "nation", "panel"))
_NUMBERS = ("decide_within", "answer_within", "panel")


@app.command("list")
def list_forms(context: typer.Context, *, custodian: CustodianArgument, output: OutputOption = Output.TABLE) -> None:
    """List every version of a custodian's form, newest first."""
    call = begin(context)
    show_all(call.house.access.forms.forms(call.actor, custodian), SHAPE, output)


@app.command("show")
def show_form(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    version: Annotated[int, typer.Option("--version", min=0, help="Which version; the newest without it.")] = 0,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what a custodian asks."""
    call = begin(context)
    show(call.house.access.forms.form(call.actor, custodian, version or None), SHAPE, output)


@app.command("publish")
def publish(
    context: typer.Context,
    *,
    custodian: CustodianArgument,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="YAML or JSON: questions (names, or question, required, guidance), decide_within and answer_within "
            "(working days), nation, panel (how many lay members advise).",
        ),
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish the next version of a custodian's form, as its officer."""
    content = mapping_file(file, field="FILE")
    items = _items(content.pop("questions", None))
    times = _times(content)
    call = begin(context, dry_run=dry_run)
    confirm("Publish this form? New applications are asked by it from now on.", yes=yes, dry_run=dry_run)
    show(call.house.access.forms.publish(call.actor, custodian, items, **times), SHAPE, output)


def _items(entries: object) -> list[FormItem]:
    from orchestrator.access.forms.model import FormItem  # noqa: PLC0415

    if not isinstance(entries, list):
        raise Invalid("“questions” must be a list.", field="questions")
    found = []
    for entry in entries:
        asked = {"question": entry} if isinstance(entry, str) else entry
        if not isinstance(asked, dict) or not isinstance(asked.get("question"), str):
            raise Invalid(
                "Each of “questions” is a name, or has “question”, “required”, “guidance”.", field="questions"
            )
        required, guidance = asked.get("required", False), asked.get("guidance", "")
        if not isinstance(required, bool) or not isinstance(guidance, str):
            raise Invalid(f"“{asked['question']}”: required is true or false, guidance a text.", field="questions")
        found.append(FormItem(question_id=asked["question"], version=0, required=required, guidance=guidance))
    return found


def _times(content: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(content.keys() - {*_NUMBERS, "nation"})
    if unknown:
        raise Invalid(f"“{unknown[0]}” is not a field of a form.", field=unknown[0])
    for name, value in content.items():
        if type(value) is not (int if name in _NUMBERS else str):
            raise Invalid(f"“{name}” cannot be {value!r:.40}.", field=name)
    return content
