"""Other members are named by what people know of each other, and nobody learns much of who has an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotPossible, Refused

World = Any


def kinds(world: World) -> list[str]:
    with world.record.read() as session:
        return [row.kind for row in session.scalars(select(EntryRow).where(EntryRow.kind.startswith("member.")))]


def test_a_member_is_found_by_the_exact_address_and_by_the_identifier(world: World) -> None:
    lead, member = world.actor("lead"), world.people["member"]
    find = world.access.inviting.members
    texts = (
        "member@example.org",
        " MEMBER@Example.org ",
        "Mem (Ber) <member@example.org>",
        f"Ber, Mem ({member})",
        member,
    )
    for text in (*texts, member):
        assert find(lead, [text]) == (member,), text
    assert find(lead, [f"{member}, officer_a@example.org"]) == (member, world.people["officer_a"])
    assert find(lead, []) == ()
    # Each look-up is on the log under the person found, without the address.
    assert kinds(world) == ["member.found-by-address"] * 4


@pytest.mark.parametrize(
    "text",
    ["Member", "member@", "@example.org", "a@b@c", "member example", "Mem <>", "a@example.org and", "A" * 16],
)
def test_what_is_no_address_is_told_without_a_look_up(world: World, text: str) -> None:
    with pytest.raises(Invalid, match="neither an e-mail address nor the identifier") as fault:
        world.access.inviting.members(world.actor("lead"), [text])
    assert fault.value.field == "members"
    assert kinds(world) == []


def test_two_on_one_line_after_their_names_are_not_taken_for_one(world: World) -> None:
    with pytest.raises(Invalid, match="one a line"):
        world.access.inviting.members(world.actor("lead"), ["A <member@example.org>, B <lead@example.org>"])


def test_who_is_unknown_suspended_or_shares_an_address_is_told_of_alike(world: World) -> None:
    operator, lead = world.actor("operator"), world.actor("lead")
    world.identity.suspend(operator, world.people["stranger"], "Left the institute")
    world.identity.register_person(operator, "Twin", "member@example.org", "https://id", "twin")
    said = set()
    for address in ("nobody@example.org", "stranger@example.org", "member@example.org", "%@example.org"):
        with pytest.raises(Invalid) as fault:
            world.access.inviting.members(lead, [address])
        said.add(fault.value.message.replace(address, "X"))
    assert len(said) == 1
    with pytest.raises(Invalid, match=r"“a@example\.org”, “b@example\.org”"):
        world.access.inviting.members(lead, ["a@example.org", "lead@example.org", "b@example.org"])


def test_addresses_that_find_nobody_are_bounded_and_leave_a_trace(world: World) -> None:
    find, stranger = world.access.inviting.members, world.actor("stranger")
    with pytest.raises(Refused, match="Too many addresses"):
        find(stranger, [f"a{number}@example.org" for number in range(40)])
    assert kinds(world) == ["member.address-missed"] * 20
    with pytest.raises(Refused, match="Too many addresses"):
        find(stranger, ["member@example.org"])
    assert find(stranger, [world.people["member"]]) == (world.people["member"],)
    assert find(world.actor("lead"), ["member@example.org"]) == (world.people["member"],)
    world.clock.advance(timedelta(days=1, seconds=1))
    assert find(stranger, ["member@example.org"]) == (world.people["member"],)


def test_a_suspended_person_finds_nobody(world: World) -> None:
    actor = world.actor("stranger")
    world.identity.suspend(world.actor("operator"), world.people["stranger"], "Left the institute")
    with pytest.raises(Refused):
        world.access.inviting.members(actor, ["member@example.org"])
    assert kinds(world) == []


def test_a_dry_run_looks_nobody_up(world: World) -> None:
    def undone(events: object) -> None:
        raise AssertionError(events)

    world.record.rehearse(undone)
    with pytest.raises(NotPossible, match="dry run"):
        world.access.inviting.members(world.actor("lead"), ["member@example.org"])
    assert world.access.inviting.members(world.actor("lead"), [world.people["member"]]) == (world.people["member"],)
