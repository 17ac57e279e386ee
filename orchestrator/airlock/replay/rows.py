"""Tables of replays and of the files they made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

__all__ = ["ReplayRow", "ReplayedFileRow"]


class ReplayRow(Base):
    """The replay of one round of one submission."""

    __tablename__ = "airlock_replay"

    submission_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    project_id: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[str] = mapped_column(String(16))
    session_id: Mapped[str] = mapped_column(String(16))
    program: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(16), index=True)
    entered_at: Mapped[datetime] = mapped_column(Moment)
    deadline: Mapped[datetime | None] = mapped_column(Moment)
    replay_session_id: Mapped[str] = mapped_column(String(16), default="", index=True)
    trouble: Mapped[str] = mapped_column(String(2000), default="")
    environment: Mapped[str] = mapped_column(String(2000), default="")


class ReplayedFileRow(Base):
    """One file that a replay made; its bytes lie frozen under their hash and never leave."""

    __tablename__ = "airlock_replayed_file"

    submission_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(400), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)

    __table_args__ = (
        ForeignKeyConstraint(["submission_id", "round"], ["airlock_replay.submission_id", "airlock_replay.round"]),
    )
