"""What data may be used for: each dataset's terms of use, an application's purpose, a project's strictest rules."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.alliance.uses.codes import CODES, Kind
from orchestrator.alliance.uses.model import Clause, Purpose
from orchestrator.alliance.uses.questions import QUESTIONS
from orchestrator.alliance.uses.reading import read_purpose
from orchestrator.alliance.uses.rules import read_clause
from orchestrator.alliance.uses.words import suggest
from orchestrator.core.errors import Invalid

from .forms import Form, Posted
from .pages import page, see
from .public import Id
from .visits import Visit, house_of, signed_in, visitor

__all__ = ["router"]

router = APIRouter()

_ANSWERS = {"yes": True, "no": False, "": None}
_LISTS = ("diseases", "regions", "institutions")


@router.get("/codes-of-use")
def codes(request: Request) -> Response:
    """Explain every code, and which tables of diseases are in use."""
    tables = house_of(request).uses.disease_tables()
    return page(request, "codes_of_use.html", title="Codes of use", codes=list(CODES.values()), tables=tables)


@router.get("/datasets/{dataset_id}/terms")
def dataset_terms(request: Request, dataset_id: Id) -> Response:
    """Show what a dataset may be used for; to its officers, the form that says it anew."""
    return _terms(request, dataset_id)


@router.post("/datasets/{dataset_id}/terms")
def publish_terms_of_use(request: Request, dataset_id: Id, posted: Form) -> Response:
    """Publish what a dataset may be used for, one clause a line."""
    visit = signed_in(request)
    try:
        lines = posted.text("clauses", "the terms of use", most=20_000).splitlines()
        visit.house.uses.publish(visit.actor, dataset_id, [read_clause(each) for each in lines if each.strip()])
    except Invalid as problem:
        return _terms(request, dataset_id, values=posted.values(), problem=problem)
    return see(f"/datasets/{dataset_id}/terms", "terms-of-use")


def _terms(
    request: Request, dataset_id: str, *, values: dict[str, str] | None = None, problem: Invalid | None = None
) -> Response:
    house, visit = house_of(request), visitor(request)
    dataset = house.discovery.dataset(dataset_id)
    versions = house.uses.versions(dataset_id)
    suggestion = suggest(dataset.description)
    clauses = versions[0].clauses if versions else suggestion.clauses
    table = house.uses.diseases(value for clause in clauses for value in clause.values)
    return page(
        request,
        "terms_of_use.html",
        title=f"Terms of use of {dataset.title}",
        dataset=dataset,
        versions=versions,
        codes=CODES,
        named=table.named,
        officer=visit is not None and dataset.custodian_id in visit.actor.custodians,
        suggestion=suggestion,
        values=values or {"clauses": "\n".join(_written(each) for each in clauses)},
        problem=problem,
    )


def _written(clause: Clause) -> str:
    values = f"={','.join(clause.values)}" if clause.values else ""
    return f"{CODES[clause.code].short}{values}{f' # {clause.note}' if clause.note else ''}"


@router.get("/applications/{application_id}/purpose")
def purpose(request: Request, application_id: Id) -> Response:
    """Show what an application wants data for, and what each dataset's terms say to it."""
    return _purpose(request, signed_in(request), application_id)


@router.post("/applications/{application_id}/purpose")
def declare_purpose(request: Request, application_id: Id, posted: Form) -> Response:
    """Declare the purpose of one's application."""
    visit = signed_in(request)
    try:
        visit.house.data_uses.declare(visit.actor, application_id, read_purpose(_read(posted)))
    except Invalid as problem:
        return _purpose(request, visit, application_id, posted=posted, problem=problem)
    return see(f"/applications/{application_id}/purpose", "purpose")


def _read(posted: Posted) -> dict[str, Any]:
    fields: dict[str, Any] = {"uses": posted.many("uses")}
    fields |= {name: posted.text(name, most=2000, needed=False).replace(",", " ").split() for name in _LISTS[:2]}
    institutions = posted.text("institutions", "the institutions", most=4000, needed=False)
    fields["institutions"] = [each.strip() for each in institutions.splitlines() if each.strip()]
    for name in QUESTIONS:
        fields[name] = _ANSWERS.get(posted.raw(name))
    fields["publishes_from"] = posted.optional_day("publishes_from", "the day")
    months = posted.raw("months").strip()
    fields["months"] = posted.number("months", "the months", least=1, most=600) if months else None
    fields["words"] = posted.text("words", "the purpose in words", needed=False)
    return fields


def _purpose(
    request: Request,
    visit: Visit,
    application_id: str,
    *,
    posted: Posted | None = None,
    problem: Invalid | None = None,
) -> Response:
    house = visit.house
    application = house.access.application(visit.actor, application_id)
    declared = house.data_uses.purpose(visit.actor, application_id)
    found = declared.purpose if declared else Purpose()
    return page(
        request,
        "purpose.html",
        title=f"Purpose of {application.answers.title}",
        application=application,
        declared=declared,
        assessed=house.data_uses.assessments(visit.actor, application_id),
        codes=CODES,
        permissions=[each for each in CODES.values() if each.kind is Kind.PERMISSION],
        questions=QUESTIONS,
        may_declare=house.data_uses.may_declare(visit.actor, application_id),
        chosen=posted.many("uses") if posted else list(found.uses),
        values=posted.values() if posted else _values(found),
        problem=problem,
    )


def _values(found: Purpose) -> dict[str, str]:
    values = {name: {True: "yes", False: "no", None: ""}[getattr(found, name)] for name in QUESTIONS}
    values |= {name: " ".join(getattr(found, name)) for name in _LISTS[:2]}
    values["institutions"] = "\n".join(found.institutions)
    values["publishes_from"] = found.publishes_from.isoformat() if found.publishes_from else ""
    return {**values, "months": str(found.months or ""), "words": found.words}


@router.get("/projects/{project_id}/rules")
def project_rules(request: Request, project_id: Id) -> Response:
    """Show the strictest rules over a project's datasets with who set each."""
    visit = signed_in(request)
    project = visit.house.access.project(visit.actor, project_id)
    found = visit.house.data_uses.effective_rules(visit.actor, project_id)
    return page(request, "project_rules.html", title=f"Rules of {project.title}", project=project, found=found)
