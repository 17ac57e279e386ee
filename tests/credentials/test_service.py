"""Leases are made to agree with grants, whatever was there before, whatever answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.credentials.fakes import FakeAgent, FakeStore, FakeVault
from orchestrator.credentials.model import AgentIdentity, DatabaseGrant, Lease, Wanted
from orchestrator.credentials.rules import plan_leases
from orchestrator.credentials.service import Credentials


class World:
    def __init__(self, directory: Path) -> None:
        self.clock = FixedClock()
        self.vault, self.agent, self.store = FakeVault(clock=self.clock), FakeAgent(), FakeStore()
        self.service = Credentials(vault=self.vault, agent=self.agent, store=self.store, clock=self.clock)
        self.project = new_id()
        (directory / "file").write_bytes(b"1")
        self.directory = directory

    def files(self, *, hours: float = 8) -> Wanted:
        version_id = new_id()
        sealed = self.service.seal_version(version_id, self.directory)
        until = self.clock() + timedelta(hours=hours)
        return Wanted(grant_id=new_id(), version_id=version_id, until=until, sealed=sealed)

    def views(self) -> Wanted:
        grant = DatabaseGrant(version_id=new_id(), name="c", connection="d", schema="s", views=("v",))
        self.service.register_database(grant)
        until = self.clock() + timedelta(hours=8)
        return Wanted(grant_id=new_id(), version_id=grant.version_id, until=until, database=grant)

    def agrees_with(self, *wanted: Wanted) -> bool:
        versions = {want.version_id for want in wanted}
        return (
            {lease.version_id for lease in self.vault.leases(self.project)} == versions
            and set(self.agent.holding(self.project)) == versions
            and set(self.agent.held(self.project)) == {want.version_id for want in wanted if want.sealed}
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_is_wanted_is_issued_and_a_second_look_changes_nothing(world: World) -> None:
    wanted = [world.files(), world.views()]
    first = world.service.ensure_leases(world.project, wanted)
    assert first.agent_restarted
    assert len(first.issued) == 2
    assert set(first.directories) == {wanted[0].version_id}
    assert first.databases == {wanted[1].version_id}
    second = world.service.ensure_leases(world.project, wanted)
    assert (second.issued, second.revoked, second.wiped, second.agent_restarted) == ((), (), (), False)
    assert world.agrees_with(*wanted)


def test_an_agent_that_runs_is_put_right_at_every_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(world.agent, "keep", kept.append)
    wanted = [world.files()]
    world.service.ensure_leases(world.project, wanted)
    assert kept == []
    world.service.ensure_leases(world.project, wanted)
    assert kept == [world.project]


def test_a_withdrawn_version_goes_and_the_others_are_untouched(world: World) -> None:
    gone, kept = world.files(), world.files()
    world.service.ensure_leases(world.project, [gone, kept])
    before = world.agent.holding(world.project)[kept.version_id]
    changes = world.service.ensure_leases(world.project, [kept])
    assert changes.wiped == (gone.version_id,)
    assert world.agrees_with(kept)
    assert world.agent.holding(world.project)[kept.version_id] == before


def test_a_grant_that_ended_by_the_clock_is_taken_away(world: World) -> None:
    wanted = world.files(hours=1)
    world.service.ensure_leases(world.project, [wanted])
    world.clock.advance(timedelta(hours=1))
    world.service.ensure_leases(world.project, [wanted])
    assert world.agrees_with()


def test_a_shortened_grant_gets_a_shorter_lease(world: World) -> None:
    wanted = world.files(hours=8)
    world.service.ensure_leases(world.project, [wanted])
    shorter = Wanted(**{**wanted.__dict__, "until": wanted.until - timedelta(hours=7)})
    world.service.ensure_leases(world.project, [shorter])
    (lease,) = world.vault.leases(world.project)
    assert lease.until == shorter.until


def test_an_extended_grant_gets_a_new_lease_before_the_old_one_ends_without_losing_its_data(world: World) -> None:
    wanted = world.files(hours=8)
    world.service.ensure_leases(world.project, [wanted])
    longer = Wanted(**{**wanted.__dict__, "until": wanted.until + timedelta(days=7)})
    assert world.service.ensure_leases(world.project, [longer]).issued == ()
    world.clock.advance(timedelta(hours=7, minutes=30))
    changes = world.service.ensure_leases(world.project, [longer])
    assert (len(changes.issued), changes.wiped) == (1, ())
    world.service.ensure_leases(world.project, [longer])
    (lease,) = world.vault.leases(world.project)
    assert lease.until == longer.until
    assert world.agrees_with(longer)


def test_a_lease_whose_answer_was_lost_is_found_revoked_and_issued_anew(world: World) -> None:
    world.service.ensure_leases(world.project, [])
    wanted = world.files()
    world.vault.lose_answers = 1
    assert set(world.service.ensure_leases(world.project, [wanted]).failed) == {wanted.version_id}
    assert len(world.vault.leases(world.project)) == 1
    changes = world.service.ensure_leases(world.project, [wanted])
    assert (len(changes.revoked), len(changes.issued)) == (1, 1)
    assert world.agrees_with(wanted)


def test_in_an_outage_nothing_is_granted_and_what_is_withdrawn_is_wiped_all_the_same(world: World) -> None:
    gone, new = world.files(), world.files()
    world.service.ensure_leases(world.project, [gone])
    world.vault.outage = True
    with pytest.raises(Unavailable):
        world.service.ensure_leases(world.project, [new])
    assert world.agent.held(world.project) == {}
    world.vault.outage = False
    world.service.ensure_leases(world.project, [new])
    assert world.agrees_with(new)


def test_after_the_agent_was_killed_everything_is_revoked_and_issued_anew(world: World) -> None:
    wanted = [world.files(), world.views()]
    world.service.ensure_leases(world.project, wanted)
    before = {lease.accessor for lease in world.vault.leases(world.project)}
    world.agent.kill(world.project)
    changes = world.service.ensure_leases(world.project, wanted)
    assert changes.agent_restarted
    assert before.isdisjoint(lease.accessor for lease in world.vault.leases(world.project))
    assert world.agrees_with(*wanted)


def test_projects_that_should_not_be_awake_are_closed(world: World) -> None:
    world.service.ensure_leases(world.project, [world.files()])
    assert world.service.close_orphans(frozenset({world.project})) == set()
    assert world.service.close_orphans(frozenset()) == {world.project}
    assert world.agrees_with()
    assert world.service.close_orphans(frozenset()) == set()


def test_a_database_opens_only_under_a_living_lease(world: World) -> None:
    wanted = world.views()
    assert wanted.database is not None
    world.service.ensure_leases(world.project, [wanted])
    session = new_id()
    assert world.service.open_databases(world.project, session, [wanted.database]) is not None
    world.service.close_session(world.project, session)
    world.service.withdraw(world.project, wanted.version_id)
    with pytest.raises(Refused, match="no living lease"):
        world.service.open_databases(world.project, session, [wanted.database])


def test_cut_off_at_any_moment_it_agrees_after_the_next_look(tmp_path: Path) -> None:
    for step in range(1, 40):
        directory = tmp_path / str(step)
        directory.mkdir()
        world = World(directory)
        gone, kept, new = world.files(), world.views(), world.files()
        world.service.ensure_leases(world.project, [gone, kept])
        count = _cut_at(world, step)
        try:
            world.service.ensure_leases(world.project, [kept, new])
        except _Cut:
            pass
        else:
            assert count() < step
            return
        world.service = Credentials(vault=world.vault, agent=world.agent, store=world.store, clock=world.clock)
        _uncut(world)
        world.service.ensure_leases(world.project, [kept, new])
        assert world.agrees_with(kept, new), step
    pytest.fail("the run never completed")


class _Cut(BaseException):
    pass


def _cut_at(world: World, step: int) -> Callable[[], int]:
    calls = 0

    def cutting(call: Callable[..., object]) -> Callable[..., object]:
        def called(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            answer = call(*arguments, **named)
            if calls == step:
                raise _Cut
            return answer

        return called

    for port, names in ((world.vault, ("lease", "leases", "revoke_lease")), (world.agent, ("adopt", "unseal", "wipe"))):
        for name in names:
            setattr(port, name, cutting(getattr(port, name)))
    return lambda: calls


def _uncut(world: World) -> None:
    for port, names in ((world.vault, ("lease", "leases", "revoke_lease")), (world.agent, ("adopt", "unseal", "wipe"))):
        for name in names:
            delattr(port, name)


VERSIONS = [new_id() for _ in range(3)]
GRANTS = [new_id() for _ in range(2)]
NOW = FixedClock()()
moments = st.integers(min_value=-2, max_value=40).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def _lease(draw: st.DrawFn) -> Lease:
    return Lease(
        project_id="p",
        grant_id=draw(st.sampled_from(GRANTS)),
        version_id=draw(st.sampled_from(VERSIONS)),
        accessor=str(draw(st.integers(0, 9))),
        wrapped_token="",
        until=draw(moments),
    )


@given(
    wanted=st.lists(
        st.builds(Wanted, grant_id=st.sampled_from(GRANTS), version_id=st.sampled_from(VERSIONS), until=moments),
        unique_by=lambda want: want.version_id,
    ),
    leases=st.lists(_lease(), unique_by=lambda lease: lease.accessor),
    holding=st.dictionaries(st.sampled_from(VERSIONS), st.integers(0, 9).map(str)),
    unsealed=st.frozensets(st.sampled_from(VERSIONS)),
)
def test_no_plan_keeps_anything_that_is_not_granted(
    wanted: list[Wanted], leases: list[Lease], holding: dict[str, str], unsealed: frozenset[str]
) -> None:
    plan = plan_leases(wanted=wanted, leases=leases, holding=holding, unsealed=unsealed, now=NOW)
    granted = {want.version_id: want for want in wanted if want.until > NOW}
    for lease in leases:
        if lease not in plan.revoke:
            want = granted[lease.version_id]
            assert lease.grant_id == want.grant_id
            assert lease.until <= want.until
            assert holding[lease.version_id] == lease.accessor
    assert unsealed - set(plan.wipe) <= set(granted)
    assert set(holding) - set(plan.wipe) <= set(granted)
    kept = {lease.version_id for lease in leases if lease not in plan.revoke}
    assert {want.version_id for want in plan.issue} == set(granted) - kept


def test_an_agent_that_comes_back_by_itself_is_not_stopped_and_its_sessions_are_told(world: World) -> None:
    wanted = world.files()
    world.service.ensure_leases(world.project, [wanted])
    before = {lease.accessor for lease in world.vault.leases(world.project)}
    world.agent.kill(world.project, comes_back=True)
    assert world.agent.projects() == {world.project}
    changes = world.service.ensure_leases(world.project, [wanted])
    assert changes.agent_restarted
    assert {lease.accessor for lease in changes.revoked} == before
    assert world.agrees_with(wanted)


def test_what_an_agent_was_given_for_good_is_taken_away_although_it_says_that_it_holds_nothing(world: World) -> None:
    world.service.ensure_leases(world.project, [])
    given = new_id()
    world.agent.keys[world.project] = {given}
    assert world.agent.holding(world.project) == {}
    assert world.service.present(world.project) == {given}
    assert world.service.ensure_leases(world.project, []).wiped == (given,)
    assert world.service.present(world.project) == set()


def test_an_agent_that_does_not_answer_loses_its_lease_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = world.files(), world.files()
    world.service.ensure_leases(world.project, [gone, kept])

    def silent(*_: object) -> None:
        raise Unavailable("The agent does not answer.", system="agent")

    monkeypatch.setattr(world.agent, "running", lambda _: False)
    monkeypatch.setattr(world.agent, "wipe", silent)
    assert world.service.present(world.project) == {gone.version_id, kept.version_id}
    with pytest.raises(Unavailable, match="does not answer"):
        world.service.withdraw(world.project, gone.version_id)
    assert {lease.version_id for lease in world.vault.leases(world.project)} == {kept.version_id}
    assert world.service.present(world.project) == {kept.version_id}


def test_an_agent_that_was_replaced_while_its_leases_ran_out_is_known_by_its_life(world: World) -> None:
    wanted = world.files()
    first = world.service.ensure_leases(world.project, [wanted])
    assert first.agent_life == world.service.ensure_leases(world.project, [wanted]).agent_life != ""
    world.agent.kill(world.project, comes_back=True)
    assert world.service.agent_life(world.project) == ""
    world.vault.revoke_project(world.project)
    world.agent.start(AgentIdentity(project_id=world.project, accessor="", wrapped_token=""))
    later = world.service.ensure_leases(world.project, [wanted])
    assert not later.agent_restarted, "nothing else tells it"
    assert later.agent_life not in {"", first.agent_life}
    assert later.agent_life == world.service.agent_life(world.project)


def test_an_agent_that_came_back_between_two_looks_is_noticed_by_what_it_lost(world: World) -> None:
    wanted = world.files()
    world.service.ensure_leases(world.project, [wanted])
    world.agent.kill(world.project, comes_back=True)
    world.agent.start(AgentIdentity(project_id=world.project, accessor="", wrapped_token=""))
    changes = world.service.ensure_leases(world.project, [wanted])
    assert changes.agent_restarted
    assert world.agrees_with(wanted)
    assert not world.service.ensure_leases(world.project, [wanted]).agent_restarted
