"""Every address of the application, tried by everybody with things that belong to others.

The table in ``who_may`` says for each address who may use it. An address that the table does not know fails the test,
so whoever adds one says who it is for. Whoever is not named is turned away with what a person with the right would
send, learns nothing, changes nothing, and - where even the existence is nobody else's business - hears exactly what is
said of a thing that does not exist.
"""

from __future__ import annotations

import pytest

from orchestrator.core.ids import new_id
from orchestrator.web import make_app
from tests.attack.bodies import DOCUMENTS, FORMS
from tests.attack.intruders import NOBODY, NORTH, OUTSIDE, SEATS, SECRET
from tests.attack.trying import Address, Trying, addresses
from tests.attack.who_may import NOT_NOW, SHOWN_BY_SECRET, WHO_MAY
from tests.web.world import make_house

EVERYBODY = (NOBODY, *SEATS)
HIDDEN = {
    "application_id",
    "case_id",
    "departure_id",
    "endpoint_id",
    "enquiry_id",
    "evidence_id",
    "grant_id",
    "holding_id",
    "invoice_id",
    "order_id",
    "project_id",
    "pull_id",
    "quote_id",
    "search_id",
    "sheet_id",
    "submission_id",
    "training_id",
    "accreditation_id",
    "visa_id",
    "person_id",
}
"""Things of which nobody else may know that they exist. Custodians, datasets, offers, prices, hubs and the register
are public, and so is that there is a custodian's form."""

PUBLIC_HERE = {
    "POST /training/{case_id}",
    "GET /training/{case_id}",
}
"""Addresses whose parameter has such a name but names something that everybody may know of."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[Address]:
    """Every address, asked of the application."""
    house = make_house(tmp_path_factory.mktemp("bare"))
    found = addresses(make_app(house))
    house.record.engine.dispose()
    return found


def test_the_table_knows_every_address_and_no_other(known: list[Address]) -> None:
    names = {each.name for each in known}
    assert len(names) > 400
    assert sorted(names - set(WHO_MAY)) == [], "say in tests/attack/who_may.py who may use these addresses"
    assert sorted(set(WHO_MAY) - names) == [], "these addresses are gone; take them out of the table"


def test_bodies_are_of_addresses_that_exist(known: list[Address]) -> None:
    names = {each.name for each in known} | {each.general for each in known}
    assert sorted({*FORMS, *DOCUMENTS, *NOT_NOW, *SHOWN_BY_SECRET, *PUBLIC_HERE} - names) == []
    changing = [each for each in known if each.api and each.route.body_field is not None]
    assert sorted(each.name for each in changing if each.name not in DOCUMENTS) == []


@pytest.mark.parametrize("name", sorted(WHO_MAY))
def test_it_is_used_by_those_of_the_table_and_by_nobody_else(trying: Trying, name: str) -> None:
    address = trying.known[name]
    acted = []
    for seat in EVERYBODY:
        outcome = trying.try_it(seat, address)
        told = f"{seat}: {outcome.status} {outcome.written}"
        assert outcome.status < 500, told
        if seat in WHO_MAY[name]:
            assert not outcome.refused, told
            acted.append(bool(outcome.written))
        else:
            assert outcome.refused, told
        if seat not in WHO_MAY[name] or (seat in (NOBODY, *OUTSIDE) and name not in SHOWN_BY_SECRET):
            assert SECRET not in outcome.text, told
        if seat in (NOBODY, *OUTSIDE, "south"):
            assert NORTH not in outcome.text, told
    if address.method != "GET" and name not in NOT_NOW:
        assert any(acted), "nobody's try would have written anything: the refusals prove nothing"


@pytest.mark.parametrize("name", [name for name in sorted(WHO_MAY) if "{" in name])
def test_a_refusal_does_not_tell_whether_the_thing_exists(trying: Trying, name: str) -> None:
    address = trying.known[name]
    things = trying.things(address)
    for parameter in address.parameters:
        if parameter not in HIDDEN or name in PUBLIC_HERE or "/custodians/" in name:
            continue
        unknown = new_id()
        for seat in (seat for seat in OUTSIDE if seat not in WHO_MAY[name]):
            real = trying.try_it(seat, address)
            other = trying.try_it(seat, address, {**things, parameter: unknown})
            assert (other.status, other.written) == (real.status, real.written), (seat, parameter)
            said = real.text.replace(things[parameter], "ID"), other.text.replace(unknown, "ID")
            assert said[0] == said[1], (seat, parameter)
