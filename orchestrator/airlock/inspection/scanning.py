"""Has every file of a frozen submission inspected in isolation, and decides whether it goes to people or back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.airlock import file_store, store
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.cases.overrides import blocked_bindings
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.intake.names import collision_key
from orchestrator.airlock.ledger import store as ledger_store
from orchestrator.airlock.model import File, Finding, State, Submission
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import Inspection, Inspector
from orchestrator.airlock.replay.comparing import compared
from orchestrator.airlock.replay.model import Replay
from orchestrator.airlock.replay.service import Replays
from orchestrator.airlock.review import store as review_store
from orchestrator.airlock.rules import binding_of, text_sha256, verdict_of
from orchestrator.airlock.states import Action
from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id

from .engine import of_derived
from .ledgering import Looked, attacked, known_outside, published

__all__ = ["Scanning"]

_ACTOR = "system:airlock"
_UNDER_REVIEW = (State.IN_REVIEW, State.CONSOLIDATING, State.SIGN_OFF, State.APPROVED)


class Scanning:
    """What the worker does between freezing and review."""

    def __init__(self, desk: Desk, inspector: Inspector) -> None:
        self._desk = desk
        self._inspector = inspector
        self._replays = Replays(desk)

    def waiting(self) -> list[str]:
        """List the submissions to scan, oldest first; not those whose program is still to run again."""
        with self._desk.record.read() as session:
            pending = self._replays.pending(session)
            return [each for each in store.ids_in(session, State.FROZEN) if each not in pending]

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
            known = [store.load(session, each) for each in store.ids_in(session, *_UNDER_REVIEW)]
        in_force = {project: self._desk.pack_for(project).sha256 for project in {each.project_id for each in known}}
        changed = [each for each in known if in_force[each.project_id] != each.pack_sha256]
        for submission in changed:
            with self._desk.record.change() as change:
                now = store.load(change.session, submission.submission_id)
                if now.state in _UNDER_REVIEW:
                    self._move(change, now, Action.SCAN_AGAIN, "submission.rules-changed", new_round=True)
        return len(changed)

    def scan(self, submission_id: str) -> State:
        """Scan one submission and return its state afterwards; somebody may have withdrawn it meanwhile."""
        try:
            with self._desk.record.change() as change:
                frozen = store.load(change.session, submission_id)
                submission = self._move(change, frozen, Action.START_SCAN, "submission.scanning")
                received = file_store.received(change.session, submission_id, round_number=submission.round)
                replay = self._replays.of(change.session, submission)
            pack = self._desk.pack_for(submission.project_id)
            altered = [file for file in received if not self._desk.frozen.intact(file.sha256, file.size)]
            if altered:
                return self._quarantine(submission, altered)
            scanned = told_apart([each for file in received for each in self._inspect(submission, file, pack, replay)])
            return self._record(submission, self._together(submission, scanned, pack), pack)
        except (Conflict, NotPossible):
            with self._desk.record.read() as session:
                return store.load(session, submission_id).state

    def _inspect(self, submission: Submission, file: File, pack: Pack, replay: Replay | None) -> list[Looked]:
        """Inspect one file as it was sent, and whatever is made from it: that is what people will see in its place."""
        seen = self._seen(submission, file, pack)
        again = self._compared(submission, file, seen, pack, replay)
        if not seen.derived:
            findings = (*seen.findings, *again)
            return [Looked(file=replace(file, kind=seen.kind, findings=findings), tables=seen.tables)]
        made = [(each, self._seen(submission, each, pack)) for each in self._made(submission, file, seen)]
        told = [finding for _, inner in made for finding in inner.findings]
        own = (*of_derived(seen.findings, told), *again)  # told once, with the first of what was made
        return [
            Looked(
                file=replace(each, kind=inner.kind, findings=(*(own if place == 0 else ()), *inner.findings)),
                tables=inner.tables,
            )
            for place, (each, inner) in enumerate(made)
        ]

    def _compared(
        self, submission: Submission, file: File, seen: Inspection, pack: Pack, replay: Replay | None
    ) -> tuple[Finding, ...]:
        """Compare the file with what its program made when it ran again, if it did."""
        return compared(
            file,
            seen,
            replay,
            pack,
            content=lambda sha256: self._desk.frozen.path(sha256).read_bytes(),
            inspect=lambda made: self._seen(submission, replace(file, sha256=made.sha256), pack),
        )

    def _seen(self, submission: Submission, file: File, pack: Pack) -> Inspection:
        return self._inspector.inspect(
            self._desk.frozen.path(file.sha256),
            name=file.name,
            sha256=file.sha256,
            pack=pack,
            project_id=submission.project_id,
        )

    def _made(self, submission: Submission, file: File, seen: Inspection) -> list[File]:
        """Freeze what was made from a file under its own hashes.

        The same bytes under the same names and words are the same file again, whatever else of the original changed.
        """
        kept = self._desk.frozen.keep([each.content for each in seen.derived])
        with self._desk.record.read() as session:
            known = {
                (each.original_name, each.name, each.sha256, each.context, each.role): each.file_id
                for each in file_store.every_file(session, submission.submission_id).values()
                if each.original_sha256
            }
        return [
            replace(
                file,
                file_id=known.get((file.name, derived.name, got.sha256, file.context, file.role)) or new_id(),
                name=derived.name,
                size=got.size,
                sha256=got.sha256,
                original_name=file.name,
                original_sha256=file.sha256,
                kind="",
                findings=(),
            )
            for derived, got in zip(seen.derived, kept, strict=True)
        ]

    def _together(self, submission: Submission, looked: Sequence[Looked], pack: Pack) -> list[Looked]:
        """Add what only shows when the files are looked at together; then everything a vote binds is known."""
        with self._desk.record.read() as session:
            released = known_outside(self._desk, session, submission)
        found = attacked(self._desk, self._inspector, submission, looked, released=released, pack=pack)
        return [
            replace(each, file=self._bound(submission, each.file, found.get(each.file.file_id, ()), pack))
            for each in looked
        ]

    def _bound(self, submission: Submission, file: File, more: Sequence[Finding], pack: Pack) -> File:
        findings = (*file.findings, *more)
        judged = replace(file, findings=findings, verdict=verdict_of(findings))
        return replace(
            judged, binding=binding_of(submission, judged, pack_version=pack.version, pack_sha256=pack.sha256)
        )

    def _record(self, submission: Submission, scanned: Sequence[Looked], pack: Pack) -> State:
        files = [each.file for each in scanned]
        details: dict[str, Json] = {
            "files": [_noted(file) for file in files],
            "pack": pack.sha256,
            "title": text_sha256(submission.title),
        }
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission.submission_id)
            event = self._event(submission, "submission.scanned", details)
            in_force = (pack.version, pack.sha256, pack.checkers_needed)
            file_store.record_scan(change, submission, files, pack=in_force, event=event)
            submission = store.load(change.session, submission.submission_id)
            self._keep_tables(change, submission, scanned)
            unlocked = case_store.overrides(case_store.cases(change.session, submission.submission_id))
            if blocked_bindings(submission, unlocked) or not submission.outputs:
                submission = self._move(change, submission, Action.BLOCK, "submission.blocked")
                self._desk.tell_author(change, submission, "submission.blocked")
            else:
                carried = self._event(submission, "votes.carried", {"round": submission.round})
                review_store.carry_over(change, submission, event=carried)
                submission = self._move(change, submission, Action.ASK_REVIEW, "submission.in-review")
                self._desk.tell_checkers(change, submission)
        return submission.state

    def _keep_tables(self, change: Change, submission: Submission, scanned: Sequence[Looked]) -> None:
        """Keep the tables for the ledger; they count as known outside from the release on."""
        tables = published(scanned)
        versions = self._desk.governance.versions(submission.project_id)
        kept: list[Json] = [table.sha256 for table in tables]
        event = self._event(submission, "ledger.kept", {"tables": kept, "versions": list[Json](sorted(versions))})
        ledger_store.keep(change, submission, tables, versions, at=self._desk.record.clock(), event=event)

    def _quarantine(self, submission: Submission, altered: Sequence[File]) -> State:
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


def _noted(file: File) -> Json:
    return {
        "file": file.file_id,
        "sha256": file.sha256,
        "made_from": file.original_sha256,
        "verdict": str(file.verdict),
        "binding": file.binding,
        "rules": list[Json](sorted({each.rule for each in file.findings})),
    }


def told_apart(looked: Sequence[Looked]) -> list[Looked]:
    """Give files that were made from different ones under one name the names of both, so that none hides another."""
    counts = Counter(collision_key(each.file.name) for each in looked)
    return [
        replace(each, file=replace(each.file, name=f"{each.file.original_name}.{each.file.name}"))
        if each.file.original_name and counts[collision_key(each.file.name)] > 1
        else each
        for each in looked
    ]
