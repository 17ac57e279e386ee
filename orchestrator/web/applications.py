"""Applications: write a draft over several custodians, submit it, take it back; operators approve or refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.model import Answers, Application, ApplicationKind, ApplicationState
from orchestrator.core.errors import Invalid

from .forms import Form, Posted, read_of
from .gathering import Gathered
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_Chosen = Annotated[str, Query(max_length=16)]
_Kind = Annotated[ApplicationKind, Query()]


@router.get("/applications")
def applications(request: Request) -> Response:
    """List the applications this person may see."""
    visit = signed_in(request)
    found = visit.house.access.applications(visit.actor)
    return page(request, "applications.html", title="Applications", applications=found)


@router.get("/applications/new")
def new(request: Request, dataset: _Chosen = "") -> Response:
    """Show an empty application."""
    return _form(request, signed_in(request), values={}, chosen=[dataset], action="/applications/new")


@router.post("/applications/new")
def draft(request: Request, posted: Form) -> Response:
    """Begin an application as a draft."""
    visit = signed_in(request)
    try:
        answers, datasets, why = _read(visit, posted)
        made = visit.house.access.draft(visit.actor, answers, datasets, justifications=why)
    except Invalid as problem:
        return _again(request, visit, posted, problem, action="/applications/new")
    return see(f"/applications/{made.application_id}", "saved")


@router.get("/applications/{application_id}")
def application(request: Request, application_id: Id) -> Response:
    """Show an application: all of it to who applies, a custodian's own part to its officer."""
    visit = signed_in(request)
    readings = visit.house.access.readings(visit.actor, application_id)
    found = visit.house.access.application(visit.actor, application_id)
    titles = {one: visit.house.discovery.dataset(one).title for part in found.parts for one in part.dataset_ids}
    steps = _steps(visit, found)
    workers = sorted(found.people) if steps["approve"] else []
    return page(
        request,
        "application.html",
        title=found.answers.title,
        application=found,
        titles=titles,
        read=readings.whole,
        own=found.applicant_id == visit.person.person_id,
        steps=steps,
        elsewhere=visit.house.federation.recognised_together(visit.actor, workers),
    )


@router.get("/projects/{project_id}/amend")
def amendment(request: Request, project_id: Id, kind: _Kind = ApplicationKind.AMENDMENT) -> Response:
    """Show a running project's words as the beginning of an amendment or renewal."""
    visit = signed_in(request)
    answers = visit.house.access.answers_of(visit.actor, project_id)
    return _form(request, visit, values=_words(visit, answers), chosen=[], action=_amending(project_id, kind))


@router.post("/projects/{project_id}/amend")
def amend(request: Request, project_id: Id, posted: Form, kind: _Kind = ApplicationKind.AMENDMENT) -> Response:
    """Begin an amendment or renewal as a draft."""
    visit = signed_in(request)
    try:
        answers, datasets, why = _read(visit, posted, anew=False)
        made = visit.house.access.amend(
            visit.actor, project_id, answers, kind=kind, dataset_ids=datasets, justifications=why
        )
    except Invalid as problem:
        return _again(request, visit, posted, problem, action=_amending(project_id, kind))
    return see(f"/applications/{made.application_id}", "saved")


@router.get("/applications/{application_id}/edit")
def edit(request: Request, application_id: Id) -> Response:
    """Show a draft's form again."""
    visit = signed_in(request)
    return _unready(request, visit, application_id, None)


@router.post("/applications/{application_id}/edit")
def redraft(request: Request, application_id: Id, posted: Form) -> Response:
    """Replace what a draft says."""
    visit = signed_in(request)
    try:
        amends = visit.house.access.application(visit.actor, application_id).amends
        answers, datasets, why = _read(visit, posted, anew=amends is None)
        visit.house.access.redraft(visit.actor, application_id, answers, datasets, justifications=why)
    except Invalid as problem:
        return _again(request, visit, posted, problem, action=f"/applications/{application_id}/edit")
    return see(f"/applications/{application_id}", "saved")


