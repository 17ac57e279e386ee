"""Precedents: what was decided before, found by its words; and earlier versions of a file, to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from orchestrator.airlock import file_store, store
from orchestrator.airlock.cases.model import Earlier, Precedent
from orchestrator.airlock.cases.rows import CaseRow, OpinionRow
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import Choice, File, FileRole, State, Submission
from orchestrator.airlock.rows import FileRow, FindingRow, ReviewRow, SubmissionRow, VoteRow
from orchestrator.airlock.rules import DECIDED, check_words
from orchestrator.core.errors import NotPossible
from orchestrator.policy.model import SITE, Actor

from .deciding import event_of
from .reviews import Opened, Reviews, file_of

__all__ = ["Precedents"]

_MOST = 50
_SHORTEST = 3
_OUT = frozenset({State.RELEASED, State.LAPSED, State.RECALL_ASKED, State.RECALLED})


class Precedents:
    """The memory of the bench. Nothing of a submission that is not decided yet is found: blinding goes on."""

    def __init__(self, desk: Desk, reviews: Reviews) -> None:
        self._desk, self._reviews = desk, reviews

    def search(self, actor: Actor, text: str, *, limit: int = _MOST) -> list[Precedent]:
        """Find decided submissions whose title, files, contexts, comments, reasons or rules hold these words."""
        self._desk.policy.check(self._desk.as_now(actor), "searchPrecedents", SITE)
        words = check_words(text, field="text", ask="Give some words to search for.").split()
        if max(map(len, words)) < _SHORTEST:
            raise NotPossible(f"Search for a word of at least {_SHORTEST} letters.")
        found: list[Precedent] = []
        allowed: dict[str, bool] = {}
        with self._desk.record.read() as session:
            for precedent, submission_id in _found(session, words):
                if submission_id not in allowed:
                    submission = store.load(session, submission_id)
                    allowed[submission_id] = self._desk.may(actor, "openFile", submission)
                if allowed[submission_id]:
                    found.append(precedent)
                if len(found) >= min(limit, _MOST):
                    break
        return found

    def earlier(self, actor: Actor, submission_id: str, file_id: str) -> list[Earlier]:
        """List the files of the same name that the project had reviewed or released before, newest first."""
        with self._desk.record.read() as session:
            submission = store.load(session, submission_id)
            self._desk.check(actor, "openFile", submission)
            file = file_of(submission, file_id)
            query = (
                select(FileRow.file_id, FileRow.submission_id, SubmissionRow.entered_at)
                .join(SubmissionRow, SubmissionRow.submission_id == FileRow.submission_id)
                .where(
                    SubmissionRow.project_id == submission.project_id,
                    FileRow.name == file.name,
                    FileRow.file_id != file.file_id,
                    FileRow.reviewed.is_(True),
                    FileRow.binding != "",
                )
                .order_by(SubmissionRow.entered_at.desc(), FileRow.round.desc())
                .limit(_MOST)
            )
            return [
                found
                for each, owner, at in session.execute(query).all()
                if (found := self._earlier(session, actor, submission, file_id=each, owner=owner, at=at)) is not None
            ]

    def _earlier(
        self, session: Session, actor: Actor, now: Submission, *, file_id: str, owner: str, at: datetime
    ) -> Earlier | None:
        then = now if owner == now.submission_id else store.load(session, owner)
        same = owner == now.submission_id
        if not same and (then.state not in DECIDED or not self._desk.may(actor, "openFile", then)):
            return None
        file = file_store.every_file(session, owner)[file_id]
        out = then.state in _OUT and file.role is FileRole.OUTPUT and file_id in {each.file_id for each in then.files}
        return Earlier(submission=then, file=file, sha256=file.sha256, released=out, at=at)

    def open_earlier(self, actor: Actor, submission_id: str, file_id: str, earlier_id: str) -> Opened:
        """Open one of those earlier files beside the present one; the record notes it."""
        for found in self.earlier(actor, submission_id, file_id):
            if found.file.file_id == earlier_id:
                with self._desk.record.change() as change:
                    submission = store.load(change.session, found.submission.submission_id)
                    self._reviews.note_opened(change, actor, submission, found.file)
                    change.tell(event_of("file.compared", actor.person_id, submission, {"beside": submission_id}))
                return Opened(file=found.file, path=self._path(found.file))
        raise NotPossible("That is no earlier version of this file.")

    def _path(self, file: File) -> Path:
        return self._desk.frozen.path(file.sha256)


def _like(column: Any, words: list[str]) -> ColumnElement[bool]:
    """Ask that every word is somewhere in the column; the words' own wildcards mean themselves."""
    escaped = (word.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words)
    return and_(*(func.lower(column).like(f"%{word}%", escape="\\") for word in escaped))


