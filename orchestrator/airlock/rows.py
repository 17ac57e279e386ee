"""Tables of the airlock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

__all__ = [
    "FileRow",
    "FindingRow",
    "LinkRow",
    "ReleaseRow",
    "ReviewRow",
    "SubmissionRow",
    "ViewRow",
    "VoteRow",
]


class SubmissionRow(Base):
    """One request to take results out."""

    __tablename__ = "airlock_submission"
    __table_args__ = (Index("ix_airlock_submission_state", "state", "entered_at"),)

    submission_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(16), index=True)
    session_id: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[str] = mapped_column(String(16), index=True)
    title: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(20))
    round: Mapped[int] = mapped_column(default=1)
    submitted_at: Mapped[datetime] = mapped_column(Moment)
    entered_at: Mapped[datetime] = mapped_column(Moment)
    deadline: Mapped[datetime | None] = mapped_column(Moment)
    held: Mapped[str] = mapped_column(Text, default="")
    replaces: Mapped[str | None] = mapped_column(String(16))
    pack_version: Mapped[str] = mapped_column(String(80), default="")
    pack_sha256: Mapped[str] = mapped_column(String(64), default="")
    checkers_needed: Mapped[int] = mapped_column(default=2)
    incident: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own form


class FileRow(Base):
    """One frozen file of a submission: as it was sent, or made from one that was sent.

    It belongs to the rounds from ``round`` to before ``left_round``. ``reviewed`` is false for an original that is
    kept for the record only, because what was made from it is reviewed in its place.
    """

    __tablename__ = "airlock_file"
    __table_args__ = (Index("ix_airlock_file_name", "name"),)

    file_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(300))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    context: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(40), default="")
    verdict: Mapped[str | None] = mapped_column(String(10))
    binding: Mapped[str] = mapped_column(String(64), default="")
    role: Mapped[str] = mapped_column(String(12), default="output")
    original_sha256: Mapped[str] = mapped_column(String(64), default="")
    original_name: Mapped[str] = mapped_column(String(300), default="")
    reviewed: Mapped[bool] = mapped_column(default=True)
    round: Mapped[int] = mapped_column(default=1)
    left_round: Mapped[int | None]
    received_at: Mapped[datetime | None] = mapped_column(Moment)
    recalled_at: Mapped[datetime | None] = mapped_column(Moment)


class FindingRow(Base):
    """One thing a check saw in a file."""

    __tablename__ = "airlock_finding"

    finding_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("airlock_file.file_id"), index=True)
    position: Mapped[int]
    rule: Mapped[str] = mapped_column(String(60))
    severity: Mapped[str] = mapped_column(String(10))
    place: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    guidance: Mapped[str] = mapped_column(Text)


class ViewRow(Base):
    """Somebody opened exactly these bytes."""

    __tablename__ = "airlock_view"
    __table_args__ = (UniqueConstraint("file_id", "person_id", "sha256"),)

    view_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("airlock_file.file_id"))
    person_id: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    viewed_at: Mapped[datetime] = mapped_column(Moment)


class VoteRow(Base):
    """One checker's word on one file in one round."""

    __tablename__ = "airlock_vote"
    __table_args__ = (UniqueConstraint("file_id", "person_id", "round"),)

    vote_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), index=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("airlock_file.file_id"))
    person_id: Mapped[str] = mapped_column(String(16))
    round: Mapped[int]
    choice: Mapped[str] = mapped_column(String(10))
    comment: Mapped[str] = mapped_column(Text)
    binding: Mapped[str] = mapped_column(String(64))
    voted_at: Mapped[datetime] = mapped_column(Moment)
    carried_from: Mapped[int | None]
    void: Mapped[bool] = mapped_column(default=False)


class ReviewRow(Base):
    """One checker's submitted review of one round: one for each person."""

    __tablename__ = "airlock_review"
    __table_args__ = (UniqueConstraint("submission_id", "round", "person_id"),)

    review_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), index=True)
    round: Mapped[int]
    person_id: Mapped[str] = mapped_column(String(16))
    submitted_at: Mapped[datetime] = mapped_column(Moment)
    outcome: Mapped[str] = mapped_column(String(10))
    void: Mapped[bool] = mapped_column(default=False)


class ReleaseRow(Base):
    """The signed record of one release."""

    __tablename__ = "airlock_release"

    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), primary_key=True)
    released_at: Mapped[datetime] = mapped_column(Moment)
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))


class LinkRow(Base):
    """One permission to collect a release; only the hash of its secret is kept."""

    __tablename__ = "airlock_link"

    link_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), index=True)
    person_id: Mapped[str] = mapped_column(String(16))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
