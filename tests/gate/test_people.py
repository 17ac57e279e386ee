"""Admission and sessions on a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from orchestrator.adapters.desk import Admitted, SignedOn
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.gate.keeper import Keeper
from orchestrator.gate.people import Admissions, Sessions

PERSON = new_id()


@dataclass
class Ticks:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    clock: FixedClock
    people: list[str] = field(default_factory=lambda: [PERSON])
    error: OrchestratorError | None = None
    before_answering: Awaitable[None] | None = None
    issued: datetime | None = None

    async def redeem(self, ticket: str) -> SignedOn:
        if self.error:
            raise self.error
        return SignedOn(person=ticket, name="P", until=self.clock() + timedelta(hours=1), issued=self.issued)

    async def admission(self) -> Admitted:
        if self.error:
            raise self.error
        people = {person: self.clock() + timedelta(hours=1) for person in self.people}
        if self.before_answering is not None:
            await self.before_answering
        return Admitted(people=people, generation=1)


class Socket:
    def __init__(self) -> None:
        self.ended = False

    async def end(self) -> None:
        self.ended = True


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def desk(clock: FixedClock) -> Desk:
    return Desk(clock)


@pytest.fixture
def keeper(clock: FixedClock, ticks: Ticks, desk: Desk) -> Keeper:
    admissions = Admissions(clock=clock, monotonic=ticks)
    return Keeper(admissions=admissions, sessions=Sessions(clock=clock), desk=desk)


def entered(keeper: Keeper, clock: FixedClock) -> tuple[str, Socket]:
    async def enter() -> tuple[str, Socket]:
        await keeper.admit({PERSON: clock() + timedelta(hours=1)})
        cookie, session = await keeper.enter(ticket=PERSON, former_cookie=None)
        socket = Socket()
        session.connections.add(socket)
        return cookie, socket

    return asyncio.run(enter())


def test_a_gate_without_a_list_is_closed(keeper: Keeper) -> None:
    assert not keeper.admissions.is_open()
    with pytest.raises(Unavailable):
        asyncio.run(keeper.enter(ticket=PERSON, former_cookie=None))


def test_an_empty_list_is_a_list(keeper: Keeper, desk: Desk) -> None:
    desk.people = []
    asyncio.run(keeper.admit({}))
    assert keeper.admissions.is_open()
    with pytest.raises(Refused):
        asyncio.run(keeper.enter(ticket=PERSON, former_cookie=None))


def test_a_person_admitted_since_the_last_list_need_not_wait_for_the_next(keeper: Keeper) -> None:
    asyncio.run(keeper.admit({}))
    _, session = asyncio.run(keeper.enter(ticket=PERSON, former_cookie=None))
    assert session.person == PERSON


def test_a_session_ends_with_its_ticket(keeper: Keeper, clock: FixedClock) -> None:
    cookie, socket = entered(keeper, clock)
    assert keeper.session(cookie) is not None
    clock.advance(timedelta(minutes=61))
    assert keeper.session(cookie) is None
    asyncio.run(keeper.admit({PERSON: clock() + timedelta(hours=1)}))
    assert socket.ended
    assert keeper.session(cookie) is None, "a new list does not bring an old session back"


def test_an_admission_ends_at_its_own_moment_between_two_lists(keeper: Keeper, clock: FixedClock) -> None:
    cookie, socket = entered(keeper, clock)
    asyncio.run(keeper.admit({PERSON: clock() + timedelta(seconds=2)}))
    assert keeper.session(cookie) is not None
    clock.advance(timedelta(seconds=3))
    assert keeper.session(cookie) is None
    asyncio.run(keeper.sweep())
    assert socket.ended


def test_a_new_list_puts_out_whoever_is_not_on_it_before_it_answers(keeper: Keeper, clock: FixedClock) -> None:
    cookie, socket = entered(keeper, clock)
    asyncio.run(keeper.admit({new_id(): clock() + timedelta(hours=1)}))
    assert socket.ended
    assert keeper.session(cookie) is None
    asyncio.run(keeper.admit({PERSON: clock() + timedelta(hours=1)}))
    assert keeper.session(cookie) is None, "being admitted again needs a new ticket"


def test_a_list_older_than_a_minute_closes_the_gate_but_keeps_sessions(
    keeper: Keeper, clock: FixedClock, ticks: Ticks
) -> None:
    cookie, socket = entered(keeper, clock)
    ticks.now += 60
    assert keeper.session(cookie) is not None
    ticks.now += 0.1
    assert keeper.session(cookie) is None
    asyncio.run(keeper.sweep())
    assert socket.ended
    asyncio.run(keeper.admit({PERSON: clock() + timedelta(hours=1)}))
    assert keeper.session(cookie) is not None


def test_signing_out_at_the_portal_closes_what_an_earlier_ticket_opened_and_nothing_later(
    keeper: Keeper, desk: Desk, clock: FixedClock
) -> None:
    async def story() -> None:
        people = {PERSON: clock() + timedelta(hours=1)}
        await keeper.admit(people)
        desk.issued = clock()
        early, session = await keeper.enter(ticket=PERSON, former_cookie=None)
        socket = Socket()
        session.connections.add(socket)
        clock.advance(timedelta(seconds=5))
        signed_out = {PERSON: clock()}
        await keeper.admit(people, signed_out)
        assert socket.ended
        assert keeper.session(early) is None
        clock.advance(timedelta(seconds=1))
        desk.issued = clock()
        late, _ = await keeper.enter(ticket=PERSON, former_cookie=None)
        await keeper.admit(people, signed_out)
        assert keeper.session(late) is not None
        await keeper.admit(people)
        assert keeper.session(early) is None, "a list that says nothing of it brings nothing back"
        assert keeper.session(late) is not None

    asyncio.run(story())


def test_one_persons_signing_out_is_not_anothers(keeper: Keeper, desk: Desk, clock: FixedClock) -> None:
    async def story() -> None:
        desk.issued = clock()
        await keeper.admit({PERSON: clock() + timedelta(hours=1)})
        cookie, _ = await keeper.enter(ticket=PERSON, former_cookie=None)
        clock.advance(timedelta(seconds=5))
        await keeper.admit({PERSON: clock() + timedelta(hours=1)}, {new_id(): clock()})
        assert keeper.session(cookie) is not None

    asyncio.run(story())


def test_an_answer_asked_for_before_a_newer_list_came_is_thrown_away(keeper: Keeper, desk: Desk) -> None:
    """The controller withdraws while the gate's own question is under way and still says “admitted”."""

    async def story() -> None:
        released = asyncio.Event()

        async def wait() -> None:
            await released.wait()

        desk.before_answering = wait()
        asking = asyncio.create_task(keeper._refresh())
        await asyncio.sleep(0)
        await keeper.admit({})
        released.set()
        await asking
        assert not keeper.admissions.admits(PERSON)

    asyncio.run(story())


