"""Datasets side by side, open to everybody."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.assembly.together.beside import beside
from orchestrator.core.errors import Invalid
from orchestrator.discovery.comparison import check_number, compare

from .pages import page
from .visits import house_of

__all__ = ["router"]

router = APIRouter()

_SHAPE = re.compile(r"[a-z][a-z2-7]{15}")


@router.get("/datasets/compare")
def comparison(request: Request) -> Response:
    """Compare the datasets that the address names as ``with``, two to four of them."""
    house = house_of(request)
    chosen = list(dict.fromkeys(each for each in request.query_params.getlist("with") if _SHAPE.fullmatch(each)))
    try:
        check_number(len(chosen))
    except Invalid as problem:
        return page(request, "comparison.html", title="Compare datasets", problem=problem, compared=None)
    compared = compare([beside(house, house.catalogue.entry(each)) for each in chosen])
    titles = {entry.entry_id: entry.title for entry in compared.entries}
    untold = [entry for entry, told in zip(compared.entries, compared.columns_told, strict=True) if not told]
    return page(request, "comparison.html", title="Compare datasets", compared=compared, titles=titles, untold=untold)
