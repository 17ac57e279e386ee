"""What a piece of evidence must say; which pieces count for whom; when the next reminder is due."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

from orchestrator.access.rules import end_of, start_of
from orchestrator.alliance.evidence import EvidenceKind, Holder
from orchestrator.core.errors import Invalid

from .model import REMIND_DAYS, Evidence, EvidenceState

__all__ = ["check_dates", "check_hash", "check_holder", "check_line", "counting", "reminder_due", "same_name"]

_HASH = re.compile(r"[0-9a-f]{64}")


def check_line(text: str, *, field: str, needed: bool = True, longest: int = 200) -> str:
    """Return ``text`` trimmed; raise ``Invalid`` when it is no line or, where needed, says nothing."""
    trimmed = text.strip()
    if len(trimmed) > longest or (trimmed and not trimmed.isprintable()) or (needed and len(trimmed) < 3):
        words = field.replace("_", " ")
        raise Invalid(f"Give the {words} in one line of {3 if needed else 0} to {longest} characters.", field=field)
    return trimmed


def check_hash(text: str) -> str:
    """Return a SHA-256 in lower case, or nothing."""
    trimmed = text.strip().lower()
    if trimmed and not _HASH.fullmatch(trimmed):
        raise Invalid("The hash of the file is no SHA-256: 64 hexadecimal digits.", field="file_sha256")
    return trimmed


def check_holder(kind: EvidenceKind, holder: Holder, custodian_id: str | None) -> None:
    """Raise ``Invalid`` unless this kind is held by such a holder."""
    if kind.holder is not holder:
        whose = (
            "an organisation, not to one piece of research"
            if kind.holder is Holder.ORGANISATION
            else "one piece of research"
        )
        raise Invalid(f"A {kind.title} belongs to {whose}; bring it there.", field="kind")
    if kind.one_custodian and custodian_id is None:
        raise Invalid(f"A {kind.title} is made with one custodian: say with which.", field="custodian_id")


def check_dates(kind: EvidenceKind, first: date, last: date, *, now: datetime) -> tuple[datetime, datetime]:
    """Return the first moment it holds and the first it does not; raise ``Invalid`` for days that make no sense."""
    begins, ends = start_of(first), end_of(last)
    if last < first:
        raise Invalid("The last day lies before the first; correct the dates.", field="valid_until")
    if ends <= now:
        raise Invalid("Its last day has passed; bring the renewed one.", field="valid_until")
    if ends - begins > kind.longest:
        raise Invalid(
            f"A {kind.title} counts for {kind.longest.days} days at most; give an earlier last day and renew it then.",
            field="valid_until",
        )
    return begins, ends


def counting(pieces: Iterable[Evidence], *, kind: str, custodian_id: str) -> tuple[tuple[datetime, datetime], ...]:
    """Return from when until when verified pieces of a kind count for a custodian."""
    return tuple(
        (piece.valid_from, piece.valid_until)
        for piece in pieces
        if piece.kind == kind and piece.state is EvidenceState.VERIFIED and piece.custodian_id in (None, custodian_id)
    )


def reminder_due(evidence: Evidence, now: datetime) -> int | None:
    """Return which reminder is due: the smallest number of days that has been reached, 0 once it has ended."""
    if evidence.state is not EvidenceState.VERIFIED:
        return None
    if now >= evidence.valid_until:
        return 0
    reached = [days for days in REMIND_DAYS if (evidence.valid_until - now).total_seconds() <= days * 86_400]
    return min(reached, default=None)


def same_name(one: str, other: str) -> bool:
    """Say whether two names of organisations are the same but for blanks and capitals."""
    return bool(one.strip()) and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
