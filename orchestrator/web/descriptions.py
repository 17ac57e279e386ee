"""Descriptions of datasets for other catalogues, and a page on which anybody checks one of his own; nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import Invalid, NotFound
from orchestrator.discovery.catalogue.files import records_of
from orchestrator.discovery.catalogue.model import EntryState
from orchestrator.discovery.descriptions.checking import Fault, Finding
from orchestrator.discovery.descriptions.conversion import convert
from orchestrator.discovery.descriptions.exports import dcat, schema_org, turtle
from orchestrator.discovery.descriptions.quality import score, usable
from orchestrator.discovery.descriptions.versions import beside_tables, count_values, validate

from .forms import Form
from .pages import page
from .public import Id
from .visits import house_of

__all__ = ["MOST_SHOWN", "PROFILE", "CheckedRecord", "ExportForm", "checked", "exported", "record_in", "router"]

router = APIRouter()

PROFILE = "hdruk-2022"
"""The way of scoring in use today."""
_PUBLIC = {"cache-control": "public, max-age=60"}
MOST_SHOWN = 100
"""Findings of one kind on a page."""
_MOST_VALUES = 20_000
_MOST_BESIDE_TABLES = 2_000
"""Anybody may ask, so one question must not cost more than about a second. Real descriptions have up to 250 values
beside their tables and columns, which are the quicker to check."""


class ExportForm(StrEnum):
    """In which form a description is given."""

    SCHEMA_ORG = "schema-org"
    DCAT = "dcat"
    TURTLE = "turtle"


CheckedRecord = dict[str, Any]


@router.get("/datasets/{entry_id}/as/{form}")
def export(request: Request, entry_id: Id, form: ExportForm) -> Response:
    """Give one description to other catalogues."""
    return exported(request, entry_id, form)


def exported(request: Request, entry_id: str, form: ExportForm) -> Response:
    """Return an entry in a form that other catalogues read; one that was withdrawn is not passed on."""
    house = house_of(request)
    entry = house.catalogue.entry(entry_id)
    if entry.state is EntryState.WITHDRAWN:
        raise NotFound("This dataset was withdrawn from the catalogue; its description is not passed on any more.")
    address = f"{house.settings.portal.public_url}/datasets/{entry_id}"
    if form is ExportForm.TURTLE:
        return Response(turtle(dcat(entry.description, address=address)), media_type="text/turtle", headers=_PUBLIC)
    made = (schema_org if form is ExportForm.SCHEMA_ORG else dcat)(entry.description, address=address)
    content = json.dumps(made, ensure_ascii=False, indent=2)
    return Response(content, media_type="application/ld+json", headers=_PUBLIC)


@router.get("/descriptions/check")
def ask(request: Request) -> Response:
    """Offer the form."""
    return page(request, "description_check.html", title="Check a description", values={}, found=None)


@router.post("/descriptions/check")
def check(request: Request, posted: Form) -> Response:
    """Say what is wrong with a description, and what it is worth; nothing is kept, so nothing is redirected to."""
    problem: Invalid | None = None
    found: CheckedRecord | None = None
    try:
        found = checked(record_in(posted.raw("record")))
    except Invalid as caught:
        problem = Invalid(caught.message, field="record")
    return page(
        request,
        "description_check.html",
        title="Check a description",
        values=posted.values(),
        problem=problem,
        found=found,
        most=MOST_SHOWN,
    )


def record_in(text: str) -> Any:
    """Return the one description in a text; raises ``Invalid`` where there is none, or more."""
    if not text.strip():
        raise Invalid("Enter a description, as JSON.", field="record")
    try:
        records = records_of(json.loads(text))
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:160]
        raise Invalid(f"This cannot be read as JSON: {said}.", field="record") from error
    if len(records) != 1:
        raise Invalid(f"Enter one description; these are {len(records)}.", field="record")
    return records[0]


def checked(record: Any) -> CheckedRecord:
    """Return everything that is said of a record. Raises ``Invalid`` for what is no description of a dataset."""
    _check_size(record)
    converted = convert(record)
    scored, useful = score(record, PROFILE), usable(record, PROFILE)
    faults = [finding for finding in validate(record, converted.schema) if finding.fault is not Fault.NOTE]
    return {
        "schema": converted.schema,
        "title": str(converted.description.get("summary", {}).get("title", "")),
        "faults": faults,
        "to_mend": [each for each in converted.findings if _to_mend(each, faults)],
        "unplaced": converted.unplaced,
        "translations": converted.translations,
        "description": converted.description,
        "score": scored,
        "usable": useful,
    }


def _check_size(record: Any) -> None:
    beside = beside_tables(record) if isinstance(record, Mapping) else record
    for most, value, which in (
        (_MOST_VALUES, record, ""),
        (_MOST_BESIDE_TABLES, beside, " beside its tables and columns"),
    ):
        if count_values(value) > most:
            raise Invalid(
                f"This description has more than {most:,} values{which}, too many to check here. "
                "Use “tre catalogue validate”.",
                field="record",
            )


def _to_mend(finding: Finding, faults: list[Finding]) -> bool:
    """Tell whether something still keeps the description from being valid today, or is a risk."""
    return finding.fault is not Fault.NOTE and finding not in faults
