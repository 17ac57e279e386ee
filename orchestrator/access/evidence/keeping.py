"""Handing in, reading and destroying the documents behind evidence.

Bytes and record cannot change in one step, so their order does it: a document is on disk before a row names it, and
its row says that it is destroyed before its bytes go. Whatever a crash leaves between the two, ``tidy`` puts right.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from orchestrator.access.rules import check_reason
from orchestrator.core.errors import Invalid, NotFound, NotPossible, OrchestratorError
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import document_store, store
from .bringing import BringingEvidence
from .document import MOST_WAITING, Document, check_kind, destroyed_from
from .document_store import EvidenceDocumentRow
from .model import Evidence, EvidenceState
from .ports import Documents
from .store import EvidenceRow

__all__ = ["KeepingDocuments"]

_log = logging.getLogger(__name__)
_CONTROLLER = "system:controller"
_ARRIVING = timedelta(hours=1)
"""A document that no row names is left alone for so long: its row may be about to be written."""


class KeepingDocuments(BringingEvidence):
    """Documents of evidence: only those who decide on a piece read its document, and each reading is recorded."""

    documents: Documents | None = None
    """Where documents are kept; without, references and hashes are all there is."""
    keep_documents: timedelta = timedelta(days=365)
    """How long a document is kept after its piece stopped counting."""

    def hand_in(self, actor: Actor, evidence_id: str, content: bytes) -> Document:
        """Hand in the document of a piece one brought, which then has its hash.

        While the piece waits, any document whose hash was not recorded differently; once it is verified only the very
        document that was recorded. A rehearsal looks into it and keeps nothing. Raises ``Invalid`` for a file that is
        not taken.
        """
        kind, sha256 = check_kind(content), hashlib.sha256(content).hexdigest()
        with self._record.read() as session:
            self._may_hand_in(session, actor, evidence_id, sha256)
        documents, document_id = self._documents(), new_id()
        documents.look_into(kind, content)
        if not self._record.rehearsed:
            documents.keep(document_id, sha256, content)
        with self._record.change() as change:
            evidence = self._may_hand_in(change.session, actor, evidence_id, sha256)
            evidence.file_sha256 = sha256
            row = EvidenceDocumentRow(
                document_id=document_id,
                evidence_id=evidence_id,
                kind=kind,
                size=len(content),
                sha256=sha256,
                handed_in_by=actor.person_id,
                handed_in_at=self._now(),
                reason="",
            )
            event = _event(document_store.to_document(row), "evidence.document-handed-in", actor.person_id)
            document_store.add(change, row, event=event)
            people = self._verifiers(change.session, store.to_evidence(evidence))
            subject, apart = f"evidence:{evidence_id}", [actor.person_id]
            self._tell(change, people, kind="evidence.document-handed-in", subject=subject, apart_from=apart)
            return document_store.to_document(row)

    def document(self, actor: Actor, evidence_id: str) -> Document | None:
        """Return what is known of a piece's document, destroyed or not, to whoever may see the piece."""
        with self._record.read() as session:
            self._seen(session, actor, evidence_id)
            row = document_store.of_evidence(session, evidence_id)
            return None if row is None else document_store.to_document(row)

    def read_document(self, actor: Actor, evidence_id: str) -> tuple[Document, bytes]:
        """Return a piece's document to somebody who decides on the piece; that he read it is recorded."""
        with self._record.read() as session:
            document = self._readable(session, actor, evidence_id)
        content = self._documents().read(document.document_id, document.sha256)
        with self._record.change() as change:
            if self._readable(change.session, actor, evidence_id) != document:
                raise NotFound("This document was destroyed meanwhile.")
            change.tell(_event(document, "evidence.document-read", actor.person_id))
        return document, content

    def destroy_document(self, actor: Actor, evidence_id: str, reason: str) -> Document:
        """Destroy a document before its time, such as one that tells of patients; the piece and its hash stay."""
        words = check_reason(reason)
        with self._record.change() as change:
            self._load(change.session, actor, "destroyEvidenceDocument", evidence_id)
            row = _living(change.session, evidence_id)
            row.destroyed_at, row.destroyed_by, row.reason = self._now(), actor.person_id, words
            document = document_store.to_document(row)
            kind, subject, apart = "evidence.document-destroyed", f"evidence:{evidence_id}", [actor.person_id]
            change.tell(_event(document, kind, actor.person_id))
            self._tell(change, [row.handed_in_by], kind=kind, subject=subject, apart_from=apart)
        self._documents().remove(document.document_id)
        return document

    def take_back(self, actor: Actor, evidence_id: str) -> Evidence:
        """Take back what one brought and nobody verified yet; its document goes with it."""
        taken = super().take_back(actor, evidence_id)
        now = self._now()
        with self._record.read() as session:
            row = document_store.of_evidence(session, evidence_id)
            document = None if row is None else document_store.to_document(row)
        if document is not None and self.documents is not None and self._destroy_due(document, now):
            self._remove(document.document_id)
        return taken

    def tidy(self) -> int:
        """Destroy documents whose time has come, and bytes that no row names; return how many went.

        Where the place of documents is not known, none is said to be destroyed.
        """
        if self.documents is None:
            return 0
        now = self._now()
        with self._record.read() as session:
            due = [
                document
                for document, evidence in document_store.with_evidence(session)
                if destroyed_from(evidence, self.keep_documents) <= now
            ]
        gone = sum(self._destroy_due(document, now) for document in due)
        return gone + self._remove_unnamed(now)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _documents(self) -> Documents:
        if self.documents is None:
            raise NotPossible("No documents are kept here; their reference and hash are enough.")
        return self.documents

    def _destroy_due(self, document: Document, now: datetime) -> int:
        with self._record.change() as change:
            row = document_store.of_evidence(change.session, document.evidence_id)
            if row is None or row.destroyed_at is not None:
                return 0
            row.destroyed_at, row.destroyed_by, row.reason = now, _CONTROLLER, "Its time was over."
            change.tell(_event(document, "evidence.document-destroyed", _CONTROLLER))
        return 1

    def _remove_unnamed(self, now: datetime) -> int:
        """Remove bytes whose row says they are destroyed, and those that were left without a row."""
        held = self._documents().kept()
        with self._record.read() as session:
            named = document_store.living_ids(session)
            unnamed = [
                document_id
                for document_id, since in sorted(held.items())
                if document_id not in named
                and (since < now - _ARRIVING or session.get(EvidenceDocumentRow, document_id) is not None)
            ]
        return sum(self._remove(document_id) for document_id in unnamed)

    def _remove(self, document_id: str) -> int:
        """Remove bytes whose row says so; what fails now is done when ``tidy`` comes by."""
        try:
            self._documents().remove(document_id)
        except OrchestratorError as error:
            _log.warning("a document waits to be removed: %s", error.message)
            return 0
        return 1

    def _may_hand_in(self, session: Session, actor: Actor, evidence_id: str, sha256: str) -> EvidenceRow:
        row = self._load(session, actor, "handInEvidenceDocument", evidence_id)
        if row.state not in (EvidenceState.WAITING, EvidenceState.VERIFIED):
            raise NotPossible(f"This evidence is {row.state}, so no document is taken for it; bring it anew.")
        earlier = document_store.of_evidence(session, evidence_id)
        if earlier is not None and earlier.destroyed_at is None:
            raise NotPossible("Its document is here already. Take the piece back and bring it anew with the right one.")
        if earlier is not None:
            raise NotPossible("Its document was destroyed, and no other takes its place; bring the piece anew.")
        if row.file_sha256 and row.file_sha256 != sha256:
            raise Invalid(
                "This is not the document that was recorded: its hash is another. Hand in that very file, or bring the "
                "piece anew.",
                field="document",
            )
        if row.state == EvidenceState.VERIFIED and not row.file_sha256:
            raise NotPossible(
                "It was verified by its reference, without the hash of a document, so none can be added; bring it anew."
            )
        if document_store.number_waiting(session, actor.person_id) >= MOST_WAITING:
            raise NotPossible(
                f"{MOST_WAITING} of your documents wait to be verified; take some of them back, or wait until they are."
            )
        return row

    def _seen(self, session: Session, actor: Actor, evidence_id: str) -> Evidence:
        found = store.to_evidence(store.evidence_row(session, evidence_id))
        if not self._may_see(session, actor, found):
            raise NotFound("There is no such evidence, or none that you may see.")
        return found

    def _readable(self, session: Session, actor: Actor, evidence_id: str) -> Document:
        self._load(session, actor, "readEvidenceDocument", evidence_id)
        return document_store.to_document(_living(session, evidence_id))


def _living(session: Session, evidence_id: str) -> EvidenceDocumentRow:
    row = document_store.of_evidence(session, evidence_id)
    if row is None or row.destroyed_at is not None:
        raise NotFound("There is no document of this evidence here; look it up by its reference.")
    return row


def _event(document: Document, kind: str, actor: str) -> Event:
    return Event(
        kind=kind,
        actor=actor,
        subject=f"evidence:{document.evidence_id}",
        details={"document": document.document_id, "sha256": document.sha256, "size": document.size},
    )
