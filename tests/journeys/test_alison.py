"""Alison's story: an NHS commissioner asks, the hub answers and coordinates, and she gets checked outputs.

Single sign-on is real: an OpenID provider of its own, two portals of two hubs that both trust it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from orchestrator.access.enquiries.model import OfferKind
from orchestrator.airlock.states import State
from orchestrator.core.errors import Refused
from orchestrator.web import make_app
from tests import deciding
from tests.contract.oidc_world import running_provider
from tests.web.world import SAFE, SUMMARY, Browser, World, _data, _people, _role, day, make_house, moment, words

QUESTION = (
    "Do people who are admitted to hospital with a tumour live longer where clinics are nearer?\n"
    "I commission cancer services for the north and have no data team of my own."
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A real OpenID provider on loopback."""
    people = [{"sub": name, "name": name.title(), "amr": ["pwd", "otp"]} for name in ("alison", "connie")]
    with running_provider(people) as address:
        yield address


def hub(state: Path, issuer: str) -> World:
    """A hub's installation with its own record, trusting the provider; Alison is registered by who she is there."""
    state.mkdir()
    (state / "secret").write_text("s\n")
    sign_on = {"kind": "oidc", "issuer": issuer, "client_id": "tre", "client_secret_file": state / "secret"}
    house = make_house(state, sign_on=sign_on | {"second_factor": ["otp"]})
    world = World(house=house, app=make_app(house))
    _people(world)
    alison = house.identity.register_person(
        world.actor("operator"), "Alison Commissioner", "alison@example.org", issuer, "alison", affiliation="NHS North"
    )
    connie = house.identity.register_person(
        world.actor("operator"), "Connie Concierge", "c@example.org", issuer, "connie"
    )
    world.people |= {"alison": alison.person_id, "concierge": connie.person_id}
    _role(world, "concierge", "concierge")
    _data(world, state)
    return world


@pytest.fixture
def hubs(tmp_path: Path, issuer: str) -> Iterator[tuple[World, World]]:
    north, south = (hub(tmp_path / name, issuer) for name in ("north", "south"))
    yield north, south
    for each in (north, south):
        each.house.record.engine.dispose()


def signed_on(world: World, subject: str = "alison", onward: str = "/account") -> Browser:
    """Sign on at the provider and come back. It keeps no session of its own: its form is posted each time."""
    browser = Browser(world.app)
    there = browser.get(f"/sign-in/provider?next={onward}").headers["location"]
    answer = httpx.post(there, data={"sub": subject}, timeout=90, trust_env=False)
    back = urlsplit(answer.headers["location"])
    came = browser.get(f"{back.path}?{back.query}")
    assert (came.status_code, came.headers["location"]) == (303, onward), came.text
    return browser


