"""How the author collects a release: links bound to one person, used once, with an end; and the signed record."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orchestrator.airlock import store
from orchestrator.airlock.cases.recalls import wanted
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import File, Link, State, Submission
from orchestrator.airlock.rules import check_moves
from orchestrator.airlock.states import Action
from orchestrator.core.errors import NotPossible, Refused, Unavailable
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as release_store

__all__ = ["Collected", "Releases"]

_LINK_LASTS = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a link gives: the released files, where they lie, and the signed record."""

    submission: Submission
    files: tuple[tuple[File, Path], ...]
    document: bytes


class Releases:
    """What the author does after release."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def make_link(self, actor: Actor, submission_id: str) -> tuple[str, Link]:
        """Make a new link for the author; the secret is shown once and kept nowhere."""
        secret, now = secrets.token_urlsafe(32), self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "collectRelease", submission)
            self._check_free(submission)
            if submission.state is State.LAPSED:
                check_moves(submission, Action.ISSUE_AGAIN)
                again = self._event("submission.issued-again", submission, {}, actor=actor.person_id)
                store.move(change, submission, Action.ISSUE_AGAIN, at=now, event=again)
            elif submission.state is not State.RELEASED:
                raise NotPossible(f"This submission is {submission.state.value}; links are made once it is released.")
            release_store.end_links(change, submission_id, at=now)
            link = Link(
                link_id=new_id(),
                submission_id=submission_id,
                person_id=actor.person_id,
                made_at=now,
                expires_at=now + _LINK_LASTS,
            )
            event = self._event("link.made", submission, {"link": link.link_id}, actor=actor.person_id)
            release_store.add_link(change, link, _hashed(secret), event=event)
        return secret, link

    def collect(self, actor: Actor, secret: str) -> Collected:
        """Use a link once. Somebody else's attempt is refused and recorded, and does not use it up."""
        refusal: Refused | None = None
        with self._desk.record.change() as change:
            link = release_store.link_by_secret(change.session, _hashed(secret))
            if link is None:
                raise Refused("This link is not valid; ask for a new one on the submission’s page.")
            submission = store.load(change.session, link.submission_id)
            refusal = self._why_not(actor, link, submission)
            kind = "link.used" if refusal is None else "link.refused"
            event = self._event(kind, submission, {"link": link.link_id}, actor=actor.person_id)
            if refusal is None:
                release_store.mark_used(change, link.link_id, at=self._desk.record.clock(), event=event)
                document = release_store.release(change.session, submission.submission_id)
            else:
                change.tell(event)
        if refusal is not None:
            raise refusal
        directory = self._desk.frozen.released(submission.submission_id)
        files = tuple((file, directory / file.sha256) for file in submission.outputs)
        return Collected(submission=submission, files=files, document=document.encode())

    def _why_not(self, actor: Actor, link: Link, submission: Submission) -> Refused | None:
        decision = self._desk.decide(actor, "collectRelease", submission)
        if not decision.allowed:
            return Refused(decision.reasons[0], reasons=decision.reasons)
        if link.person_id != actor.person_id:
            return Refused("This link was made for somebody else.")
        if link.used_at is not None:
            return Refused("This link was used already; ask for a new one on the submission’s page.")
        over = self._over(link, submission)
        if over:
            return Refused(over)
        try:
            self._check_free(submission)
            self._check_intact(submission)
        except NotPossible as held:
            return Refused(held.message)
        return None

    def _over(self, link: Link, submission: Submission) -> str:
        if submission.state in (State.RECALL_ASKED, State.RECALLED):
            return "This release was recalled, or its recall was asked for; nothing of it is handed out."
        if self._desk.record.clock() >= link.expires_at or submission.state is not State.RELEASED:
            return "This link has expired; ask for a new one on the submission’s page."
        return ""

    def _check_free(self, submission: Submission) -> None:
        reasons = self._desk.hold_reasons(submission)
        if reasons:
            raise NotPossible(f"Nothing of this project may be collected now: {reasons[0]}")

    def _check_intact(self, submission: Submission) -> None:
        if not self._desk.frozen.release_intact(submission.submission_id, wanted(submission)):
            raise Unavailable(
                "The released files were found altered, so they are not handed out. Tell an operator.",
                system="airlock store",
                retry=False,
            )

    def signed_record(self, actor: Actor, submission_id: str) -> bytes:
        """Return the signed JSON record of a release."""
        with self._desk.record.read() as session:
            submission = store.load(session, submission_id)
            self._desk.check(actor, "showReleaseRecord", submission)
            return release_store.release(session, submission_id).encode()

    def _event(self, kind: str, submission: Submission, details: dict[str, Json], *, actor: str) -> Event:
        return Event(kind=kind, actor=actor, subject=f"submission:{submission.submission_id}", details=details)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