def test_a_cookie_is_not_kept_only_its_hash(keeper: Keeper, clock: FixedClock) -> None:
    cookie, _ = entered(keeper, clock)
    assert cookie not in repr(vars(keeper.sessions))
    assert keeper.session(cookie + "x") is None
    assert keeper.session("") is None
    assert keeper.session("\udcff") is None


def test_entering_again_in_the_same_browser_ends_the_former_session(keeper: Keeper, clock: FixedClock) -> None:
    cookie, socket = entered(keeper, clock)
    second, _ = asyncio.run(keeper.enter(ticket=PERSON, former_cookie=cookie))
    assert socket.ended
    assert keeper.session(cookie) is None
    assert keeper.session(second) is not None


def test_a_refused_ticket_ends_nothing(keeper: Keeper, clock: FixedClock, desk: Desk) -> None:
    cookie, socket = entered(keeper, clock)
    desk.error = Refused("used before")
    with pytest.raises(Refused):
        asyncio.run(keeper.enter(ticket=PERSON, former_cookie=cookie))
    assert not socket.ended
    assert keeper.session(cookie) is not None


def test_closing_one_person_leaves_the_others(keeper: Keeper, clock: FixedClock) -> None:
    cookie, socket = entered(keeper, clock)
    asyncio.run(keeper.close(new_id()))
    assert keeper.session(cookie) is not None
    asyncio.run(keeper.close(PERSON))
    assert socket.ended
