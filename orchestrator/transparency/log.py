"""Reads of the audit log what transparency tells of: mounts, releases, decisions; a change's own events among them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from orchestrator.audit.store import EntryRow
from orchestrator.core.events import Event

from .store import MentionRow

__all__ = ["MENTIONS", "Log", "Logged", "Releasing", "names_project"]

MENTIONS = ("submission.frozen", "session.begun")
"""Kinds of entries about something else that name a project: they are indexed."""


_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One entry of the log, or one event of the change that is about to commit (which has no position yet)."""

    position: int | None
    kind: str
    subject: str
    actor: str
    at: datetime
    details: Mapping[str, Any]

    @property
    def about(self) -> str:
        """The identifier that the subject names."""
        return self.subject.partition(":")[2]


@dataclass(frozen=True, kw_only=True)
class Releasing:
    """What the log says of one submission that was released."""

    submission_id: str
    project_id: str
    author_id: str
    released_at: datetime
    position: int | None
    files: int
    record_sha256: str
    reviewers: frozenset[str]
    """Who handed in a review of it."""
    signed_off: Mapping[str, str]
    """By custodian, the officer who agreed to it last."""
    recalled_at: datetime | None = None


class Log:
    """The log as one transaction sees it."""

    def __init__(self, session: Session, told: Sequence[Event] = (), now: datetime | None = None) -> None:
        self._session = session
        self._told = told
        self._now = now or datetime.now(UTC)

    def about(self, subjects: Iterable[str], *, kinds: Iterable[str] | None = None) -> list[Logged]:
        """Return what was recorded of these things, oldest first."""
        wanted, words = list(subjects), None if kinds is None else list(kinds)
        found = []
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            query = select(EntryRow.position, EntryRow.body).where(EntryRow.subject.in_(part))
            if words is not None:
                query = query.where(EntryRow.kind.in_(words))
            found += [_logged(row.position, row.body) for row in self._session.execute(query)]
        found.sort(key=lambda each: each.position or 0)
        return found + [
            self._of(event)
            for event in self._told
            if event.subject in wanted and (words is None or event.kind in words)
        ]

    def first_use(self, project_id: str) -> datetime | None:
        """Return when data first reached the project: a lease was issued, or a session with data began."""
        mine = (EntryRow.subject == f"project:{project_id}") & (EntryRow.kind == "lease.issued")
        firsts = [
            self._session.scalar(select(func.min(EntryRow.position)).where(mine)),
            self._session.scalar(select(func.min(MentionRow.position)).where(*_mentioned("session.begun", project_id))),
        ]
        found = self._at([each for each in firsts if each is not None])
        found += [self._of(event) for event in self._told if event.subject == f"project:{project_id}"]
        found += self._just_told("session.begun", project_id)
        return min((each.at for each in found if each.kind in ("lease.issued", "session.begun")), default=None)

    def sessions_of(self, project_ids: Sequence[str]) -> dict[str, list[Logged]]:
        """Return, by project, the sessions with data that began there, with the grants and versions each was given."""
        return self._by_project("session.begun", project_ids)

    def project_of(self, submission_id: str) -> str:
        """Return the project that a submission belongs to; empty where the log does not know it."""
        found = self.about([f"submission:{submission_id}"], kinds=["submission.frozen"])
        return str(found[0].details.get("project", "")) if found else ""

    def releases(self, project_id: str) -> list[Releasing]:
        """Return what left a project, oldest first."""
        return self.releases_of([project_id])[project_id]

    def releases_of(self, project_ids: Sequence[str]) -> dict[str, list[Releasing]]:
        """Return, by project, what left it, oldest first."""
        frozen = {
            each.subject: (project_id, each)
            for project_id, entries in self._by_project("submission.frozen", project_ids).items()
            for each in entries
        }
        by_subject: dict[str, list[Logged]] = {}
        for each in self.about(frozen, kinds=_OF_RELEASES):
            by_subject.setdefault(each.subject, []).append(each)
        found: dict[str, list[Releasing]] = {project_id: [] for project_id in project_ids}
        for subject, entries in by_subject.items():
            project_id, begun = frozen[subject]
            made = _releasing(begun, entries, project_id)
            if made is not None:
                found[project_id].append(made)
        for releases in found.values():
            releases.sort(key=_released_at)
        return found

    def _by_project(self, kind: str, project_ids: Sequence[str]) -> dict[str, list[Logged]]:
        """Return, by project, entries of a kind whose details name it, oldest first."""
        found: dict[str, list[Logged]] = {project_id: [] for project_id in project_ids}
        for start in range(0, len(project_ids), _AT_ONCE):
            part = project_ids[start : start + _AT_ONCE]
            query = (
                select(MentionRow.project_id, EntryRow.position, EntryRow.body)
                .join(EntryRow, EntryRow.position == MentionRow.position)
                .where(MentionRow.project_id.in_(part), MentionRow.kind == kind)
                .order_by(EntryRow.position)
            )
            for row in self._session.execute(query):
                found[row.project_id].append(_logged(row.position, row.body))
        for project_id in project_ids if self._told else ():
            found[project_id] += self._just_told(kind, project_id)
        return found

    def _at(self, positions: Sequence[int]) -> list[Logged]:
        found = []
        for start in range(0, len(positions), _AT_ONCE):
            part = positions[start : start + _AT_ONCE]
            query = select(EntryRow.position, EntryRow.body).where(EntryRow.position.in_(part))
            found += [_logged(row.position, row.body) for row in self._session.execute(query)]
        return sorted(found, key=lambda each: each.position or 0)

    def _just_told(self, kind: str, project_id: str) -> list[Logged]:
        named = [event for event in self._told if event.kind == kind and names_project(event.kind, event.details)]
        return [self._of(event) for event in named if event.details.get("project") == project_id]

    def _of(self, event: Event) -> Logged:
        return Logged(
            position=None,
            kind=event.kind,
            subject=event.subject,
            actor=event.actor,
            at=self._now,
            details=event.details,
        )


