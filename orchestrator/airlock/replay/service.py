"""What becomes of a replay: asked with the submission, started by the controller, handed in by its own session."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from orchestrator.airlock import file_store
from orchestrator.airlock import store as submissions
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.frozen import Received
from orchestrator.airlock.model import File, FileRole, State, Submission
from orchestrator.airlock.ports import LiveSession
from orchestrator.airlock.rules import text_sha256
from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Event, Json

from . import store
from .model import PENDING, PROGRAMS, REPLAY_STATES, Replay, Replayed, ReplayState

__all__ = ["Replays", "program_of"]

_CONTROLLER = "system:controller"
_AIRLOCK = "system:airlock"
_TROUBLE = 1000
_CODE_BYTES = 2 << 20
"""What a replay is given to work with, at most: programs and what they read beside the data, not data."""


def program_of(named: str | None, earlier: str | None, files: Sequence[File], *, wanted: str) -> str:
    """Return the program that is run again, or an empty text when none is; ``wanted`` is the pack's word.

    Raises ``Invalid`` when the rules require one, or when what was named cannot be run.
    """
    names = {file.name for file in files}
    program = named or (earlier if earlier in names else None)
    if wanted == "none" and named:
        raise Invalid("The rules of this project do not run programs again; leave --program out.", field="program")
    if program is None or wanted == "none":
        if wanted == "required":
            raise Invalid(
                "The rules of this project ask for the program that makes these results; send the notebook or script "
                "with them and name it: --program FILE (with --supporting FILE when it shall not leave).",
                field="program",
            )
        return ""
    if program not in names:
        raise Invalid(f"The program “{program}” is not among the files of this submission.", field="program")
    if not program.lower().endswith(PROGRAMS):
        raise Invalid(
            "Only a notebook (.ipynb), a Python script (.py) or an R script (.R) can be run again.", field="program"
        )
    return program


class Replays:
    """Keeps replays in step with submissions; what runs them is elsewhere and tells this room what happened."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ---- with the submission --------------------------------------------------------------------------------------

    def ask(self, change: Change, submission: Submission, named: str | None) -> None:
        """Ask for the replay of a submission's present round, where its author or the rules want one."""
        received = file_store.received(change.session, submission.submission_id, round_number=submission.round)
        earlier = store.latest(change.session, submission.submission_id)
        wanted = self._desk.pack_for(submission.project_id).replay
        program = program_of(named, earlier.program if earlier else None, received, wanted=wanted)
        if not program:
            return
        now = self._desk.record.clock()
        replay = Replay(
            submission_id=submission.submission_id,
            round=submission.round,
            project_id=submission.project_id,
            author_id=submission.author_id,
            session_id=submission.session_id,
            program=program,
            state=REPLAY_STATES.start,
            entered_at=now,
            deadline=REPLAY_STATES.deadline(REPLAY_STATES.start, now),
        )
        store.add(change, replay, event=_event("replay.asked", submission.author_id, replay))

    def pending(self, session: Session) -> set[str]:
        """Return the submissions whose checks wait for their replay: all are frozen, and stay so until it has ended."""
        return {each.submission_id for each in store.in_states(session, *PENDING)}

    def of(self, session: Session, submission: Submission) -> Replay | None:
        """Return the replay of exactly the files that are under review now, if there is one."""
        replay = store.latest(session, submission.submission_id)
        if replay is None or replay.round == submission.round:
            return replay
        then, now = (
            {file.file_id for file in file_store.received(session, submission.submission_id, round_number=number)}
            for number in (replay.round, submission.round)
        )
        return replay if then == now else None

    # ---- with the controller --------------------------------------------------------------------------------------

    def waiting(self) -> list[Replay]:
        """List what is to be started, oldest first; replays of submissions that no longer wait for one are given up."""
        return self._wanted(ReplayState.WAITING)

    def running(self) -> list[Replay]:
        """List what runs."""
        return self._wanted(ReplayState.RUNNING)

    def started(self, replay: Replay, replay_session_id: str) -> None:
        """Note in which session it is about to run. Before the session starts: it is told its task by this alone."""
        with self._desk.record.change() as change:
            event = _event("replay.started", _CONTROLLER, replay, session=replay_session_id)
            at = self._desk.record.clock()
            store.move(change, replay, "start", at=at, event=event, replay_session_id=replay_session_id)

    def try_again(self, replay: Replay) -> None:
        """Put back what could not be started because something did not answer. Repeatable."""
        with self._desk.record.change() as change:
            present = store.again(change.session, replay)
            if REPLAY_STATES.allows(present.state, "try again"):
                event = _event("replay.put-back", _CONTROLLER, replay)
                at = self._desk.record.clock()
                store.move(change, present, "try again", at=at, event=event, replay_session_id="")

    def note_environment(self, replay: Replay, words: str) -> None:
        """Note in a sentence what is not as it was when the author worked."""
        with self._desk.record.change() as change:
            row = store.row_of(change.session, replay)
            row.environment = words[:_TROUBLE]
            change.tell(_event("replay.environment-differs", _CONTROLLER, replay))

    def give_up(self, replay: Replay, trouble: str, *, by: str = _CONTROLLER) -> None:
        """Note that it did not come to its end, and why. Repeatable: what has ended stays as it is."""
        with self._desk.record.change() as change:
            present = store.again(change.session, replay)
            if REPLAY_STATES.allows(present.state, "give up"):
                event = _event("replay.failed", by, replay)
                at = self._desk.record.clock()
                store.move(change, present, "give up", at=at, event=event, trouble=trouble[:_TROUBLE])

    def expire(self) -> None:
        """Give up what took longer than it may."""
        now = self._desk.record.clock()
        with self._desk.record.read() as session:
            late = store.in_states(session, *PENDING)
        for replay in late:
            if replay.deadline is not None and replay.deadline <= now:
                words = "was not started" if replay.state is ReplayState.WAITING else "did not end"
                self.give_up(replay, f"The program {words} within a day.", by=_AIRLOCK)

    def _wanted(self, state: ReplayState) -> list[Replay]:
        """List replays in a state; one whose submission went elsewhere meanwhile is given up."""
        found = []
        with self._desk.record.read() as session:
            for replay in store.in_states(session, state):
                submission = submissions.load(session, replay.submission_id)
                found.append((replay, submission.state is State.FROZEN and submission.round >= replay.round))
        for replay, wanted in found:
            if not wanted:
                self.give_up(replay, "The submission was withdrawn before its program had run.")
        return [replay for replay, wanted in found if wanted]

    # ---- with the session that replays ----------------------------------------------------------------------------

    def job(self, live: LiveSession) -> dict[str, Any]:
        """Return what the session is to do: the program, the files it may read, the names of what it should make."""
        with self._desk.record.read() as session:
            replay = self._of_session(session, live)
            files = file_store.received(session, replay.submission_id, round_number=replay.round)
        given = [file for file in files if file.name == replay.program or file.role is FileRole.SUPPORTING]
        size = sum(file.size for file in given)
        if size > _CODE_BYTES:
            raise NotPossible(f"Program and supporting files have {size} bytes together; a replay takes {_CODE_BYTES}.")
        for file in given:
            if not self._desk.frozen.intact(file.sha256, file.size):
                raise NotPossible("A frozen file is not what was received.")
        return {
            "program": replay.program,
            "files": [
                {
                    "name": file.name,
                    "content": base64.b64encode(self._desk.frozen.path(file.sha256).read_bytes()).decode("ascii"),
                }
                for file in given
            ],
            "outputs": [file.name for file in files if file.role is FileRole.OUTPUT],
        }

    def check_names(self, live: LiveSession, names: Sequence[str]) -> None:
        """Raise ``Invalid`` unless every name is one of the outputs, each once."""
        with self._desk.record.read() as session:
            replay = self._of_session(session, live)
            files = file_store.received(session, replay.submission_id, round_number=replay.round)
        outputs = {file.name for file in files if file.role is FileRole.OUTPUT}
        if len(set(names)) != len(names) or not set(names) <= outputs:
            raise Invalid("A replay hands in what it made under the names of the outputs, each once.", field="files")

    def receive(
        self, live: LiveSession, names: Sequence[str], received: Sequence[Received], *, trouble: str
    ) -> dict[str, Any]:
        """Keep what the replay made. ``trouble`` is what the session says of a program that failed, else empty."""
        self.check_names(live, names)
        made = [
            Replayed(name=name, size=got.size, sha256=got.sha256) for name, got in zip(names, received, strict=True)
        ]
        with self._desk.record.change() as change:
            replay = self._of_session(change.session, live)
            hashes: list[Json] = [each.sha256 for each in made]
            event = _event("replay.handed-in", f"session:{live.session_id}", replay, files=hashes, failed=bool(trouble))
            self._desk.frozen.freeze(received)
            at = self._desk.record.clock()
            store.move(change, replay, "finish", at=at, event=event, trouble=trouble[:_TROUBLE])
            store.add_made(change, replay, made)
        return {"replayed": replay.submission_id}

    def _of_session(self, session: Session, live: LiveSession) -> Replay:
        replay = store.of_session(session, live.session_id)
        if replay is None or replay.state is not ReplayState.RUNNING:
            raise NotPossible("This session has nothing to run again.")
        return replay


def _event(kind: str, actor: str, replay: Replay, **details: Json) -> Event:
    return Event(
        kind=kind,
        actor=actor,
        subject=f"submission:{replay.submission_id}",
        details={"round": replay.round, "program": text_sha256(replay.program), **details},
    )
