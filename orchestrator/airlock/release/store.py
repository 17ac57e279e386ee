"""Release records and links in the record. Every write hands its ``Event`` to the change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orchestrator.airlock.model import Link
from orchestrator.airlock.rows import LinkRow, ReleaseRow
from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict, NotFound
from orchestrator.core.events import Event

__all__ = ["add_link", "add_release", "end_links", "link_by_secret", "mark_used", "recipients", "release"]


def add_release(change: Change, submission_id: str, document: str, sha256: str, *, at: datetime, event: Event) -> None:
    """Keep the signed record of a release."""
    change.session.add(ReleaseRow(submission_id=submission_id, released_at=at, document=document, sha256=sha256))
    change.tell(event)


def release(session: Session, submission_id: str) -> str:
    """Return the signed record of a release."""
    row = session.get(ReleaseRow, submission_id)
    if row is None:
        raise NotFound("This submission has no release record: nothing of it was released.")
    return row.document


def add_link(change: Change, link: Link, secret_sha256: str, *, event: Event) -> None:
    """Keep a new link by the hash of its secret."""
    change.session.add(
        LinkRow(
            link_id=link.link_id,
            submission_id=link.submission_id,
            person_id=link.person_id,
            secret_sha256=secret_sha256,
            made_at=link.made_at,
            expires_at=link.expires_at,
        )
    )
    change.tell(event)


def end_links(change: Change, submission_id: str, *, at: datetime) -> int:
    """End every unused link of a submission now; the caller's event says why."""
    ended = change.session.execute(
        update(LinkRow)
        .where(LinkRow.submission_id == submission_id, LinkRow.used_at.is_(None), LinkRow.expires_at > at)
        .values(expires_at=at)
    )
    return int(getattr(ended, "rowcount", 0))


def link_by_secret(session: Session, secret_sha256: str) -> Link | None:
    """Return the link with this secret, if there is one."""
    row = session.scalar(select(LinkRow).where(LinkRow.secret_sha256 == secret_sha256))
    if row is None:
        return None
    return Link(
        link_id=row.link_id,
        submission_id=row.submission_id,
        person_id=row.person_id,
        made_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


def mark_used(change: Change, link_id: str, *, at: datetime, event: Event) -> None:
    """Note that a link was used; only the first use counts."""
    used = change.session.execute(
        update(LinkRow).where(LinkRow.link_id == link_id, LinkRow.used_at.is_(None)).values(used_at=at)
    )
    if not getattr(used, "rowcount", 0):
        raise Conflict("This link was used already; ask for a new one.")
    change.tell(event)


def recipients(session: Session, submission_id: str) -> list[tuple[str, datetime]]:
    """Return who collected a release and when, from the receipts of used links, oldest first."""
    query = (
        select(LinkRow.person_id, LinkRow.used_at)
        .where(LinkRow.submission_id == submission_id, LinkRow.used_at.is_not(None))
        .order_by(LinkRow.used_at, LinkRow.link_id)
    )
    return [(person, used) for person, used in session.execute(query) if used is not None]
