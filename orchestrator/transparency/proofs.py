"""Hands a sealed document out with the proof that leads from it to a signed head of the audit log."""

from __future__ import annotations

import base64

import rfc8785
from sqlalchemy import select

from orchestrator.audit.model import InclusionProof
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Json

__all__ = ["with_proof"]


def with_proof(record: Record, audit: AuditService, text: str, *, kind: str, subject: str) -> bytes:
    """Return a sealed document, whose ``text`` is canonical JSON, with its proof, as it is handed out.

    Raises ``NotPossible`` while no signed head covers it: the airlock's worker signs one every few seconds.
    """
    query = select(EntryRow.position).where(EntryRow.kind == kind, EntryRow.subject == subject)
    with record.read() as session:
        position = session.scalar(query.order_by(EntryRow.position.desc()).limit(1))
    if position is None:
        raise NotFound("The audit log knows nothing of this document; tell an operator.")
    proof = audit.prove(position)
    return b'{"document":' + text.encode() + b',"proof":' + rfc8785.dumps(_plain(proof)) + b"}"


def _plain(proof: InclusionProof) -> dict[str, Json]:
    head = proof.head
    return {
        "entry": proof.entry,
        "position": proof.position,
        "path": [base64.b64encode(step).decode() for step in proof.path],
        "head": {
            "origin": head.origin,
            "size": head.size,
            "root": base64.b64encode(head.root).decode(),
            "signature": head.signature,
        },
    }
