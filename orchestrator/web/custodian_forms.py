"""A custodian's form, its own questions and its lay panel, kept by its officers."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.forms.model import Form as AskedForm
from orchestrator.access.forms.model import FormItem, Kind, Option, Question, Section
from orchestrator.core.errors import Invalid, NotFound
from orchestrator.core.ids import new_id
from orchestrator.core.register_fields import FIELDS, Source
from orchestrator.core.working_days import NATIONS

from .forms import Form, Posted
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_KINDS = {
    Kind.LINE: "one line",
    Kind.TEXT: "a text",
    Kind.CHOICE: "one choice",
    Kind.CHOICES: "several choices",
    Kind.DAY: "a day",
}


@router.get("/custodians/{custodian_id}/form")
def form(request: Request, custodian_id: Id) -> Response:
    """Show what a custodian asks, with the whole bank to choose from."""
    return _show(request, signed_in(request), custodian_id)


@router.post("/custodians/{custodian_id}/form")
def publish(request: Request, custodian_id: Id, posted: Form) -> Response:
    """Publish the next version of the form."""
    visit = signed_in(request)
    try:
        needed = set(posted.many("needed", most=400))
        visit.house.access.forms.publish(
            visit.actor,
            custodian_id,
            [
                FormItem(
                    question_id=one,
                    version=0,
                    required=one in needed,
                    guidance=posted.text(f"g-{one}", "your words beside it", most=5000, needed=False),
                )
                for one in posted.many("questions", most=400)
            ],
            decide_within=posted.number("decide_within", "the working days to decide", least=1, most=250),
            answer_within=posted.number("answer_within", "the working days to answer", least=1, most=250),
            nation=posted.choice("nation", NATIONS, "whose bank holidays count"),
            panel=posted.number("panel", "how many lay members advise", least=0, most=20),
        )
    except Invalid as problem:
        return _show(request, visit, custodian_id, posted=posted, problem=problem)
    return see(f"/custodians/{custodian_id}/form", "form-published")


@router.post("/custodians/{custodian_id}/questions")
def define(request: Request, custodian_id: Id, posted: Form) -> Response:
    """Add a question of the custodian's own."""
    visit = signed_in(request)
    try:
        kind = Kind(posted.choice("kind", [each.value for each in Kind], "how it is answered"))
        lines = posted.text("options", "what can be chosen", needed=False).splitlines()
        question = Question(
            question_id=f"own-{new_id()}",
            owner=custodian_id,
            section=Section(posted.choice("section", [each.value for each in Section], "a section")),
            title=posted.text("title", "the question", most=500),
            guidance=posted.text("guidance", "the guidance", needed=False),
            kind=kind,
            options=tuple(Option(value=line.strip(), label=line.strip()) for line in lines if line.strip()),
            register=posted.text("register", needed=False, most=40),
            group=posted.text("group", "the heading", needed=False, most=200),
            repeats=posted.text("repeats", "what it is asked again for", needed=False, most=200),
        )
        visit.house.access.forms.define(visit.actor, question)
    except Invalid as problem:
        return _show(request, visit, custodian_id, posted=posted, problem=problem)
    return see(f"/custodians/{custodian_id}/form", "added")


@router.post("/custodians/{custodian_id}/panel")
def add_to_panel(request: Request, custodian_id: Id, posted: Form) -> Response:
    """Take a registered person onto the lay panel."""
    visit = signed_in(request)
    try:
        visit.house.access.panels.add(visit.actor, custodian_id, posted.text("person", "an identifier", most=16))
    except Invalid as problem:
        return _show(request, visit, custodian_id, posted=posted, problem=problem)
    return see(f"/custodians/{custodian_id}/form", "added")


@router.post("/custodians/{custodian_id}/panel/{person_id}/end")
def end_of_panel(request: Request, custodian_id: Id, person_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """Let a person leave the lay panel."""
    visit = signed_in(request)
    visit.house.access.panels.end(visit.actor, custodian_id, person_id)
    return see(f"/custodians/{custodian_id}/form", "ended")


def _show(
    request: Request,
    visit: Visit,
    custodian_id: str,
    *,
    posted: Posted | None = None,
    problem: Invalid | None = None,
) -> Response:
    access = visit.house.access
    questions = access.forms.questions(visit.actor, custodian_id=custodian_id)
    present = _present(visit, custodian_id)
    values = posted.values() if posted else _values(present)
    kind = values.get("kind", "")
    chosen = {item.question_id: item for item in present.items} if present else {}
    return page(
        request,
        "form.html",
        title="Form",
        custodian=visit.house.alliance.custodian(custodian_id),
        form=present,
        questions=sorted(questions, key=_section),
        chosen=set(posted.many("questions", most=400)) if posted else set(chosen),
        needed=set(posted.many("needed", most=400)) if posted else {key for key, one in chosen.items() if one.required},
        guidance={key: one.guidance for key, one in chosen.items()},
        panel=access.panels.members(visit.actor, custodian_id) if custodian_id in visit.actor.custodians else [],
        officer=custodian_id in visit.actor.custodians,
        nation_items=_items(NATIONS, values.get("nation", "")),
        section_items=_items(Section, values.get("section", "")),
        kind_items=[{"value": one.value, "text": words, "selected": one == kind} for one, words in _KINDS.items()],
        register_items=_register_items(values.get("register", "")),
        values=values,
        problem=problem,
    )


def _items(values: Iterable[str], selected: str) -> list[dict[str, object]]:
    return [{"value": str(value), "text": str(value), "selected": value == selected} for value in values]


def _present(visit: Visit, custodian_id: str) -> AskedForm | None:
    try:
        return visit.house.access.forms.form(visit.actor, custodian_id)
    except NotFound:
        return None


def _values(present: AskedForm | None) -> dict[str, str]:
    if present is None:
        return {"decide_within": "20", "answer_within": "20", "panel": "0"}
    return {
        "decide_within": str(present.decide_within),
        "answer_within": str(present.answer_within),
        "nation": present.nation,
        "panel": str(present.panel),
    }


def _section(question: Question) -> int:
    return list(Section).index(question.section)


def _register_items(chosen: str) -> list[dict[str, object]]:
    """Return the fields of the public register that an answer may fill."""
    fields = [field for field in FIELDS if field.source is not Source.RECORD]
    return [
        {"value": "", "text": "Nowhere: only you read it"},
        *({"value": field.key, "text": field.title, "selected": field.key == chosen} for field in fields),
    ]
