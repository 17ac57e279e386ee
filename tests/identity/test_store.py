"""The same story of people, roles and sign-on on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Conflict, NotFound
from orchestrator.core.events import Event
from orchestrator.identity import store
from orchestrator.identity.model import Person
from orchestrator.identity.service import IdentityService
from orchestrator.identity.states import PersonState
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

YEAR = timedelta(days=365)


@pytest.fixture
def identity(record_everywhere: Record, policy: Policy) -> IdentityService:
    return IdentityService(record_everywhere, policy)


def test_everything_is_kept_and_read_back_the_same(
    identity: IdentityService, record_everywhere: Record, clock: FixedClock
) -> None:
    ann = identity.first_operator("Ann Ångström", "ann@example.org", "i", "ann")

    def acting(person: Person) -> Actor:
        return identity.actor(person.person_id, second_factor=True)

    ben = identity.register_person(acting(ann), "Ben", "b@example.org", "i", "ben", affiliation="Zoë & Co")
    holding = identity.propose_role(acting(ann), ben.person_id, "operator", clock() + YEAR)
    held = identity.confirm_role(acting(ben), holding.holding_id)
    eve = identity.register_person(acting(ann), "Eve", "e@example.org", "i", "eve")
    training = identity.record_training(acting(ann), eve.person_id, "course", clock() + YEAR)
    accreditation = identity.record_accreditation(acting(ben), eve.person_id, "A-1", clock() + YEAR)
    secret = identity.open_session(eve.person_id, "web", second_factor=True)
    clock.advance(timedelta(minutes=5, microseconds=7))
    assert identity.session(secret)[0] == eve
    code, waiting = identity.start_pairing()
    identity.confirm_pairing(acting(eve), code)
    assert identity.session(identity.collect_pairing(waiting) or "")[0] == eve
    profile = identity.profile(acting(ann), eve.person_id)
    assert (profile.trainings, profile.accreditations) == ((training,), (accreditation,))
    assert identity.holdings(ben.person_id) == [held]
    assert identity.find_by_sign_on("i", "ben") == ben
    identity.suspend(acting(ann), eve.person_id, "reason")
    identity.propose_resume(acting(ann), eve.person_id)
    assert len(identity.waiting(acting(ben)).suspensions) == 1
    identity.confirm_resume(acting(ben), eve.person_id)
    ended = identity.end_training(acting(ben), training.training_id)
    assert identity.profile(acting(ann), eve.person_id).trainings == (ended,)
    with pytest.raises(NotFound):
        identity.session(secret)
    with record_everywhere.read() as session:
        positions = list(session.scalars(select(EntryRow.position).order_by(EntryRow.position)))
    assert positions == list(range(len(positions)))
    assert len(positions) > 15


def _person(number: str, subject: str, clock: FixedClock) -> Person:
    return Person(
        person_id=f"p{number * 15}",
        name="N",
        email="n@example.org",
        affiliation="",
        issuer="i",
        subject=subject,
        state=PersonState.ACTIVE,
        registered_at=clock(),
    )


def test_one_issuer_and_subject_is_one_person_whatever_a_caller_does(
    record_everywhere: Record, clock: FixedClock
) -> None:
    event = Event(kind="person.registered", actor="a", subject="person:x")
    with record_everywhere.change() as change:
        store.put(change, _person("a", "same", clock), event=event)
    with pytest.raises(Conflict), record_everywhere.change() as change:
        store.put(change, _person("b", "same", clock), event=event)
    with record_everywhere.change() as change:
        store.put(change, _person("b", "other", clock), event=event)
    with record_everywhere.read() as session:
        assert len(store.people(session)) == 2


def test_a_training_of_nobody_cannot_be_kept(record_everywhere: Record, clock: FixedClock) -> None:
    row = store.TrainingRow(
        training_id="t" * 16,
        person_id="nobody",
        course="c",
        valid_until=clock(),
        recorded_by="a",
        recorded_at=clock(),
    )
    with pytest.raises(Conflict), record_everywhere.change() as change:
        change.session.add(row)
        change.tell(Event(kind="training.recorded", actor="a", subject="training:t"))


def test_a_refused_change_leaves_neither_row_nor_entry(identity: IdentityService, record_everywhere: Record) -> None:
    identity.first_operator("Ann", "ann@example.org", "i", "ann")

    def state(session: Session) -> tuple[int, int]:
        return len(store.people(session)), len(list(session.scalars(select(EntryRow.position))))

    with record_everywhere.read() as session:
        before = state(session)
    with pytest.raises(RuntimeError), record_everywhere.change() as change:
        event = Event(kind="person.registered", actor="a", subject="person:x")
        store.put(change, _person("b", "other", FixedClock()), event=event)
        raise RuntimeError
    with record_everywhere.read() as session:
        assert state(session) == before
