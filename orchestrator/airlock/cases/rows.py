"""Tables of what goes beyond votes: cases and opinions, claims, conflicts of interest, answers, ended rounds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

__all__ = ["AnswerRow", "CaseRow", "ClaimRow", "ConflictRow", "OpinionRow", "RoundRow"]


class CaseRow(Base):
    """One extraordinary act: who asked for it, why, what it covers, how it ended. ``covers`` is a JSON list."""

    __tablename__ = "airlock_case"
    __table_args__ = (Index("ix_airlock_case_kind", "kind", "outcome"),)

    case_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), index=True)
    round: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    asked_by: Mapped[str] = mapped_column(String(40))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(String(40))
    covers: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(10))
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class OpinionRow(Base):
    """One person's word on a case: one for each person."""

    __tablename__ = "airlock_opinion"
    __table_args__ = (UniqueConstraint("case_id", "person_id"),)

    opinion_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("airlock_case.case_id"), index=True)
    person_id: Mapped[str] = mapped_column(String(40))
    yes: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    said_at: Mapped[datetime] = mapped_column(Moment)


class ClaimRow(Base):
    """A checker is at it until a moment: one for each person and submission."""

    __tablename__ = "airlock_claim"

    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    claimed_at: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime] = mapped_column(Moment)


class ConflictRow(Base):
    """A checker declared that he should not judge this submission, and why."""

    __tablename__ = "airlock_conflict"

    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime] = mapped_column(Moment)


class AnswerRow(Base):
    """A checker's words on one finding; they count while the file has this binding."""

    __tablename__ = "airlock_answer"
    __table_args__ = (UniqueConstraint("file_id", "person_id", "round", "finding"),)

    answer_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), index=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("airlock_file.file_id"))
    person_id: Mapped[str] = mapped_column(String(16))
    round: Mapped[int]
    finding: Mapped[str] = mapped_column(String(32))
    comment: Mapped[str] = mapped_column(Text)
    binding: Mapped[str] = mapped_column(String(64))
    answered_at: Mapped[datetime] = mapped_column(Moment)


class RoundRow(Base):
    """How one turn of the checkers ended, and what they had before them: ``files`` is JSON."""

    __tablename__ = "airlock_round"

    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(Moment)
    ended_by: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    files: Mapped[str] = mapped_column(Text)
