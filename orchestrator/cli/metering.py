"""`tre airlock metering`: how many checks each person made, for whatever fees a custodian takes."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from typing import Annotated

import typer

from .call import begin
from .output import Output, Shape, show_all

__all__ = ["metering"]

COUNT = Shape(name="person_id", columns=("month", "person_id", "project_id", "custodians", "checks", "void", "files"))


class Form(StrEnum):
    """How the counts are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def metering(
    context: typer.Context,
    *,
    month: Annotated[str, typer.Option("--month", help="The month in UTC, as YYYY-MM.")],
    output: Annotated[Form, typer.Option("--output", "-o", help="How the counts are written.")] = Form.TABLE,
) -> None:
    """Count the handed-in reviews of a month by checker and project, from the reviews themselves."""
    call = begin(context)
    counts = call.house.airlock.checks(call.actor, month)
    if output is not Form.CSV:
        show_all(counts, COUNT, Output(output.value))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COUNT.columns)
    for each in counts:
        writer.writerow(
            [each.month, each.person_id, each.project_id, " ".join(each.custodians), each.checks, each.void, each.files]
        )
