"""A custodian's officers write the description of a dataset offered here: looked at and scored first, then saved."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import Conflict, Invalid
from orchestrator.discovery.descriptions.quality import usable
from orchestrator.discovery.descriptions.versions import NEWEST
from orchestrator.discovery.model import Dataset

from .descriptions import MOST_SHOWN, PROFILE, CheckedRecord, checked, record_in
from .forms import Form, Posted
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in
from .wall import MAXIMUM_BODY

__all__ = ["router"]

router = APIRouter()

_STEPS = {"look": "Look at it", "save": "Save it"}
_MOST_EDITIONS = 1_000_000
_BESIDE = 4_096
"""Bytes of a posted form beside the description."""


@router.get("/datasets/{dataset_id}/description")
def edit(request: Request, dataset_id: Id) -> Response:
    """Offer the description that stands, to be mended."""
    return _show(request, signed_in(request), dataset_id)


@router.post("/datasets/{dataset_id}/description")
def save(request: Request, dataset_id: Id, posted: Form) -> Response:
    """Say what a description is worth and keep nothing, or save it as the next version."""
    visit = signed_in(request)
    found: CheckedRecord | None = None
    try:
        step = posted.choice("step", _STEPS, "what to do")
        edition = posted.number("edition", "the edition you wrote from", least=1, most=_MOST_EDITIONS)
        record = record_in(posted.raw("record"))
        found = checked(record)
        if step == "save":
            visit.house.discovery.describe_dataset(visit.actor, dataset_id, record, edition=edition)
            return see(f"/datasets/{dataset_id}", "described")
    except (Conflict, Invalid) as caught:
        return _show(request, visit, dataset_id, posted, found=found, problem=Invalid(caught.message, field="record"))
    return _show(request, visit, dataset_id, posted, found=found)


def _show(
    request: Request,
    visit: Visit,
    dataset_id: str,
    posted: Posted | None = None,
    *,
    found: CheckedRecord | None = None,
    problem: Invalid | None = None,
) -> Response:
    dataset, edition = visit.house.discovery.describing(visit.actor, dataset_id)
    older = found is not None and found["schema"] != NEWEST
    text = _text(dataset, found if older else None, posted)
    return page(
        request,
        "describe.html",
        title="Describe a dataset",
        dataset=dataset,
        edition=posted.raw("edition") if posted else edition,
        values={"record": text},
        fits=len(quote_plus(text)) < MAXIMUM_BODY - _BESIDE,
        older=older,
        standing=usable(dataset.description, PROFILE),
        found=found,
        problem=problem,
        most=MOST_SHOWN,
    )


def _text(dataset: Dataset, older: CheckedRecord | None, posted: Posted | None) -> str:
    """Return what the box holds: what was written, brought up to date where it is older, or what stands."""
    if posted and older is None:
        return posted.raw("record")
    return json.dumps(older["description"] if older else dataset.description, ensure_ascii=False, indent=2)
