"""Signing out ends what the sign-on opened, and tells the doors of workspaces since when; others keep theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import NotFound
from orchestrator.identity.model import Person
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy


def test_signing_out_here_leaves_the_other_browser_signed_on_and_tells_the_doors(
    identity: IdentityService, eve: Person, ann: Person, clock: FixedClock
) -> None:
    here, there = (identity.open_session(eve.person_id, "web", second_factor=False) for _ in range(2))
    clock.advance(timedelta(minutes=1))
    identity.sign_out(here)
    with pytest.raises(NotFound):
        identity.session(here)
    assert identity.session(there)[0] == eve
    assert identity.signed_out([eve.person_id, ann.person_id]) == {eve.person_id: clock()}
    clock.advance(timedelta(minutes=1))
    identity.sign_out(here)
    assert identity.signed_out([eve.person_id]) == {eve.person_id: clock() - timedelta(minutes=1)}, "it had ended"


def test_signing_out_everywhere_ends_browsers_terminals_and_terminals_that_only_wait(
    identity: IdentityService, eve: Person, record: Record, acting: Callable[[Person], Actor]
) -> None:
    secrets = [identity.open_session(eve.person_id, kind, second_factor=False) for kind in ("web", "web", "command")]
    code, waiting = identity.start_pairing()
    identity.confirm_pairing(acting(eve), code)
    assert len(identity.own_sessions(acting(eve))) == 3
    identity.sign_out_everywhere(eve.person_id)
    for secret in secrets:
        with pytest.raises(NotFound):
            identity.session(secret)
    with pytest.raises(NotFound):
        identity.collect_pairing(waiting)
    assert identity.own_sessions(acting(eve)) == []
    with record.read() as session:
        kinds = list(session.scalars(select(EntryRow.kind).order_by(EntryRow.position)))
    assert kinds.count("session.ended") == 3
    assert kinds[-1] == "person.signed-out-everywhere"


def test_an_unknown_secret_or_person_changes_nothing(identity: IdentityService, eve: Person) -> None:
    identity.sign_out("guess")
    with pytest.raises(NotFound):
        identity.sign_out_everywhere("aaaaaaaaaaaaaaaa")
    assert identity.signed_out([eve.person_id]) == {}
    assert identity.signed_out([]) == {}


def test_only_living_sessions_are_shown_to_their_person(
    identity: IdentityService, eve: Person, clock: FixedClock, acting: Callable[[Person], Actor]
) -> None:
    identity.open_session(eve.person_id, "web", second_factor=False)
    clock.advance(timedelta(minutes=90))
    identity.open_session(eve.person_id, "command", second_factor=True)
    (only,) = identity.own_sessions(acting(eve))
    assert (only.kind, only.second_factor) == ("command", True)


def test_signing_out_is_kept_alike_on_every_database(
    record_everywhere: Record, policy: Policy, clock: FixedClock
) -> None:
    identity = IdentityService(record_everywhere, policy)
    person = identity.first_operator("Ann", "ann@example.org", "https://id", "ann")
    for _ in range(2):
        clock.advance(timedelta(minutes=1))
        identity.sign_out_everywhere(person.person_id, by="system:sign-on")
        assert identity.signed_out([person.person_id]) == {person.person_id: clock()}
