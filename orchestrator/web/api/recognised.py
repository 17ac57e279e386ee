"""What other hubs say of people, for those who decide about them; and taking it as evidence for an accreditation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from orchestrator.access.rules import end_of
from orchestrator.transparency.federation.model import Recognised

from .callers import Caller, Id
from .shapes import In, Out, Perhaps

__all__ = ["router"]

router = APIRouter(tags=["people"])


class RecognisedOut(Out):
    """What one hub says of one person. It is no right; ``believed`` is our accreditation that stands on it, if any.

    ``counts_until`` is when the hub's word is over unless it repeats it; ``read`` is sent back with an accreditation.
    """

    hub_id: str
    hub: str
    accredited_until: datetime
    trained_until: datetime
    said_at: datetime
    counts_until: datetime
    read: str
    believed: str | None


class PersonElsewhereOut(Out):
    """What hubs say of one of several people."""

    person_id: str
    hubs: list[RecognisedOut]


class BelievedOut(Out):
    """An accreditation of ours that stands, or stood, on a hub's word."""

    accreditation_id: str
    person_id: str
    hub_id: str
    hub: str
    reason: str
    taken_by: str
    taken_at: datetime
    at_most: datetime
    valid_until: datetime
    fell_at: datetime | None
    fell: str


class ElsewhereOut(Out):
    """What hubs say of a person now, and what was made of it here."""

    hubs: list[RecognisedOut]
    believed: list[BelievedOut]


class AccreditIn(In):
    """A hub's word taken as evidence; ``read`` is that of the word, ``until`` a last day at most."""

    read: Annotated[str, Field(max_length=64)]
    reason: Perhaps
    until: date | None = None


@router.get("/people/{person_id}/elsewhere")
def elsewhere(caller: Caller, person_id: Id) -> ElsewhereOut:
    """Give what other hubs say of a person: for himself and for operators."""
    federation = caller.house.federation
    return ElsewhereOut(
        hubs=[RecognisedOut.model_validate(each) for each in federation.recognised(caller.actor, person_id)],
        believed=[BelievedOut.model_validate(each) for each in federation.believed(caller.actor, person_id)],
    )


@router.post("/people/{person_id}/elsewhere/{hub_id}", status_code=201)
def accredit(caller: Caller, person_id: Id, hub_id: Id, body: AccreditIn) -> BelievedOut:
    """Take a hub's word as the evidence for an accreditation, which ends with the word."""
    made = caller.house.federation.accredit(
        caller.actor,
        person_id,
        hub_id,
        reason=body.reason,
        read=body.read,
        until=end_of(body.until) if body.until else None,
    )
    return BelievedOut.model_validate(made)


@router.get("/applications/{application_id}/parts/{custodian_id}/elsewhere")
def applicants_elsewhere(caller: Caller, application_id: Id, custodian_id: Id) -> list[PersonElsewhereOut]:
    """Give what hubs say of everybody who would work with a custodian's data: for its officers and for operators."""
    found = caller.house.federation.recognised_asking(caller.actor, application_id, custodian_id)
    return [_person(person_id, hubs) for person_id, hubs in found.items()]


@router.get("/projects/{project_id}/elsewhere")
def members_elsewhere(caller: Caller, project_id: Id) -> list[PersonElsewhereOut]:
    """Give what hubs say of a project's members: for operators."""
    members = caller.house.access.project(caller.actor, project_id).members
    found = caller.house.federation.recognised_together(caller.actor, [each.person_id for each in members])
    return [_person(person_id, hubs) for person_id, hubs in found.items()]


def _person(person_id: str, hubs: list[Recognised]) -> PersonElsewhereOut:
    return PersonElsewhereOut(person_id=person_id, hubs=[RecognisedOut.model_validate(each) for each in hubs])