@router.post("/applications/{application_id}/submit")
def submit(request: Request, application_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Freeze a draft and put it before its custodians."""
    visit = signed_in(request)
    try:
        visit.house.access.submit(visit.actor, application_id)
    except Invalid as problem:
        return _unready(request, visit, application_id, problem)
    return see(f"/applications/{application_id}", "submitted")


@router.post("/applications/{application_id}/withdraw")
def withdraw(request: Request, application_id: Id, posted: Form) -> Response:
    """Take an application back."""
    visit = signed_in(request)
    reason = posted.text("reason", "a reason", most=1000, needed=False)
    visit.house.access.withdraw_application(visit.actor, application_id, reason)
    return see(f"/applications/{application_id}", "withdrawn")


@router.post("/applications/{application_id}/approve")
def approve(request: Request, application_id: Id, posted: Form) -> Response:
    """Make the project of a decided application."""
    visit = signed_in(request)
    project = visit.house.access.approve_project(visit.actor, application_id, read=read_of(posted))
    return see(f"/projects/{project.project_id}", "approved")


@router.post("/applications/{application_id}/refuse")
def refuse(request: Request, application_id: Id, posted: Form) -> Response:
    """Refuse an application that its custodians have decided."""
    visit = signed_in(request)
    reason = posted.text("reason", "a reason", most=1000)
    visit.house.access.refuse_project(visit.actor, application_id, reason, read=read_of(posted))
    return see(f"/applications/{application_id}", "refused")


def _steps(visit: Visit, found: Application) -> dict[str, bool]:
    own = found.applicant_id == visit.person.person_id
    waiting = (ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.DECIDED)
    decided = found.state is ApplicationState.DECIDED and visit.is_operator and not own
    return {
        "edit": own and found.state is ApplicationState.DRAFT,
        "withdraw": own and found.state in waiting,
        "approve": decided,
    }


def _read(visit: Visit, posted: Posted, *, anew: bool = True) -> tuple[Answers, list[str], dict[str, str]]:
    """Return what the form says; raises ``Invalid`` with every fault. Data are asked for ``anew``, or held already."""
    gathered = Gathered()

    def text(name: str, label: str, most: int, *, needed: bool = False) -> str:
        return gathered.of(lambda: posted.text(name, label, most=most, needed=needed), "")

    def day(name: str, label: str) -> date:
        return gathered.of(lambda: posted.day(name, label), date.min)

    answers = Answers(
        title=text("title", "a title", 200, needed=True),
        lay_summary=text("lay_summary", "the summary", 5000),
        purpose=text("purpose", "the purpose", 20_000),
        organisation=text("organisation", "the organisation", 200),
        ethics_reference=text("ethics_reference", "the ethics reference", 100),
        ethics_until=day("ethics_until", "the last day of the ethics approval"),
        start=day("start", "the first day"),
        end=day("end", "the last day"),
    )
    typed = [each for each in text("members", "the members", 4000).splitlines() if each.strip()]
    none: list[str] = []
    datasets = gathered.of(lambda: _datasets(posted, anew=anew), none)
    custodians = {visit.house.discovery.dataset(one).custodian_id for one in datasets}
    why = {one: text(f"why_{one}", "why you need these data", 4000) for one in sorted(custodians)}
    gathered.check()
    # Last, and only for a form that is sound: each address that is looked up leaves a trace.
    members = visit.house.access.inviting.members(visit.actor, typed)
    return replace(answers, members=members), datasets, why


def _datasets(posted: Posted, *, anew: bool) -> list[str]:
    chosen = posted.many("datasets")
    if anew and not chosen:
        raise Invalid("Choose at least one dataset.", field="datasets")
    return chosen


def _amending(project_id: str, kind: ApplicationKind) -> str:
    return f"/projects/{project_id}/amend?kind={kind.value}"


def _values(visit: Visit, found: Application) -> dict[str, str]:
    return _words(visit, found.answers) | {f"why_{part.custodian_id}": part.justification for part in found.parts}


def _words(visit: Visit, answers: Answers) -> dict[str, str]:
    return {
        "title": answers.title,
        "lay_summary": answers.lay_summary,
        "purpose": answers.purpose,
        "organisation": answers.organisation,
        "ethics_reference": answers.ethics_reference,
        "ethics_until": answers.ethics_until.isoformat(),
        "start": answers.start.isoformat(),
        "end": answers.end.isoformat(),
        "members": "\n".join(f"{visit.house.identity.person(each).name} ({each})" for each in answers.members),
    }


def _unready(request: Request, visit: Visit, application_id: str, problem: Invalid | None) -> Response:
    found = visit.house.access.application(visit.actor, application_id)
    chosen = [one for part in found.parts for one in part.dataset_ids]
    action = f"/applications/{application_id}/edit"
    return _form(request, visit, values=_values(visit, found), chosen=chosen, action=action, problem=problem)


def _again(request: Request, visit: Visit, posted: Posted, problem: Invalid, *, action: str) -> Response:
    chosen = posted.many("datasets", most=10_000)
    return _form(request, visit, values=posted.values(), chosen=chosen, action=action, problem=problem)


def _form(
    request: Request,
    visit: Visit,
    *,
    values: Mapping[str, str],
    chosen: list[str],
    action: str,
    problem: Invalid | None = None,
) -> Response:
    by_custodian: dict[str, list[object]] = {}
    for dataset in visit.house.discovery.datasets(limit=500):
        by_custodian.setdefault(dataset.custodian_id, []).append(dataset)
    return page(
        request,
        "application_form.html",
        title="New application" if action == "/applications/new" else "Application",
        values=values,
        chosen=chosen,
        action=action,
        by_custodian=by_custodian,
        problem=problem,
    )