def test_one_sign_on_serves_both_hubs_and_each_assigns_its_own_roles(hubs: tuple[World, World]) -> None:
    north, south = hubs
    _role(south, "alison", "concierge")
    assert "no role" in words(signed_on(north).get("/account").text)
    assert "concierge" in words(signed_on(south).get("/account").text)
    browser = signed_on(north)
    for path in ("/", "/enquiries", f"/custodians/{north.custodians['officer']}", "/alliance", "/register"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "Alison Commissioner" in words(page.text), f"{path} is of the same session"


def test_signing_out_leads_through_the_providers_own_sign_out_and_back(hubs: tuple[World, World]) -> None:
    north, _ = hubs
    browser = signed_on(north)
    assert browser.submit("/sign-out").headers["location"] == "/signed-out"
    leads = re.search(r'content="0; url=([^"]+)"', browser.get("/signed-out").text)
    assert leads
    with httpx.Client(timeout=90, trust_env=False) as there:
        form = there.get(leads[1].replace("&amp;", "&"))
        assert form.status_code == 200
        returned = re.search(r'name="redirect_uri"[^>]*value="([^"]+)"', form.text)
        assert returned, form.text
        assert returned[1] == "http://localhost:8700/signed-out?back=1"
    assert "You are signed out" in words(browser.get("/signed-out?back=1").text)
    assert browser.get("/account").status_code == 303


def test_alison_asks_and_gets_checked_outputs(hubs: tuple[World, World]) -> None:
    north, _ = hubs
    house = north.house
    offer = house.enquiries.publish_offer(
        north.actor("operator"), OfferKind.ANALYTICS, "Analysis for commissioners", "Our analysts do the work for you."
    )
    alison, connie = signed_on(north), signed_on(north, "connie")

    # She asks in plain words; the hub's colleague, by name, says what exists.
    asked = alison.submit("/enquiries", page="/enquiries", question=QUESTION, offer=offer.offer_id)
    here = asked.headers["location"].partition("?")[0]
    page = words(alison.get(here).text)
    assert "Hospital admissions" in page
    assert "Tumour registrations" in page
    connie.submit(f"{here}/take", page=here)
    connie.submit(f"{here}/answer", page=here, text="Both registers together answer it; our analysts can do the work.")
    assert "Connie Concierge answers for the hub" in words(alison.get(here).text)

    # One click drafts the application over both custodians; she completes it with the hub's analyst.
    datasets = list(north.datasets.values())
    drafted = alison.submit(f"{here}/apply", page=here, datasets=datasets)
    application = drafted.headers["location"].split("/")[2]
    draft = house.access.application(north.actor("alison"), application)
    assert {part.custodian_id for part in draft.parts} == set(north.custodians.values())
    assert draft.answers.organisation == "NHS North"
    _complete(north, application, datasets)

    # Each custodian decides its own part; the hub's operator approves; everybody accepts the terms.
    for key in ("officer", "other officer"):
        seen = house.access.application(north.actor(key), application)
        assert [part.custodian_id for part in seen.parts] == [north.custodians[key]]
        deciding.decide(
            house.access, north.actor(key), application, north.custodians[key], approve=True, agreement_until=day(100)
        )
        for person in ("alison", "researcher"):
            house.alliance.accept_terms(north.actor(person), north.custodians[key], 1)
    north.project = deciding.approve_project(house.access, north.actor("operator"), application).project_id
    assert set(house.access.admitted(north.project)) >= {north.people["alison"], north.people["researcher"]}

    # The hub's analyst works in the workspace and hands in results; two checkers agree; he collects them for Alison.
    released = north.released()
    assert released.state is State.RELEASED
    assert alison.get(f"/submissions/{released.submission_id}").status_code == 404, "results go to their author only"
    analyst = north.actor("researcher")
    secret, _ = house.airlock.make_link(analyst, released.submission_id)
    with pytest.raises(Refused):
        house.airlock.collect(north.actor("alison"), secret)
    collected = house.airlock.collect(analyst, secret)
    assert [(file.name, path.read_bytes()) for file, path in collected.files] == [("table.csv", SAFE)]

    # The enquiry says what came of it, the public register shows the project, the log is whole.
    assert "Go to the application that came of it" in words(alison.get(here).text)
    assert "Do people who are admitted" in words(north.browser().get("/register").text)
    assert house.audit.verify().sound


def _complete(north: World, application: str, datasets: list[str]) -> None:
    """Write what the draft lacks: the hub's analyst becomes a member, the ethics approval is named."""
    access, alison = north.house.access, north.actor("alison")
    kept = access.application(alison, application).answers
    answers = replace(
        kept,
        lay_summary=SUMMARY,
        ethics_reference="REC 26/9",
        ethics_until=day(300),
        start=day(-1),
        end=day(200),
        members=(north.people["researcher"],),
    )
    access.redraft(alison, application, answers, datasets)
    access.submit(alison, application)
    operator = north.actor("operator")
    north.house.identity.record_training(operator, north.people["alison"], "Safe researcher", moment(200))
    north.house.identity.record_accreditation(operator, north.people["alison"], "AR-alison", moment(300))
