"""Deletion certificates: what a closed project's place held, that it went, what is kept until when; checked offline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.ports import HeadSigner
from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow
from orchestrator.audit.verification import signature_holds
from orchestrator.core.clock import iso
from orchestrator.core.events import Event, Json

from .. import store as work
from ..store import SessionRow
from . import store
from .model import PlacePlan
from .store import CertificateRow

__all__ = ["SCHEMA", "Document", "Facts", "build", "sign_certificates", "signed", "verify_certificate"]

SCHEMA = "tre-deletion/1"
_PREFIX = b"tre deletion certificate 1\n"
_ABOUT = (
    "place.made", "place.removing", "place.emptied", "leases.withdrawn", "lease.issued", "lease.revoked", "data.wiped",
    "project.closed",
)  # fmt: skip
_KEYS = ("Secret", "identity")
_VOLUMES = ("PersistentVolumeClaim", "PersistentVolume")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was seen when the removal had finished. ``left`` is what the final check found.

    ``identities`` are those by which a project that was given leases was known to the Vault; the check saw none left.
    """

    plan: PlacePlan
    left: tuple[str, ...]
    identities: tuple[str, ...] = ()
    closed_at: datetime
    kept_until: datetime
    checked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Document:
    """A certificate as it is kept and signed."""

    number: int
    final: bool
    text: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def build(session: Session, facts: Facts, *, number: int) -> Document:
    """Return the certificate of what the log says was there and has gone."""
    plan = facts.plan
    entries = _entries(session, plan.project_id)
    found = _objects(entries)
    gone = [one for one in found if one not in facts.left]
    kept: list[Json] = [*facts.left]
    leases = _leases(entries)
    whole: dict[str, Json] = {
        "schema": SCHEMA,
        "project": plan.project_id,
        "place": plan.name,
        "number": number,
        "final": not plan.keep_work,
        "closed": iso(facts.closed_at),
        "objects": [_named(one) for one in gone if _kind(one) not in (*_KEYS, *_VOLUMES)],
        "volumes": [_named(one) for one in gone if _kind(one) in _VOLUMES],
        "keys": [_named(one) for one in gone if _kind(one) in _KEYS]
        + [_named(one) for one in facts.identities if leases],
        "leases": leases,
        "sessions": _sessions(session, plan.project_id),
        "kept": {"objects": kept, "until": iso(facts.kept_until)} if plan.keep_work else None,
        "check": {
            "at": iso(facts.checked_at),
            "objects_left": 0 if plan.keep_work else len(facts.left),
            "leases_left": 0,
            "sessions_left": len(work.live_sessions(session, plan.project_id)),
        },
        "audit": [{"position": row.position, "kind": row.kind, "leaf": row.leaf.hex()} for row in entries],
    }
    return Document(number=number, final=not plan.keep_work, text=rfc8785.dumps(whole).decode())


def sign_certificates(record: Record, signer: HeadSigner) -> int:
    """Sign what waits for it; only the airlock's worker may. Returns how many were signed."""
    with record.read() as session:
        waiting = [(row.project_id, row.number, row.document) for row in store.unsigned_certificates(session)]
    for project_id, number, document in waiting:
        signature = signer.sign(_message(document.encode()))
        with record.change() as change:
            row = change.session.get(CertificateRow, (project_id, number))
            if row is None or row.signature is not None:
                continue
            row.signature, row.signed_at = signature, record.clock()
            subject = f"project:{project_id}"
            details: dict[str, Json] = {"number": number}
            change.tell(Event(kind="certificate.signed", actor="system:airlock", subject=subject, details=details))
    return len(waiting)


def signed(row: CertificateRow) -> bytes:
    """Return the certificate as it is handed out: canonical JSON of the document and the signature over it."""
    return rfc8785.dumps({"certificate": json.loads(row.document), "signature": row.signature})


def verify_certificate(document: bytes, keys: Mapping[int, bytes]) -> list[str]:
    """Return every reason why ``document`` does not prove a removal; an empty list means that it does."""
    try:
        whole = json.loads(document)
        certificate, signature = whole["certificate"], whole["signature"]
        covered = _message(rfc8785.dumps(certificate))
        if rfc8785.dumps(whole) != document:
            raise ValueError("not canonical")
    except (ValueError, KeyError, TypeError, RecursionError, rfc8785.CanonicalizationError):
        return ["This is not a deletion certificate: canonical JSON with a certificate and a signature was expected."]
    if not isinstance(signature, str) or not signature_holds(covered, signature, keys):
        return ["The signature was not made by the record key: the certificate was changed, or is somebody else’s."]
    try:
        return _inside(certificate)
    except (KeyError, TypeError, AttributeError):
        return ["The certificate is signed but not complete."]


def _inside(certificate: Any) -> list[str]:
    problems = []
    if certificate["schema"] != SCHEMA:
        problems.append(f"The certificate follows “{certificate['schema']}”; this program knows “{SCHEMA}”.")
    check = certificate["check"]
    problems += [f"The final check found {name.replace('_', ' ')}." for name in check if name != "at" and check[name]]
    if certificate["final"] == bool(certificate["kept"]):
        problems.append("It does not say clearly whether work is kept.")
    return problems


def _message(document: bytes) -> bytes:
    return _PREFIX + document


def _entries(session: Session, project_id: str) -> list[EntryRow]:
    query = select(EntryRow).where(EntryRow.subject == f"project:{project_id}", EntryRow.kind.in_(_ABOUT))
    return list(session.scalars(query.order_by(EntryRow.position)))


def _objects(entries: list[EntryRow]) -> list[str]:
    """Return every object that the log says was there at the removal's beginning or went later, each once."""
    found: dict[str, None] = {}
    for row in entries:
        if row.kind in ("place.removing", "place.emptied"):
            found |= dict.fromkeys(json.loads(row.body)["details"]["objects"])
    return sorted(found)


def _leases(entries: list[EntryRow]) -> list[Json]:
    """Return every lease the project was ever given; that none is left was looked at."""
    leases: list[Json] = []
    for row in entries:
        if row.kind == "lease.issued":
            body = json.loads(row.body)
            leases.append({**body["details"], "issued": body["at"]})
    return leases


def _sessions(session: Session, project_id: str) -> list[Json]:
    query = select(SessionRow.session_id, SessionRow.ended_at).where(SessionRow.project_id == project_id)
    rows = session.execute(query.order_by(SessionRow.started_at, SessionRow.session_id))
    return [{"session": row.session_id, "ended": iso(row.ended_at) if row.ended_at else None} for row in rows]


def _named(one: str) -> Json:
    what, _, uid = one.partition(" ")
    kind, _, name = what.rpartition("/")
    return {"kind": kind, "name": name, "uid": uid}


def _kind(one: str) -> str:
    return one.partition(" ")[0].rpartition("/")[0].rpartition("/")[2]
