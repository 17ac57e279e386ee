"""Has every file of a frozen submission inspected in isolation, and decides whether it goes to people or back."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict, NotPossible
from orchestrator.core.events import Event, Json

from . import store
from .desk import Desk
from .model import File, State, Submission, Verdict
from .packs import Pack
from .ports import Inspector
from .rules import binding_of, text_sha256, verdict_of
from .states import Action

__all__ = ["Scanning"]

_ACTOR = "system:airlock"


class Scanning:
    """What the worker does between freezing and review."""

    def __init__(self, desk: Desk, inspector: Inspector) -> None:
        self._desk = desk
        self._inspector = inspector

    def waiting(self) -> list[str]:
        """List the submissions to scan, oldest first."""
        with self._desk.record.read() as session:
            return store.ids_in(session, State.FROZEN)

    def resume(self) -> int:
        """Put back what a killed worker left half scanned."""
        with self._desk.record.read() as session:
            left = store.ids_in(session, State.SCANNING)
        for submission_id in left:
            with self._desk.record.change() as change:
                submission = store.load(change.session, submission_id)
                if submission.state is State.SCANNING:
                    self._move(change, submission, Action.SCAN_AGAIN, "submission.frozen-again")
        return len(left)

    def again_where_rules_changed(self) -> int:
        """Scan anew what was scanned under rules that are no longer in force; earlier votes become void."""
        with self._desk.record.read() as session:
            ids = store.ids_in(session, State.IN_REVIEW, State.APPROVED)
            known = [store.load(session, each) for each in ids]
        in_force = {project: self._desk.pack_for(project).sha256 for project in {each.project_id for each in known}}
        changed = [each for each in known if in_force[each.project_id] != each.pack_sha256]
        for submission in changed:
            with self._desk.record.change() as change:
                now = store.load(change.session, submission.submission_id)
                if now.state in (State.IN_REVIEW, State.APPROVED):
                    self._move(change, now, Action.SCAN_AGAIN, "submission.rules-changed", new_round=True)
        return len(changed)

    def scan(self, submission_id: str) -> State:
        """Scan one submission and return its state afterwards; somebody may have withdrawn it meanwhile."""
        try:
            with self._desk.record.change() as change:
                frozen = store.load(change.session, submission_id)
                submission = self._move(change, frozen, Action.START_SCAN, "submission.scanning")
            pack = self._desk.pack_for(submission.project_id)
            altered = [file for file in submission.files if not self._desk.frozen.intact(file.sha256, file.size)]
            if altered:
                return self._quarantine(submission, altered)
            files = [self._inspect(submission, file, pack) for file in submission.files]
            return self._record(submission, files, pack)
        except (Conflict, NotPossible):
            with self._desk.record.read() as session:
                return store.load(session, submission_id).state

    def _inspect(self, submission: Submission, file: File, pack: Pack) -> File:
        seen = self._inspector.inspect(
            self._desk.frozen.path(file.sha256), name=file.name, sha256=file.sha256, pack=pack
        )
        inspected = replace(file, kind=seen.kind, findings=seen.findings, verdict=verdict_of(seen.findings))
        binding = binding_of(submission, inspected, pack_version=pack.version, pack_sha256=pack.sha256)
        return replace(inspected, binding=binding)

    def _record(self, submission: Submission, files: list[File], pack: Pack) -> State:
        blocked = any(file.verdict is Verdict.BLOCK for file in files)
        verdicts: list[Json] = [
            {
                "file": file.file_id,
                "sha256": file.sha256,
                "verdict": str(file.verdict),
                "binding": file.binding,
                "rules": list[Json](sorted({each.rule for each in file.findings})),
            }
            for file in files
        ]
        details: dict[str, Json] = {"files": verdicts, "pack": pack.sha256, "title": text_sha256(submission.title)}
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission.submission_id)
            event = self._event(submission, "submission.scanned", details)
            in_force = (pack.version, pack.sha256, pack.checkers_needed)
            store.record_scan(change, submission, files, pack=in_force, event=event)
            if blocked:
                submission = self._move(change, submission, Action.BLOCK, "submission.blocked")
                self._desk.tell_author(change, submission, "submission.blocked")
            else:
                submission = self._move(change, submission, Action.ASK_REVIEW, "submission.in-review")
                self._desk.tell_checkers(change, submission)
        return submission.state

    def _quarantine(self, submission: Submission, altered: list[File]) -> State:
        details: dict[str, Json] = {"files": [file.file_id for file in altered]}
        with self._desk.record.change() as change:
            event = self._event(submission, "submission.quarantined", details)
            at = self._desk.record.clock()
            return store.move(change, submission, Action.QUARANTINE, at=at, event=event).state

    def _move(
        self, change: Change, submission: Submission, action: Action, kind: str, *, new_round: bool = False
    ) -> Submission:
        event = self._event(submission, kind, {"from": submission.state.value})
        at = self._desk.record.clock()
        return store.move(change, submission, action, at=at, event=event, new_round=new_round)

    def _event(self, submission: Submission, kind: str, details: dict[str, Json]) -> Event:
        return Event(kind=kind, actor=_ACTOR, subject=f"submission:{submission.submission_id}", details=details)
