"""Table of the training queue: what checkers answered on planted cases. Nothing here belongs to a submission."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

__all__ = ["TrainingAnswerRow"]


class TrainingAnswerRow(Base):
    """One checker's first answer on one planted case; ``sha256`` is of the bytes he saw.

    ``rules`` are the planted rule ids by spaces, empty for a case in which nothing is wrong.
    """

    __tablename__ = "airlock_training_answer"
    __table_args__ = (UniqueConstraint("person_id", "case_id", "sha256"),)

    answer_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), index=True)
    case_id: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(String(64))
    rules: Mapped[str] = mapped_column(Text)
    choice: Mapped[str] = mapped_column(String(10))
    comment: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime] = mapped_column(Moment)
