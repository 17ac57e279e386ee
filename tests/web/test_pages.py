"""Every page, for every role: who sees what, and who is told that he may not."""

from __future__ import annotations

import re

import pytest

from orchestrator.audit.fakes import FakeSigner
from orchestrator.workspaces.places.conditions import ConditionKind, Conditions, ConditionState
from tests.web.world import World, moment, words

NOBODY = None
ROLES = ["researcher", "colleague", "stranger", "checker", "officer", "other officer", "operator"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/datasets",
        "/datasets?q=tumour",
        "/register",
        "/register.json",
        "/register.csv",
        "/how-it-works",
        "/accessibility",
        "/sign-in",
        "/static/portal.css",
    ],
)
def test_everybody_sees_the_public_pages(shared: World, path: str) -> None:
    answer = shared.browser().get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_dataset_page_tells_custodian_terms_and_versions(shared: World) -> None:
    text = words(shared.browser().get(f"/datasets/{shared.datasets['officer']}").text)
    for expected in ("Hospital admissions", "North Hospital Trust", "research only", "Version 1", "sha256"):
        assert expected in text


def test_the_register_names_the_project_and_nobody_who_did_not_agree(world: World) -> None:
    before = words(world.browser().get("/register").text)
    assert "Survival after treatment" in before
    assert "Rosa Researcher" not in before
    browser = world.browser("researcher")
    page = f"/projects/{world.project}"
    assert browser.submit(f"{page}/named", page=page, agree="yes").status_code == 303
    assert "Rosa Researcher" in words(world.browser().get("/register").text)


ALLOWED = {
    "/account": ROLES,
    "/applications": ROLES,
    "/applications/new": ROLES,
    "/decisions": ROLES,
    "/custodians": ROLES,
    "/projects": ROLES,
    "/submissions": ROLES,
    "/reviews": ROLES,
    "/command-sign-in": ROLES,
    "/evidence": ROLES,
    "/account/visas": ROLES,
    "/projects/{project}/rules": ["researcher", "colleague", "officer", "other officer", "operator"],
    "/applications/{application}/purpose": ["researcher", "colleague", "officer", "other officer", "operator"],
    "/applications/{application}/evidence": ["researcher", "colleague", "officer", "other officer", "operator"],
    "/people": ["operator"],
    "/workspaces": ["operator"],
    "/audit": ["operator"],
    "/audit/verify": ["operator", "officer", "other officer"],
    "/projects/{project}": ["researcher", "colleague", "officer", "other officer", "operator"],
    "/projects/{project}/open": ["researcher", "colleague", "officer", "other officer", "operator"],
    "/projects/{project}/waiting": ["researcher", "colleague", "operator"],
    "/applications/{application}": ["researcher", "colleague", "officer", "other officer", "operator"],
    "/custodians/{custodian}": ROLES,
    "/people/{stranger}": ["stranger", "operator"],
}


def address(world: World, path: str) -> str:
    return path.format(
        project=world.project,
        application=world.application,
        custodian=world.custodians["officer"],
        stranger=world.people["stranger"],
    )


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_its_pages_and_is_refused_the_others_in_words(shared: World, role: str) -> None:
    browser = shared.browser(role)
    for path, allowed in ALLOWED.items():
        answer = browser.get(address(shared, path))
        if role in allowed:
            assert answer.status_code == 200, (role, path, words(answer.text))
        else:
            assert answer.status_code in (403, 404), (role, path, answer.status_code)
            assert "Traceback" not in answer.text
            assert "<h1" in answer.text


@pytest.mark.parametrize("path", sorted(ALLOWED))
def test_without_a_sign_in_every_such_page_leads_to_the_sign_in_and_back(shared: World, path: str) -> None:
    wanted = address(shared, path)
    answer = shared.browser().get(wanted)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={wanted}"


def test_an_officer_sees_the_own_part_of_an_application_only(shared: World) -> None:
    own = words(shared.browser("officer").get(f"/applications/{shared.application}").text)
    assert "Needed from the north." in own
    assert "Needed from the south." not in own
    assert "South Cancer Registry" not in own
    whole = words(shared.browser("researcher").get(f"/applications/{shared.application}").text)
    assert "Needed from the south." in whole


def test_an_officer_sees_the_own_grant_of_a_project_only(shared: World) -> None:
    own = words(shared.browser("officer").get(f"/projects/{shared.project}").text)
    assert "Hospital admissions" in own
    assert "Tumour registrations" not in own


def test_how_a_workspace_stands_is_told_to_those_who_may_see_it(world: World) -> None:
    conditions = Conditions(world.house.record)
    conditions.note(world.project, ConditionKind.PROVISIONED, ConditionState.FALSE, "Refused", "The quota is used up.")
    page = f"/projects/{world.project}"
    for name in ("researcher", "operator"):
        text = words(world.browser(name).get(page).text)
        assert "Provisioned No Refused The quota is used up." in text
    assert "quota" not in world.browser("officer").get(page).text


