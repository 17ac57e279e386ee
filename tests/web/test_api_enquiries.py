"""Enquiries and accreditation for programs: the same rules as on the pages."""

from __future__ import annotations

from tests.web.test_enquiries import QUESTION, with_concierge
from tests.web.world import World


def test_an_enquiry_goes_its_way_by_programs(world: World) -> None:
    with_concierge(world)
    api, rosa, connie = world.api(), world.bearer("researcher"), world.bearer("concierge")
    made = api.post("/api/v1/enquiries", json={"question": QUESTION}, headers=rosa)
    assert made.status_code == 201
    here = f"/api/v1/enquiries/{made.json()['enquiry_id']}"
    assert made.json()["suggestions"][0]["dataset_id"] == world.datasets["officer"]
    assert api.post(f"{here}/answers", json={"text": "We have them."}, headers=rosa).status_code == 403
    assert api.get(here, headers=world.bearer("colleague")).status_code == 404
    assert api.post(f"{here}/answers", json={"text": "We have them."}, headers=connie).json()["state"] == "answered"
    assert api.post(f"{here}/questions", json={"text": "Since when?"}, headers=rosa).json()["state"] == "waiting"
    listed = api.get("/api/v1/enquiries?waiting=true", headers=connie).json()
    assert [each["enquiry_id"] for each in listed["items"]] == [made.json()["enquiry_id"]]
    chosen = {"datasets": [world.datasets["officer"]]}
    drafted = api.post(f"{here}/application", json=chosen, headers=rosa)
    assert (drafted.status_code, drafted.json()["state"]) == (201, "draft")
    assert api.post(f"{here}/application", json=chosen, headers=rosa).status_code == 409


def test_bad_input_and_strangers_are_answered_in_words(shared: World) -> None:
    api, rosa = shared.api(), shared.bearer("researcher")
    assert api.post("/api/v1/enquiries", json={"question": QUESTION}).status_code == 401
    for wrong in ({}, {"question": ""}, {"question": QUESTION, "more": 1}, {"question": "x" * 4001}):
        assert api.post("/api/v1/enquiries", json=wrong, headers=rosa).status_code == 422
    custodian = shared.custodians["officer"]
    told = api.get(f"/api/v1/accreditations/custodian/{custodian}", headers=rosa).json()
    assert told["accredited"] is False
    assert "never accredited" in told["failures"][0]
    assert api.get(f"/api/v1/accreditations/hub/{custodian}", headers=rosa).status_code == 404
    assert api.get(f"/api/v1/accreditations/person/{custodian}", headers=rosa).status_code == 422
