"""Tables of answers, submissions, steps, comments, requests for changes, lay panels and their advice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound

from ..forms.model import Sheet, Value
from ..forms.store import to_sheet
from ..states import PartState
from .model import Advice, ChangeRequest, Comment, Opinion, PanelMember, PartStep

__all__ = [
    "AdviceRow",
    "AnswerRow",
    "ChangeRow",
    "CommentRow",
    "Earlier",
    "PanelRow",
    "StepRow",
    "SubmissionRow",
    "add_step",
    "advice_on",
    "advised",
    "answers_up_to",
    "change_requests",
    "comments_on",
    "deciders",
    "earlier_answers",
    "open_request",
    "open_requests",
    "panel_of",
    "panels_of",
    "set_answers",
    "steps_of",
    "submitted_sheet",
]

_CURRENT = text("ended_at IS NULL")


class AnswerRow(Base):
    """One answer as it was from one submission on; what was submitted is never changed."""

    __tablename__ = "application_answer"

    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), primary_key=True)
    question_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[Any] = mapped_column(JSON)
    answered_by: Mapped[str] = mapped_column(String(16), index=True)
    answered_at: Mapped[datetime] = mapped_column(Moment)


class SubmissionRow(Base):
    """What was asked when an application was submitted, word for word."""

    __tablename__ = "application_submission"

    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sheet: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    submitted_by: Mapped[str] = mapped_column(String(16))
    submitted_at: Mapped[datetime] = mapped_column(Moment)


class StepRow(Base):
    """A part came into a state. Written once."""

    __tablename__ = "application_part_step"

    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), primary_key=True)
    custodian_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Moment)
    content: Mapped[str] = mapped_column(String(64), default="")


class CommentRow(Base):
    """Something said about a part."""

    __tablename__ = "application_comment"
    __table_args__ = (UniqueConstraint("application_id", "custodian_id", "number"),)

    comment_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"))
    custodian_id: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]
    question_id: Mapped[str] = mapped_column(String(64), default="")
    author_id: Mapped[str] = mapped_column(String(16))
    internal: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Moment)
    resolved_by: Mapped[str | None] = mapped_column(String(16))
    resolved_at: Mapped[datetime | None] = mapped_column(Moment)


class ChangeRow(Base):
    """A custodian's request for changes; at most one is open for a part."""

    __tablename__ = "application_change_request"
    __table_args__ = (
        Index(
            "uq_application_change_request_open",
            "application_id",
            "custodian_id",
            unique=True,
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    request_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"))
    custodian_id: Mapped[str] = mapped_column(String(16))
    questions: Mapped[list[str]] = mapped_column(JSON)
    fields: Mapped[list[str]] = mapped_column(JSON)
    words: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(Moment)


class PanelRow(Base):
    """A person on a custodian's lay panel, at most once at a time."""

    __tablename__ = "access_panel_member"
    __table_args__ = (
        CheckConstraint("added_by <> person_id", name="added_by_somebody_else"),
        Index(
            "uq_access_panel_member_current",
            "custodian_id",
            "person_id",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )

    custodian_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    added_at: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    added_by: Mapped[str] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class AdviceRow(Base):
    """What a lay member said of a part as it read then (``content``)."""

    __tablename__ = "application_advice"

    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), primary_key=True)
    custodian_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    content: Mapped[str] = mapped_column(String(64), primary_key=True)
    opinion: Mapped[str] = mapped_column(String(32))
    words: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(Moment)


class Earlier(NamedTuple):
    """An answer that was given in another application."""

    question_id: str
    value: Value
    application_id: str
    answered_at: datetime


def answers_up_to(session: Session, application_id: str, revision: int) -> dict[str, Value]:
    """Return the newest answer to each question as it stood at one submission."""
    query = (
        select(AnswerRow.question_id, AnswerRow.value)
        .where(AnswerRow.application_id == application_id, AnswerRow.revision <= revision)
        .order_by(AnswerRow.revision)
    )
    return {question_id: value for question_id, value in session.execute(query) if question_id}


def set_answers(
    session: Session, application_id: str, revision: int, answers: Mapping[str, Value], *, by: str, at: datetime
) -> None:
    """Keep answers of the revision that is being written; earlier ones of the same revision are replaced."""
    query = select(AnswerRow).where(AnswerRow.application_id == application_id, AnswerRow.revision == revision)
    known = {row.question_id: row for row in session.scalars(query)}
    for question_id, value in answers.items():
        row = known.get(question_id)
        if row is None:
            row = AnswerRow(application_id=application_id, question_id=question_id, revision=revision)
            session.add(row)
        row.value, row.answered_by, row.answered_at = value, by, at
    session.flush()


def earlier_answers(
    session: Session, applicant_id: str, *, apart_from: str, source_id: str | None = None
) -> list[Earlier]:
    """Return the newest answer to each question that a person gave in other applications, or in one of them."""
    number = (
        func.row_number()
        .over(
            partition_by=AnswerRow.question_id,
            order_by=(AnswerRow.answered_at.desc(), AnswerRow.revision.desc(), AnswerRow.application_id),
        )
        .label("number")
    )
    query = select(AnswerRow, number).where(
        AnswerRow.answered_by == applicant_id, AnswerRow.application_id != apart_from
    )
    if source_id is not None:
        query = query.where(AnswerRow.application_id == source_id)
    newest = query.subquery()
    kept = newest.c.question_id, newest.c.value, newest.c.application_id, newest.c.answered_at
    rows = session.execute(select(*kept).where(newest.c.number == 1).order_by(newest.c.question_id))
    return [Earlier(*row) for row in rows if row.value]


def submitted_sheet(session: Session, application_id: str, revision: int) -> Sheet:
    """Return what was asked at a submission; nothing for applications of before there were forms."""
    row = session.get(SubmissionRow, (application_id, revision))
    return to_sheet(row.sheet) if row else Sheet()


def add_step(
    session: Session, *, application_id: str, custodian_id: str, state: PartState, by: str, at: datetime, content: str
) -> None:
    """Note that a part came into a state."""
    last = session.scalar(
        select(func.max(StepRow.number)).where(
            StepRow.application_id == application_id, StepRow.custodian_id == custodian_id
        )
    )
    session.add(
        StepRow(
            application_id=application_id,
            custodian_id=custodian_id,
            number=(last or 0) + 1,
            state=state.value,
            by=by,
            at=at,
            content=content,
        )
    )
    session.flush()


def steps_of(session: Session, application_id: str, custodian_id: str) -> list[PartStep]:
    """Return every step of a part, in order."""
    query = select(StepRow).where(StepRow.application_id == application_id, StepRow.custodian_id == custodian_id)
    return [
        PartStep(number=row.number, state=PartState(row.state), by=row.by, at=row.at, content=row.content)
        for row in session.scalars(query.order_by(StepRow.number))
    ]


def deciders(session: Session, application_id: str) -> set[str]:
    """Return everybody who ever decided a part, also where the decision was opened again."""
    decided = [PartState.APPROVED.value, PartState.REFUSED.value]
    query = select(StepRow.by).where(StepRow.application_id == application_id, StepRow.state.in_(decided))
    return set(session.scalars(query))


def comments_on(session: Session, application_id: str, custodian_id: str) -> list[Comment]:
    """Return every comment on a part, oldest first."""
    query = select(CommentRow).where(
        CommentRow.application_id == application_id, CommentRow.custodian_id == custodian_id
    )
    rows = session.scalars(query.order_by(CommentRow.number))
    return [Comment(**{each.name: getattr(row, each.name) for each in fields(Comment)}) for row in rows]


def change_requests(session: Session, application_id: str, custodian_id: str) -> list[ChangeRequest]:
    """Return every request for changes of a part, oldest first."""
    query = select(ChangeRow).where(ChangeRow.application_id == application_id, ChangeRow.custodian_id == custodian_id)
    return [to_change_request(row) for row in session.scalars(query.order_by(ChangeRow.asked_at))]


def to_change_request(row: ChangeRow) -> ChangeRequest:
    """Return a row as a plain value."""
    values = {each.name: getattr(row, each.name) for each in fields(ChangeRequest)}
    return ChangeRequest(**(values | {"questions": tuple(row.questions), "fields": tuple(row.fields)}))


def open_requests(session: Session, application_id: str, custodian_id: str) -> list[ChangeRow]:
    """Return the requests for changes of a part that nobody answered: one or none."""
    query = select(ChangeRow).where(
        ChangeRow.application_id == application_id,
        ChangeRow.custodian_id == custodian_id,
        ChangeRow.answered_at.is_(None),
    )
    return list(session.scalars(query))


def open_request(session: Session, application_id: str, custodian_id: str) -> ChangeRow:
    """Return the request for changes that waits for the applicant, or raise ``NotFound``."""
    found = open_requests(session, application_id, custodian_id)
    if not found:
        raise NotFound("This custodian waits for no changes of yours.")
    return found[0]


def panel_of(session: Session, custodian_id: str) -> list[PanelMember]:
    """Return the present members of a custodian's lay panel."""
    query = select(PanelRow).where(PanelRow.custodian_id == custodian_id, PanelRow.ended_at.is_(None))
    rows = session.scalars(query.order_by(PanelRow.added_at, PanelRow.person_id))
    return [PanelMember(**{each.name: getattr(row, each.name) for each in fields(PanelMember)}) for row in rows]


def panels_of(session: Session, person_id: str) -> list[str]:
    """Return the custodians on whose lay panel a person is now."""
    query = select(PanelRow.custodian_id).where(PanelRow.person_id == person_id, PanelRow.ended_at.is_(None))
    return list(session.scalars(query.order_by(PanelRow.custodian_id)))


def advice_on(session: Session, application_id: str, custodian_id: str, *, content: str) -> list[Advice]:
    """Return all advice on a part, oldest first; ``content`` is the hash of how it reads now."""
    query = select(AdviceRow).where(AdviceRow.application_id == application_id, AdviceRow.custodian_id == custodian_id)
    return [
        Advice(
            application_id=row.application_id,
            custodian_id=row.custodian_id,
            person_id=row.person_id,
            opinion=Opinion(row.opinion),
            words=row.words,
            given_at=row.given_at,
            current=row.content == content,
        )
        for row in session.scalars(query.order_by(AdviceRow.given_at, AdviceRow.person_id))
    ]


def advised(advice: Iterable[Advice]) -> list[Advice]:
    """Return what counts now."""
    return [each for each in advice if each.current]
