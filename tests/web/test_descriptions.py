"""Descriptions for other catalogues, and checking one's own, by page and by API; for everybody."""

from __future__ import annotations

import json
import warnings

import pytest

from orchestrator.core.events import Event
from orchestrator.discovery.catalogue.store import EditionRow
from tests.web.world import World, description, words

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import rdflib

FORMS = {"schema-org": "application/ld+json", "dcat": "application/ld+json", "turtle": "text/turtle; charset=utf-8"}


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_is_given_to_other_catalogues(form: str, shared: World) -> None:
    entry = shared.datasets["officer"]
    for answer in (
        shared.browser().get(f"/datasets/{entry}/as/{form}"),
        shared.api().get(f"/api/v1/catalogue/{entry}/as/{form}"),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == FORMS[form]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert f"/datasets/{entry}" in answer.text
        if form == "turtle":
            assert len(rdflib.Graph().parse(data=answer.text, format="turtle")) > 5
        else:
            assert json.loads(answer.text)["@id"].endswith(f"/datasets/{entry}")


def test_the_page_of_a_dataset_leads_to_each_form(shared: World) -> None:
    browser = shared.browser()
    page = browser.get(f"/datasets/{shared.datasets['officer']}").text
    for form in FORMS:
        assert f'href="/datasets/{shared.datasets["officer"]}/as/{form}"' in page
    assert 'href="/descriptions/check"' in page


def test_a_withdrawn_dataset_is_not_passed_on(world: World) -> None:
    entry = world.datasets["officer"]
    world.house.discovery.withdraw_dataset(world.actor("officer"), entry, "Sent to us by mistake.")
    answer = world.browser().get(f"/datasets/{entry}/as/dcat")
    assert answer.status_code == 404
    assert "was withdrawn" in words(answer.text)
    assert "/as/dcat" not in world.browser().get(f"/datasets/{entry}").text


@pytest.mark.parametrize("path", ["aaaaaaaaaaaaaaaa/as/dcat", "x/as/dcat", "{entry}/as/pdf"])
def test_what_there_is_not_is_not_found(path: str, shared: World) -> None:
    answer = shared.browser().get(f"/datasets/{path.format(entry=shared.datasets['officer'])}")
    assert answer.status_code in {404, 422}
    assert "<h1" in answer.text


def test_a_description_is_checked_without_an_account(shared: World) -> None:
    record = description("Heart register", "Town")
    browser = shared.browser()
    record["accessibility"]["access"]["accessRequestCost"] = "TBC"
    answer = browser.submit("/descriptions/check", page="/descriptions/check", record=json.dumps(record))
    told = words(answer.text)
    assert answer.status_code == 200
    assert "Heart register" in told
    assert "It fits its schema." in told
    assert "accessibility.access.accessRequestCost placeholder" in told
    record["summary"]["title"] = "<script>alert(1)</script>" + "x" * 200
    answer = browser.submit("/descriptions/check", page="/descriptions/check", record=json.dumps(record))
    assert "should have at most 150 characters" in words(answer.text)
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Enter a description, as JSON."),
        ("{", "cannot be read as JSON"),
        ("[]", "Enter one description; these are 0."),
        ("[{}, {}]", "Enter one description; these are 2."),
        ('{"colour": "blue"}', "no description of a dataset"),
        ("5", "The file holds no descriptions"),
        ('{"summary": {"title": NaN}}', "plain JSON"),
        ("[" * 30_000, "cannot be read as JSON"),
        ('{"summary": {"title": "x", "keywords": [' + "1," * 20_000 + "1]}}", "more than 20,000 values"),
        (
            json.dumps({"summary": {"title": "x"}, "provenance": {"origin": {"datasetType": [{"name": "x"}] * 2_000}}}),
            "more than 2,000 values beside its tables and columns",
        ),
    ],
)
def test_what_cannot_be_checked_is_told_beside_the_field(text: str, told: str, shared: World) -> None:
    answer = shared.browser().submit("/descriptions/check", page="/descriptions/check", record=text)
    assert answer.status_code == 422
    assert told in words(answer.text)


def test_many_columns_are_checked(shared: World) -> None:
    record = description("Wide register", "Town")
    column = {"name": "c", "dataType": "integer", "description": "A column.", "sensitive": False}
    record["structuralMetadata"] = {"tables": [{"name": "t", "description": "A table.", "columns": [column] * 3_000}]}
    answer = shared.browser().submit("/descriptions/check", page="/descriptions/check", record=json.dumps(record))
    assert answer.status_code == 200
    assert "It fits its schema." in words(answer.text)


def test_a_description_that_cannot_be_read_any_more_is_shown_and_has_no_score(world: World) -> None:
    entry, other = world.datasets.values()
    with world.house.record.change() as change:
        row = change.session.get_one(EditionRow, (entry, 1))
        row.original = '{"summary": "nothing that is known here"}'
        change.tell(Event(kind="test.changed", actor="test", subject=f"entry:{entry}", details={}))
    for path in (f"/datasets/{entry}", f"/datasets/compare?with={entry}&with={other}"):
        answer = world.browser().get(path)
        assert answer.status_code == 200
        assert "None: This is no description of a dataset, so it has no score." in words(answer.text)
    assert world.api().get(f"/api/v1/catalogue/compare?with={entry}&with={other}").status_code == 200


def test_a_form_without_its_token_is_refused(shared: World) -> None:
    answer = shared.browser().post(
        "/descriptions/check", data={"record": "{}"}, headers={"origin": "http://testserver"}
    )
    assert answer.status_code in {400, 403}


def test_the_api_checks_converts_and_scores(shared: World) -> None:
    old = {
        "identifier": "https://example.org/1",
        "@schema": {"version": "2.0.0"},
        "summary": {"title": "Old register", "publisher": {"name": "Town", "memberOf": "HUB"}, "doiName": "tbc"},
    }
    answer = shared.api().post("/api/v1/catalogue/check", json={"record": old})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["described_by"] == "2.0.0"
    assert found["description"]["summary"]["dataCustodian"] == {"name": "Town", "memberOf": "Hub"}
    assert found["unplaced"]["summary.doiName"] == "tbc"
    assert found["translations"][0]["became"] == "Hub"
    assert found["usable"]["score"] <= found["score"]["score"]
    assert {"path", "sentence", "fault"} == set(found["to_mend"][0])


@pytest.mark.parametrize("body", [{}, {"record": 5}, {"record": {}}, {"record": {"colour": "blue"}}, {"other": {}}])
def test_the_api_refuses_what_is_no_description(body: object, shared: World) -> None:
    answer = shared.api().post("/api/v1/catalogue/check", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"].startswith(("record", "other"))
