"""The form of an application: everything wrong is told at once, and members are named by what people know."""

from __future__ import annotations

import re

from tests.web.world import SUMMARY, World, answers, day, words

NEW = "/applications/new"


def filled(world: World, **changes: str) -> dict[str, str]:
    return {
        "title": "Asthma and air",
        "lay_summary": SUMMARY,
        "purpose": "To compare.",
        "organisation": "Institute",
        "ethics_reference": "REC 1",
        "ethics_until": str(day(300)),
        "start": str(day(1)),
        "end": str(day(200)),
        "members": "",
        "datasets": world.datasets["officer"],
    } | changes


def test_an_empty_form_names_every_fault_beside_its_field_and_in_a_summary_that_leads_there(shared: World) -> None:
    answer = shared.browser("researcher").submit(NEW, page=NEW)
    assert answer.status_code == 422
    summary = re.search(r'class="nhsuk-error-summary".*?</ul>', answer.text, re.DOTALL)
    assert summary
    links = re.findall(r'href="#([^"]+)"', summary[0])
    assert links == ["title", "ethics_until", "start", "end", "datasets"]
    for link in links:
        assert f'id="{link}"' in answer.text
    for name in links[:-1]:
        assert re.search(rf'id="{name}-error"', answer.text), name
    assert words(answer.text).count("Choose at least one dataset.") == 2


def test_what_was_typed_stays_beside_its_fault(shared: World) -> None:
    fields = filled(shared, title="T" * 201, end="tomorrow", members="nobody@example.org")
    answer = shared.browser("researcher").submit(NEW, page=NEW, **fields)
    assert answer.status_code == 422
    said = words(answer.text)
    assert said.count("Shorten a title to 200 characters") == 2
    assert said.count("Enter the last day as a date") == 2
    assert "Nobody can be named" not in said
    assert "nobody@example.org" in answer.text


def test_a_member_named_by_address_is_shown_back_by_name_and_stays_when_the_form_is_saved_again(world: World) -> None:
    browser = world.browser("researcher")
    made = browser.submit(NEW, page=NEW, **filled(world, members="colleague@example.org\r\n"))
    assert made.status_code == 303, words(made.text)
    place = made.headers["location"].partition("?")[0]
    assert "Carl Colleague" in words(browser.get(place).text)
    edit = browser.get(f"{place}/edit").text
    shown = re.search(r'name="members".*?>(.*?)</textarea>', edit, re.DOTALL)
    assert shown
    assert shown[1].strip() == f"Carl Colleague ({world.people['colleague']})"
    again = browser.submit(f"{place}/edit", page=f"{place}/edit", **filled(world, members=shown[1].strip()))
    assert again.status_code == 303, words(again.text)
    kept = world.house.access.application(world.actor("researcher"), place.rpartition("/")[2])
    assert kept.answers.members == (world.people["colleague"],)


def test_an_address_that_names_nobody_is_told_beside_the_members(world: World) -> None:
    answer = world.browser("researcher").submit(NEW, page=NEW, **filled(world, members="nobody@example.org"))
    assert answer.status_code == 422
    assert words(answer.text).count("Nobody can be named by “nobody@example.org”.") == 2
    assert 'id="members-error"' in answer.text


def test_the_api_takes_an_address_too_and_gives_the_name(world: World) -> None:
    api, mine = world.api(), world.bearer("researcher")
    body = filled(world) | {"members": ["colleague@example.org"]}
    datasets = [body.pop("datasets")]
    made = api.post("/api/v1/applications", json={"answers": body, "datasets": datasets}, headers=mine)
    assert made.status_code == 201, made.text
    assert made.json()["answers"]["members"] == [world.people["colleague"]]
    read = api.get(f"/api/v1/applications/{made.json()['application_id']}", headers=mine).json()
    assert read["member_names"] == {world.people["colleague"]: "Carl Colleague"}
    body["members"] = ["nobody@example.org"]
    missed = api.post("/api/v1/applications", json={"answers": body, "datasets": datasets}, headers=mine)
    assert missed.status_code == 422
    assert missed.json()["field"] == "members"


def test_a_draft_that_is_not_ready_names_everything_that_is_missing(world: World) -> None:
    from dataclasses import replace

    empty = replace(answers(world), lay_summary="", purpose="", organisation="", ethics_until=day(-5))
    access, researcher = world.house.access, world.actor("researcher")
    draft = access.draft(researcher, empty, [world.datasets["officer"]])
    place = f"/applications/{draft.application_id}"
    answer = world.browser("researcher").submit(f"{place}/submit", page=place)
    assert answer.status_code == 422
    for name in ("lay_summary", "purpose", "organisation", "ethics_until"):
        assert f'href="#{name}"' in answer.text
        assert f'id="{name}-error"' in answer.text
