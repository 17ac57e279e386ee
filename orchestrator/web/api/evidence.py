"""Evidence, and visas taken and issued."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from ..arriving import received
from ..evidence import downloaded
from .callers import Caller, Id
from .shapes import Limit, Offset, Page, page_of
from .uses_shapes import (
    DocumentOut,
    EvidenceIn,
    EvidenceOut,
    OrganisationEvidenceIn,
    ReasonIn,
    RelyIn,
    RequirementOut,
    VerifyIn,
    VisaOut,
    VisasIn,
    VisasOut,
)

__all__ = ["router"]

router = APIRouter(tags=["evidence"])

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_BYTES_IN: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/octet-stream": _BYTES}}}
_BYTES_OUT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The document, as a download.", "content": {"application/octet-stream": _BYTES}}
}


@router.get("/evidence")
def mine(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[EvidenceOut]:
    """List what the caller brought."""
    return page_of(EvidenceOut, caller.house.evidence.mine(caller.actor), offset, limit)


@router.post("/evidence", status_code=201)
def bring_for_organisation(caller: Caller, body: OrganisationEvidenceIn) -> EvidenceOut:
    """Bring evidence of an organisation."""
    made = caller.house.evidence.record_of_organisation(caller.actor, **body.model_dump())
    return EvidenceOut.model_validate(made)


@router.get("/evidence/waiting")
def waiting(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[EvidenceOut]:
    """List what waits for the caller to verify it."""
    return page_of(EvidenceOut, caller.house.evidence.waiting(caller.actor), offset, limit)


@router.get("/evidence/{evidence_id}")
def one_piece(caller: Caller, evidence_id: Id) -> EvidenceOut:
    """Give one piece."""
    return EvidenceOut.model_validate(caller.house.evidence.evidence(caller.actor, evidence_id))


async def _sent(request: Request, caller: Caller) -> AsyncIterator[bytes]:
    async with received(request, caller.person.person_id) as body:
        yield body


@router.put("/evidence/{evidence_id}/document", openapi_extra=_BYTES_IN)
def hand_in(caller: Caller, evidence_id: Id, body: Annotated[bytes, Depends(_sent)]) -> DocumentOut:
    """Hand in the document of a piece as it is: PDF, PNG or JPEG."""
    return DocumentOut.model_validate(caller.house.evidence.hand_in(caller.actor, evidence_id, body))


@router.get("/evidence/{evidence_id}/document", response_class=Response, responses=_BYTES_OUT)
def download(caller: Caller, evidence_id: Id) -> Response:
    """Give the document of a piece to somebody who decides on it; that he read it is recorded."""
    return downloaded(caller.house.evidence, caller.actor, evidence_id)


@router.post("/evidence/{evidence_id}/document/destroy")
def destroy(caller: Caller, evidence_id: Id, body: ReasonIn) -> DocumentOut:
    """Destroy the document of a piece before its time; the piece and its hash stay."""
    found = caller.house.evidence.destroy_document(caller.actor, evidence_id, body.reason)
    return DocumentOut.model_validate(found)


@router.post("/evidence/{evidence_id}/verify")
def verify(caller: Caller, evidence_id: Id, body: VerifyIn | None = None) -> EvidenceOut:
    """Say that the document was looked at and says what is recorded."""
    seen = None if body is None else body.file_sha256
    return EvidenceOut.model_validate(caller.house.evidence.verify(caller.actor, evidence_id, file_sha256=seen))


@router.post("/evidence/{evidence_id}/reject")
def reject(caller: Caller, evidence_id: Id, body: ReasonIn) -> EvidenceOut:
    """Say that the document does not say what is recorded."""
    return EvidenceOut.model_validate(caller.house.evidence.reject(caller.actor, evidence_id, body.reason))


@router.post("/evidence/{evidence_id}/revoke")
def revoke(caller: Caller, evidence_id: Id, body: ReasonIn) -> EvidenceOut:
    """End verified evidence at once."""
    return EvidenceOut.model_validate(caller.house.evidence.revoke(caller.actor, evidence_id, body.reason))


@router.post("/evidence/{evidence_id}/take-back")
def take_back(caller: Caller, evidence_id: Id) -> EvidenceOut:
    """Take back what nobody verified yet."""
    return EvidenceOut.model_validate(caller.house.evidence.take_back(caller.actor, evidence_id))


@router.get("/applications/{application_id}/evidence")
def of_application(caller: Caller, application_id: Id, offset: Offset = 0, limit: Limit = 50) -> Page[EvidenceOut]:
    """List the evidence of an application's research that the caller may see."""
    return page_of(EvidenceOut, caller.house.evidence.of_application(caller.actor, application_id), offset, limit)


@router.post("/applications/{application_id}/evidence", status_code=201)
def bring(caller: Caller, application_id: Id, body: EvidenceIn) -> EvidenceOut:
    """Bring evidence of an application's research."""
    return EvidenceOut.model_validate(caller.house.evidence.record(caller.actor, application_id, **body.model_dump()))


@router.post("/applications/{application_id}/evidence/relied-on")
def rely(caller: Caller, application_id: Id, body: RelyIn) -> EvidenceOut:
    """Rely on the evidence of an organisation that takes part."""
    return EvidenceOut.model_validate(caller.house.evidence.rely(caller.actor, application_id, body.evidence_id))


@router.get("/applications/{application_id}/requirements")
def required(caller: Caller, application_id: Id) -> list[RequirementOut]:
    """Give every kind that the custodians' terms ask for, and whether it is there."""
    found = caller.house.evidence.required(caller.actor, application_id)
    return [RequirementOut.model_validate(each) for each in found]


@router.get("/visas")
def visas(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[VisaOut]:
    """List the visas that were taken for the caller."""
    return page_of(VisaOut, caller.house.visas.visas(caller.actor, caller.person.person_id), offset, limit)


@router.post("/visas", status_code=201)
def accept(caller: Caller, body: VisasIn) -> list[VisaOut]:
    """Take the visas of a passport, all of them or none."""
    return [VisaOut.model_validate(each) for each in caller.house.visas.accept(caller.actor, body.visas)]


@router.post("/visas/issued")
def issue(caller: Caller) -> VisasOut:
    """Sign a visa for each dataset that the caller may use now, for an hour at most."""
    return VisasOut(ga4gh_passport_v1=[each.token for each in caller.house.grant_visas.issue(caller.actor)])


@router.post("/visas/{visa_id}/end")
def end(caller: Caller, visa_id: Id) -> VisaOut:
    """End a visa at once."""
    return VisaOut.model_validate(caller.house.visas.end(caller.actor, visa_id))
