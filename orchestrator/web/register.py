"""The public register: as a page, as data, as feeds, one entry with its history, and what was done with a dataset."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.register_fields import FIELDS, Field, Source
from orchestrator.core.register_values import is_web_address
from orchestrator.transparency.model import Entry, Origin
from orchestrator.transparency.writing import as_atom, as_csv, as_document, as_feed, as_json

from .forms import Form
from .pages import page, see
from .public import Id, Words
from .visits import Visit, house_of, signed_in, visitor

__all__ = ["router"]

router = APIRouter()

_ON_A_PAGE = 25
_PUBLIC = {"cache-control": "public, max-age=60"}

PageNumber = Annotated[int, Query(ge=1, le=100_000)]
Custodian = Annotated[str, Query(pattern=r"^([a-z][a-z2-7]{15})?$")]


@router.get("/register")
def register(request: Request, q: Words = "", number: Annotated[PageNumber, Query(alias="page")] = 1) -> Response:
    """Show the public register of data use."""
    words = " ".join("".join(c if c.isprintable() else " " for c in q).split())
    found = house_of(request).register.entries(words)
    start = (number - 1) * _ON_A_PAGE
    return page(
        request,
        "register.html",
        title="Public register",
        entries=found[start : start + _ON_A_PAGE],
        count=len(found),
        text=words,
        previous=_turned(words, number - 1) if number > 1 else "",
        next=_turned(words, number + 1) if start + _ON_A_PAGE < len(found) else "",
    )


@router.get("/register.json")
def register_as_json(request: Request) -> Response:
    """Give the register as JSON."""
    return JSONResponse(as_json(house_of(request).register.entries()), headers=_PUBLIC)


@router.get("/register.csv")
def register_as_csv(request: Request) -> Response:
    """Give the register as CSV with the 32 columns of the specification."""
    headers = {**_PUBLIC, "content-disposition": 'attachment; filename="register.csv"'}
    text = as_csv(house_of(request).register.entries())
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/register/feed.atom")
def feed_as_atom(request: Request) -> Response:
    """Give what was last written into the register as an Atom feed."""
    feed = as_atom(house_of(request).register.news(), title=_title(request), home=_home(request))
    return Response(feed, media_type="application/atom+xml", headers=_PUBLIC)


@router.get("/register/feed.json")
def feed_as_json(request: Request) -> Response:
    """Give what was last written into the register as a JSON feed."""
    feed = as_feed(house_of(request).register.news(), title=_title(request), home=_home(request))
    return JSONResponse(feed, media_type="application/feed+json", headers=_PUBLIC)


@router.get("/register/{register_id}")
def entry(request: Request, register_id: Id) -> Response:
    """Show one entry: all 32 fields, its data, what came out, and its history."""
    found = house_of(request).register.entry(register_id)
    return page(
        request,
        "register_entry.html",
        title=found.value("title"),
        entry=found,
        sections=_sections(found),
        is_link=is_web_address,
        history=house_of(request).register.history(register_id),
        stating=_may_state(visitor(request), found),
    )


@router.get("/register/{register_id}/entry.json")
def entry_as_json(request: Request, register_id: Id) -> Response:
    """Give one entry as JSON."""
    return JSONResponse(as_document(house_of(request).register.entry(register_id)), headers=_PUBLIC)


@router.get("/register/{register_id}/state")
def stating(request: Request, register_id: Id, custodian: Custodian = "") -> Response:
    """Show the form for the fields that the record cannot know."""
    visit = signed_in(request)
    values = visit.house.register.stated(visit.actor, register_id, custodian_id=custodian)
    return _form(request, register_id, custodian, values)


@router.post("/register/{register_id}/state")
def state(request: Request, register_id: Id, posted: Form, custodian: Custodian = "") -> Response:
    """Keep what was stated: only fields that read differently than before."""
    visit = signed_in(request)
    before = visit.house.register.stated(visit.actor, register_id, custodian_id=custodian)
    try:
        told = {field.key: posted.text(field.key, needed=False, most=10_000) for field in _fields_of(custodian)}
        values = {key: text for key, text in told.items() if text != before.get(key, "")}
        if values:
            visit.house.register.state(visit.actor, register_id, values, custodian_id=custodian)
    except Invalid as problem:
        return _form(request, register_id, custodian, posted.values(), problem)
    return see(f"/register/{register_id}", "saved")


@router.get("/datasets/{dataset_id}/uses")
def uses(request: Request, dataset_id: Id) -> Response:
    """Show what was done with a dataset, and what came out."""
    house = house_of(request)
    found = house.discovery.dataset(dataset_id)
    done = house.register.done_with(dataset_id)
    return page(request, "dataset_uses.html", title=f"Uses of {found.title}", dataset=found, done=done)


def _form(
    request: Request,
    register_id: str,
    custodian_id: str,
    values: dict[str, str],
    problem: Invalid | None = None,
) -> Response:
    visit = signed_in(request)
    found = visit.house.register.entry(register_id)
    if found.latest.origin is not Origin.OWN:
        raise NotPossible("This line comes from a register that is kept elsewhere; mend it there and import it again.")
    return page(
        request,
        "register_state.html",
        title="What the register says",
        entry=found,
        fields=_fields_of(custodian_id),
        custodian_id=custodian_id,
        values=values,
        problem=problem,
    )


def _fields_of(custodian_id: str) -> list[Field]:
    source = Source.CUSTODIAN if custodian_id else Source.LEAD
    return [field for field in FIELDS if field.source is source]


def _sections(entry: Entry) -> dict[str, list[Field]]:
    """Return the fields that say something, by section, in the order of the specification."""
    found: dict[str, list[Field]] = {field.section: [] for field in FIELDS}
    for field in FIELDS:
        if entry.value(field.key):
            found[field.section].append(field)
    return found


def _may_state(visit: Visit | None, entry: Entry) -> list[tuple[str, str]]:
    """Return addresses of forms that this visitor may fill in, each with what it is called."""
    if visit is None or entry.latest.origin is not Origin.OWN:
        return []
    here = f"/register/{entry.register_id}/state"
    names = {used.custodian_id: used.custodian for used in entry.latest.used}
    found = [
        (f"{here}?custodian={custodian_id}", f"State what {name} knows of its data")
        for custodian_id, name in sorted(names.items())
        if custodian_id in visit.actor.custodians
    ]
    if visit.house.register.may_state(visit.actor, entry.register_id):
        found.insert(0, (here, "State what is known of the project"))
    return found


def _turned(words: str, number: int) -> str:
    return f"/register?{urlencode({'q': words, 'page': number})}"


def _home(request: Request) -> str:
    address = urlsplit(house_of(request).settings.portal.public_url)
    return f"{address.scheme}://{address.netloc}"


def _title(request: Request) -> str:
    return f"Register of data use: {house_of(request).settings.portal.name}"