_OF_RELEASES = ("submission.released", "submission.recalled", "review.submitted", "sign-off.given")


def names_project(kind: str, details: Mapping[str, Any]) -> bool:
    """Say whether an entry belongs into the index: of sessions, only those that were given data."""
    return (
        kind in MENTIONS and bool(details.get("project")) and (kind != "session.begun" or bool(details.get("versions")))
    )


def _mentioned(kind: str, project_id: str) -> tuple[ColumnElement[bool], ...]:
    return (MentionRow.project_id == project_id, MentionRow.kind == kind)


def _releasing(frozen: Logged, entries: Sequence[Logged], project_id: str) -> Releasing | None:
    released = [each for each in entries if each.kind == "submission.released"]
    if not released:
        return None
    last = released[-1]
    recalled = [each.at for each in entries if each.kind == "submission.recalled" and each.at >= last.at]
    return Releasing(
        submission_id=frozen.about,
        project_id=project_id,
        author_id=frozen.actor,
        released_at=last.at,
        position=last.position,
        files=int(last.details.get("files", 0)),
        record_sha256=str(last.details.get("record", "")),
        reviewers=frozenset(each.actor for each in entries if each.kind == "review.submitted"),
        signed_off={
            str(custodian): each.actor
            for each in entries
            if each.kind == "sign-off.given"
            for custodian in each.details.get("custodians", [])
        },
        recalled_at=recalled[0] if recalled else None,
    )


def _released_at(release: Releasing) -> datetime:
    return release.released_at


def _logged(position: int, body: str) -> Logged:
    entry = json.loads(body)
    return Logged(
        position=position,
        kind=entry["kind"],
        subject=entry["subject"],
        actor=entry["actor"],
        at=datetime.fromisoformat(entry["at"].replace("Z", "+00:00")),
        details=entry["details"],
    )
