"""An application's whole life, told so that whoever finds it half done goes on: each act is done unless it stands."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from orchestrator.access import store
from orchestrator.access.exchange.store import SubmissionRow
from orchestrator.access.model import Application, ApplicationKind, ApplicationState, PartState, Project
from orchestrator.access.store import ApplicationRow, GrantRow, MembershipRow, PartRow, ProjectRow
from orchestrator.access.values import to_application, to_project
from orchestrator.alliance.onboarding.model import DepartureState
from orchestrator.audit.outbox import Outbox
from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow, NoticeRow, TreeRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.policy.service import Policy
from tests import deciding
from tests.access.conftest import World
from tests.alliance.conftest import Alliance, alliance_of

__all__ = ["Life", "check_whole", "keep_names", "open_life", "outcome", "written"]

_NOTICE = timedelta(days=30)
_UNDECIDED = (PartState.WAITING, PartState.RETURNED)
_NAMES = ("people", "custodians", "datasets", "versions")


@dataclass
class Life:
    """The rooms that an application passes through, as one process has them."""

    members: Alliance
    told: Path
    """What was handed to the receiver of notices, a line each."""

    @property
    def world(self) -> World:
        return self.members.world

    def go_on(self) -> None:
        """Do everything that is still to be done, in its order, as people and the controller would."""
        for act in ACTS:
            act(self)
        while self.members.departures.chase() + self.world.access.chase():
            pass
        for act in AFTERWARDS:
            act(self)
        self.deliver()

    def deliver(self) -> None:
        """Hand out what waits in the outbox, as the controller does."""
        outbox = Outbox(self.world.record)
        while waiting := outbox.due():
            for notice in waiting:
                with self.told.open("a", encoding="utf-8") as file:
                    file.write(f"{notice.notice_id} {notice.kind} {notice.person_id}\n")
                    file.flush()
                    os.fsync(file.fileno())
                outbox.delivered(notice.notice_id)

    # ---- what there is ------------------------------------------------------------------------------------------

    def found(self, title: str) -> Application | None:
        with self.world.record.read() as session:
            row = session.scalar(select(ApplicationRow).where(ApplicationRow.title == title))
            return None if row is None else to_application(session, row)

    def project(self) -> Project:
        with self.world.record.read() as session:
            return to_project(session, store.project_row(session, store.project_ids(session)[0]))

    def part(self, title: str, name: str) -> PartState | None:
        found = self.found(title)
        custodian = self.world.custodians[name]
        return next((part.state for part in found.parts if part.custodian_id == custodian), None) if found else None


Act = Callable[[Life], None]


def draft(title: str, *names: str) -> Act:
    def act(life: Life) -> None:
        world = life.world
        if life.found(title) is None:
            datasets = [world.datasets[name] for name in names]
            world.access.draft(world.actor("lead"), world.answers(title=title), datasets)

    return act


def amend(title: str, kind: ApplicationKind, **days: int) -> Act:
    def act(life: Life) -> None:
        if life.found(title) is not None:
            return
        world, lead, project = life.world, life.world.actor("lead"), life.project().project_id
        changes: dict[str, Any] = {name: world.day(count) for name, count in days.items()}
        answers = replace(world.access.answers_of(lead, project), title=title, **changes)
        world.access.amend(lead, project, answers, kind=kind)

    return act


def submit(title: str) -> Act:
    def act(life: Life) -> None:
        found = life.found(title)
        if found and found.state is ApplicationState.DRAFT:
            life.world.access.submit(life.world.actor("lead"), found.application_id)

    return act


def decide(title: str, name: str, *, approve: bool = True) -> Act:
    def act(life: Life) -> None:
        found = life.found(title)
        if found and life.part(title, name) is PartState.WAITING:
            life.world.decide(found.application_id, name, approve=approve)

    return act


def settle(title: str, *, approve: bool = True) -> Act:
    def act(life: Life) -> None:
        found, operator = life.found(title), life.world.actor("operator")
        if found is None or found.state is not ApplicationState.DECIDED:
            return
        if approve:
            deciding.approve_project(life.world.access, operator, found.application_id)
        else:
            deciding.refuse_project(
                life.world.access, operator, found.application_id, "Without its other half it is of no use."
            )

    return act


def withdraw(title: str) -> Act:
    def act(life: Life) -> None:
        found = life.found(title)
        if found and found.state is ApplicationState.SUBMITTED:
            life.world.access.withdraw_application(life.world.actor("lead"), found.application_id)

    return act


def ask_changes(life: Life) -> None:
    found, world = life.found("First"), life.world
    assert found is not None
    changes, officer, custodian = world.access.changes, world.actor("officer_b"), world.custodians["b"]
    if not changes.change_requests(officer, found.application_id, custodian):
        deciding.ask_changes(
            life.world.access, officer, found.application_id, custodian, "Say which care.", fields=["purpose"]
        )


def answer_changes(life: Life) -> None:
    found, world = life.found("First"), life.world
    if found and life.part("First", "b") is PartState.RETURNED:
        fields = {"purpose": "To learn which care by nurses helps."}
        world.access.changes.answer_changes(
            world.actor("lead"), found.application_id, world.custodians["b"], fields=fields
        )


def end_member(life: Life) -> None:
    project, member = life.project(), life.world.people["member"]
    if member in {each.person_id for each in project.members}:
        life.world.access.end_member(life.world.actor("lead"), project.project_id, member)


def announce(life: Life) -> None:
    if life.members.onboarding.joined(life.world.custodians["b"]).departure is None:
        life.members.onboarding.announce_departure(
            life.world.actor("officer_b"), life.world.custodians["b"], life.world.now + _NOTICE, "It is being merged."
        )


def confirm(life: Life) -> None:
    departure = life.members.onboarding.joined(life.world.custodians["b"]).departure
    assert departure is not None
    if departure.state is DepartureState.ANNOUNCED:
        life.members.onboarding.confirm_departure(life.world.actor("operator"), departure.departure_id)


def its_day_comes(life: Life) -> None:
    """Let the clock stand where the record says that the story is."""
    departure = life.members.onboarding.joined(life.world.custodians["b"]).departure
    if departure is not None and departure.state in (DepartureState.CONFIRMED, DepartureState.LEFT):
        life.world.clock.now = departure.at


ACTS: tuple[Act, ...] = (
    *(draft("First", "a", "b"), submit("First"), ask_changes, decide("First", "a"), answer_changes),
    *(decide("First", "a"), decide("First", "b"), settle("First")),
    *(amend("Amended", ApplicationKind.AMENDMENT), submit("Amended"), decide("Amended", "a")),
    *(decide("Amended", "b"), settle("Amended")),
    *(amend("Renewed", ApplicationKind.RENEWAL, end=380), submit("Renewed"), decide("Renewed", "b")),
    *(decide("Renewed", "a"), settle("Renewed"), end_member),
    *(draft("Given up", "a"), submit("Given up"), withdraw("Given up")),
    *(draft("Half", "a", "b"), submit("Half"), decide("Half", "a")),
    *(draft("Slow", "a", "b"), submit("Slow")),
    *(announce, confirm, its_day_comes),
)
AFTERWARDS: tuple[Act, ...] = (settle("Half", approve=False),)


# ---- opening it, and looking at it from outside ----------------------------------------------------------------------


def keep_names(world: World, directory: Path) -> None:
    """Write down who is who, for processes that find the record only."""
    (directory / "names.json").write_text(json.dumps({name: getattr(world, name) for name in _NAMES}), encoding="utf-8")


def open_life(directory: Path, policy: Policy) -> Life:
    """Open the record in a directory as a new process does."""
    names = SimpleNamespace(**json.loads((directory / "names.json").read_text(encoding="utf-8")))
    clock = FixedClock()
    record = Record(make_engine(f"sqlite:///{directory}/record.db"), clock)
    life = Life(alliance_of(World(record, policy, clock, directory, like=names), policy), directory / "told")
    its_day_comes(life)
    return life


def written(life: Life) -> int:
    """Return how much has happened, as the log has it."""
    with life.world.record.read() as session:
        return session.scalar(select(func.count()).select_from(EntryRow)) or 0


def check_whole(life: Life) -> None:
    """Assert that nothing in the record is half done, whatever was killed just before."""
    with life.world.record.read() as session:
        log = list(session.scalars(select(EntryRow.position).order_by(EntryRow.position)))
        tree = session.scalars(select(TreeRow.size)).one_or_none()
        assert log == list(range(tree or 0)), "the log and its tree are of the same transactions"
        projects = {row.application_id: row for row in session.scalars(select(ProjectRow))}
        for row in session.scalars(select(ApplicationRow)):
            parts = store.part_rows(session, row.application_id)
            assert parts, "an application has its parts"
            submitted = list(
                session.scalars(
                    select(SubmissionRow.revision).where(SubmissionRow.application_id == row.application_id)
                )
            )
            assert sorted(submitted) == list(range(1, row.revision + 1)), "what was submitted is kept with it"
            _check_application(row, parts)
            made = projects.get(row.application_id)
            assert (made is not None) == (row.kind == "new" and row.state == ApplicationState.APPROVED)
            if made is not None:
                grants = session.scalars(select(GrantRow).where(GrantRow.project_id == made.project_id))
                assert {each.dataset_id for each in grants} == {one for each in parts for one in each.dataset_ids}
                members = select(MembershipRow.person_id).where(MembershipRow.project_id == made.project_id)
                assert set(session.scalars(members)) == {row.applicant_id, *row.members}


def _check_application(row: ApplicationRow, parts: list[PartRow]) -> None:
    states = {PartState(part.state) for part in parts}
    state = ApplicationState(row.state)
    assert (PartState.DRAFT in states) == (state is ApplicationState.DRAFT)
    assert bool(states & set(_UNDECIDED)) == (state is ApplicationState.SUBMITTED)
    assert (row.settled_by is not None) == (
        state is ApplicationState.APPROVED or (state is ApplicationState.REFUSED and bool(row.reason))
    )
    for part in parts:
        decided = part.state in (PartState.APPROVED, PartState.REFUSED)
        assert (part.due_at is not None) == (part.state in _UNDECIDED)
        assert not decided or (part.decided_by is not None and part.decided_at is not None)
        assert (part.agreement_until is not None) == (part.terms_version is not None)


def outcome(life: Life) -> dict[str, Any]:
    """Return what came of it, without identifiers that are made anew each time."""
    names = {value: name for kind in _NAMES for name, value in getattr(life.world, kind).items()}
    with life.world.record.read() as session:
        entries = [(json.loads(body)["actor"], kind, body) for kind, body in _entries(session)]
        notices = Counter((row.kind, names[row.person_id]) for row in session.scalars(select(NoticeRow)))
    project = life.project()
    return {
        "log": Counter((kind, names.get(actor, actor)) for actor, kind, _ in entries),
        "notices": notices,
        "applications": {
            each.answers.title: (
                each.state,
                each.kind,
                each.answers.purpose,
                {names[part.custodian_id]: (part.state, part.agreement_until, part.reason) for part in each.parts},
            )
            for each in life.world.access.applications(life.world.actor("lead"))
        },
        "project": (project.title, project.end, project.state, [names[each.person_id] for each in project.members]),
        "grants": {names[each.dataset_id]: (each.state, each.agreement_until, each.reason) for each in project.grants},
    }


def _entries(session: Any) -> Iterator[tuple[str, str]]:
    for row in session.scalars(select(EntryRow)):
        yield row.kind, row.body
