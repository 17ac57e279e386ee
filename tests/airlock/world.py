"""A small airlock for tests: three checkers, two projects, a real record, the shipped rules, real frozen files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.airlock.desk import Desk
from orchestrator.airlock.fakes import FakeGovernance, FakeInspector, FakeSessions, FakeSigner
from orchestrator.airlock.frozen import FrozenStore
from orchestrator.airlock.model import Choice, File, State, Submission
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.ports import CustodianTerms, Inspector, LiveSession
from orchestrator.airlock.review.store import add_view
from orchestrator.airlock.service import AirlockService
from orchestrator.airlock.store import load
from orchestrator.airlock.submissions import Announced
from orchestrator.airlock.worker import Worker
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.service import Policy
from tests.deciding import seen

PACK = Path(__file__).parents[2] / "policies" / "airlock" / "sdap.yaml"
SAFE = b"arm,n,mean age\nplacebo,120,71.2\ntreated,118,70.9\n"


@dataclass
class World:
    record: Record
    clock: FixedClock
    governance: FakeGovernance
    sessions: FakeSessions
    desk: Desk
    service: AirlockService
    worker: Worker
    signer: FakeSigner
    project: str
    author: str
    colleague: str
    checkers: list[str]
    operator: str
    officer: str
    lead: str
    custodian: str
    live: LiveSession

    def actor(self, person_id: str):
        return self.governance.actor(person_id)

    def seen(self, submission_id: str) -> int:
        """Which state of a submission somebody sees who looks at it now."""
        return seen(self.record, submission_id)

    @property
    def done(self) -> str:
        """The checker who hands in first."""
        return self.checkers[0]

    def people(self) -> dict[str, str]:
        """Everybody by what he is: ``fresh`` is a checker who has said nothing yet."""
        return {
            "author": self.author,
            "done": self.done,
            "fresh": self.checkers[2],
            "lead": self.lead,
            "officer": self.officer,
            "operator": self.operator,
            "stranger": new_id(),
        }

    def binding(self, submission_id: str, file_id: str) -> str:
        """What a vote on this file is bound to now."""
        with self.record.read() as session:
            return next(each.binding for each in load(session, submission_id).files if each.file_id == file_id)

    def opened_by_all(self, submission: Submission) -> None:
        """Note for everybody that he opened every file, so that only rights and states decide what he may do."""
        with self.record.change() as change:
            for person in self.people().values():
                for file in load(change.session, submission.submission_id).files:
                    event = Event(kind="file.opened", actor=person, subject="submission:x")
                    add_view(change, file.file_id, person, file.sha256, at=self.clock(), event=event)

    def submit(
        self, files: dict[str, bytes] | None = None, *, context: str = "rounded, no small groups", **changes: Any
    ) -> Submission:
        """Hand in files the way the intake does, without the socket."""
        files = {"table.csv": SAFE} if files is None else files
        said = Announced(**{"title": "Ages by arm", "files": tuple((name, context) for name in files), **changes})
        with self.desk.frozen.incoming() as incoming:
            for content in files.values():
                with incoming.file() as file:
                    file.write(content)
            return self.service.submissions.receive(self.live, said, incoming.files)

    def in_review(self, files: dict[str, bytes] | None = None, **changes: Any) -> Submission:
        """Hand in files and have them scanned."""
        submission = self.submit(files, **changes)
        assert self.worker.scanning.scan(submission.submission_id) is State.IN_REVIEW
        return self.now(submission)

    def now(self, submission: Submission) -> Submission:
        return self.service.view(self.actor(submission.author_id), submission.submission_id).submission

    def state(self, submission: Submission) -> State:
        return self.now(submission).state

    def vote(self, person_id: str, submission: Submission, choice: Choice = Choice.APPROVE) -> None:
        for file in self.now(submission).outputs:
            self.vote_on(person_id, submission, file, choice)

    def vote_on(
        self, person_id: str, submission: Submission, file: File, choice: Choice = Choice.APPROVE, comment: str = ""
    ) -> None:
        """Open one file, answer its findings, and vote on it."""
        actor = self.actor(person_id)
        opened = self.service.open_file(actor, submission.submission_id, file.file_id)
        self.service.vote(
            actor,
            submission.submission_id,
            file.file_id,
            choice=choice,
            comment=comment or f"looked at by {person_id}",
            binding=opened.file.binding,
            acknowledged=[each.key for each in opened.file.findings if each.needs_answer],
        )

    def review(self, person_id: str, submission: Submission, choice: Choice = Choice.APPROVE) -> None:
        self.vote(person_id, submission, choice)
        self.service.submit_review(
            self.actor(person_id), submission.submission_id, seen=self.seen(submission.submission_id)
        )

    def approved(self, files: dict[str, bytes] | None = None) -> Submission:
        submission = self.in_review(files)
        for checker in self.checkers[:2]:
            self.review(checker, submission)
        return self.now(submission)

    def released(self, files: dict[str, bytes] | None = None) -> Submission:
        submission = self.approved(files)
        assert self.worker.releasing.release(submission.submission_id) is State.RELEASED
        return self.now(submission)


def make_world(
    record: Record,
    clock: FixedClock,
    policy: Policy,
    directory: Path,
    *,
    inspector: Inspector | None = None,
    ids: list[str] | None = None,
) -> World:
    """Put an airlock together; ``ids`` are its ten people, project and custodian, where they must stay the same."""
    author, colleague, operator, officer, lead, *checkers, project, custodian = ids or [new_id() for _ in range(10)]
    governance = FakeGovernance(
        roles={
            **{each: frozenset({"checker"}) for each in checkers},
            operator: frozenset({"operator"}),
            lead: frozenset({"sdc-lead"}),
        },
        officers_of={officer: frozenset({custodian})},
        members={project: frozenset({author, colleague})},
        conditions={project: (CustodianTerms(custodian_id=custodian, version=3, checkers_needed=2, minimum_count=10),)},
    )
    desk = Desk(
        record=record,
        policy=policy,
        governance=governance,
        pack=load_pack(PACK),
        frozen=FrozenStore(directory / "airlock"),
    )
    session_id = new_id()
    live = LiveSession(
        session_id=session_id, project_id=project, person_id=author, directory=directory / "i" / session_id
    )
    sessions, signer = FakeSessions([live]), FakeSigner()
    return World(
        record=record,
        clock=clock,
        governance=governance,
        sessions=sessions,
        desk=desk,
        service=AirlockService.of(desk),
        worker=Worker.of(desk, sessions, inspector or FakeInspector(), signer),
        signer=signer,
        project=project,
        author=author,
        colleague=colleague,
        checkers=sorted(checkers),
        operator=operator,
        officer=officer,
        lead=lead,
        custodian=custodian,
        live=live,
    )
