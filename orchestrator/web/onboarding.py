"""The alliance: who is accredited until when, standard conditions, joining and leaving; a case with its checklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.alliance.accreditation.checklist import Item, Subject
from orchestrator.alliance.accreditation.model import BodyStanding, CaseState, Evidence
from orchestrator.alliance.onboarding.model import ConditionsState, Joined
from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from .custodians import after
from .forms import Form, Posted
from .pages import page, see
from .public import Id
from .visits import Visit, house_of, signed_in, visitor

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = ["router"]

router = APIRouter()

_SUBJECTS = [subject.value for subject in Subject]


@dataclass(frozen=True, kw_only=True)
class _Member:
    """A body of the alliance as everybody sees it."""

    body_id: str
    name: str
    standing: BodyStanding
    joined: Joined | None = None


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One item of a checklist with what was given for it."""

    item: Item
    evidence: tuple[Evidence, ...]


@router.get("/alliance")
def alliance(request: Request) -> Response:
    """Show everybody who is of the alliance; to its people, what they may do."""
    return _alliance(request)


@router.post("/alliance/hubs")
def register_hub(request: Request, posted: Form) -> Response:
    """Register a hub."""
    visit = signed_in(request)
    try:
        name, address = posted.text("name", "the hub's name", most=200), posted.text("address", most=400, needed=False)
        visit.house.accreditation.register_hub(visit.actor, name, address)
    except Invalid as problem:
        return _alliance(request, posted, problem)
    return see("/alliance", "registered")


@router.post("/alliance/cases")
def open_case(request: Request, posted: Form) -> Response:
    """Begin a body's accreditation."""
    visit = signed_in(request)
    subject = Subject(posted.choice("subject", _SUBJECTS, "what is accredited"))
    body = check_id(posted.text("body", "a body", most=16), field="body")
    made = visit.house.accreditation.open_case(visit.actor, subject, body)
    return see(f"/alliance/cases/{made.case_id}", "added")


@router.post("/alliance/conditions")
def propose_conditions(request: Request, posted: Form) -> Response:
    """Write the next version of the standard conditions."""
    visit = signed_in(request)
    try:
        first = datetime.combine(posted.day("from", "the first day they bind"), time(), UTC)
        text = posted.text("text", "the conditions", most=100_000)
        visit.house.onboarding.propose_conditions(visit.actor, text, first)
    except Invalid as problem:
        return _alliance(request, posted, problem)
    return see("/alliance", "proposed")


@router.post("/alliance/conditions/{version}/{step}")
def step_conditions(request: Request, version: int, step: str, posted: Form) -> Response:
    """Publish or withdraw a proposed version, or accept a published one for one's custodian."""
    visit, service = signed_in(request), house_of(request).onboarding
    if step == "accept":
        custodian = check_id(posted.text("custodian", "a custodian", most=16), field="custodian")
        service.accept_conditions(visit.actor, custodian, version)
        return see("/alliance", "accepted")
    act = {"publish": service.publish_conditions, "withdraw": service.withdraw_conditions}.get(step)
    if act is None:
        raise Invalid("Publish, withdraw or accept a version.", field="step")
    act(visit.actor, version)
    return see("/alliance", "changed")


@router.post("/alliance/departures")
def announce_departure(request: Request, posted: Form) -> Response:
    """Announce that one's custodian leaves."""
    visit = signed_in(request)
    try:
        custodian = check_id(posted.text("custodian", "a custodian", most=16), field="custodian")
        at = after(posted.day("last_day", "the last day"))
        visit.house.onboarding.announce_departure(visit.actor, custodian, at, posted.text("reason", "a reason"))
    except Invalid as problem:
        return _alliance(request, posted, problem)
    return see("/alliance", "proposed")


@router.post("/alliance/departures/{departure_id}/{step}")
def step_departure(request: Request, departure_id: Id, step: str, posted: Form) -> Response:  # noqa: ARG001
    """Confirm a departure or take it back."""
    visit, service = signed_in(request), house_of(request).onboarding
    act = {"confirm": service.confirm_departure, "withdraw": service.withdraw_departure}.get(step)
    if act is None:
        raise Invalid("Confirm a departure or take it back.", field="step")
    act(visit.actor, departure_id)
    return see("/alliance", "changed")


@router.get("/alliance/cases/{case_id}")
def case(request: Request, case_id: Id) -> Response:
    """Show an accreditation, item by item."""
    return _case(request, signed_in(request), case_id)


