"""Sign-on sessions: secrets that are not kept, two ends in time, terminals signed on by a short code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import NotFound, NotPossible, Refused
from orchestrator.identity.model import Person, SessionKind
from orchestrator.identity.rows import SessionRow
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor

MINUTE = timedelta(minutes=1)
Acting = Callable[[Person], Actor]


def test_a_session_signs_its_person_on(identity: IdentityService, eve: Person) -> None:
    secret = identity.open_session(eve.person_id, SessionKind.WEB, second_factor=False)
    person, actor = identity.session(secret)
    assert person == eve
    assert actor.person_id == eve.person_id
    assert not actor.second_factor
    assert identity.session(identity.open_session(eve.person_id, "web", second_factor=True))[1].second_factor


def test_only_the_hash_of_the_secret_is_kept(identity: IdentityService, record: Record, eve: Person) -> None:
    secret = identity.open_session(eve.person_id, "web", second_factor=False)
    assert len(secret) >= 43
    with record.read() as session:
        assert session.scalar(select(SessionRow.secret_sha256)) == hashlib.sha256(secret.encode()).hexdigest()
        tables = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        for table in tables:
            rows = session.execute(text(f'SELECT * FROM "{table}"')).all()  # noqa: S608
            assert secret not in str(rows)


@pytest.mark.parametrize("guess", ["", "x", "\x00", "é" * 50, "\ud800", "a" * 10_000])
def test_another_secret_signs_nobody_on(identity: IdentityService, eve: Person, guess: str) -> None:
    secret = identity.open_session(eve.person_id, "web", second_factor=False)
    for wrong in (guess, secret[:-1], secret + "a", hashlib.sha256(secret.encode()).hexdigest()):
        with pytest.raises(NotFound):
            identity.session(wrong)
    assert identity.session(secret)[0] == eve


def test_a_session_ends_unused(identity: IdentityService, eve: Person, clock: FixedClock) -> None:
    secret = identity.open_session(eve.person_id, "web", second_factor=False)
    for _ in range(3):
        clock.advance(59 * MINUTE)
        assert identity.session(secret)[0] == eve
    clock.advance(60 * MINUTE)
    with pytest.raises(NotFound):
        identity.session(secret)


def test_a_session_ends_after_twelve_hours_however_it_is_used(
    identity: IdentityService, eve: Person, clock: FixedClock
) -> None:
    secret = identity.open_session(eve.person_id, "web", second_factor=False)
    for _ in range(23):
        clock.advance(30 * MINUTE)
        assert identity.session(secret)[0] == eve
    clock.advance(30 * MINUTE)
    with pytest.raises(NotFound):
        identity.session(secret)


def test_signing_off_ends_the_session_and_no_other(identity: IdentityService, eve: Person) -> None:
    one, two = (identity.open_session(eve.person_id, "web", second_factor=False) for _ in range(2))
    identity.end_session(one)
    identity.end_session(one)
    identity.end_session("unknown")
    with pytest.raises(NotFound):
        identity.session(one)
    assert identity.session(two)[0] == eve


def test_old_sessions_are_forgotten(identity: IdentityService, record: Record, eve: Person, clock: FixedClock) -> None:
    identity.open_session(eve.person_id, "web", second_factor=False)
    clock.advance(timedelta(days=31))
    identity.open_session(eve.person_id, "web", second_factor=False)
    with record.read() as session:
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 1


def test_using_a_session_writes_nothing_to_the_log(
    identity: IdentityService, record: Record, eve: Person, clock: FixedClock
) -> None:
    def entries() -> int | None:
        with record.read() as session:
            return session.scalar(select(func.count()).select_from(EntryRow))

    secret = identity.open_session(eve.person_id, "web", second_factor=False)
    before = entries()
    for _ in range(5):
        clock.advance(2 * MINUTE)
        identity.session(secret)
    assert entries() == before


def test_a_terminal_is_signed_on_by_its_code_once(identity: IdentityService, eve: Person, acting: Acting) -> None:
    code, secret = identity.start_pairing()
    assert len(code) == 9
    assert identity.collect_pairing(secret) is None
    identity.confirm_pairing(acting(eve), code.lower().replace("-", " "))
    session = identity.collect_pairing(secret)
    assert session is not None
    person, actor = identity.session(session)
    assert person == eve
    assert actor.second_factor
    with pytest.raises(NotFound):
        identity.collect_pairing(secret)
    with pytest.raises(NotFound):
        identity.confirm_pairing(acting(eve), code)


def test_a_terminal_has_no_better_sign_on_than_the_page_that_confirmed_it(
    identity: IdentityService, eve: Person
) -> None:
    code, secret = identity.start_pairing()
    identity.confirm_pairing(identity.actor(eve.person_id, second_factor=False), code)
    assert not identity.session(identity.collect_pairing(secret) or "")[1].second_factor


def test_a_code_is_confirmed_by_one_person_only(
    identity: IdentityService, ann: Person, eve: Person, acting: Acting
) -> None:
    code, secret = identity.start_pairing()
    identity.confirm_pairing(acting(eve), code)
    with pytest.raises(NotFound):
        identity.confirm_pairing(acting(ann), code)
    assert identity.session(identity.collect_pairing(secret) or "")[0] == eve


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_code_expires_after_ten_minutes(
    *, identity: IdentityService, eve: Person, acting: Acting, clock: FixedClock, confirmed: bool
) -> None:
    code, secret = identity.start_pairing()
    if confirmed:
        identity.confirm_pairing(acting(eve), code)
    clock.advance(10 * MINUTE)
    with pytest.raises(NotFound):
        identity.confirm_pairing(acting(eve), code)
    with pytest.raises(NotFound):
        identity.collect_pairing(secret)


def test_guessing_codes_is_stopped_after_five(
    *, identity: IdentityService, ann: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    code, _ = identity.start_pairing()
    for _ in range(5):
        with pytest.raises(NotFound):
            identity.confirm_pairing(acting(eve), "BBBB-BBBB")
    with pytest.raises(Refused, match="wait ten minutes"):
        identity.confirm_pairing(acting(eve), code)
    identity.confirm_pairing(acting(ann), code)
    clock.advance(10 * MINUTE)
    code, _ = identity.start_pairing()
    identity.confirm_pairing(acting(eve), code)


def test_the_code_is_no_secret_and_the_secret_no_code(identity: IdentityService, eve: Person, acting: Acting) -> None:
    code, secret = identity.start_pairing()
    with pytest.raises(NotFound):
        identity.confirm_pairing(acting(eve), secret)
    with pytest.raises(NotFound):
        identity.collect_pairing(code)


def test_a_person_suspended_meanwhile_signs_on_no_terminal(
    identity: IdentityService, ann: Person, eve: Person, acting: Acting
) -> None:
    code, secret = identity.start_pairing()
    before = acting(eve)
    identity.confirm_pairing(before, code)
    identity.suspend(acting(ann), eve.person_id, "reason")
    with pytest.raises(NotFound, match="start it again"):
        identity.collect_pairing(secret)
    code, _ = identity.start_pairing()
    with pytest.raises(Refused, match="suspended"):
        identity.confirm_pairing(before, code)


def test_waiting_terminals_are_bounded_and_expired_ones_forgotten(identity: IdentityService, clock: FixedClock) -> None:
    for _ in range(200):
        identity.start_pairing()
    with pytest.raises(NotPossible, match="ten minutes"):
        identity.start_pairing()
    clock.advance(10 * MINUTE)
    identity.start_pairing()


def test_a_terminal_confirmed_before_its_person_was_stopped_collects_nothing_afterwards(
    identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting
) -> None:
    secrets = []
    for person in (eve, ben):
        code, secret = identity.start_pairing()
        identity.confirm_pairing(acting(person), code)
        secrets.append(secret)
    identity.suspend(acting(ann), eve.person_id, "A question is open.")
    identity.propose_resume(acting(ann), eve.person_id)
    identity.confirm_resume(acting(ben), eve.person_id)
    with pytest.raises(NotFound):
        identity.collect_pairing(secrets[0])
    assert identity.session(identity.collect_pairing(secrets[1]) or "")[0] == ben
