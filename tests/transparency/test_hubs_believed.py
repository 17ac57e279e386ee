"""What a hub says of a person is shown to those who decide, is no right, and may be the evidence for an accreditation.

An accreditation that stands on a hub's word never outlasts it, and falls when the hub says it no more or is trusted no
more; nothing of it is passed on to other hubs as ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import String
from typer.testing import CliRunner

from orchestrator.audit.fakes import FakeSigner
from orchestrator.cli import call, sessionfile
from orchestrator.cli.commands import app
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.identity.model import Accreditation, Standing
from orchestrator.identity.store import AccreditationRow
from orchestrator.transparency.federation.model import LASTS, Believed, Hub, Kind
from orchestrator.transparency.federation.sealing import SYSTEM
from orchestrator.transparency.federation.store import TakenRow
from tests import deciding
from tests.transparency.hubs import Installation
from tests.web.world import World, answers, day, words

REASON = "They accredit as we do; we compared the procedures."


@pytest.fixture
def hub(north: Installation, south: Installation) -> Hub:
    """South as North knows it; the researcher lets his accreditation there be told, and has none here any more."""
    trusted = north.trusts(south)
    south.federation.let_travel(south.world.actor("researcher"), agree=True)
    identity, operator = north.world.house.identity, north.world.actor("operator")
    for each in identity.profile(operator, north.world.people["researcher"]).accreditations:
        identity.end_accreditation(operator, each.accreditation_id)
    return trusted


def believe(north: Installation, hub: Hub, *, by: str = "operator", until: datetime | None = None) -> Believed:
    """Take what the hub says of the researcher now as the evidence."""
    person = north.world.people["researcher"]
    (said,) = north.federation.recognised(north.world.actor("operator"), person)
    return north.federation.accredit(
        north.world.actor(by), person, hub.hub_id, reason=REASON, read=said.read, until=until
    )


def standing(north: Installation) -> Standing:
    return north.world.house.identity.standing(north.world.people["researcher"])


def held(north: Installation, believed: Believed) -> Accreditation:
    profile = north.world.house.identity.profile(north.world.actor("operator"), believed.person_id)
    return next(each for each in profile.accreditations if each.accreditation_id == believed.accreditation_id)


def test_a_hubs_word_is_no_right_and_an_operator_takes_it_with_a_reason(
    north: Installation, south: Installation, hub: Hub
) -> None:
    taken = north.take(south.document(Kind.PEOPLE))
    assert not standing(north).holds
    believed = believe(north, hub)
    assert standing(north).holds
    assert standing(north).accredited_until == taken.valid_until == believed.valid_until
    assert held(north, believed).number == "on the word of Hub South"
    operator, person = north.world.actor("operator"), north.world.people["researcher"]
    (found,) = north.federation.recognised(operator, person)
    assert found.believed == believed.accreditation_id
    (kept,) = north.federation.believed(operator, person)
    assert (kept.reason, kept.taken_by, kept.hub, kept.fell_at) == (REASON, operator.person_id, "Hub South", None)
    assert north.told("accreditation.recorded") == 1
    with pytest.raises(NotPossible, match="stands on the word of Hub South already"):
        believe(north, hub)


def test_nobody_but_another_operator_takes_it_and_only_what_he_read(
    north: Installation, south: Installation, hub: Hub
) -> None:
    north.take(south.document(Kind.PEOPLE))
    operator, person = north.world.actor("operator"), north.world.people["researcher"]
    (said,) = north.federation.recognised(operator, person)
    accredit = north.federation.accredit
    for name in ("researcher", "officer", "checker", "stranger"):
        with pytest.raises(Refused, match=r"Only an operator|Nobody takes"):
            accredit(north.world.actor(name), person, hub.hub_id, reason=REASON, read=said.read)
    with pytest.raises(Refused, match="Nobody takes a hub's word for his own"):
        accredit(operator, operator.person_id, hub.hub_id, reason=REASON, read=said.read)
    with pytest.raises(Invalid) as refused:
        accredit(operator, person, hub.hub_id, reason=" ", read=said.read)
    assert refused.value.field == "reason"
    with pytest.raises(Invalid) as refused:
        accredit(operator, person, hub.hub_id, reason=REASON, read="")
    assert refused.value.field == "read"
    with pytest.raises(NotPossible, match="not what you read"):
        accredit(operator, person, hub.hub_id, reason=REASON, read="0" * 64)
    with pytest.raises(NotFound):
        accredit(operator, person, "aaaaaaaaaaaaaaaa", reason=REASON, read=said.read)
    with pytest.raises(NotFound):
        accredit(operator, "aaaaaaaaaaaaaaaa", hub.hub_id, reason=REASON, read=said.read)
    with pytest.raises(NotPossible, match="says nothing of this person"):
        accredit(operator, north.world.people["stranger"], hub.hub_id, reason=REASON, read=said.read)
    for until in (north.clock(), north.clock() + timedelta(days=6 * 366)):
        with pytest.raises(Invalid):
            accredit(operator, person, hub.hub_id, reason=REASON, read=said.read, until=until)
    assert not standing(north).holds


def test_it_follows_the_word_lapses_with_it_and_comes_back_with_it(
    north: Installation, south: Installation, hub: Hub
) -> None:
    first = north.take(south.document(Kind.PEOPLE))
    believe(north, hub)
    for clock in (north.clock, south.clock):
        clock.advance(LASTS / 2 + timedelta(hours=1))
    second = north.take(south.document(Kind.PEOPLE))
    assert second.valid_until > first.valid_until
    assert standing(north).accredited_until == second.valid_until
    north.clock.advance(LASTS + timedelta(minutes=1))  # nobody hears the hub, and nobody does anything
    assert not standing(north).holds
    south.clock.now = north.clock.now
    third = north.take(south.document(Kind.PEOPLE))
    assert standing(north).accredited_until == third.valid_until


def test_it_ends_no_later_than_the_operator_said_and_than_the_accreditation_there(
    north: Installation, south: Installation, hub: Hub
) -> None:
    north.take(south.document(Kind.PEOPLE))
    last = north.clock() + timedelta(days=2)
    believed = believe(north, hub, until=last)
    assert standing(north).accredited_until == last
    for clock in (north.clock, south.clock):
        clock.advance(LASTS / 2 + timedelta(hours=1))
    north.take(south.document(Kind.PEOPLE))
    assert held(north, believed).valid_until == last
    believed = believe(north, hub)  # the first is over, so the word can be taken anew
    there = south.world.house.identity.standing(south.world.people["researcher"]).until
    assert there is not None
    for clock in (north.clock, south.clock):
        clock.now = there - timedelta(days=1)
    north.take(south.document(Kind.PEOPLE))
    assert held(north, believed).valid_until == there


def test_it_falls_when_the_hub_says_it_no_more(north: Installation, south: Installation, hub: Hub) -> None:
    north.take(south.document(Kind.PEOPLE))
    believed = believe(north, hub)
    south.federation.let_travel(south.world.actor("researcher"), agree=False)
    north.take(south.document(Kind.PEOPLE))
    assert not standing(north).holds
    assert held(north, believed).ended_by == "system:hubs"
    (kept,) = north.federation.believed(north.world.actor("operator"), believed.person_id)
    assert kept.fell == "The hub does not say it any more."
    assert north.told("accreditation.ended") == 2  # with the one of the person's own
    south.federation.let_travel(south.world.actor("researcher"), agree=True)
    north.take(south.document(Kind.PEOPLE))
    assert not standing(north).holds  # somebody has to take its word anew
    believe(north, hub)
    assert standing(north).holds


def test_it_falls_with_the_hub_in_the_same_moment(north: Installation, south: Installation, hub: Hub) -> None:
    north.take(south.document(Kind.PEOPLE))
    believed = believe(north, hub)
    operator = north.world.actor("operator")
    north.federation.revoke(operator, hub.hub_id, "Its key is in wrong hands.")
    assert not standing(north).holds
    assert held(north, believed).ended_by == operator.person_id
    (kept,) = north.federation.believed(operator, believed.person_id)
    assert kept.fell == "The hub is trusted no more."
    again = north.trusts(south)
    assert again.hub_id != hub.hub_id
    north.take(south.document(Kind.PEOPLE))
    assert not standing(north).holds


def test_it_waits_while_new_keys_have_signed_nothing_yet(north: Installation, south: Installation, hub: Hub) -> None:
    north.take(south.document(Kind.PEOPLE))
    believed = believe(north, hub)
    south.signer = FakeSigner()
    keys = {2: south.signer.public_keys()[1]}
    sign = south.signer.sign
    south.signer.sign = lambda message: sign(message).replace("vault:v1:", "vault:v2:")  # type: ignore[method-assign]
    south.signer.public_keys = lambda: keys  # type: ignore[method-assign]
    north.federation.trust(north.world.actor("operator"), origin=hub.origin, name=hub.name, keys=keys)
    assert standing(north).holds  # proposed keys end nothing
    north.confirm(hub.hub_id)
    assert not standing(north).holds
    assert held(north, believed).ended_at is None
    south.federation.let_travel(south.world.actor("stranger"), agree=False)  # so that there is a longer log to sign
    north.take(south.document(Kind.PEOPLE))
    assert standing(north).holds


def test_what_an_operator_ended_does_not_come_back(north: Installation, south: Installation, hub: Hub) -> None:
    north.take(south.document(Kind.PEOPLE))
    believed = believe(north, hub)
    north.world.house.identity.end_accreditation(north.world.actor("operator"), believed.accreditation_id)
    for clock in (north.clock, south.clock):
        clock.advance(LASTS / 2 + timedelta(hours=1))
    north.take(south.document(Kind.PEOPLE))
    assert not standing(north).holds


def test_two_hubs_do_not_keep_an_accreditation_alive_by_each_others_word(
    north: Installation, south: Installation, hub: Hub
) -> None:
    """North believes South; South, where the accreditation ended meanwhile, must not hear it back from North."""
    south.trusts(north)
    north.take(south.document(Kind.PEOPLE))
    believe(north, hub)
    assert standing(north).holds
    north.federation.let_travel(north.world.actor("researcher"), agree=True)
    assert south.take(north.document(Kind.PEOPLE)).items == ()


def test_who_decides_is_shown_what_hubs_say_of_those_who_would_work_with_the_data(
    north: Installation, south: Installation, hub: Hub
) -> None:
    north.take(south.document(Kind.PEOPLE))
    world, asking = north.world, north.federation.recognised_asking
    person = world.people["researcher"]
    application = world.house.access.project(world.actor("operator"), world.project).application_id
    part, other = (world.custodians[name] for name in ("officer", "other officer"))
    for name in ("officer", "operator"):
        (said,) = asking(world.actor(name), application, part)[person]
        assert (said.hub_id, said.believed) == (hub.hub_id, None)
    for name, custodian in (("officer", other), ("researcher", part)):
        with pytest.raises(Refused):
            asking(world.actor(name), application, custodian)
    for name, named, custodian in (
        ("stranger", application, part),
        ("operator", application, "aaaaaaaaaaaaaaaa"),
        ("operator", "aaaaaaaaaaaaaaaa", part),
    ):
        with pytest.raises(NotFound):
            asking(world.actor(name), named, custodian)
    together = north.federation.recognised_together
    assert together(world.actor("operator"), [person, world.people["stranger"]])[world.people["stranger"]] == []
    with pytest.raises(Refused):
        together(world.actor("officer"), [person])


def test_it_is_not_shown_of_people_whose_part_was_refused(north: Installation, south: Installation, hub: Hub) -> None:
    north.take(south.document(Kind.PEOPLE))
    world, officer, part = north.world, north.world.actor("officer"), north.world.custodians["officer"]
    made, access, asking = asked(world), north.world.house.access, north.federation.recognised_asking
    assert asking(officer, made, part)[world.people["researcher"]][0].hub_id == hub.hub_id
    access.decide(officer, made, part, approve=False, reason="Not here.", read=access.reading(officer, made, part))
    with pytest.raises(NotPossible, match="This part is over"):
        asking(officer, made, part)
    assert world.browser("officer").get(f"/decisions/{made}/{part}").status_code == 200


def test_pages_show_it_to_those_who_decide_and_an_operator_takes_it_there(
    north: Installation, south: Installation, hub: Hub
) -> None:
    north.take(south.document(Kind.PEOPLE))
    world, person = north.world, north.world.people["researcher"]
    made = asked(world)
    officer, operator = world.browser("officer"), world.browser("operator")
    said = "Hub South says: accredited until"
    assert said in words(officer.get(f"/decisions/{made}/{world.custodians['officer']}").text)
    assert said in words(operator.get(f"/projects/{world.project}").text)
    assert said not in words(world.browser("researcher").get(f"/projects/{world.project}").text)
    assert said in words(operator.get(f"/people/{person}").text)
    here = f"/people/{person}/elsewhere"
    refused = operator.submit(here, page=here, hub=hub.hub_id, reason="")
    assert refused.status_code == 422
    assert "Enter a reason" in refused.text
    stale = operator.submit(here, page=here, hub=hub.hub_id, reason=REASON, read="0" * 64)
    assert stale.status_code == 409
    assert operator.submit(here, page=here, hub=hub.hub_id, reason=REASON).headers["location"].startswith(here)
    shown = words(operator.get(here).text)
    assert "An accreditation here stands on it" in shown
    assert REASON in shown
    own = words(world.browser("researcher").get("/account/elsewhere").text)
    assert REASON in own
    assert "Accredit on this word" not in own
    assert standing(north).holds
    for each in ("officer", "other officer"):
        deciding.decide(
            world.house.access,
            world.actor(each),
            made,
            world.custodians[each],
            approve=True,
            reason="",
            agreement_until=day(150),
        )
    assert said not in words(officer.get(f"/decisions/{made}/{world.custodians['officer']}").text)
    assert said in words(operator.get(f"/applications/{made}").text)


def asked(world: World) -> str:
    """Return an application of the researcher that waits for both custodians."""
    researcher = world.actor("researcher")
    made = world.house.access.draft(researcher, answers(world, "Another"), list(world.datasets.values()))
    world.house.access.submit(researcher, made.application_id)
    return made.application_id


def test_the_api_and_the_commands_say_the_same(
    north: Installation, south: Installation, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    north.take(south.document(Kind.PEOPLE))
    world, person, api = north.world, north.world.people["researcher"], north.world.api()
    operator, officer = world.bearer("operator"), world.bearer("officer")
    application, custodian = asked(world), world.custodians["officer"]
    (word,) = api.get(f"/api/v1/people/{person}/elsewhere", headers=operator).json()["hubs"]
    assert (word["hub"], word["believed"]) == ("Hub South", None)
    at = f"/api/v1/applications/{application}/parts/{custodian}/elsewhere"
    told = {each["person_id"]: each["hubs"] for each in api.get(at, headers=officer).json()}
    assert told == {person: [word], world.people["colleague"]: []}
    members = api.get(f"/api/v1/projects/{world.project}/elsewhere", headers=operator).json()
    assert {each["person_id"]: each["hubs"] for each in members}[person] == [word]
    take = {"read": word["read"], "reason": REASON}
    place = f"/api/v1/people/{person}/elsewhere/{hub.hub_id}"
    assert api.post(place, headers=officer, json=take).status_code == 403
    assert api.post(place, headers=operator, json={"reason": REASON}).status_code == 422

    monkeypatch.setattr(call, "begin_public", lambda _: world.house)
    command = commands(monkeypatch, operator)
    assert command("recognised", person) == [{**word, "believed": None}]
    rows = commands(monkeypatch, officer)("applicants", application, custodian)
    assert {each["person_id"]: each["hub"] for each in rows} == {
        person: "Hub South",
        world.people["colleague"]: "No trusted hub says anything.",
    }
    command = commands(monkeypatch, operator)
    assert [each["hub"] for each in command("members", world.project) if each["person_id"] == person] == ["Hub South"]
    made = command("accredit", person, hub.hub_id, "--reason", REASON, "--yes", "--until", "2090-01-01", code=2)
    assert made is None
    made = command("accredit", person, hub.hub_id, "--reason", REASON, "--yes", "--read", "0" * 64, code=5)
    assert made is None
    made = command("accredit", person, hub.hub_id, "--reason", REASON, "--yes")
    (kept,) = command("accredited", person)
    assert made["accreditation_id"] == kept["accreditation_id"]
    (shown,) = api.get(f"/api/v1/people/{person}/elsewhere", headers=operator).json()["believed"]
    assert (shown["accreditation_id"], shown["reason"]) == (kept["accreditation_id"], REASON)
    assert api.post(place, headers=operator, json=take).status_code == 409


def commands(monkeypatch: pytest.MonkeyPatch, bearer: dict[str, str]) -> Callable[..., Any]:
    """Return what runs ``tre federation`` as somebody and reads its JSON; nothing where it ends with another code."""
    monkeypatch.setattr(sessionfile, "read", lambda _: bearer["authorization"].removeprefix("Bearer "))

    def command(*line: str, code: int = 0) -> Any:
        ran = CliRunner().invoke(app, ["federation", *line, "--output", "json"])
        assert ran.exit_code == code, ran.output
        return json.loads(ran.stdout) if code == 0 else None

    return command


def test_who_is_named_for_the_controller_fits_where_people_are_named() -> None:
    """PostgreSQL refuses a longer text; SQLite, on which these tests run, takes any."""
    for column in (TakenRow.__table__.c.taken_by, AccreditationRow.__table__.c.ended_by):
        assert isinstance(column.type, String)
        assert column.type.length is not None
        assert len(SYSTEM) <= column.type.length
