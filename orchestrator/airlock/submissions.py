"""Receiving, listing and taking back submissions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from orchestrator.core.errors import NotPossible, Refused
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store
from .desk import Desk
from .frozen import Received
from .intake.announcing import Announced, announced
from .model import State, Submission
from .ports import LiveSession
from .replay.service import Replays
from .review import store as review_store
from .rounds import revise, sent_files
from .rules import DECIDED, OPEN, check_moves
from .states import AIRLOCK_STATES, Action

__all__ = ["Announced", "Submissions", "announced"]

_DAY = timedelta(days=1)


class Submissions:
    """What authors do."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._replays = Replays(desk)

    def check_may_submit(self, project_id: str, person_id: str, *, revising: bool = False) -> None:
        """Raise ``Refused`` with the reasons why this person may not submit from this project now.

        A further round of a submission is none more: it counts by its bytes only.
        """
        desk = self._desk
        desk.policy.check(desk.governance.actor(person_id), "submitResults", desk.thing(project_id, person_id))
        reasons = desk.governance.hold_reasons(project_id, person_id, since=desk.record.clock())
        if reasons:
            raise Refused(reasons[0], reasons=reasons)
        with desk.record.read() as session:
            count = store.count_open(session, project_id, OPEN)
            handed_in = store.bytes_since(session, project_id, desk.record.clock() - _DAY)
        if count >= desk.pack.limits.submissions_open_per_project and not revising:
            raise NotPossible(f"This project has {count} open submissions; wait for some, or withdraw some, first.")
        if handed_in >= desk.pack.limits.project_bytes_per_day:
            raise NotPossible(
                f"This project handed in {handed_in >> 20} MiB within a day, withdrawn ones included; "
                "come back tomorrow, or submit results instead of data."
            )

    def receive(self, live: LiveSession, said: Announced, received: Sequence[Received]) -> Submission:
        """Freeze what arrived and record it, all in one transaction; refuse it if the project may not submit by now."""
        if said.revises is not None:
            return self._revise(live, said, received)
        desk, now = self._desk, self._desk.record.clock()
        submission = Submission(
            submission_id=new_id(),
            project_id=live.project_id,
            session_id=live.session_id,
            author_id=live.person_id,
            title=said.title,
            state=State.FROZEN,
            round=1,
            submitted_at=now,
            entered_at=now,
            deadline=AIRLOCK_STATES.deadline(State.FROZEN, now),
            checkers_needed=desk.pack_for(live.project_id).checkers_needed,
            files=tuple(sent_files(said, received, first=0)),
        )
        with desk.record.change() as change:
            self.check_may_submit(live.project_id, live.person_id)
            desk.frozen.freeze(received)
            hashes: list[Json] = [file.sha256 for file in submission.files]
            store.add_submission(
                change,
                submission,
                event=Event(
                    kind="submission.frozen",
                    actor=live.person_id,
                    subject=f"submission:{submission.submission_id}",
                    details={"project": live.project_id, "session": live.session_id, "files": hashes},
                ),
            )
            self._replays.ask(change, submission, said.program)
        return submission

    def _revise(self, live: LiveSession, said: Announced, received: Sequence[Received]) -> Submission:
        with self._desk.record.change() as change:
            self.check_may_submit(live.project_id, live.person_id, revising=True)
            submission = revise(self._desk, change, live, said, received)
            self._replays.ask(change, submission, said.program)
            self._desk.frozen.freeze(received)
            return submission

    def mine(self, actor: Actor) -> list[Submission]:
        """List the actor's own submissions, newest first."""
        with self._desk.record.read() as session:
            ids = store.select_ids(session, author_id=actor.person_id, newest_first=True)
            return [store.load(session, each) for each in ids]

    def status(self, live: LiveSession) -> list[dict[str, Any]]:
        """Return what the author may know, inside his workspace, of what he submitted from this project."""
        with self._desk.record.read() as session:
            ids = store.select_ids(session, author_id=live.person_id, project_id=live.project_id, newest_first=True)
            rows = []
            for submission in (store.load(session, each) for each in ids[:100]):
                decided = submission.state in DECIDED
                reviews = review_store.reviews(session, submission.submission_id, round_number=submission.round)
                names = {file.file_id: file.name for file in submission.files}
                rows.append(
                    {
                        "submission": submission.submission_id,
                        "title": submission.title,
                        "state": submission.state.value,
                        "owner": submission.owner,
                        "held": list(submission.held),
                        "findings": [
                            {"file": file.name, "rule": each.rule, "severity": each.severity.value, "where": each.where}
                            for file in submission.files
                            for each in file.findings
                        ],
                        "comments": [
                            {"file": names[vote.file_id], "comment": vote.comment}
                            for review in reviews
                            for vote in review.votes
                            if decided and vote.comment and not review.void
                        ],
                    }
                )
            return rows

    def withdraw(self, actor: Actor, submission_id: str) -> None:
        """Take one's own submission back."""
        self._step(actor, submission_id, "withdrawSubmission", Action.WITHDRAW, "submission.withdrawn")

    def reject_quarantined(self, actor: Actor, submission_id: str) -> None:
        """Let an operator close a submission whose frozen bytes were found altered."""
        with self._desk.record.read() as session:
            submission = store.load(session, submission_id)
        self._desk.check(actor, "rejectQuarantined", submission)
        if submission.state is not State.QUARANTINED:
            raise NotPossible("Only a quarantined submission is closed by an operator; checkers decide the others.")
        self._step(actor, submission_id, "rejectQuarantined", Action.CLOSE, "submission.rejected")

    def _step(self, actor: Actor, submission_id: str, asked: str, action: Action, kind: str) -> None:
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, asked, submission)
            check_moves(submission, action)
            event = _event(kind, actor.person_id, submission, {"from": submission.state.value})
            store.move(change, submission, action, at=self._desk.record.clock(), event=event)


def _event(kind: str, actor: str, submission: Submission, details: dict[str, Json]) -> Event:
    return Event(kind=kind, actor=actor, subject=f"submission:{submission.submission_id}", details=details)