def test_a_failed_condition_of_a_grant_is_told_in_a_sentence(world: World) -> None:
    browser = world.browser("researcher")
    page = f"/projects/{world.project}"
    assert "Does not hold" not in browser.get(page).text
    world.house.alliance.publish_terms(
        world.actor("officer"), world.custodians["officer"], text="New terms.", valid_until=_later(world)
    )
    text = words(browser.get(page).text)
    assert "Does not hold" in text
    assert "terms" in text
    answer = browser.submit("/account/terms", page="/account", custodian=world.custodians["officer"], version="2")
    assert answer.status_code == 303, words(answer.text)
    assert "Does not hold" not in browser.get(page).text


def _later(world: World):
    return world.house.alliance.current_terms(world.custodians["officer"]).valid_until


@pytest.mark.parametrize(
    "path",
    [
        "/projects/nope",
        "/projects/aaaaaaaaaaaaaaaa",
        "/datasets/aaaaaaaaaaaaaaaa",
        "/people/../etc",
        "/nothing",
        "/submissions/aaaaaaaaaaaaaaaa",
        "/reviews/aaaaaaaaaaaaaaaa",
        "/applications/aaaaaaaaaaaaaaaa",
        "/custodians/aaaaaaaaaaaaaaaa",
        "/static/../application.py",
        "/audit/proofs/999999.json",
        "/reviews?x=%00",
    ],
)
def test_what_does_not_exist_is_answered_with_a_page_in_words(shared: World, path: str) -> None:
    answer = shared.browser("operator").get(path)
    assert answer.status_code in (404, 409) if "?" not in path else answer.status_code == 200
    assert "<h1" in answer.text
    assert "Traceback" not in answer.text


def test_the_register_has_one_name_wherever_it_is_led_to(shared: World) -> None:
    text = shared.browser().get("/register").text
    assert '<h1 class="nhsuk-heading-xl">Public register</h1>' in text
    assert set(re.findall(r'<a href="/register"[^>]*>([^<]+)</a>', text)) == {"Public register"}


def test_the_first_page_tells_an_officer_of_conditions_to_accept_and_terms_to_publish(world: World) -> None:
    officer, mine = world.browser("officer"), world.custodians["officer"]
    assert "Nothing waits for you." in words(officer.get("/").text)
    onboarding = world.house.onboarding
    onboarding.propose_conditions(world.actor("operator"), "We keep to the standards.", moment(2))
    assert "Nothing waits for you." in words(officer.get("/").text)
    onboarding.publish_conditions(world.actor("second operator"), 1)
    told = officer.get("/").text
    assert "North Hospital Trust has not accepted version 1" in words(told)
    assert '<a href="/alliance">Standard conditions to accept</a>' in told
    assert "Standard conditions to accept" not in world.browser("researcher").get("/").text
    onboarding.accept_conditions(world.actor("officer"), mine, 1)
    assert "Nothing waits for you." in words(officer.get("/").text)
    assert "South Cancer Registry has not accepted" in words(world.browser("other officer").get("/").text)


def test_the_audit_page_names_people_and_roles_beside_their_identifiers(shared: World) -> None:
    olga = shared.browser("operator")
    rosa = shared.people["researcher"]
    about = words(olga.get(f"/audit?subject=person:{rosa}").text)
    assert f"Rosa Researcher person:{rosa}" in about
    (held,) = shared.house.identity.holdings(shared.people["officer"])
    role = words(olga.get(f"/audit?subject=role:{held.holding_id}").text)
    assert f"Oskar Officer, custodian role:{held.holding_id}" in role
    assert f"person: Oskar Officer {shared.people['officer']}" in role
    assert "Nobody" not in words(olga.get("/audit?subject=person:aaaaaaaaaaaaaaaa").text)
    project = shared.project
    assert f"Survival after treatment project:{project}" in words(olga.get(f"/audit?subject=project:{project}").text)
    dataset = shared.datasets["officer"]
    assert f"Hospital admissions dataset:{dataset}" in words(olga.get(f"/audit?subject=dataset:{dataset}").text)


def test_the_audit_page_offers_a_proof_of_those_entries_only_that_a_signed_head_covers(world: World) -> None:
    olga = world.browser("operator")
    before = olga.get("/audit").text
    assert "/audit/proofs/" not in before
    assert "Not signed yet" in words(before)
    head = world.house.audit.sign_head(FakeSigner())
    assert head is not None
    last = olga.get(f"/audit?after={head.size - 2}").text
    offered = re.findall(r'href="(/audit/proofs/\d+\.json)"', last)
    assert offered == [f"/audit/proofs/{head.size - 1}.json"]
    assert olga.get(offered[0]).json()["position"] == head.size - 1
    assert "Not signed yet" in words(last), "the entry that tells of the head is covered by the next one"
