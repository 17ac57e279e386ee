"""Tables of questions and forms. Versions are written once; the shipped bank stands below what is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.events import Event

from .bank import STANDARD
from .model import Asked, AskedWhen, Form, FormItem, Kind, Option, Question, Section, Sheet

__all__ = [
    "add_form",
    "add_questions",
    "bank",
    "current",
    "form",
    "form_versions",
    "forms_in_force",
    "from_sheet",
    "to_sheet",
]


class QuestionRow(Base):
    """One version of one question."""

    __tablename__ = "access_question"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    question_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str | None] = mapped_column(String(16), index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_by: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime] = mapped_column(Moment)


class FormRow(Base):
    """One version of one custodian's form."""

    __tablename__ = "access_form"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    custodian_id: Mapped[str] = mapped_column(ForeignKey("alliance_custodian.custodian_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    decide_within: Mapped[int]
    answer_within: Mapped[int]
    nation: Mapped[str] = mapped_column(String(30))
    panel: Mapped[int]
    published_by: Mapped[str] = mapped_column(String(16))
    published_at: Mapped[datetime] = mapped_column(Moment)


def bank(session: Session) -> dict[tuple[str, int], Question]:
    """Return every version of every question, the shipped ones first."""
    found = {(question.question_id, question.version): question for question in STANDARD}
    rows = session.scalars(select(QuestionRow).order_by(QuestionRow.made_at, QuestionRow.question_id))
    return found | {(row.question_id, row.version): _question(row.body) for row in rows}


def current(versions: Mapping[tuple[str, int], Question]) -> dict[str, Question]:
    """Return the newest version of each question."""
    newest: dict[str, Question] = {}
    for (question_id, version), question in versions.items():
        if question_id not in newest or newest[question_id].version < version:
            newest[question_id] = question
    return newest


def add_questions(change: Change, questions: Iterable[Question], *, by: str, at: datetime, event: Event) -> None:
    """Keep versions of questions with what is recorded of them."""
    for question in questions:
        change.session.add(
            QuestionRow(
                question_id=question.question_id,
                version=question.version,
                owner=question.owner,
                body=asdict(question),
                made_by=by,
                made_at=at,
            )
        )
    change.session.flush()
    change.tell(event)


def add_form(change: Change, made: Form, *, event: Event) -> None:
    """Keep a new version of a form."""
    change.session.add(FormRow(**(vars(made) | {"items": [asdict(item) for item in made.items]})))
    change.session.flush()
    change.tell(event)


def form_versions(session: Session, custodian_id: str) -> list[Form]:
    """Return every version of a custodian's form, newest first."""
    query = select(FormRow).where(FormRow.custodian_id == custodian_id).order_by(FormRow.version.desc())
    return [_form(row) for row in session.scalars(query)]


def form(session: Session, custodian_id: str, version: int | None = None) -> Form | None:
    """Return one version of a custodian's form, the newest unless told otherwise; ``None`` when there is none."""
    query = select(FormRow).where(FormRow.custodian_id == custodian_id).order_by(FormRow.version.desc())
    if version is not None:
        query = query.where(FormRow.version == version)
    row = session.scalar(query.limit(1))
    return None if row is None else _form(row)


def forms_in_force(session: Session, custodians: Iterable[str]) -> list[Form]:
    """Return the newest form of each of these custodians that has one, in the order of the custodians."""
    query = select(FormRow.custodian_id, func.max(FormRow.version)).group_by(FormRow.custodian_id)
    newest = {row[0]: row[1] for row in session.execute(query)}
    found = [form(session, each, newest[each]) for each in custodians if each in newest]
    return [each for each in found if each is not None]


def from_sheet(sheet: Sheet) -> list[dict[str, Any]]:
    """Return a sheet as JSON can carry it: what was asked, word for word."""
    return [asdict(each) for each in sheet.asked]


def to_sheet(content: list[dict[str, Any]]) -> Sheet:
    """Return a sheet that was kept."""
    return Sheet(
        asked=tuple(
            Asked(
                question=_question(each["question"]),
                custodians=tuple(each["custodians"]),
                required_by=tuple(each["required_by"]),
                guidance=dict(each["guidance"]),
            )
            for each in content
        )
    )


def _question(body: Mapping[str, Any]) -> Question:
    when = body["asked_when"]
    return Question(
        **{
            **body,
            "section": Section(body["section"]),
            "kind": Kind(body["kind"]),
            "options": tuple(Option(**option) for option in body["options"]),
            "asked_when": AskedWhen(question_id=when["question_id"], values=tuple(when["values"])) if when else None,
        }
    )


def _form(row: FormRow) -> Form:
    return Form(
        custodian_id=row.custodian_id,
        version=row.version,
        items=tuple(FormItem(**item) for item in row.items),
        decide_within=row.decide_within,
        answer_within=row.answer_within,
        nation=row.nation,
        panel=row.panel,
        published_by=row.published_by,
        published_at=row.published_at,
    )