@router.post("/alliance/cases/{case_id}/evidence")
def give_evidence(request: Request, case_id: Id, posted: Form) -> Response:
    """Give evidence of one item."""
    visit = signed_in(request)
    try:
        visit.house.accreditation.give_evidence(
            visit.actor,
            case_id,
            posted.text("item", "an item", most=40),
            posted.text("reference", "what shows it", most=500),
            after(posted.day("until", "its last day")),
            sha256=posted.text("sha256", "the hash", most=64, needed=False),
        )
    except Invalid as problem:
        return _case(request, visit, case_id, posted, problem)
    return see(f"/alliance/cases/{case_id}", "added")


@router.post("/alliance/evidence/{evidence_id}")
def assess_evidence(request: Request, evidence_id: Id, posted: Form) -> Response:
    """Verify a piece of evidence, or say why it shows nothing."""
    visit, service = signed_in(request), house_of(request).accreditation
    if posted.choice("answer", ["verify", "reject"], "an answer") == "verify":
        done = service.verify(visit.actor, evidence_id)
    else:
        done = service.reject(visit.actor, evidence_id, posted.text("reason", "why it shows nothing", most=1000))
    return see(f"/alliance/cases/{done.case_id}", "changed")


@router.post("/alliance/cases/{case_id}/{step}")
def step_case(request: Request, case_id: Id, step: str, posted: Form) -> Response:
    """Take one step with a case: the steps that stop something need a reason."""
    visit, service = signed_in(request), house_of(request).accreditation
    plain = {
        "submit": service.submit,
        "withdraw": service.withdraw,
        "recommend": service.recommend,
        "confirm": service.confirm,
    }
    stopping = {"return": service.send_back, "refuse": service.refuse, "suspend": service.suspend, "end": service.end}
    if step in plain:
        plain[step](visit.actor, case_id)
    elif step in stopping:
        stopping[step](visit.actor, case_id, posted.text("reason", "a reason", most=1000))
    else:
        raise Invalid("There is no such step.", field="step")
    return see(f"/alliance/cases/{case_id}", "changed")


# ---- inside -----------------------------------------------------------------------------------------------------


def _alliance(request: Request, posted: Posted | None = None, problem: Invalid | None = None) -> Response:
    house, visit = house_of(request), visitor(request)
    versions = house.onboarding.conditions()
    own = [each for each in house.alliance.custodians() if visit and each.custodian_id in visit.actor.custodians]
    return page(
        request,
        "alliance.html",
        title="The alliance",
        custodians=_custodians(house),
        hubs=_hubs(house),
        own=own,
        cases=house.accreditation.cases(visit.actor) if visit else [],
        published=[each for each in versions if each.state is ConditionsState.PUBLISHED],
        proposed=[each for each in versions if each.state is ConditionsState.PROPOSED],
        own_items=[{"value": each.custodian_id, "text": each.name} for each in own],
        names={each.hub_id: each.name for each in house.accreditation.hubs()}
        | {each.custodian_id: each.name for each in house.alliance.custodians()},
        posted=posted,
        problem=problem,
    )


def _custodians(house: House) -> list[_Member]:
    found = []
    for each in house.alliance.custodians():
        joined = house.onboarding.joined(each.custodian_id)
        found.append(_Member(body_id=each.custodian_id, name=each.name, standing=joined.accreditation, joined=joined))
    return found


def _hubs(house: House) -> list[_Member]:
    service = house.accreditation
    return [
        _Member(body_id=each.hub_id, name=each.name, standing=service.standing(Subject.HUB, each.hub_id))
        for each in service.hubs()
    ]


def _case(
    request: Request, visit: Visit, case_id: str, posted: Posted | None = None, problem: Invalid | None = None
) -> Response:
    service = visit.house.accreditation
    found = service.case(visit.actor, case_id)
    checklist = service.checklists[found.subject]
    own = found.body_id in visit.actor.custodians or (found.subject is Subject.HUB and visit.is_operator)
    live = found.state in {CaseState.GATHERING, CaseState.ASSESSING, CaseState.RECOMMENDED, CaseState.ACCREDITED}
    return page(
        request,
        "case.html",
        title="Accreditation",
        case=found,
        lines=[
            _Line(item=item, evidence=tuple(each for each in found.evidence if each.item == item.key))
            for item in checklist.items
        ],
        name=_name(visit, found.subject, found.body_id),
        own=own,
        live=live,
        item_items=[{"value": item.key, "text": item.title} for item in checklist.items],
        posted=posted,
        problem=problem,
    )


def _name(visit: Visit, subject: Subject, body_id: str) -> str:
    if subject is Subject.CUSTODIAN:
        return visit.house.alliance.custodian(body_id).name
    return next(each.name for each in visit.house.accreditation.hubs() if each.hub_id == body_id)
