"""What was decided before: a search over words of earlier requests, for whoever judges results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.cases.model import Precedent
from orchestrator.core.errors import Invalid, NotPossible

from .pages import page
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_PLACES = {"comment": "A checker’s comment", "context": "The author’s words", "finding": "A finding"}

_Words = Annotated[str, Query(max_length=200)]
_Dataset = Annotated[str, Query(pattern=r"^([a-z][a-z2-7]{15})?$")]


@router.get("/precedents")
def precedents(request: Request, q: _Words = "", dataset: _Dataset = "") -> Response:
    """Search decided requests: titles, files, authors' words, comments, reasons, findings; of one dataset or all."""
    visit = signed_in(request)
    found, words = _found(visit, q.strip())
    datasets = {each.submission_id: _datasets(visit, each.submission_id) for each in found}
    titles = {key: title for each in datasets.values() for key, title in each.items()}
    if dataset and dataset not in titles:
        titles[dataset] = visit.house.discovery.dataset(dataset).title
    kept = [each for each in found if not dataset or dataset in datasets[each.submission_id]]
    return page(
        request,
        "precedents.html",
        title="What was decided before",
        q=q,
        found=kept,
        words=words,
        places=_PLACES,
        dataset=dataset,
        titles=titles,
        datasets=datasets,
    )


def _found(visit: Visit, q: str) -> tuple[Sequence[Precedent], str]:
    """Return what was found, and a sentence where the search itself made no sense."""
    if not q:
        visit.house.airlock.incidents(visit.actor)  # shown to the same people: others are refused here too
        return (), ""
    try:
        return visit.house.airlock.search_precedents(visit.actor, q), ""
    except (Invalid, NotPossible) as problem:
        return (), problem.message


def _datasets(visit: Visit, submission_id: str) -> dict[str, str]:
    """Return the datasets of a request's project, with their titles."""
    submission = visit.house.airlock.view(visit.actor, submission_id).submission
    grants = visit.house.access.project_record(submission.project_id).grants
    return {grant.dataset_id: visit.house.discovery.dataset(grant.dataset_id).title for grant in grants}
