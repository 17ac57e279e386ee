"""Tables and queries of terms of use and of the disease table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.events import Event

from .diseases import Disease, DiseaseTable
from .model import Clause, UseTerms

__all__ = ["DiseaseImport", "above", "add_terms", "current", "imports", "replace_diseases", "versions"]

_AT_ONCE = 500


class UseTermsRow(Base):
    """One version of a dataset's terms of use. Written once."""

    __tablename__ = "alliance_use_terms"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    dataset_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    custodian_id: Mapped[str] = mapped_column(ForeignKey("alliance_custodian.custodian_id"), index=True)
    clauses: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    published_by: Mapped[str] = mapped_column(String(16))
    published_at: Mapped[datetime] = mapped_column(Moment)


class DiseaseImport(Base):
    """Which table of diseases is in use: one for each vocabulary, the prefix of its codes."""

    __tablename__ = "alliance_disease_table"

    vocabulary: Mapped[str] = mapped_column(String(20), primary_key=True)
    version: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    terms: Mapped[int]
    imported_by: Mapped[str] = mapped_column(String(16))
    imported_at: Mapped[datetime] = mapped_column(Moment)


class DiseaseRow(Base):
    """One disease."""

    __tablename__ = "alliance_disease"

    code: Mapped[str] = mapped_column(String(61), primary_key=True)
    vocabulary: Mapped[str] = mapped_column(String(20), index=True)
    label: Mapped[str] = mapped_column(String(500))
    parents: Mapped[list[str]] = mapped_column(JSON)
    replaced_by: Mapped[str] = mapped_column(String(61))


def add_terms(change: Change, terms: UseTerms, *, event: Event) -> UseTerms:
    """Keep a new version."""
    clauses = [{**asdict(clause), "values": list(clause.values)} for clause in terms.clauses]
    change.session.add(UseTermsRow(**{**vars(terms), "clauses": clauses}))
    change.session.flush()
    change.tell(event)
    return terms


def versions(session: Session, dataset_id: str) -> list[UseTerms]:
    """Return every version of a dataset's terms of use, newest first."""
    query = select(UseTermsRow).where(UseTermsRow.dataset_id == dataset_id).order_by(UseTermsRow.version.desc())
    return [_terms(row) for row in session.scalars(query)]


def current(session: Session, dataset_ids: Iterable[str]) -> dict[str, UseTerms]:
    """Return the newest terms of use of each of these datasets that has any."""
    newest = (
        select(UseTermsRow.dataset_id, func.max(UseTermsRow.version).label("version"))
        .where(UseTermsRow.dataset_id.in_(sorted(set(dataset_ids))))
        .group_by(UseTermsRow.dataset_id)
        .subquery()
    )
    query = select(UseTermsRow).join(
        newest, (UseTermsRow.dataset_id == newest.c.dataset_id) & (UseTermsRow.version == newest.c.version)
    )
    return {row.dataset_id: _terms(row) for row in session.scalars(query)}


def _terms(row: UseTermsRow) -> UseTerms:
    return UseTerms(
        dataset_id=row.dataset_id,
        version=row.version,
        custodian_id=row.custodian_id,
        clauses=tuple(
            Clause(code=each["code"], values=tuple(each["values"]), note=each["note"]) for each in row.clauses
        ),
        sha256=row.sha256,
        published_by=row.published_by,
        published_at=row.published_at,
    )


def imports(session: Session) -> list[DiseaseImport]:
    """Return which tables of diseases are in use."""
    return list(session.scalars(select(DiseaseImport).order_by(DiseaseImport.vocabulary)))


def replace_diseases(change: Change, kept: DiseaseImport, table: Mapping[str, Disease], *, event: Event) -> None:
    """Put a whole table in the place of the vocabulary's earlier one."""
    change.session.execute(delete(DiseaseRow).where(DiseaseRow.vocabulary == kept.vocabulary))
    rows = [
        {
            "code": each.code,
            "vocabulary": kept.vocabulary,
            "label": each.label,
            "parents": list(each.parents),
            "replaced_by": each.replaced_by,
        }
        for each in table.values()
    ]
    change.session.execute(insert(DiseaseRow), rows)
    change.session.merge(kept)
    change.tell(event)


def above(session: Session, codes: Iterable[str]) -> DiseaseTable:
    """Return the part of the table that holds these codes, what replaced them, and everything above them."""
    found: dict[str, Disease] = {}
    waiting = set(codes)
    while waiting:
        asked = sorted(waiting)[:_AT_ONCE]
        waiting -= set(asked)
        for row in session.scalars(select(DiseaseRow).where(DiseaseRow.code.in_(asked))):
            found[row.code] = Disease(
                code=row.code, label=row.label, parents=tuple(row.parents), replaced_by=row.replaced_by
            )
            waiting |= {each for each in (*row.parents, row.replaced_by) if each} - found.keys()
    return DiseaseTable(diseases=found)
