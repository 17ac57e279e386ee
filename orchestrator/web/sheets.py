"""A custodian's own page: what becomes of its data; and the sheet that proves it, to print or to check offline."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from .forms import Form
from .pages import page, see
from .public import Id
from .visits import signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/custodians/{custodian_id}/use")
def use(request: Request, custodian_id: Id) -> Response:
    """Show what becomes of a custodian's data now, and the sheets that were issued."""
    visit = signed_in(request)
    custodian = visit.house.alliance.custodian(custodian_id)
    return page(
        request,
        "custodian_use.html",
        title=f"Use of the data of {custodian.name}",
        custodian=custodian,
        content=visit.house.sheets.view(visit.actor, custodian_id),
        sheets=visit.house.sheets.sheets(visit.actor, custodian_id),
    )


@router.post("/custodians/{custodian_id}/sheets")
def issue(request: Request, custodian_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Issue a sheet."""
    visit = signed_in(request)
    return see(f"/sheets/{visit.house.sheets.issue(visit.actor, custodian_id).sheet_id}", "registered")


@router.get("/sheets/{sheet_id}")
def sheet(request: Request, sheet_id: Id) -> Response:
    """Show an issued sheet, to be printed."""
    visit = signed_in(request)
    found = visit.house.sheets.sheet(visit.actor, sheet_id)
    title = f"Sheet for {found.content.custodian}"
    return page(request, "sheet.html", title=title, sheet=found, content=found.content)


@router.get("/sheets/{sheet_id}/signed.json")
def signed(request: Request, sheet_id: Id) -> Response:
    """Hand over an issued sheet with its proof."""
    visit = signed_in(request)
    document = visit.house.sheets.signed(visit.actor, sheet_id)
    headers = {"content-disposition": f'attachment; filename="sheet-{sheet_id}.json"'}
    return Response(document, media_type="application/json", headers=headers)
