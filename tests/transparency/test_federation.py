"""Two installations with records of their own tell one another what they have; what is forged or old does not count."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from sqlalchemy import text

from orchestrator.audit.fakes import FakeSigner
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.transparency.federation.model import HUB_STATES, LASTS, HubState, Kind
from orchestrator.transparency.federation.service import FederationService
from orchestrator.transparency.federation.trusting import waiting_fingerprint
from tests.transparency.hubs import Installation
from tests.web.world import description, make_world, words


def test_a_hub_hears_the_catalogue_and_the_register_of_another(north: Installation, south: Installation) -> None:
    hub = north.trusts(south)
    assert hub.state is HubState.TRUSTED
    taken = north.take(south.document(Kind.CATALOGUE))
    assert {item["title"] for item in taken.items} == {"Hospital admissions", "Tumour registrations"}
    north.take(south.document(Kind.REGISTER))
    ((said_by, register),) = north.federation.said(Kind.REGISTER)
    assert said_by.name == "Hub South"
    (item,) = register.items
    assert item["fields"]["title"] == "Survival after treatment"
    assert item["entry"] == south.world.project
    assert {each.kind for each in north.federation.documents(hub.hub_id)} == {Kind.CATALOGUE, Kind.REGISTER}
    assert south.federation.hubs() == []


def test_nobody_is_named_in_what_hubs_are_told(south: Installation) -> None:
    south.world.house.access.agree_to_be_named(south.world.actor("researcher"), south.world.project, agree=True)
    for kind in Kind:
        raw = south.document(kind).decode()
        for personal in ("Rosa", "@example.org", *south.world.people.values()):
            assert personal not in json.dumps(json.loads(raw)["document"])


def test_accreditation_travels_only_with_the_persons_agreement_and_meets_its_person(
    north: Installation, south: Installation
) -> None:
    hub = north.trusts(south)
    researcher = south.world.actor("researcher")
    assert north.take(south.document(Kind.PEOPLE)).items == ()
    south.federation.let_travel(researcher, agree=True)
    (item,) = north.take(south.document(Kind.PEOPLE)).items
    assert set(item) == {"person", "accredited_until", "trained_until"}
    person = north.world.people["researcher"]
    (found,) = north.federation.recognised(north.world.actor("operator"), person)
    assert (found.hub, found.hub_id) == ("Hub South", hub.hub_id)
    assert north.federation.recognised(north.world.actor("stranger"), north.world.people["stranger"]) == []
    with pytest.raises(Refused):
        north.federation.recognised(north.world.actor("stranger"), person)
    south.federation.let_travel(researcher, agree=False)
    assert north.take(south.document(Kind.PEOPLE)).items == ()
    assert north.federation.recognised(north.world.actor("operator"), person) == []


def test_whose_accreditation_ended_is_left_out_although_he_agreed(south: Installation) -> None:
    south.federation.let_travel(south.world.actor("researcher"), agree=True)
    assert len(json.loads(south.document(Kind.PEOPLE))["document"]["items"]) == 1
    south.clock.advance(timedelta(days=201))
    for name in ("operator", "second operator"):
        assert south.world.actor(name).active
    assert json.loads(south.document(Kind.PEOPLE))["document"]["items"] == []


def test_the_same_again_changes_nothing_and_what_was_replaced_does_not_come_back(
    north: Installation, south: Installation
) -> None:
    north.trusts(south)
    first = south.document()
    assert north.take(first).sequence == 1
    size = north.world.house.audit.size()
    assert north.take(first).sequence == 1
    assert north.world.house.audit.size() == size
    south.world.house.discovery.withdraw_dataset(
        south.world.actor("officer"), south.world.datasets["officer"], "Wrong data."
    )
    second = north.take(south.document())
    assert second.sequence == 2
    assert [item["title"] for item in second.items] == ["Tumour registrations"]
    with pytest.raises(Refused, match="does not come back"):
        north.take(first)
    assert len(north.federation.said(Kind.CATALOGUE)[0][1].items) == 1


def test_an_unchanged_export_is_used_again_until_half_of_its_time_is_over(south: Installation) -> None:
    operator = south.world.actor("operator")
    first = south.federation.export(operator, Kind.CATALOGUE, name="S")
    south.clock.advance(LASTS / 2 - timedelta(seconds=1))
    assert south.federation.export(operator, Kind.CATALOGUE, name="S").sequence == first.sequence
    south.clock.advance(timedelta(seconds=2))
    assert south.federation.export(operator, Kind.CATALOGUE, name="S").sequence == first.sequence + 1


def test_a_document_ends_and_one_of_the_future_is_refused(north: Installation, south: Installation) -> None:
    north.trusts(south)
    raw = south.document()
    north.take(raw)
    north.clock.advance(LASTS + timedelta(minutes=1))
    assert north.federation.said(Kind.CATALOGUE) == []
    with pytest.raises(Refused, match="ask the hub for a newer one"):
        north.take(raw)
    south.clock.advance(LASTS + timedelta(minutes=10))
    with pytest.raises(Refused, match="wrong clock"):
        north.take(south.document())


def test_no_two_hubs_bear_names_that_people_take_for_one_another(north: Installation, south: Installation) -> None:
    hub, operator = north.trusts(south), north.world.actor("operator")
    keys = {1: bytes(range(32))}
    for name in (
        "Hub South",
        "HUB  SOUTH",
        "Hub-South",
        "The Hub South",
        "Hub S0uth",
        "Hub So\u0301uth",
        "Hub South\u3164",
        "Нuь Ѕоuth",
    ):
        with pytest.raises(Invalid) as refused:
            north.federation.trust(operator, origin="tre/third", name=name, keys=keys)
        assert refused.value.field == "name"
    assert [each.hub_id for each in north.federation.hubs()] == [hub.hub_id]
    north.federation.revoke(operator, hub.hub_id, "It was set up anew.")
    assert north.federation.trust(operator, origin="tre/third", name="Hub-South", keys=keys).state is HubState.PROPOSED


def test_no_hub_bears_our_own_name_also_if_we_took_it_meanwhile(north: Installation, south: Installation) -> None:
    operator = north.world.actor("operator")
    ours = north.world.house.settings.portal.name
    for name in (ours, ours.upper(), "…"):
        with pytest.raises(Invalid):
            north.federation.trust(operator, origin="tre/third", name=name, keys={1: bytes(range(32))})
    card = south.federation.card("Hub South")
    hub = north.federation.trust(operator, origin=card.origin, name=card.name, keys=card.keys)
    renamed = FederationService(north.world.house.record, north.world.house.policy, own_name="HUB SOUTH")
    with pytest.raises(Invalid, match="this very installation"):
        renamed.confirm(
            north.world.actor("second operator"), hub.hub_id, fingerprint=waiting_fingerprint(renamed.hub(hub.hub_id))
        )
    assert north.confirm(hub.hub_id).state is HubState.TRUSTED


def test_operators_are_told_of_hubs_whose_names_would_be_refused_by_now(
    north: Installation, south: Installation
) -> None:
    hub, operator = north.trusts(south), north.world.actor("operator")
    assert north.federation.mistakable() == []
    assert "would be refused today" not in north.world.browser("operator").get("/federation").text
    third = north.federation.trust(operator, origin="tre/third", name="Hub West", keys={1: bytes(range(32))})
    with north.world.house.record.change() as change:
        change.session.execute(text("UPDATE federation_hub SET name = 'The Hub South' WHERE name = 'Hub West'"))
        change.tell(Event(kind="hub.proposed", actor="system:test", subject=f"hub:{third.hub_id}", details={}))
    found = north.federation.mistakable()
    assert [each.split(":")[0] for each in found] == ["Hub South (" + hub.origin + ")", "The Hub South (tre/third)"]
    told = words(north.world.browser("operator").get("/federation").text)
    assert all(each in told for each in found)
    assert "would be refused today" not in north.world.browser("researcher").get("/federation").text
    renamed = FederationService(north.world.house.record, north.world.house.policy, own_name="HUB SOUTH")
    assert any("this very installation" in each for each in renamed.mistakable())
    for each in (hub, third):
        north.federation.revoke(operator, each.hub_id, "It was set up anew.")
    assert north.federation.mistakable() == []


def test_trust_needs_two_operators_and_ends_at_once_by_one(north: Installation, south: Installation) -> None:
    card, operator = south.federation.card("Hub South"), north.world.actor("operator")
    raw = south.document()
    with pytest.raises(Refused, match="Nobody here trusts"):
        north.take(raw)
    for name in ("researcher", "officer", "checker"):
        with pytest.raises(Refused):
            north.federation.trust(north.world.actor(name), origin=card.origin, name="S", keys=card.keys)
    hub = north.federation.trust(operator, origin=card.origin, name=card.name, keys=card.keys)
    with pytest.raises(NotPossible, match="proposed"):
        north.take(raw)
    with pytest.raises(Refused, match="second operator compares"):
        north.confirm(hub.hub_id, by="operator")
    with pytest.raises(NotPossible, match="proposed already"):
        north.federation.trust(operator, origin=card.origin, name=card.name, keys=card.keys)
    north.confirm(hub.hub_id)
    north.take(raw)
    with pytest.raises(NotPossible, match="trusted already"):
        north.federation.trust(operator, origin=card.origin, name=card.name, keys=card.keys)
    with pytest.raises(Invalid, match="reason"):
        north.federation.revoke(operator, hub.hub_id, "")
    with pytest.raises(Refused):
        north.federation.revoke(north.world.actor("officer"), hub.hub_id, "No.")
    north.federation.revoke(operator, hub.hub_id, "Its key is in wrong hands.")
    assert north.federation.said(Kind.CATALOGUE) == []
    assert north.federation.documents(hub.hub_id) == []
    with pytest.raises(Refused, match="Nobody here trusts"):
        north.take(raw)
    with pytest.raises(NotPossible):
        north.federation.revoke(operator, hub.hub_id, "Again.")
    again = north.trusts(south)
    assert again.hub_id != hub.hub_id
    assert north.take(raw).sequence == 1


def test_the_database_itself_refuses_that_one_operator_confirms_his_own_hub(
    north: Installation, south: Installation
) -> None:
    card = south.federation.card("Hub South")
    north.federation.trust(north.world.actor("operator"), origin=card.origin, name="S", keys=card.keys)
    with pytest.raises(Conflict), north.world.house.record.change() as change:
        change.session.execute(text("UPDATE federation_hub SET confirmed_by = proposed_by"))


def test_new_keys_are_confirmed_anew_and_what_the_old_ones_signed_goes(
    north: Installation, south: Installation
) -> None:
    hub = north.trusts(south)
    north.take(south.document())
    card = south.federation.card("Hub South")
    fresh = FakeSigner().public_keys()
    proposed = north.federation.trust(
        north.world.actor("second operator"), origin=card.origin, name=card.name, keys=fresh
    )
    assert (proposed.hub_id, proposed.state, dict(proposed.keys)) == (hub.hub_id, HubState.TRUSTED, dict(card.keys))
    assert len(north.federation.said(Kind.CATALOGUE)) == 1
    with pytest.raises(Refused):
        north.confirm(hub.hub_id)
    north.confirm(hub.hub_id, by="operator")
    assert north.federation.said(Kind.CATALOGUE) == []
    with pytest.raises(Refused, match="not made by the record key"):
        north.take(south.document())
    with pytest.raises(NotPossible, match="wait for a confirmation"):
        north.confirm(hub.hub_id, by="operator")


def test_keys_that_were_swapped_while_somebody_compared_them_are_not_confirmed(
    north: Installation, south: Installation
) -> None:
    hub = north.trusts(south)
    second, theirs = north.world.actor("second operator"), [FakeSigner().public_keys() for _ in range(2)]
    north.federation.trust(second, origin=hub.origin, name=hub.name, keys=theirs[0])
    compared = waiting_fingerprint(north.federation.hub(hub.hub_id))
    north.federation.trust(second, origin=hub.origin, name=hub.name, keys=theirs[1])
    with pytest.raises(NotPossible, match="Other keys wait"):
        north.federation.confirm(north.world.actor("operator"), hub.hub_id, fingerprint=compared)
    assert north.federation.hub(hub.hub_id).keys == hub.keys


CHANGES = {
    "another title": lambda d: d["document"]["items"][0].update(title="Mine"),
    "a longer life": lambda d: d["document"].update(valid_until="2036-01-01T00:00:00.000000Z"),
    "a later number": lambda d: d["document"].update(sequence=99),
    "another kind of entry": lambda d: d["proof"].update(entry=d["proof"]["entry"].replace("federation.", "project.")),
    "another head": lambda d: d["proof"]["head"].update(size=d["proof"]["head"]["size"] + 1),
    "a shorter path": lambda d: d["proof"]["path"].pop(),
    "an unknown key": lambda d: d["proof"]["head"].update(
        signature=d["proof"]["head"]["signature"].replace("vault:v1", "vault:v7")
    ),
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_forged_document_is_refused_and_nothing_is_kept(
    north: Installation, south: Installation, change: str
) -> None:
    north.trusts(south)
    document = json.loads(south.document())
    CHANGES[change](document)
    with pytest.raises(Refused):
        north.take(rfc8785.dumps(document))
    assert north.federation.said(Kind.CATALOGUE) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["document"].update(sequence=2**40),
        lambda d: d["proof"].update(position=2**40),
        lambda d: d["proof"].update(position=-1),
        lambda d: d["proof"]["head"].update(size=10**30),
    ],
    ids=["a document", "a position", "a position before all", "a log"],
)
def test_a_number_that_no_database_keeps_is_no_documents(
    north: Installation, south: Installation, change: Callable[[dict[str, Any]], None]
) -> None:
    north.trusts(south)
    document = json.loads(south.document())
    change(document)
    with pytest.raises(Invalid):
        north.take(json.dumps(document).encode())


def test_one_hub_cannot_speak_for_another(north: Installation, south: Installation, tmp_path: Path) -> None:
    north.trusts(south)
    third = Installation.opened("Hub Third", make_world(tmp_path / "third"))
    north.trusts(third)
    forged = json.loads(third.document())
    forged["document"]["origin"] = south.federation.card("S").origin
    with pytest.raises(Refused):
        north.take(rfc8785.dumps(forged))
    crossed = json.loads(south.document())
    crossed["proof"] = forged["proof"]
    with pytest.raises(Refused):
        north.take(rfc8785.dumps(crossed))
    with pytest.raises(NotPossible, match="our own"):
        north.take(north.document())
    third.world.house.record.engine.dispose()


def test_a_hub_that_signs_two_histories_is_caught_and_the_operators_are_told(
    north: Installation, south: Installation
) -> None:
    north.trusts(south)
    copy = north.world.house.settings.state / "copy.db"
    with sqlite3.connect(south.world.house.settings.state / "record" / "tre.db") as source:
        with sqlite3.connect(copy) as target:
            source.backup(target)
        target.close()
    source.close()
    north.take(south.document())
    from orchestrator.audit.record import Record
    from orchestrator.audit.service import AuditService
    from orchestrator.core.database import make_engine

    engine = make_engine(f"sqlite:///{copy}")
    other = Record(engine, south.clock)
    second = FederationService(other, south.world.house.policy)
    second.export(south.world.actor("operator"), Kind.CATALOGUE, name="Told to others")
    AuditService(other).sign_head(south.signer)
    with pytest.raises(Refused, match="tells different things"):
        north.take(second.signed(Kind.CATALOGUE))
    engine.dispose()
    with north.world.house.record.read() as session:
        told = session.scalar(text("SELECT count(*) FROM outbox WHERE kind = 'hub.contradicted'"))
        kept = session.scalar(text("SELECT count(*) FROM audit_entry WHERE kind = 'hub.contradicted'"))
    assert (told, kept) == (2, 1)
    assert len(north.federation.said(Kind.CATALOGUE)[0][1].items) == 2


def test_a_document_of_another_shape_is_refused_although_it_is_signed(
    north: Installation, south: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    north.trusts(south)
    for items in (
        [{"title": "No more"}],
        [{**item(), "more": 1}],
        [{**item(), "title": "x" * 501}],
        [item(title="\x1b")],
    ):
        monkeypatch.setattr(
            "orchestrator.transparency.federation.contents.compose", lambda *_, items=items: list(items)
        )
        with pytest.raises(Invalid, match="cannot be used"):
            north.take(south.document())


def item(**changes: object) -> dict[str, object]:
    return {
        "dataset": "aaaaaaaaaaaaaaaa",
        "title": "T",
        "abstract": "",
        "custodian": "C",
        "keywords": [],
        "registered": "2026-01-01T00:00:00.000000Z",
        "description": {},
        **changes,
    }


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"document":{},"proof":{}}', b"\x00" * 50, b"[" * 100_000])
def test_what_is_no_document_is_refused_in_words(north: Installation, raw: bytes) -> None:
    with pytest.raises(Invalid):
        north.take(raw)


def test_nothing_is_handed_out_before_it_is_sealed_and_signed(south: Installation) -> None:
    with pytest.raises(NotFound, match="federation export"):
        south.federation.signed(Kind.CATALOGUE)
    with pytest.raises(Refused):
        south.federation.export(south.world.actor("officer"), Kind.CATALOGUE, name="S")
    south.federation.export(south.world.actor("operator"), Kind.CATALOGUE, name="S")
    with pytest.raises(NotPossible, match="signs one every few seconds"):
        south.federation.signed(Kind.CATALOGUE)


@pytest.mark.parametrize(
    ("origin", "name", "keys", "field"),
    [
        ("other/x", "S", {1: b"k" * 32}, "origin"),
        ("tre/x", "", {1: b"k" * 32}, "name"),
        ("tre/x", "S\x00", {1: b"k" * 32}, "name"),
        ("tre/x", "S", {}, "keys"),
        ("tre/x", "S", {1: b"short"}, "keys"),
    ],
)
def test_a_card_that_can_be_nobodys_is_refused(
    north: Installation, origin: str, name: str, keys: dict[int, bytes], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        north.federation.trust(north.world.actor("operator"), origin=origin, name=name, keys=keys)
    assert refused.value.field == field


def test_our_own_card_is_not_trusted(north: Installation) -> None:
    card = north.federation.card("Hub North")
    with pytest.raises(NotPossible, match="this very installation"):
        north.federation.trust(north.world.actor("operator"), origin=card.origin, name="N", keys=card.keys)


def test_the_pages_show_another_hub_as_another_hub(north: Installation, south: Installation) -> None:
    from tests.web.test_escaping import CANARY, check_harmless

    browser = north.world.browser()
    assert "trusts no other hub yet" in words(browser.get("/federation").text)
    hub = north.trusts(south)
    south.world.house.discovery.describe_dataset(
        south.world.actor("officer"), south.world.datasets["officer"], description(CANARY, "North", CANARY)
    )
    north.take(south.document(Kind.CATALOGUE))
    north.take(south.document(Kind.REGISTER))
    assert "Hub South" in words(browser.get("/federation").text)
    north.hubs.enter()
    assert "1 dataset for “tumour”" in words(browser.get("/datasets?q=tumour&origin=hub").text)
    check_harmless(browser.get("/datasets?origin=hub").text)
    (entry,) = (each for each in north.federation.shown(hub.hub_id, 9) if each.title != "Tumour registrations")
    check_harmless(browser.get(f"/datasets/{entry.entry_id}").text)
    own = browser.get(f"/federation/{hub.hub_id}")
    check_harmless(own.text)
    assert "Survival after treatment" in words(own.text)
    assert browser.get("/federation/aaaaaaaaaaaaaaaa").status_code == 404
    assert browser.get("/federation/people.json").status_code == 403
    handed = south.world.browser().get("/federation/catalogue.json")
    assert north.take(handed.content).sequence == 1
    north.clock.advance(LASTS + timedelta(minutes=1))
    assert "Nothing that counts now" in words(browser.get("/federation").text)
    assert "Nothing that this hub said counts now." in words(browser.get(f"/federation/{hub.hub_id}").text)


def test_people_decide_on_their_page_and_see_what_others_say_of_them(north: Installation, south: Installation) -> None:
    here = "/account/elsewhere"
    browser = south.world.browser("researcher")
    assert here in browser.get("/account").text
    assert "told nothing of you" in words(browser.get(here).text)
    assert browser.submit(here, page=here, agree="yes").status_code == 303
    assert "no longer" in words(browser.get(here).text)
    assert browser.submit(here, page=here, agree="perhaps").status_code == 422
    north.trusts(south)
    north.take(south.document(Kind.PEOPLE))
    assert "Hub South says: accredited until" in words(north.world.browser("researcher").get(here).text)
    person = north.world.people["researcher"]
    assert "Hub South" in north.world.browser("operator").get(f"/people/{person}/elsewhere").text
    assert north.world.browser("stranger").get(f"/people/{person}/elsewhere").status_code == 403
    assert north.world.browser().get(here).status_code == 303


def test_every_state_of_a_hub_is_reached_and_left_as_its_table_says() -> None:
    assert HUB_STATES.final() == {HubState.REVOKED}
    assert {step.by for step in HUB_STATES.steps if step.action.startswith("confirm")} == {"second operator"}
