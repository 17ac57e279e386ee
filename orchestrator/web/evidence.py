"""Evidence: what one brought, what waits for verification, and what an application's custodians ask for."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.evidence.document import KINDS, LARGEST, download_name
from orchestrator.access.evidence.service import EvidenceService
from orchestrator.alliance.evidence import EVIDENCE_KINDS, Holder
from orchestrator.core.errors import Invalid
from orchestrator.policy.model import Actor

from .forms import Form, Upload
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_OF_RESEARCH = {kind: each.title for kind, each in EVIDENCE_KINDS.items() if each.holder is Holder.RESEARCH}
_OF_ORGANISATIONS = {kind: each.title for kind, each in EVIDENCE_KINDS.items() if each.holder is Holder.ORGANISATION}
_STEPS = {
    "verify": "verifyEvidence",
    "reject": "rejectEvidence",
    "revoke": "revokeEvidence",
    "take-back": "takeBackEvidence",
    "hand-in": "handInEvidenceDocument",
    "read": "readEvidenceDocument",
    "destroy": "destroyEvidenceDocument",
}


@router.get("/evidence")
def mine(request: Request) -> Response:
    """List what this person brought and what waits for him."""
    return _mine(request, signed_in(request))


@router.post("/evidence")
def bring_for_organisation(request: Request, posted: Form) -> Response:
    """Bring evidence of an organisation."""
    visit = signed_in(request)
    try:
        made = visit.house.evidence.record_of_organisation(
            visit.actor,
            posted.text("organisation", "the organisation", most=200),
            posted.choice("kind", _OF_ORGANISATIONS, "a kind"),
            reference=posted.text("reference", "the reference", most=200),
            valid_from=posted.day("valid_from", "its first day"),
            valid_until=posted.day("valid_until", "its last day"),
            file_sha256=posted.text("file_sha256", "the hash", most=64, needed=False),
            organisation_code=posted.text("organisation_code", "the code", most=20, needed=False),
        )
    except Invalid as problem:
        return _mine(request, visit, values=posted.values(), problem=problem)
    return see(f"/evidence/{made.evidence_id}", "brought")


def _mine(
    request: Request, visit: Visit, *, values: dict[str, str] | None = None, problem: Invalid | None = None
) -> Response:
    evidence = visit.house.evidence
    return page(
        request,
        "evidence_list.html",
        title="Evidence",
        mine=evidence.mine(visit.actor),
        waiting=evidence.waiting(visit.actor),
        titles={kind: each.title for kind, each in EVIDENCE_KINDS.items()},
        kinds=_OF_ORGANISATIONS,
        values=values or {"organisation": visit.person.affiliation},
        problem=problem,
    )


@router.get("/evidence/{evidence_id}")
def one_piece(request: Request, evidence_id: Id) -> Response:
    """Show one piece with what this person may do to it."""
    return _piece(request, signed_in(request), evidence_id)


def _piece(request: Request, visit: Visit, evidence_id: str, problem: Invalid | None = None) -> Response:
    evidence = visit.house.evidence
    found = evidence.evidence(visit.actor, evidence_id)
    return page(
        request,
        "evidence.html",
        title=EVIDENCE_KINDS[found.kind].title.capitalize(),
        evidence=found,
        kind=EVIDENCE_KINDS[found.kind],
        document=evidence.document(visit.actor, evidence_id),
        kinds=", ".join(KINDS.values()),
        largest=LARGEST >> 20,
        steps={step for step, action in _STEPS.items() if evidence.may(visit.actor, action, evidence_id)},
        problem=problem,
    )


@router.get("/evidence/{evidence_id}/document")
def download(request: Request, evidence_id: Id) -> Response:
    """Give the document of a piece to somebody who decides on it: as a download, never to be shown."""
    visit = signed_in(request)
    return downloaded(visit.house.evidence, visit.actor, evidence_id)


def downloaded(service: EvidenceService, actor: Actor, evidence_id: str) -> Response:
    """Return a document as a download that no browser opens by itself, whatever it holds."""
    found = service.evidence(actor, evidence_id)
    document, content = service.read_document(actor, evidence_id)
    headers = {
        "content-disposition": f'attachment; filename="{download_name(found, document)}"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(content, headers=headers, media_type="application/octet-stream")


@router.post("/evidence/{evidence_id}/document")
def hand_in(request: Request, evidence_id: Id, parts: Upload) -> Response:
    """Hand in the document of a piece."""
    visit = signed_in(request)
    try:
        visit.house.evidence.hand_in(visit.actor, evidence_id, parts.get("document", b""))
    except Invalid as problem:
        return _piece(request, visit, evidence_id, problem)
    return see(f"/evidence/{evidence_id}", "handed-in")


@router.post("/evidence/{evidence_id}/destroy")
def destroy(request: Request, evidence_id: Id, posted: Form) -> Response:
    """Destroy the document of a piece before its time."""
    visit = signed_in(request)
    visit.house.evidence.destroy_document(visit.actor, evidence_id, posted.text("reason", "a reason", most=1000))
    return see(f"/evidence/{evidence_id}", "destroyed")


@router.post("/evidence/{evidence_id}/{step}")
def act(request: Request, evidence_id: Id, step: str, posted: Form) -> Response:
    """Verify, reject, revoke or take back a piece."""
    visit = signed_in(request)
    evidence = visit.house.evidence
    if step in ("reject", "revoke"):
        reason = posted.text("reason", "a reason", most=1000)
        (evidence.reject if step == "reject" else evidence.revoke)(visit.actor, evidence_id, reason)
    elif step == "verify":
        evidence.verify(visit.actor, evidence_id, file_sha256=posted.values().get("file_sha256"))
    elif step == "take-back":
        evidence.take_back(visit.actor, evidence_id)
    else:
        raise Invalid("Choose what to do with this piece of evidence.", field="step")
    return see(f"/evidence/{evidence_id}", "decided")


@router.get("/applications/{application_id}/evidence")
def of_application(request: Request, application_id: Id) -> Response:
    """Show what the terms ask for in an application, what was brought, and the forms to bring more."""
    return _application(request, signed_in(request), application_id)


@router.post("/applications/{application_id}/evidence")
def bring(request: Request, application_id: Id, posted: Form) -> Response:
    """Bring evidence of the research of an application."""
    visit = signed_in(request)
    try:
        made = visit.house.evidence.record(
            visit.actor,
            application_id,
            posted.choice("kind", _OF_RESEARCH, "a kind"),
            reference=posted.text("reference", "the reference", most=200),
            valid_from=posted.day("valid_from", "its first day"),
            valid_until=posted.day("valid_until", "its last day"),
            file_sha256=posted.text("file_sha256", "the hash", most=64, needed=False),
            custodian_id=posted.text("custodian_id", "the custodian", most=16, needed=False) or None,
        )
    except Invalid as problem:
        return _application(request, visit, application_id, values=posted.values(), problem=problem)
    return see(f"/evidence/{made.evidence_id}", "brought")


@router.post("/applications/{application_id}/rely")
def rely(request: Request, application_id: Id, posted: Form) -> Response:
    """Rely on an organisation's evidence."""
    visit = signed_in(request)
    try:
        piece = posted.text("evidence", "the identifier", most=16)
        visit.house.evidence.rely(visit.actor, application_id, piece)
    except Invalid as problem:
        return _application(request, visit, application_id, values=posted.values(), problem=problem)
    return see(f"/applications/{application_id}/evidence", "saved")


def _application(
    request: Request,
    visit: Visit,
    application_id: str,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    house = visit.house
    application = house.access.application(visit.actor, application_id)
    own = {application.applicant_id, *application.answers.members}
    seen = {part.custodian_id for part in application.parts}
    return page(
        request,
        "application_evidence.html",
        title=f"Evidence for {application.answers.title}",
        application=application,
        required=house.evidence.required(visit.actor, application_id),
        brought=house.evidence.of_application(visit.actor, application_id),
        titles={kind: each.title for kind, each in EVIDENCE_KINDS.items()},
        kinds=_OF_RESEARCH,
        custodians=sorted(seen),
        may_bring=visit.person.person_id in own or visit.is_operator or bool(seen & visit.actor.custodians),
        may_rely=visit.person.person_id in own or visit.is_operator,
        values=values or {},
        problem=problem,
    )
