"""Tables and queries of custodians, terms and acceptances."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.events import Event

from .model import Custodian, Terms, TermsAcceptance

__all__ = [
    "acceptance",
    "acceptances",
    "acceptances_of",
    "add",
    "current_terms",
    "custodian",
    "custodians",
    "terms",
    "terms_versions",
]

Thing = TypeVar("Thing", Custodian, Terms, TermsAcceptance)


class CustodianRow(Base):
    """A body responsible for data."""

    __tablename__ = "alliance_custodian"

    custodian_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    registered_by: Mapped[str] = mapped_column(String(16))
    registered_at: Mapped[datetime] = mapped_column(Moment)


class TermsRow(Base):
    """One version of a custodian's terms. Written once."""

    __tablename__ = "alliance_terms"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("checkers_needed >= 2", name="checkers_needed"),
        CheckConstraint("minimum_count >= 1", name="minimum_count"),
    )

    custodian_id: Mapped[str] = mapped_column(ForeignKey("alliance_custodian.custodian_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    text_sha256: Mapped[str] = mapped_column(String(64))
    valid_until: Mapped[datetime] = mapped_column(Moment)
    checkers_needed: Mapped[int]
    minimum_count: Mapped[int]
    published_by: Mapped[str] = mapped_column(String(16))
    published_at: Mapped[datetime] = mapped_column(Moment)
    release_signoff: Mapped[bool] = mapped_column(default=False)
    airlock_pack: Mapped[str] = mapped_column(String(60), default="")
    evidence: Mapped[list[str]] = mapped_column(JSON, default=list)


class AcceptanceRow(Base):
    """Who accepted which version. Written once."""

    __tablename__ = "alliance_acceptance"
    __table_args__ = (
        ForeignKeyConstraint(["custodian_id", "version"], ["alliance_terms.custodian_id", "alliance_terms.version"]),
    )

    custodian_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    text_sha256: Mapped[str] = mapped_column(String(64))
    accepted_at: Mapped[datetime] = mapped_column(Moment)


_ROWS: dict[type, type[Base]] = {Custodian: CustodianRow, Terms: TermsRow, TermsAcceptance: AcceptanceRow}


def add(change: Change, thing: Thing, *, event: Event) -> Thing:
    """Keep a new thing with its event; nothing here is ever changed."""
    change.session.add(_ROWS[type(thing)](**vars(thing)))
    change.session.flush()
    change.tell(event)
    return thing


def _thing(kind: type[Thing], row: Any) -> Thing | None:
    return None if row is None else kind(**{each.name: _plain(getattr(row, each.name)) for each in fields(kind)})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _things(kind: type[Thing], rows: Any) -> list[Thing]:
    return [thing for row in rows if (thing := _thing(kind, row)) is not None]


def custodian(session: Session, custodian_id: str) -> Custodian | None:
    """Return one custodian."""
    return _thing(Custodian, session.get(CustodianRow, custodian_id))


def custodians(session: Session) -> list[Custodian]:
    """Return every custodian, by name."""
    return _things(Custodian, session.scalars(select(CustodianRow).order_by(CustodianRow.name)))


def terms(session: Session, custodian_id: str, version: int) -> Terms | None:
    """Return one version of a custodian's terms."""
    return _thing(Terms, session.get(TermsRow, (custodian_id, version)))


def terms_versions(session: Session, custodian_id: str) -> list[Terms]:
    """Return every version of a custodian's terms, newest first."""
    query = select(TermsRow).where(TermsRow.custodian_id == custodian_id).order_by(TermsRow.version.desc())
    return _things(Terms, session.scalars(query))


def current_terms(session: Session, custodian_id: str) -> Terms | None:
    """Return the newest version of a custodian's terms, within its dates or not."""
    query = select(TermsRow).where(TermsRow.custodian_id == custodian_id).order_by(TermsRow.version.desc()).limit(1)
    return _thing(Terms, session.scalar(query))


def acceptance(session: Session, *, custodian_id: str, version: int, person_id: str) -> TermsAcceptance | None:
    """Return whether and when a person accepted a version."""
    return _thing(TermsAcceptance, session.get(AcceptanceRow, (custodian_id, version, person_id)))


def acceptances_of(session: Session, custodian_id: str) -> list[TermsAcceptance]:
    """Return every acceptance of a custodian's terms, by whomever."""
    return _things(
        TermsAcceptance, session.scalars(select(AcceptanceRow).where(AcceptanceRow.custodian_id == custodian_id))
    )


def acceptances(session: Session, person_id: str) -> list[TermsAcceptance]:
    """Return everything a person accepted, newest first."""
    query = select(AcceptanceRow).where(AcceptanceRow.person_id == person_id).order_by(AcceptanceRow.accepted_at.desc())
    return _things(TermsAcceptance, session.scalars(query))
