"""Terms of use, the purpose of an application, and the rules of a project."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.requests import Request

from orchestrator.access.uses.model import DeclaredPurpose
from orchestrator.alliance.uses.codes import CODES
from orchestrator.alliance.uses.model import Clause
from orchestrator.alliance.uses.reading import read_purpose
from orchestrator.core.errors import NotFound

from .callers import Caller, Id, house_of
from .shapes import Identifier, Limit, Offset, Page, page_of
from .uses_shapes import AssessedOut, AssessmentOut, CodeOut, PurposeIn, PurposeOut, RulesOut, UseTermsIn, UseTermsOut

__all__ = ["router"]

router = APIRouter(tags=["uses"])

_Datasets = Annotated[list[Identifier], Body(min_length=1, max_length=100)]


@router.get("/uses/codes")
def codes() -> list[CodeOut]:
    """Give every code of use."""
    return [CodeOut.model_validate(each) for each in CODES.values()]


@router.post("/uses/answers")
def answers(request: Request, purpose: PurposeIn, datasets: _Datasets) -> list[AssessmentOut]:
    """Answer a purpose by the terms of some datasets; nothing is kept."""
    house = house_of(request)
    for each in datasets:
        house.discovery.dataset(each)
    found = house.uses.assess(datasets, read_purpose(purpose.model_dump()))
    return [AssessmentOut.model_validate(each) for each in found]


@router.get("/datasets/{dataset_id}/uses")
def use_terms(request: Request, dataset_id: Id, offset: Offset = 0, limit: Limit = 50) -> Page[UseTermsOut]:
    """List every version of what a dataset may be used for, newest first."""
    return page_of(UseTermsOut, house_of(request).uses.versions(dataset_id), offset, limit)


@router.post("/datasets/{dataset_id}/uses/publish", status_code=201)
def publish(caller: Caller, dataset_id: Id, body: UseTermsIn) -> UseTermsOut:
    """Publish the next version of what a dataset may be used for."""
    clauses = [Clause(code=each.code, values=tuple(each.values), note=each.note) for each in body.clauses]
    return UseTermsOut.model_validate(caller.house.uses.publish(caller.actor, dataset_id, clauses))


@router.get("/applications/{application_id}/purpose")
def purpose(caller: Caller, application_id: Id) -> PurposeOut:
    """Give what an application declares."""
    found = caller.house.data_uses.purpose(caller.actor, application_id)
    if found is None:
        raise NotFound("This application declares no purpose yet.")
    return _out(found)


@router.put("/applications/{application_id}/purpose")
def declare(caller: Caller, application_id: Id, body: PurposeIn) -> PurposeOut:
    """Declare what the data of an application are wanted for."""
    read = read_purpose(body.model_dump())
    return _out(caller.house.data_uses.declare(caller.actor, application_id, read))


@router.get("/applications/{application_id}/purpose/answers")
def assessments(caller: Caller, application_id: Id) -> list[AssessedOut]:
    """Give what the terms of each dataset say to the purpose."""
    found = caller.house.data_uses.assessments(caller.actor, application_id)
    return [AssessedOut.model_validate(each) for each in found]


@router.get("/projects/{project_id}/rules")
def rules(caller: Caller, project_id: Id) -> RulesOut:
    """Give the strictest rules over a project's datasets with who set each."""
    return RulesOut.model_validate(caller.house.data_uses.effective_rules(caller.actor, project_id))


def _out(declared: DeclaredPurpose) -> PurposeOut:
    return PurposeOut.model_validate({**vars(declared), "purpose": asdict(declared.purpose)})