def _found(session: Session, words: list[str]) -> Iterator[tuple[Precedent, str]]:
    decided = SubmissionRow.state.in_([state.value for state in DECIDED])
    at = SubmissionRow.entered_at.desc()
    votes = (
        select(SubmissionRow, FileRow.name, VoteRow.comment, VoteRow.choice, VoteRow.voted_at)
        .join(VoteRow, VoteRow.submission_id == SubmissionRow.submission_id)
        .join(FileRow, FileRow.file_id == VoteRow.file_id)
        .join(
            ReviewRow,
            (ReviewRow.submission_id == VoteRow.submission_id)
            & (ReviewRow.round == VoteRow.round)
            & (ReviewRow.person_id == VoteRow.person_id),
        )
        .where(decided, VoteRow.void.is_(False), _like(VoteRow.comment, words))
        .order_by(at)
        .limit(_MOST)
    )
    for row, name, text, choice, when in session.execute(votes):
        yield _precedent(row, name, "comment", text, when, choice=Choice(choice))
    contexts = (
        select(SubmissionRow, FileRow.name, FileRow.context)
        .join(FileRow, FileRow.submission_id == SubmissionRow.submission_id)
        .where(
            decided,
            or_(_like(FileRow.context, words), _like(FileRow.name, words), _like(SubmissionRow.title, words)),
        )
        .order_by(at)
        .limit(_MOST)
    )
    for row, name, text in session.execute(contexts):
        yield _precedent(row, name, "context", text, row.entered_at)
    yield from _reasons(session, words)
    findings = (
        select(SubmissionRow, FileRow.name, FindingRow.message)
        .join(FileRow, FileRow.submission_id == SubmissionRow.submission_id)
        .join(FindingRow, FindingRow.file_id == FileRow.file_id)
        .where(decided, or_(_like(FindingRow.rule, words), _like(FindingRow.message, words)))
        .order_by(at)
        .limit(_MOST)
    )
    for row, name, text in session.execute(findings):
        yield _precedent(row, name, "finding", text, row.entered_at)


def _reasons(session: Session, words: list[str]) -> Iterator[tuple[Precedent, str]]:
    """Find words of overrides, settlements, appeals, sign-offs and recalls: of those who asked and who decided."""
    decided = SubmissionRow.state.in_([state.value for state in DECIDED])
    asked = (
        select(SubmissionRow, CaseRow.kind, CaseRow.reason, CaseRow.asked_at)
        .join(CaseRow, CaseRow.submission_id == SubmissionRow.submission_id)
        .where(decided, _like(CaseRow.reason, words))
        .limit(_MOST)
    )
    said = (
        select(SubmissionRow, CaseRow.kind, OpinionRow.reason, OpinionRow.said_at)
        .join(CaseRow, CaseRow.submission_id == SubmissionRow.submission_id)
        .join(OpinionRow, OpinionRow.case_id == CaseRow.case_id)
        .where(decided, CaseRow.closed_at.is_not(None), _like(OpinionRow.reason, words))
        .limit(_MOST)
    )
    for query in (said, asked):
        for row, kind, text, when in session.execute(query):
            yield _precedent(row, "", str(kind), text, when)


def _precedent(
    row: SubmissionRow, file: str, place: str, text: str, at: datetime, *, choice: Choice | None = None
) -> tuple[Precedent, str]:
    found = Precedent(
        submission_id=row.submission_id,
        title=row.title,
        state=State(row.state),
        file=file,
        place=place,
        text=text,
        choice=choice,
        at=at,
    )
    return found, row.submission_id
