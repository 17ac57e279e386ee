"""Whoever decides carries the hash of what he read: whatever was changed meanwhile is not decided unread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from orchestrator.access.exchange.model import Opinion
from orchestrator.access.model import ApplicationKind, ApplicationState
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible

World = Any
Act = Callable[[World, str, str], object]
STALE = "changed while you read it; read it again"


def advise(world: World, application: str, read: str) -> object:
    return world.access.panels.advise(
        world.actor("stranger"), application, world.custodians["a"], Opinion.SUPPORT, "A good thing.", read=read
    )


OF_A_PART: dict[str, Act] = {
    "advise": advise,
    "ask changes": lambda world, application, read: world.access.changes.ask_changes(
        world.actor("officer_a"), application, world.custodians["a"], "Say more.", fields=["title"], read=read
    ),
    "approve": lambda world, application, read: world.access.decide(
        world.actor("officer_a"),
        application,
        world.custodians["a"],
        approve=True,
        reason="Considered.",
        agreement_until=world.day(400),
        read=read,
    ),
    "refuse": lambda world, application, read: world.access.decide(
        world.actor("officer_a"), application, world.custodians["a"], approve=False, reason="Too broad.", read=read
    ),
}
OF_THE_WHOLE: dict[str, Act] = {
    "approve": lambda world, application, read: world.access.approve_project(
        world.actor("operator"), application, read=read
    ),
    "refuse": lambda world, application, read: world.access.refuse_project(
        world.actor("operator"), application, "Too late.", read=read
    ),
}


def log(world: World) -> int:
    with world.record.read() as session:
        return session.scalar(select(func.count()).select_from(EntryRow)) or 0


def refused(world: World, act: Act, application: str, read: str) -> None:
    before = log(world)
    with pytest.raises(NotPossible, match=STALE):
        act(world, application, read)
    assert log(world) == before


def waiting(asking: Any) -> str:
    """An application on which A's panel advises and A decides."""
    world = asking.world
    world.access.panels.add(world.actor("officer_a"), world.custodians["a"], world.people["stranger"])
    asking.publish("a", "public-benefit!", panel=1)
    return asking.submitted("a", "b")


def changed_elsewhere(asking: Any, application: str) -> None:
    """B has the purpose changed, which A reads too."""
    asking.ask_changes(application, "b", fields=("purpose",))
    asking.send(application, "b", purpose="To learn which nurses help most.")


@pytest.mark.parametrize("name", OF_A_PART)
def test_a_part_is_not_judged_as_it_was_before_another_custodian_had_it_changed(asking: Any, name: str) -> None:
    world, act, application = asking.world, OF_A_PART[name], waiting(asking)
    officer, custodian = world.actor("officer_a"), world.custodians["a"]
    read = world.access.reading(officer, application, custodian)
    shown = world.access.panels.part(world.actor("stranger"), application, custodian)
    assert shown.read == read == world.access.readings(officer, application).parts[custodian]
    changed_elsewhere(asking, application)
    refused(world, act, application, read)
    fresh = world.access.reading(officer, application, custodian)
    if name == "approve":
        advise(world, application, fresh)
    assert act(world, application, fresh)


@pytest.mark.parametrize("name", OF_THE_WHOLE)
def test_the_whole_is_not_settled_as_it_was_before_a_dataset_went(world: World, name: str) -> None:
    application, act = world.decided().application_id, OF_THE_WHOLE[name]
    read = world.access.readings(world.actor("operator"), application).whole
    world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a"], "It was wrong.")
    world.access.chase()
    refused(world, act, application, read)
    assert act(world, application, world.access.readings(world.actor("operator"), application).whole)


def test_an_amendment_is_not_approved_as_it_was_before_a_dataset_went(world: World) -> None:
    project, lead, operator = world.approved(), world.actor("lead"), world.actor("operator")
    answers = world.access.answers_of(lead, project.project_id)
    made = world.access.amend(lead, project.project_id, answers, kind=ApplicationKind.RENEWAL).application_id
    world.access.submit(lead, made)
    for name in ("a", "b"):
        world.decide(made, name)
    read = world.access.readings(operator, made).whole
    world.discovery.withdraw_dataset(world.actor("officer_b"), world.datasets["b"], "It was wrong.")
    world.access.chase()
    refused(world, OF_THE_WHOLE["approve"], made, read)
    world.access.approve_project(operator, made, read=world.access.readings(operator, made).whole)
    assert world.access.application(lead, made).state is ApplicationState.APPROVED


def test_what_another_custodian_decides_makes_nothing_stale_for_this_one_but_does_for_the_operator(
    world: World,
) -> None:
    application = world.submitted().application_id
    mine = world.access.reading(world.actor("officer_a"), application, world.custodians["a"])
    whole = world.access.readings(world.actor("operator"), application).whole
    world.decide(application, "b", approve=False)
    OF_A_PART["approve"](world, application, mine)
    refused(world, OF_THE_WHOLE["approve"], application, whole)


def test_hashes_tell_nobody_of_what_he_does_not_read(world: World) -> None:
    application = world.submitted().application_id
    theirs = world.access.readings(world.actor("officer_a"), application)
    assert (theirs.whole, set(theirs.parts)) == ("", {world.custodians["a"]})
    everything = world.access.readings(world.actor("lead"), application)
    assert everything.whole
    assert set(everything.parts) == set(world.custodians.values())
    with pytest.raises(NotFound):
        world.access.readings(world.actor("stranger"), application)


@pytest.mark.parametrize("read", ["", "0" * 63, " "])
@pytest.mark.parametrize("name", OF_A_PART)
def test_nobody_decides_on_a_part_without_saying_what_he_read(asking: Any, name: str, read: str) -> None:
    world, application = asking.world, waiting(asking)
    before = log(world)
    with pytest.raises((Invalid, NotPossible), match=r"what was read|read it again"):
        OF_A_PART[name](world, application, read)
    assert log(world) == before


@pytest.mark.parametrize("name", OF_THE_WHOLE)
def test_nobody_settles_the_whole_without_saying_what_he_read(world: World, name: str) -> None:
    application = world.decided().application_id
    with pytest.raises(Invalid, match="A decision says what was read") as refusal:
        OF_THE_WHOLE[name](world, application, "")
    assert refusal.value.field == "read"
    officers = world.access.readings(world.actor("officer_a"), application)
    refused(world, OF_THE_WHOLE[name], application, officers.parts[world.custodians["a"]])


@pytest.mark.parametrize("name", ["approve", "refuse"])
def test_what_was_read_of_one_application_decides_nothing_on_another_with_the_same_words(
    world: World, name: str
) -> None:
    one, other = world.submitted().application_id, world.submitted().application_id
    officer, custodian = world.actor("officer_a"), world.custodians["a"]
    refused(world, OF_A_PART[name], other, world.access.reading(officer, one, custodian))
    assert OF_A_PART[name](world, other, world.access.reading(officer, other, custodian))
    world.decide(other, "b")
    world.decide(one, "a", approve=name == "approve")
    world.decide(one, "b")
    operator = world.actor("operator")
    refused(world, OF_THE_WHOLE[name], other, world.access.readings(operator, one).whole)
    assert OF_THE_WHOLE[name](world, other, world.access.readings(operator, other).whole)
