"""Answers of the training queue in the record. Every write hands its ``Event`` to the change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.airlock.model import Choice
from orchestrator.audit.record import Change
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id

from .rows import TrainingAnswerRow

__all__ = ["Answer", "add_answer", "answers"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one person said of one planted case when he first answered it. ``rules`` were planted; none means clean."""

    person_id: str
    case_id: str
    sha256: str
    rules: tuple[str, ...]
    choice: Choice
    comment: str
    answered_at: datetime

    @property
    def missed(self) -> bool:
        """Whether a file with something planted in it would have left."""
        return bool(self.rules) and self.choice is Choice.APPROVE

    @property
    def false_alarm(self) -> bool:
        """Whether a file with nothing wrong in it was sent back or rejected."""
        return not self.rules and self.choice is not Choice.APPROVE


def add_answer(change: Change, answer: Answer, *, event: Event) -> None:
    """Keep one answer."""
    change.session.add(
        TrainingAnswerRow(
            answer_id=new_id(),
            person_id=answer.person_id,
            case_id=answer.case_id,
            sha256=answer.sha256,
            rules=" ".join(answer.rules),
            choice=answer.choice.value,
            comment=answer.comment,
            answered_at=answer.answered_at,
        )
    )
    change.session.flush()
    change.tell(event)


def answers(session: Session, *, person_id: str | None = None) -> list[Answer]:
    """List answers, oldest first: everybody's, or one person's."""
    query = select(TrainingAnswerRow).order_by(TrainingAnswerRow.answered_at, TrainingAnswerRow.answer_id)
    if person_id is not None:
        query = query.where(TrainingAnswerRow.person_id == person_id)
    return [
        Answer(
            person_id=row.person_id,
            case_id=row.case_id,
            sha256=row.sha256,
            rules=tuple(row.rules.split()),
            choice=Choice(row.choice),
            comment=row.comment,
            answered_at=row.answered_at,
        )
        for row in session.scalars(query)
    ]
