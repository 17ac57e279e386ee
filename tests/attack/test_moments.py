"""Acts that the house's own state does not permit: each is tried by everybody at a moment in which somebody may."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.attack.intruders import NOBODY, SEATS, Filled, filled
from tests.attack.moments import ELSEWHERE, LEAVES_NOTHING, MOMENTS, Moment
from tests.attack.trying import Trying
from tests.attack.who_may import NOT_NOW, WHO_MAY

EVERYBODY = (NOBODY, *SEATS)


class Returning:
    """A house that is brought to a moment and then back to where it was."""

    def __init__(self, house: Filled, trying: Trying, directory: Path) -> None:
        self.trying, self._house = trying, house
        self._record = house.world.house.settings.state / "record" / "tre.db"
        self._kept, self._own = directory / "kept.db", dict(house.own)
        _copy(self._record, self._kept)

    @contextmanager
    def at(self, moment: Moment) -> Iterator[None]:
        """Let what leads there happen for real; from then on nothing is committed; at the end it never was."""
        try:
            moment.lead(self._house)
            self._house.rehearse()
            yield
        finally:
            self._house.world.house.record._instead = None
            self._house.own.clear()
            self._house.own.update(self._own)
            _copy(self._kept, self._record)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@pytest.fixture(scope="module")
def returning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Returning]:
    with filled(tmp_path_factory.mktemp("moments")) as house:
        trying = Trying(house)
        trying.sign_in()
        yield Returning(house, trying, tmp_path_factory.mktemp("kept"))
        trying.close()


def test_every_act_that_is_not_possible_now_has_its_moment_or_a_reason() -> None:
    possible = [name for moment in MOMENTS.values() for name in moment.makes_possible]
    told = sorted([*possible, *LEAVES_NOTHING, *ELSEWHERE])
    assert told == sorted(NOT_NOW), "say in tests/attack/moments.py when somebody may do it, or why that is not shown"


@pytest.mark.parametrize("when", sorted(MOMENTS))
def test_at_its_moment_it_is_done_by_those_of_the_table_and_by_nobody_else(returning: Returning, when: str) -> None:
    moment, trying = MOMENTS[when], returning.trying
    with returning.at(moment):
        for name in moment.makes_possible:
            address = trying.known[name]
            own = trying.filled.own
            named = {key: own.get(value, value) for key, value in moment.things.items() if key in address.parameters}
            things = {**trying.things(address), **named}
            more = {"fields": moment.fields} if moment.fields is not None else {}
            done, told = [], {}
            for seat in EVERYBODY:
                outcome = trying.try_it(seat, address, things, **more)
                told[seat] = (outcome.status, outcome.written)
                if seat in WHO_MAY[name]:
                    done.append(bool(outcome.written) and not outcome.refused)
                else:
                    assert outcome.refused, (name, seat, told[seat])
            assert any(done), (name, told)


@pytest.mark.parametrize("name", sorted(LEAVES_NOTHING))
def test_what_leaves_nothing_is_answered_to_those_of_the_table(returning: Returning, name: str) -> None:
    trying = returning.trying
    with returning.at(Moment(lead=lambda _: None, makes_possible=())):
        outcomes = [trying.try_it(seat, trying.known[name]) for seat in WHO_MAY[name]]
    assert {each.status for each in outcomes} == {200}
    assert not any(each.written for each in outcomes)
