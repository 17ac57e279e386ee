"""The register's pages, data and feeds: everybody reads them, the right people state, hostile words stay words."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace

from orchestrator.core.register_fields import FIELDS
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
    access.decide(
        officer,
        made.application_id,
        world.custodians["officer"],
        approve=True,
        reason="",
        agreement_until=day(100),
    )
    project = access.approve_project(world.actor("operator"), made.application_id).project_id
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
