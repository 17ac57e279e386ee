"""Publishes what each dataset may be used for, keeps the table of diseases, and answers declared purposes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.audit.record import Record
from orchestrator.core.errors import Invalid
from orchestrator.core.events import Event
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .codes import CODES, Takes
from .diseases import LARGEST, Disease, DiseaseTable, check_table, read_csv, read_obo
from .matching import assess
from .model import Assessment, Clause, Purpose, UseTerms
from .rules import check_clauses, check_purpose, fingerprint
from .store import DiseaseImport

__all__ = ["DiseaseTableInUse", "OwnerOf", "UsesService"]

AsNow = Callable[[Session, Actor], Actor]
OwnerOf = Callable[[Session, str], str]
"""Returns the custodian of a dataset, or raises ``NotFound``: datasets are the business of discovery."""


@dataclass(frozen=True, kw_only=True)
class DiseaseTableInUse:
    """Which table of diseases answers for the codes of one vocabulary."""

    vocabulary: str
    version: str
    sha256: str
    terms: int
    imported_by: str
    imported_at: datetime


class UsesService:
    """Terms of use by dataset: public to read, published by an officer of the dataset's custodian."""

    def __init__(self, record: Record, policy: Policy, *, as_now: AsNow, owner_of: OwnerOf) -> None:
        self._record = record
        self._policy = policy
        self._as_now = as_now
        self._owner_of = owner_of

    # ---- changes ------------------------------------------------------------------------------------------------

    def publish(self, actor: Actor, dataset_id: str, clauses: Sequence[Clause]) -> UseTerms:
        """Publish the next version of what a dataset may be used for; it is judged by from now on."""
        with self._record.change() as change:
            custodian_id = self._owner_of(change.session, dataset_id)
            thing = Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})
            self._policy.check(self._as_now(change.session, actor), "publishUses", thing)
            check_present(change.session, custodian_id, now=self._record.clock())
            kept = check_clauses(clauses)
            earlier = store.versions(change.session, dataset_id)
            terms = UseTerms(
                dataset_id=dataset_id,
                version=earlier[0].version + 1 if earlier else 1,
                custodian_id=custodian_id,
                clauses=kept,
                sha256=fingerprint(kept),
                published_by=actor.person_id,
                published_at=self._record.clock(),
            )
            return store.add_terms(change, terms, event=_published(terms))

    def import_diseases(self, actor: Actor, content: bytes, *, version: str) -> DiseaseTableInUse:
        """Put a table of diseases, as CSV or OBO in UTF-8, in the place of the same vocabulary's earlier one."""
        with self._record.read() as session:
            self._policy.check(self._as_now(session, actor), "importDiseases", SITE)
        if not version.strip() or len(version) > 100 or not version.isprintable():
            raise Invalid("Name the table's version in one line, such as 2026-11-01.", field="version")
        table, vocabulary = _read(content)
        kept = DiseaseImport(
            vocabulary=vocabulary,
            version=version.strip(),
            sha256=hashlib.sha256(content).hexdigest(),
            terms=len(table),
            imported_by=actor.person_id,
            imported_at=self._record.clock(),
        )
        event = Event(
            kind="diseases.imported",
            actor=actor.person_id,
            subject=f"diseases:{vocabulary.casefold()}",
            details={"sha256": kept.sha256, "terms": kept.terms},
        )
        with self._record.change() as change:
            self._policy.check(self._as_now(change.session, actor), "importDiseases", SITE)
            store.replace_diseases(change, kept, table, event=event)
            return _in_use(kept)

    # ---- looking ------------------------------------------------------------------------------------------------

    def current(self, dataset_id: str) -> UseTerms | None:
        """Return what a dataset may be used for now; ``None`` where its custodian has published nothing."""
        with self._record.read() as session:
            self._owner_of(session, dataset_id)
            return store.current(session, [dataset_id]).get(dataset_id)

    def current_of(self, dataset_ids: Iterable[str], *, session: Session | None = None) -> dict[str, UseTerms]:
        """Return the terms of use of several datasets, without those that have none."""
        if session is None:
            with self._record.read() as own:
                return store.current(own, dataset_ids)
        return store.current(session, dataset_ids)

    def versions(self, dataset_id: str) -> list[UseTerms]:
        """Return every version of a dataset's terms of use, newest first: they are public."""
        with self._record.read() as session:
            self._owner_of(session, dataset_id)
            return store.versions(session, dataset_id)

    def disease_tables(self) -> list[DiseaseTableInUse]:
        """Return which tables of diseases are in use."""
        with self._record.read() as session:
            return [_in_use(each) for each in store.imports(session)]

    def diseases(self, codes: Iterable[str], *, session: Session | None = None) -> DiseaseTable:
        """Return the part of the disease table that these codes need."""
        if session is None:
            with self._record.read() as own:
                return store.above(own, codes)
        return store.above(session, codes)

    def assess(
        self, dataset_ids: Sequence[str], purpose: Purpose, *, session: Session | None = None
    ) -> list[Assessment]:
        """Answer a purpose by the terms of use of each of these datasets, in their order. Nothing is kept."""
        if session is None:
            with self._record.read() as own:
                return self.assess(dataset_ids, purpose, session=own)
        asked = check_purpose(purpose)
        terms = store.current(session, dataset_ids)
        named = [clause.values for each in terms.values() for clause in each.clauses if _has_diseases(clause)]
        table = store.above(session, [*asked.diseases, *(code for values in named for code in values)])
        return [assess(terms.get(each), asked, table, dataset_id=each) for each in dataset_ids]


def _has_diseases(clause: Clause) -> bool:
    return CODES[clause.code].takes is Takes.DISEASES


def _read(content: bytes) -> tuple[dict[str, Disease], str]:
    if len(content) > LARGEST:
        raise Invalid(f"The table is larger than {LARGEST // 1024 // 1024} MiB; import diseases only.", field="table")
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Invalid("The table is no text in UTF-8.", field="table") from error
    read = read_obo(text) if text.startswith("format-version:") else read_csv(text)
    prefixes = [each.code.partition(":")[0] for each in read]
    main = max(sorted(set(prefixes)), key=prefixes.count, default="")
    own = {each.code for each in read if each.code.partition(":")[0] == main}
    kept = [
        Disease(
            code=each.code,
            label=each.label,
            parents=tuple(parent for parent in each.parents if parent.partition(":")[0] == main),
            replaced_by=each.replaced_by,
        )
        for each in read
        if each.code in own
    ]
    return check_table(kept), main


def _in_use(kept: DiseaseImport) -> DiseaseTableInUse:
    return DiseaseTableInUse(
        vocabulary=kept.vocabulary,
        version=kept.version,
        sha256=kept.sha256,
        terms=kept.terms,
        imported_by=kept.imported_by,
        imported_at=kept.imported_at,
    )


def _published(terms: UseTerms) -> Event:
    return Event(
        kind="uses.published",
        actor=terms.published_by,
        subject=f"dataset:{terms.dataset_id}",
        details={
            "custodian": terms.custodian_id,
            "version": terms.version,
            "codes": [clause.code for clause in terms.clauses],
            "sha256": terms.sha256,
        },
    )
