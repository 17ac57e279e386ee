"""Descriptions by script: one's own checked and brought up to 4.0.0, an entry's for other catalogues."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import Invalid

from ..descriptions import ExportForm, checked, exported
from .callers import Caller, Id
from .shapes import DatasetOut, In, Out

__all__ = ["router"]

router = APIRouter(tags=["catalogue"])


class RecordIn(In):
    """A description of a dataset, in any known schema."""

    record: dict[str, Any]


class DescriptionIn(In):
    """A description in HDR UK schema 4.0.0; ``edition`` is the newest one of the entry's versions when it was written.

    Without an edition whatever stands is replaced.
    """

    description: dict[str, Any]
    edition: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class FindingOut(Out):
    """What is wrong with one field."""

    path: str
    sentence: str
    fault: str


class TranslationOut(Out):
    """A value that says the same in other words."""

    path: str
    was: Any
    target: str
    became: Any


class MendOut(Out):
    """A field to mend, and the points it would bring."""

    field: str
    now: str
    sentence: str
    points: float


class UsableOut(Out):
    """The score in which placeholders count as empty."""

    score: float
    rating: str
    completeness: float
    mend: list[MendOut]


class ScoreOut(Out):
    """The published score; a flag is nothing where the record's schema has no such field."""

    profile: str
    flags: dict[str, float | None]
    errors: dict[str, float | None]
    completeness: float
    error: float
    score: float
    rating: str


class CheckedOut(Out):
    """Everything that is said of a description."""

    described_by: Annotated[str, Field(validation_alias="schema")]
    faults: list[FindingOut]
    to_mend: list[FindingOut]
    unplaced: dict[str, Any]
    translations: list[TranslationOut]
    description: dict[str, Any]
    score: ScoreOut
    usable: UsableOut


@router.post("/catalogue/check")
def check(wanted: RecordIn) -> CheckedOut:
    """Say what is wrong with a description and what it is worth; nothing is kept."""
    try:
        return CheckedOut.model_validate(checked(wanted.record))
    except Invalid as problem:
        raise Invalid(problem.message, field="record") from problem


@router.put("/datasets/{dataset_id}/description")
def describe(caller: Caller, dataset_id: Id, wanted: DescriptionIn) -> DatasetOut:
    """Replace a dataset's description, as an officer of its custodian; ``/catalogue/check`` scores it before."""
    discovery = caller.house.discovery
    return DatasetOut.model_validate(
        discovery.describe_dataset(caller.actor, dataset_id, wanted.description, edition=wanted.edition)
    )


@router.get(
    "/catalogue/{entry_id}/as/{form}",
    response_class=Response,
    responses={200: {"content": {"application/ld+json": {}, "text/turtle": {}}}},
)
def export(request: Request, entry_id: Id, form: ExportForm) -> Response:
    """Give an entry's description to other catalogues."""
    return exported(request, entry_id, form)
