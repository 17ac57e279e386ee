"""An officer describes his dataset anew, by page and by API: scored first, saved then, the edition before it kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.world import Browser, World, description, words


def _mended(title: str = "Wards, told well") -> dict[str, Any]:
    return description(title, "North Hospital Trust", "Every stay on a ward, one row a stay.")


def _form(world: World, who: str) -> tuple[Browser, str]:
    return world.browser(who), f"/datasets/{world.datasets['officer']}/description"


def test_looking_keeps_nothing_and_saving_keeps_the_edition_before(world: World) -> None:
    entry = world.datasets["officer"]
    before = world.house.discovery.dataset(entry)
    browser, path = _form(world, "officer")
    assert f'href="{path}"' in browser.get(f"/datasets/{entry}").text
    page = browser.get(path).text
    assert 'name="edition" value="1"' in page
    assert before.title in words(page)
    record = json.dumps(_mended())
    looked = browser.submit(path, page=path, step="look", edition="1", record=record)
    assert looked.status_code == 200
    assert "Nothing is saved yet." in words(looked.text)
    assert "Without placeholders" in words(looked.text)
    assert world.house.discovery.dataset(entry) == before
    saved = browser.submit(path, page=path, step="save", edition="1", record=record)
    assert saved.status_code == 303
    assert "The description before it stays" in words(browser.get(saved.headers["location"]).text)
    assert world.house.discovery.dataset(entry).title == "Wards, told well"
    assert [each.number for each in world.house.catalogue.versions(entry)] == [1, 2]
    changed = {each.path: each for each in world.house.catalogue.diff(entry, 1, 2)}
    assert before.title in str(changed["summary.title"])


def test_who_wrote_from_an_older_edition_is_told_and_keeps_his_words(world: World) -> None:
    entry = world.datasets["officer"]
    browser, path = _form(world, "officer")
    world.house.discovery.describe_dataset(world.actor("officer"), entry, _mended("Said first"), edition=1)
    late = browser.submit(path, page=path, step="save", edition="1", record=json.dumps(_mended("Said second")))
    told = words(late.text)
    assert "edition 2 stands, and you wrote from edition 1" in told
    assert "Said second" in told
    assert 'name="edition" value="1"' in late.text
    assert world.house.discovery.dataset(entry).title == "Said first"


@pytest.mark.parametrize(
    ("record", "edition", "told"),
    [
        ("", "1", "Enter a description"),
        ("{", "1", "cannot be read as JSON"),
        ("[]", "1", "Enter one description"),
        (json.dumps({**_mended(), "summary": {}}), "1", "summary"),
        (json.dumps(_mended("x" * 200)), "1", "at most 150"),
        (json.dumps(_mended()), "", "edition"),
    ],
    ids=["nothing", "half", "none", "no title", "long", "no edition"],
)
def test_what_cannot_be_saved_is_said_beside_the_box(shared: World, record: str, edition: str, told: str) -> None:
    entry = shared.datasets["officer"]
    browser, path = _form(shared, "officer")
    before = shared.house.discovery.dataset(entry)
    answer = browser.submit(path, page=path, step="save", edition=edition, record=record)
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert "There is a problem" in words(answer.text)
    assert shared.house.discovery.dataset(entry) == before


def test_an_older_schema_is_brought_up_to_date_in_the_box(shared: World) -> None:
    browser, path = _form(shared, "officer")
    old = {"identifier": "x", "version": "1.0.0", "summary": {"title": "Old wards", "abstract": "Every stay."}}
    looked = browser.submit(path, page=path, step="look", edition="1", record=json.dumps(old))
    told = words(looked.text)
    assert "was brought up to it in the box below" in told
    assert "Old wards" in told


def test_one_that_is_too_large_for_a_form_is_left_to_the_command(world: World) -> None:
    browser, path = _form(world, "officer")
    table = {
        "name": "wards",
        "description": "Stays",
        "columns": [
            {"name": f"c{n}", "description": "x" * 200, "dataType": "Text", "sensitive": False} for n in range(2500)
        ],
    }
    large = {**_mended(), "structuralMetadata": {"tables": [table]}}
    world.house.discovery.describe_dataset(world.actor("officer"), world.datasets["officer"], large)
    page = browser.get(path)
    assert page.status_code == 200
    assert f"tre dataset describe {world.datasets['officer']} FILE --edition 2" in words(page.text)
    assert "<textarea" not in page.text


@pytest.mark.parametrize("who", ["other officer", "operator", "researcher"])
def test_nobody_else_sees_the_form_or_saves(shared: World, who: str) -> None:
    entry = shared.datasets["officer"]
    browser, path = _form(shared, who)
    assert browser.get(path).status_code == 403
    assert path not in browser.get(f"/datasets/{entry}").text
    answer = shared.api().put(
        f"/api/v1/datasets/{entry}/description", headers=shared.bearer(who), json={"description": _mended()}
    )
    assert answer.status_code == 403
    assert "Only an officer" in answer.text


def test_a_script_describes_and_is_told_of_another_edition(world: World) -> None:
    api, entry = world.api(), world.datasets["officer"]
    path, bearer = f"/api/v1/datasets/{entry}/description", world.bearer("officer")
    made = api.put(path, headers=bearer, json={"description": _mended("By script"), "edition": 1})
    assert (made.status_code, made.json()["title"]) == (200, "By script")
    late = api.put(path, headers=bearer, json={"description": _mended("Again"), "edition": 1})
    assert late.status_code == 409
    assert "edition 2 stands" in late.json()["detail"]
    assert api.put(path, headers=bearer, json={"description": _mended("Again")}).json()["title"] == "Again"
    assert api.put(path, headers=bearer, json={"description": {"summary": {}}}).status_code == 422
    assert api.put(path, json={"description": _mended()}).status_code == 401


def test_a_withdrawn_dataset_is_described_no_more(world: World) -> None:
    browser, path = _form(world, "officer")
    entry = world.datasets["officer"]
    world.house.discovery.withdraw_dataset(world.actor("officer"), entry, "Sent to us by mistake.")
    answer = browser.get(path)
    assert answer.status_code == 409
    assert "register a new one" in words(answer.text)
    assert path not in browser.get(f"/datasets/{entry}").text
