"""Enquiries to the hub and the accreditation of its bodies, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from orchestrator.alliance.accreditation.checklist import Subject

from .callers import Caller, Id
from .shapes import Identifier, In, Limit, Offset, Out, Page, Perhaps, Words, page_of

__all__ = ["router"]

router = APIRouter(tags=["enquiries"])


class QuestionIn(In):
    """A question to the hub."""

    question: Words
    organisation: Perhaps = ""
    offer_id: Identifier | None = None


class TextIn(In):
    """Something to say in an enquiry."""

    text: Words


class ChosenIn(In):
    """Datasets of an enquiry to apply for."""

    datasets: list[Identifier]


class SuggestionOut(Out):
    """A dataset that may answer, and why."""

    dataset_id: str
    reasons: list[str]


class MessageOut(Out):
    """Something said."""

    person_id: str | None
    text: str
    at: datetime


class EnquiryOut(Out):
    """An enquiry with what was said and suggested."""

    enquiry_id: str
    state: str
    question: str
    organisation: str
    offer_id: str | None
    asked_at: datetime
    deadline: datetime | None
    colleague_id: str | None
    application_id: str | None
    reason: str
    suggestions: list[SuggestionOut]
    messages: list[MessageOut]


class DraftedOut(Out):
    """The application that came of an enquiry."""

    application_id: str
    state: str


class StandingOut(Out):
    """Whether a body is accredited now, until when, and if not why."""

    accredited: bool
    until: datetime | None
    failures: list[str]


@router.get("/enquiries")
def enquiries(
    caller: Caller, waiting: Annotated[bool, Query()] = False, offset: Offset = 0, limit: Limit = 50
) -> Page[EnquiryOut]:
    """List the enquiries this person may see, those that wait longest first."""
    found = caller.house.enquiries.enquiries(caller.actor, waiting=waiting)
    return page_of(EnquiryOut, found, offset, limit)


@router.post("/enquiries", status_code=201)
def ask(caller: Caller, asked: QuestionIn) -> EnquiryOut:
    """Ask the hub."""
    made = caller.house.enquiries.ask(
        caller.actor, asked.question, organisation=asked.organisation, offer_id=asked.offer_id
    )
    return EnquiryOut.model_validate(made)


@router.get("/enquiries/{enquiry_id}")
def enquiry(caller: Caller, enquiry_id: Id) -> EnquiryOut:
    """Give one enquiry."""
    return EnquiryOut.model_validate(caller.house.enquiries.enquiry(caller.actor, enquiry_id))


@router.post("/enquiries/{enquiry_id}/questions")
def ask_again(caller: Caller, enquiry_id: Id, said: TextIn) -> EnquiryOut:
    """Say more in an enquiry of one's own."""
    return EnquiryOut.model_validate(caller.house.enquiries.ask_again(caller.actor, enquiry_id, said.text))


@router.post("/enquiries/{enquiry_id}/answers")
def answer(caller: Caller, enquiry_id: Id, said: TextIn) -> EnquiryOut:
    """Answer for the hub."""
    return EnquiryOut.model_validate(caller.house.enquiries.answer(caller.actor, enquiry_id, said.text))


@router.post("/enquiries/{enquiry_id}/application", status_code=201)
def apply(caller: Caller, enquiry_id: Id, chosen: ChosenIn) -> DraftedOut:
    """Turn an enquiry into a drafted application."""
    return DraftedOut.model_validate(caller.house.enquiries.apply(caller.actor, enquiry_id, chosen.datasets))


@router.get("/accreditations/{subject}/{body_id}")
def standing(caller: Caller, subject: Subject, body_id: Id) -> StandingOut:
    """Say whether a custodian or a hub is accredited now."""
    service = caller.house.accreditation
    service.check_exists(subject, body_id)
    return StandingOut.model_validate(service.standing(subject, body_id))
