"""The release record: one canonical JSON document that says who let what out, by which rules, and on whose word."""

from __future__ import annotations

from collections.abc import Iterable

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.airlock.cases.model import Case, CaseKind, CaseOutcome
from orchestrator.airlock.model import File, Review, Submission
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import CustodianTerms, RecordSigner
from orchestrator.airlock.rules import text_sha256
from orchestrator.audit.store import EntryRow
from orchestrator.core.clock import iso
from orchestrator.core.events import Json

__all__ = ["SCHEMA", "SCHEMAS", "audit_positions", "build", "signed"]

SCHEMA = "tre-release/2"
SCHEMAS = frozenset({"tre-release/1", SCHEMA})
"""What this program can check; the first knew no overrides, settlements and sign-offs, so it has none."""
_PREFIX = b"tre release record 1\n"


def build(
    submission: Submission,
    reviews: Iterable[Review],
    *,
    cases: Iterable[Case] = (),
    pack: Pack,
    terms: Iterable[CustodianTerms],
    access_rules: str,
    audit: list[Json],
) -> dict[str, Json]:
    """Return the record of a release. Built from the record alone, so that building it again gives the same bytes.

    The author's title and contexts and the checkers' comments are present as hashes: they were for people inside.
    """
    this_round = [case for case in cases if case.outcome is CaseOutcome.ACCEPTED]
    return {
        "schema": SCHEMA,
        "submission": submission.submission_id,
        "project": submission.project_id,
        "session": submission.session_id,
        "author": submission.author_id,
        "destination": {"kind": "person", "person": submission.author_id},
        "title_sha256": text_sha256(submission.title),
        "round": submission.round,
        "files": [_file(file) for file in submission.outputs],
        "reviews": [_review(review) for review in reviews],
        "overrides": [_case(case) for case in this_round if case.kind is CaseKind.OVERRIDE],
        "settlements": [
            _case(case) for case in this_round if case.kind is CaseKind.SETTLEMENT and case.round == submission.round
        ],
        "sign_offs": [
            _case(case) for case in this_round if case.kind is CaseKind.SIGN_OFF and case.round == submission.round
        ],
        "policy": {
            "pack": {"version": submission.pack_version, "sha256": submission.pack_sha256, "rules": pack.as_json()},
            "access_rules_sha256": access_rules,
            "checkers_needed": submission.checkers_needed,
        },
        "custodians": [
            {
                "custodian": each.custodian_id,
                "terms_version": each.version,
                "checkers_needed": each.checkers_needed,
                "minimum_count": each.minimum_count,
                "release_signoff": each.release_signoff,
            }
            for each in sorted(terms, key=lambda each: each.custodian_id)
        ],
        "audit": audit,
        "times": {"submitted": iso(submission.submitted_at), "releasing": iso(submission.entered_at)},
    }


def _file(file: File) -> Json:
    return {
        "file": file.file_id,
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "kind": file.kind,
        "verdict": str(file.verdict),
        "context_sha256": text_sha256(file.context),
        "binding": file.binding,
        "made_from_sha256": file.original_sha256,
        "findings": [
            {"rule": each.rule, "severity": each.severity.value, "where": each.where, "message": each.message}
            for each in file.findings
        ],
    }


def _case(case: Case) -> Json:
    """Return an extraordinary act: who asked, who decided, for which bindings; its reasons as hashes."""
    return {
        "case": case.case_id,
        "asked_by": case.asked_by,
        "asked": iso(case.asked_at),
        "reason_sha256": text_sha256(case.reason),
        "detail": case.detail,
        "bindings": list(case.covers),
        "decided": [
            {"person": each.person_id, "yes": each.yes, "reason_sha256": text_sha256(each.reason)}
            for each in case.opinions
        ],
    }


def _review(review: Review) -> Json:
    return {
        "checker": review.person_id,
        "submitted": iso(review.submitted_at),
        "votes": [
            {
                "file": vote.file_id,
                "choice": vote.choice.value,
                "binding": vote.binding,
                "comment_sha256": text_sha256(vote.comment),
                "voted": iso(vote.voted_at),
                "carried_from_round": vote.carried_from,
            }
            for vote in review.votes
        ],
    }


def audit_positions(session: Session, submission_id: str) -> list[Json]:
    """Return where the audit log speaks of this submission: position, kind and leaf hash of every entry so far."""
    rows = session.scalars(
        select(EntryRow).where(EntryRow.subject == f"submission:{submission_id}").order_by(EntryRow.position)
    )
    return [{"position": row.position, "kind": row.kind, "leaf": row.leaf.hex()} for row in rows]


def signed(record: dict[str, Json], signer: RecordSigner) -> bytes:
    """Sign a record and return the document: canonical JSON of the record and the signature over it."""
    signature = signer.sign(message(record))
    return rfc8785.dumps({"record": record, "signature": signature})


def message(record: dict[str, Json]) -> bytes:
    """Return the bytes that the signature covers."""
    return _PREFIX + rfc8785.dumps(record)
