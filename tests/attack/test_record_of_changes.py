"""A long story in which every text is a canary: log, outbox and logs stay free of words, and no row goes untold.

Two observers watch it from outside: one reads everything that was recorded or logged at the end, the other looks at
every transaction while it commits and compares the rows that changed with the entries that were told.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session

from orchestrator.access.model import Answers
from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.model import Choice, Finding, Outcome, Severity
from orchestrator.airlock.ports import LiveSession
from orchestrator.airlock.states import State
from orchestrator.airlock.submissions import Announced
from orchestrator.airlock.worker import Worker
from orchestrator.audit.record import Change
from orchestrator.audit.store import EntryRow, HeadRow, NoticeRow
from orchestrator.core.database import Base
from orchestrator.core.errors import OrchestratorError
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.identity.store import PersonRow
from tests import deciding
from tests.deciding import seen
from tests.web.world import SAFE, World, _role, day, description, make_house, make_world, moment

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "zqxcanary"
WORDS = " ".join([CANARY] * 40)
PLAIN = re.compile(r"[A-Za-z0-9:+/=._-]{0,200}")
"""Identifiers, states, times, hashes: nothing with a blank in it."""

_LOG = {EntryRow.__tablename__, HeadRow.__tablename__, NoticeRow.__tablename__, "audit_tree", "audit_key", "audit_node"}
_NAMED_BY = {
    "airlock_answer": ("file_id", "person_id"),
    "airlock_file": ("submission_id", "sha256"),
    "airlock_ledger_table": ("submission_id", "sha256"),
    "airlock_opinion": ("case_id", "person_id"),
    "airlock_round": ("submission_id",),
    "airlock_finding": ("file_id",),
    "airlock_review": ("submission_id", "person_id"),
    "airlock_view": ("file_id", "person_id"),
    "airlock_vote": ("file_id", "person_id"),
    "identity_pairing_miss": ("person_id",),
    "application_part": ("application_id",),
    "application_part_step": ("application_id",),
    "application_submission": ("application_id",),
    "catalogue_edition": ("entry_id",),
    "federation_feed": ("hub_id",),
    "register_mention": ("project_id",),
    "register_rewording": ("application_id",),
    "register_statement": ("project_id",),
    "membership": ("project_id", "person_id"),
    "workspace_ticket": ("project_id", "person_id"),
}
"""Rows that an entry may name by what they are about, where nobody ever sees their own identifier."""
_AT_ONCE = {
    "identity_session": {"session.opened"},  # those that lapsed long ago are forgotten
    "workspace_ticket": {"ticket.made"},  # the same
    "airlock_submission": {"submission.held", "submission.resumed"},
    "airlock_link": {"link.made", "link.used", "submission.recall-asked"},
    "airlock_finding": {"submission.scanned"},
    "airlock_ledger_table": {"ledger.kept", "ledger.known", "files.recalled"},
    "airlock_ledger_dataset": {"ledger.kept"},
    "airlock_review": {"review.turn-voided", "review.voided", "file.vote-changed"},
    "airlock_vote": {"review.turn-voided"},
    "airlock_case": {"submission.override-accepted", "submission.recalled"},
}
"""What single statements change, and the entries that tell of it."""


@dataclass
class Observer:
    """Looks at every transaction as it commits."""

    transactions: int = 0
    rows: int = 0
    untold: list[str] = field(default_factory=list)
    statements: set[str] = field(default_factory=set)
    _changed: dict[int, list[tuple[str, list[set[str]]]]] = field(default_factory=dict)
    _at_once: dict[int, set[str]] = field(default_factory=dict)

    def flushed(self, session: Session, _context: object) -> None:
        here = self._changed.setdefault(id(session), [])
        for row in {*session.new, *session.dirty, *session.deleted}:
            if row not in session.dirty or session.is_modified(row):
                table = str(row.__tablename__)
                own = {str(value) for value in inspect(row).mapper.primary_key_from_instance(row)}
                about = {str(getattr(row, name)) for name in _NAMED_BY.get(table, ())}
                here.append((table, [own, about] if about else [own]))

    def executed(self, state: ORMExecuteState) -> None:
        if not state.is_select and state.bind_mapper is not None:
            self._at_once.setdefault(id(state.session), set()).add(state.bind_mapper.local_table.name)

    def finishing(self, change: Change) -> None:
        change.session.flush()
        kinds = {each.kind for each in change.told}
        said = {each.actor for each in change.told}
        said = said.union(*(mentioned(each.subject, dict(each.details)) for each in change.told))
        self.transactions += 1
        for table in self._at_once.pop(id(change.session), set()):
            self.statements.add(table)
            if not kinds & _AT_ONCE.get(table, set()):
                self.untold.append(f"{table} told as {sorted(kinds)}")
        for table, keys in self._changed.pop(id(change.session), []):
            if table in _LOG:
                continue
            self.rows += 1
            if not any(each <= said for each in keys):
                self.untold.append(f"{table} told as {sorted(kinds)}")


def mentioned(subject: str, details: Any) -> set[str]:
    """Return every word of an entry that could name a row."""
    if isinstance(details, dict):
        return {subject.partition(":")[2]}.union(*(mentioned(subject, each) for each in details.values()))
    if isinstance(details, list):
        return set().union(*(mentioned(subject, each) for each in details))
    return {str(details)}


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Observer]:
    watching = Observer()
    finish = Change.finish

    def finishing(change: Change) -> None:
        watching.finishing(change)
        finish(change)

    monkeypatch.setattr(Change, "finish", finishing)
    event.listen(Session, "after_flush", watching.flushed)
    event.listen(Session, "do_orm_execute", watching.executed)
    yield watching
    event.remove(Session, "do_orm_execute", watching.executed)
    event.remove(Session, "after_flush", watching.flushed)


class Story:
    """Everybody does everything once, in canaries."""

    def __init__(self, world: World) -> None:
        self.world, self.house = world, world.house

    def tell(self) -> None:
        self._people()
        self._catalogue()
        self._applications()
        self._project()
        self._airlock()
        self._ends()

    def _people(self) -> None:
        identity, operator = self.house.identity, self.world.actor("operator")
        for name in ("one", "two"):
            made = identity.register_person(
                operator,
                f"{CANARY} {name}",
                f"{CANARY}@{name}.{CANARY}.org",
                f"https://{CANARY}",
                f"{CANARY} {name}",
                affiliation=WORDS[:150],
            )
            self.world.people[name] = made.person_id
        one = self.world.people["one"]
        identity.change_person(operator, one, name=f"{CANARY} new", email=f"{CANARY}2@x.org", affiliation=CANARY)
        identity.end_training(operator, identity.record_training(operator, one, CANARY, moment(9)).training_id)
        made = identity.record_accreditation(operator, one, CANARY, moment(9))
        identity.end_accreditation(operator, made.accreditation_id)
        holding = identity.propose_role(operator, one, "checker", moment(9))
        identity.withdraw_proposal(operator, holding.holding_id)
        holding = identity.propose_role(operator, one, "checker", moment(9))
        second = self.world.actor("second operator")
        identity.confirm_role(second, holding.holding_id)
        secret = identity.open_session(one, "web", second_factor=True)
        identity.session(secret)
        identity.propose_end_role(operator, holding.holding_id)
        identity.confirm_end_role(second, holding.holding_id)
        identity.suspend(operator, one, WORDS)
        identity.propose_resume(operator, one)
        identity.confirm_resume(second, one)
        code, waiting = identity.start_pairing()
        with pytest.raises(OrchestratorError):
            identity.confirm_pairing(operator, CANARY)
        identity.confirm_pairing(operator, code)
        session = identity.collect_pairing(waiting)
        assert session is not None
        identity.end_session(session)

    def _catalogue(self) -> None:
        alliance, discovery = self.house.alliance, self.house.discovery
        alliance.register_custodian(self.world.actor("operator"), f"{CANARY} trust")
        officer, custodian = self.world.actor("officer"), self.world.custodians["officer"]
        alliance.publish_terms(officer, custodian, text=WORDS, valid_until=moment(300))
        for person in ("researcher", "colleague"):
            alliance.accept_terms(self.world.actor(person), custodian, 2)
        document = description(f"{CANARY} title", CANARY, abstract=WORDS)
        made = discovery.register_dataset(officer, custodian_id=custodian, name=CANARY, description=document)
        discovery.describe_dataset(officer, made.dataset_id, document)
        source = self.house.settings.state / "source" / CANARY
        (source / CANARY).mkdir(parents=True)
        (source / CANARY / f"{CANARY}.csv").write_text(f"{CANARY}\n1\n")
        version = discovery.add_files_version(officer, made.dataset_id, source)
        discovery.mark_sealed(version.version_id)
        discovery.withdraw_version(officer, version.version_id, WORDS)
        discovery.withdraw_dataset(officer, made.dataset_id, WORDS)

    def _answers(self) -> Answers:
        return Answers(
            title=CANARY,
            lay_summary=WORDS,
            purpose=WORDS,
            organisation=CANARY,
            ethics_reference=CANARY,
            ethics_until=day(300),
            start=day(-1),
            end=day(100),
            members=(self.world.people["colleague"],),
        )

    def _draft(self) -> str:
        why = dict.fromkeys(self.world.custodians.values(), WORDS)
        return self.house.access.draft(
            self.world.actor("researcher"), self._answers(), list(self.world.datasets.values()), justifications=why
        ).application_id

    def _applications(self) -> None:
        access, researcher = self.house.access, self.world.actor("researcher")
        access.withdraw_application(researcher, self._draft(), WORDS)
        refused = self._draft()
        access.redraft(researcher, refused, self._answers(), list(self.world.datasets.values()))
        access.submit(researcher, refused)
        for key in ("officer", "other officer"):
            deciding.decide(
                access,
                self.world.actor(key),
                refused,
                self.world.custodians[key],
                approve=key == "officer",
                reason=WORDS,
                agreement_until=day(90),
            )
        deciding.refuse_project(access, self.world.actor("operator"), refused, WORDS)

    def _project(self) -> None:
        access, operator = self.house.access, self.world.actor("operator")
        made = self._draft()
        access.submit(self.world.actor("researcher"), made)
        for key in ("officer", "other officer"):
            custodian = self.world.custodians[key]
            deciding.decide(
                access, self.world.actor(key), made, custodian, approve=True, reason=WORDS, agreement_until=day(150)
            )
        self.world.project = project = deciding.approve_project(access, operator, made).project_id
        access.suspend_project(operator, project, WORDS)
        access.resume_project(operator, project)
        access.renew_ethics(operator, project, CANARY, day(320))
        access.extend_project(operator, project, day(120))
        access.add_member(operator, project, self.world.people["stranger"])
        access.agree_to_be_named(self.world.actor("stranger"), project, agree=True)
        access.end_member(operator, project, self.world.people["stranger"])
        self.house.workspaces.open(self.world.actor("researcher"), project)
        self.world.awake()
        self.house.workspaces.ticket(self.world.actor("researcher"), project)
        self.house.workspaces.sleep(operator, project)

    def _airlock(self) -> None:
        airlock, researcher = self.house.airlock, self.world.actor("researcher")
        returned = self._submitted()
        assert self._worker().scanning.scan(returned) is State.IN_REVIEW
        for checker in ("checker", "second checker"):
            self._review(checker, returned, Choice.CHANGES)
        released = self._submitted(revises=returned)
        self._worker().once()
        for checker in ("checker", "second checker"):
            self._review(checker, released, Choice.APPROVE)
        self._worker().once()
        secret, _ = airlock.make_link(researcher, released)
        with pytest.raises(OrchestratorError):
            airlock.collect(self.world.actor("colleague"), secret)
        assert airlock.collect(researcher, secret).files
        taken_back = self._submitted()
        airlock.withdraw(researcher, taken_back)
        self._extraordinary(released)

    def _extraordinary(self, released: str) -> None:
        """What goes beyond votes: every word of it stays in the tables."""
        airlock, one, two = self.house.airlock, self.world.actor("checker"), self.world.actor("second checker")
        _role(self.world, "other officer", "sdc-lead")
        operator, researcher = self.world.actor("operator"), self.world.actor("researcher")
        self.house.identity.record_training(operator, self.world.people["other officer"], "Output checking", moment(90))
        lead = self.world.actor("other officer")
        airlock.recall(one, released, reason=WORDS, gravity=Gravity.HIGH)
        airlock.confirm_recall(two, released, confirm=True, reason=WORDS, seen=seen(self.house.record, released))
        blocked = self._submitted()
        assert self._worker(Severity.BLOCK).scanning.scan(blocked) is State.BLOCKED
        airlock.ask_override(researcher, blocked, reason=WORDS)
        airlock.decide_override(lead, blocked, accept=True, reason=WORDS, seen=seen(self.house.record, blocked))
        airlock.claim(one, blocked)
        airlock.claim(two, blocked)
        airlock.hold(operator, blocked, reason=WORDS)
        airlock.let_go(operator, blocked, reason=WORDS)
        airlock.return_early(two, blocked, reason=WORDS, seen=seen(self.house.record, blocked))
        self._submitted(revises=blocked)
        assert self._worker().scanning.scan(blocked) is State.IN_REVIEW
        self._review("checker", blocked, Choice.APPROVE)
        self._review("second checker", blocked, Choice.CHANGES)
        self._vote("checker", blocked, Choice.REJECT)
        airlock.settle(lead, blocked, outcome=Outcome.REJECT, reason=WORDS, seen=seen(self.house.record, blocked))
        airlock.appeal(researcher, blocked, reason=WORDS)
        conflicted = self._submitted()
        self._worker().once()
        self._review("checker", conflicted, Choice.APPROVE)
        airlock.declare_conflict(one, conflicted, reason=WORDS)

    def _submitted(self, revises: str | None = None) -> str:
        live = LiveSession(
            session_id=new_id(),
            project_id=self.world.project,
            person_id=self.world.people["researcher"],
            directory=self.house.settings.state,
        )
        said = Announced(title=CANARY, files=((f"{CANARY}.csv", WORDS),), revises=revises)
        with self.house.airlock_desk.frozen.incoming() as incoming:
            with incoming.file() as file:
                file.write(SAFE + CANARY.encode() + b",30,30\n")
            return self.house.airlock.submissions.receive(live, said, incoming.files).submission_id

    def _worker(self, severity: Severity = Severity.FLAG) -> Worker:
        seen = Finding(rule="test.words", severity=severity, where=CANARY, message=WORDS, guidance=WORDS)
        world_worker = self.world.worker()
        return Worker.of(
            self.house.airlock_desk,
            world_worker.intake._sessions,
            FakeInspector(extra=[seen]),
            world_worker.releasing._signer,
        )

    def _review(self, name: str, submission_id: str, choice: Choice) -> None:
        self._vote(name, submission_id, choice)
        now = seen(self.house.record, submission_id)
        self.house.airlock.submit_review(self.world.actor(name), submission_id, seen=now)

    def _vote(self, name: str, submission_id: str, choice: Choice) -> None:
        airlock, actor = self.house.airlock, self.world.actor(name)
        for file in airlock.view(actor, submission_id).submission.files:
            seen = airlock.open_file(actor, submission_id, file.file_id).file
            keys = [each.key for each in seen.findings]
            words = {"choice": choice, "comment": WORDS, "binding": seen.binding, "acknowledged": keys}
            airlock.vote(actor, submission_id, file.file_id, **words)

    def _ends(self) -> None:
        access, project = self.house.access, self.world.project
        officer = self.world.actor("officer")
        grant = next(
            each.grant_id
            for each in access.project(officer, project).grants
            if each.custodian_id == self.world.custodians["officer"]
        )
        access.renew_grant(officer, grant, day(200))
        held = self._submitted()
        access.withdraw_grant(officer, grant, WORDS)
        self._worker().upkeep.hold()
        assert self.house.airlock.view(self.world.actor("researcher"), held).submission.held
        access.close_project(self.world.actor("operator"), project, WORDS)
        access.chase()


@pytest.fixture
def told(tmp_path: Path, observer: Observer, caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    caplog.set_level(logging.DEBUG)
    world = make_world(tmp_path)
    Story(world).tell()
    browser, api = world.browser("operator"), world.api()
    browser.get(f"/{CANARY}?{CANARY}={CANARY}", headers={"referer": CANARY})
    browser.submit("/people", name=CANARY, email=CANARY, issuer=CANARY, subject=CANARY)
    api.post("/api/v1/applications", json={CANARY: CANARY}, headers=world.bearer("researcher"))
    assert observer.transactions > 80
    yield world
    world.house.record.engine.dispose()


def test_no_word_of_anybody_reaches_log_outbox_or_logs_and_no_changed_row_goes_untold(
    told: World, observer: Observer, caplog: pytest.LogCaptureFixture
) -> None:
    with told.house.record.read() as session:
        entries = list(session.scalars(select(EntryRow.body)))
        notices = [(row.kind, row.subject) for row in session.scalars(select(NoticeRow))]
        kept = "".join(
            str(row)
            for table in Base.metadata.sorted_tables
            if table.name not in _LOG
            for row in session.execute(select(table))
        )
    assert kept.count(CANARY) > 1000, "the canaries were not even planted"
    assert not [body for body in entries if CANARY in body.casefold()]
    assert not [notice for notice in notices if CANARY in str(notice).casefold()]
    logged = [record.getMessage() + str(record.exc_text or "") for record in caplog.records]
    logged = [line for line in logged if not line.startswith("HTTP Request:")]  # the test's own client
    assert not [line for line in logged if CANARY in line.casefold()]
    assert observer.untold == []
    assert observer.rows > 150
    assert observer.statements == set(_AT_ONCE)


def test_entries_and_notices_hold_nothing_that_could_be_a_sentence(told: World) -> None:
    with told.house.record.read() as session:
        bodies = [json.loads(body) for body in session.scalars(select(EntryRow.body))]
        notices = [(row.kind, row.subject) for row in session.scalars(select(NoticeRow))]
    kinds = {body["kind"] for body in bodies}
    assert len(kinds) > 60, sorted(kinds)
    for body in bodies:
        for word in (body["kind"], body["actor"], *words_of(body["subject"]), *words_of(body["details"])):
            assert PLAIN.fullmatch(word), body
    assert all(PLAIN.fullmatch(word) for notice in notices for word in notice)


def words_of(details: Any) -> list[str]:
    """Return every text in an entry's details, names of fields included."""
    if isinstance(details, dict):
        return [word for name, value in details.items() for word in (name, *words_of(value))]
    if isinstance(details, list):
        return [word for value in details for word in words_of(value)]
    assert details is None or isinstance(details, bool | int | str)
    return [details] if isinstance(details, str) else []


def test_an_untold_row_would_have_been_seen(tmp_path: Path, observer: Observer) -> None:
    house = make_house(tmp_path)
    identity = house.identity
    operator = identity.first_operator("One", "one@example.org", "development", "one")
    assert observer.untold == []
    with house.record.change() as change:
        change.session.get_one(PersonRow, operator.person_id).name = "Two"
        change.tell(Event(kind="something.else", actor="system:test", subject="thing:1"))
    assert [line.split()[0] for line in observer.untold] == ["identity_person"]
    house.record.engine.dispose()
