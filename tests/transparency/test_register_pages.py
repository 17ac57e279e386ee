"""The register's pages, data and feeds: everybody reads them, the right people state, hostile words stay words."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date

from orchestrator.access.forms.model import FormItem
from orchestrator.core.clock import day_in_words
from orchestrator.core.register_fields import FIELDS
from tests import deciding
from tests.web.test_escaping import CANARY, check_harmless
from tests.web.world import World, answers, day, words


def test_everybody_reads_the_register_an_entry_and_what_was_done_with_a_dataset(world: World) -> None:
    browser = world.browser()
    page = words(browser.get("/register").text)
    assert "Survival after treatment" in page
    assert "Hospital admissions" in page
    entry = words(browser.get(f"/register/{world.project}").text)
    for expected in ("Safe People", "Lead applicant organisation name", "Institute of Health", "History"):
        assert expected in entry
    kept = browser.get(f"/register/{world.project}/entry.json").json()["fields"]["Latest approval date"]
    approved = day_in_words(date.fromisoformat(kept))
    assert f"Latest approval date {approved}" in entry
    assert f"North Hospital Trust {approved} " in entry
    assert "Not stated yet: Public benefit statement." in entry
    assert "State what" not in entry
    dataset = f"/datasets/{world.datasets['officer']}"
    assert f'href="{dataset}/uses"' in browser.get(dataset).text
    uses = words(browser.get(f"{dataset}/uses").text)
    assert "1 project holds or held these data" in uses
    assert "Survival after treatment" in uses
    for path in (
        "/register/aaaaaaaaaaaaaaaa",
        "/datasets/aaaaaaaaaaaaaaaa/uses",
        "/register/aaaaaaaaaaaaaaaa/entry.json",
    ):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "<h1" in answer.text


def test_the_register_is_searched_on_its_page(world: World) -> None:
    browser = world.browser()
    assert "1 entry with “survival”" in words(browser.get("/register?q=survival").text)
    assert "Nothing in the register has these words." in words(browser.get("/register?q=nonsense").text)
    assert browser.get("/register?page=9").status_code == 200
    assert browser.get("/register?page=0").status_code == 404


def test_the_same_as_data_and_as_feeds(world: World) -> None:
    browser = world.browser()
    rows = list(csv.reader(io.StringIO(browser.get("/register.csv").text)))
    assert rows[0] == [field.title for field in FIELDS]
    assert rows[1][rows[0].index("Project title")] == "Survival after treatment"
    document = browser.get("/register.json").json()["projects"][0]
    assert document["fields"]["Latest approval date"] == str(day(0))
    assert set(document["fields"]) == {field.title for field in FIELDS}
    assert document == browser.get(f"/register/{world.project}/entry.json").json()
    world.house.access.suspend_project(world.actor("operator"), world.project, "Asked to.")
    items = browser.get("/register/feed.json").json()["items"]
    assert {item["title"] for item in items} == {
        "Survival after treatment",
        "Survival after treatment (suspended, revision 2)",
    }
    answer = browser.get("/register/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    entries = ET.fromstring(answer.content).findall("{http://www.w3.org/2005/Atom}entry")  # noqa: S314 - our own
    assert len(entries) == 2
    assert len({each.findtext("{http://www.w3.org/2005/Atom}id") for each in entries}) == 2


def test_the_lead_and_the_officers_state_on_pages_and_nobody_else(world: World) -> None:
    here = f"/register/{world.project}"
    lead = world.browser("researcher")
    assert "State what is known of the project" in lead.get(here).text
    answer = lead.submit(f"{here}/state", page=f"{here}/state", public_benefit="Better care.", organisation_sector="")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{here}?said=saved")
    assert "Better care." in words(world.browser().get("/register").text)
    refused = lead.submit(f"{here}/state", page=f"{here}/state", public_benefit="It helped 4 patients.")
    assert refused.status_code == 422
    assert "fewer than 10" in words(refused.text)
    assert "It helped 4 patients." in refused.text
    north = world.custodians["officer"]
    officer, form = world.browser("officer"), f"{here}/state?custodian={north}"
    assert f"custodian={north}" in officer.get(here).text
    assert officer.submit(form, page=form, opt_out="Yes", sensitivity="De-Personalised").status_code == 303
    assert "De-Personalised" in world.browser().get(here).text
    assert world.browser("other officer").get(form).status_code == 403
    assert world.browser("colleague").get(f"{here}/state").status_code == 403
    assert world.browser().get(f"{here}/state").status_code == 303
    assert lead.get(f"{here}/state?custodian=../x").status_code == 404
    assert lead.post(f"{here}/state", data={"public_benefit": "No token."}).status_code == 403


def test_what_did_not_change_is_not_stated_again(world: World) -> None:
    here = f"/register/{world.project}"
    lead = world.browser("researcher")
    for _ in range(2):
        assert lead.submit(f"{here}/state", page=f"{here}/state", public_benefit="Better.").status_code == 303
    assert len(world.house.register.history(world.project)) == 2


def test_hostile_words_are_words_on_every_page_of_the_register(world: World) -> None:
    access, researcher, officer = world.house.access, world.actor("researcher"), world.actor("officer")
    hostile = replace(answers(world), title=CANARY, lay_summary=CANARY + answers(world).lay_summary)
    made = access.draft(researcher, hostile, [world.datasets["officer"]])
    access.submit(researcher, made.application_id)
    deciding.decide(
        access,
        officer,
        made.application_id,
        world.custodians["officer"],
        approve=True,
        reason="",
        agreement_until=day(100),
    )
    project = deciding.approve_project(access, world.actor("operator"), made.application_id).project_id
    world.house.register.state(researcher, project, {"public_benefit": CANARY, "funders": "=1+1"})
    browser = world.browser("researcher")
    for path in (
        "/register",
        f"/register/{project}",
        f"/register/{project}/state",
        f"/datasets/{world.datasets['officer']}/uses",
    ):
        check_harmless(browser.get(path).text)
    assert "'=1+1" in browser.get("/register.csv").text
    ET.fromstring(browser.get("/register/feed.atom").content)  # noqa: S314 - our own


def test_what_will_be_public_is_said_while_it_is_answered_and_reworded_on_a_page(world: World) -> None:
    access, researcher, north = world.house.access, world.actor("researcher"), world.custodians["officer"]
    items = [FormItem(question_id=each, version=0) for each in ("public-benefit", "population", "sensitivity")]
    access.forms.publish(world.actor("officer"), north, items)
    made = access.draft(researcher, answers(world, "Asked"), [world.datasets["officer"]]).application_id
    here = f"/applications/{made}"
    lead, officer = world.browser("researcher"), world.browser("officer")
    page = words(lead.get(f"{here}/questions").text)
    assert page.count("This will be public: once approved, the register says it under") == 2
    given = {"q-public-benefit": CANARY, "q-population": "All.", "q-sensitivity": "pseudonymised"}
    assert lead.submit(f"{here}/questions", page=f"{here}/questions", **given).status_code == 303
    access.submit(researcher, made)
    form = f"{here}/parts/{north}/register/public_benefit"
    for browser in (lead, officer, world.browser("operator")):
        page = browser.get(f"{here}/register")
        check_harmless(page.text)
        assert "De-Personalised" in page.text
        assert (form in page.text) is (browser is officer)
    assert "What the public will read" in officer.get(f"/decisions/{made}/{north}").text
    check_harmless(officer.get(form).text)
    for bad, says in (("It helped 4 patients.", "fewer than 10"), ("", "the words")):
        answer = officer.submit(form, page=form, words=bad, reason="Clearer.")
        assert answer.status_code == 422
        assert says in words(answer.text)
    assert officer.submit(form, page=form, words="People gain.", reason=CANARY).status_code == 303
    page = lead.get(f"{here}/register").text
    check_harmless(page)
    assert "People gain." in page
    assert "In other words, by North Hospital Trust" in words(page)
    for name, status in (("other officer", 404), ("stranger", 404), ("researcher", 404), ("operator", 404)):
        assert world.browser(name).get(form).status_code == status, name
    assert world.browser("other officer").get(f"{here}/register").status_code == 404
    assert world.browser().get(f"{here}/register").status_code == 303
    assert officer.get(f"{here}/parts/{north}/register/title").status_code == 404
    assert officer.post(form, data={"words": "x", "reason": "no token"}).status_code == 403
    api = world.api()
    seen = api.get(f"/api/v1{here}/register", headers=world.bearer("researcher")).json()
    line = next(each for each in seen["fields"] if each["field"] == "public_benefit")
    assert (line["shown"], line["answer"], line["rewordings"][0]["counts"]) == ("People gain.", CANARY, True)
    told = {"field": "public_benefit", "words": "All gain.", "reason": "Shorter."}
    path = f"/api/v1{here}/parts/{north}/register"
    assert api.post(path, json=told, headers=world.bearer("other officer")).status_code == 404
    assert api.post(path, json=told | {"more": 1}, headers=world.bearer("officer")).status_code == 422
    assert api.post(path, json=told, headers=world.bearer("officer")).status_code == 200
    deciding.decide(access, world.actor("officer"), made, north, approve=True, agreement_until=day(100))
    project = deciding.approve_project(access, world.actor("operator"), made).project_id
    assert "in other words, by North Hospital Trust" in words(world.browser().get(f"/register/{project}").text)
    assert api.get(f"/api/v1/register/{project}").json() == api.get(f"/register/{project}/entry.json").json()
    found = api.get("/api/v1/register", params={"q": "all gain", "dataset": world.datasets["officer"]}).json()
    assert [each["project"] for each in found["items"]] == [project]
    assert found["items"][0]["fields"]["Public benefit statement"] == "All gain."
    assert len(api.get(f"/api/v1/register/{project}/history").json()) == 1
    assert api.get("/api/v1/register/aaaaaaaaaaaaaaaa").status_code == 404


def test_a_name_is_taken_back_on_ones_own_page_after_leaving(world: World) -> None:
    member, api = world.browser("colleague"), world.api()
    named = {"project": world.project, "agree": "yes"}
    assert member.submit("/account/named", page="/account", **named).status_code == 303
    assert "Carl Colleague" in world.browser().get(f"/register/{world.project}").text
    world.house.access.end_member(world.actor("operator"), world.project, world.people["colleague"])
    page = words(member.get("/account").text)
    assert "which you left : you are named" in page or "which you left: you are named" in page
    assert member.submit("/account/named", page="/account", **(named | {"agree": "no"})).status_code == 303
    assert "Carl Colleague" not in world.browser().get(f"/register/{world.project}").text
    path, bearer = f"/api/v1/projects/{world.project}/named", world.bearer("colleague")
    assert api.put(path, json={"agree": True}, headers=bearer).status_code == 404
    assert api.put(path, json={"agree": False}, headers=bearer).status_code == 204
    assert [each["named"] for each in api.get("/api/v1/me/named", headers=bearer).json()] == [False]
