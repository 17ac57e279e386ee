"""The pages of endpoints: who sees them, what they say, and that a form that is wrong comes back as it was typed."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from orchestrator.adapters.guarded_addresses import AddressGuard
from orchestrator.adapters.harvest_client import HarvestClient
from orchestrator.discovery.harvest.model import Endpoint, EndpointState
from orchestrator.discovery.harvest.pulling import Puller
from orchestrator.discovery.harvest.service import HarvestService
from tests.discovery.harvest.endpoint import CustodianEndpoint, running, says
from tests.web.world import World, words

FORM = {
    "name": "North's own",
    "address": "https://catalogue.example.org/api",
    "datasets_path": "/datasets",
    "dataset_path": "/datasets/{id}",
    "authentication": "none",
    "secret": "",
    "hour": "3",
    "minute": "15",
}


class NoSecrets:
    def headers(self, _endpoint: Endpoint) -> dict[str, str]:
        return {}


def registered(world: World, **changes: str) -> str:
    browser = world.browser("officer")
    answer = browser.submit(
        "/endpoints", page="/endpoints", custodian_id=world.custodians["officer"], **{**FORM, **changes}
    )
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["location"].partition("?")[0]


def test_officers_and_operators_see_endpoints_and_nobody_else(world: World) -> None:
    page = registered(world)
    for who, expected in (
        ("officer", 200), ("operator", 200), ("other officer", 404), ("researcher", 404), ("checker", 404),
    ):  # fmt: skip
        assert world.browser(who).get(page).status_code == expected, who
    assert world.browser().get(page).status_code == 303
    assert world.browser("researcher").get("/endpoints").status_code == 403
    assert "North's own" in words(world.browser("officer").get("/endpoints").text)
    assert "North's own" not in words(world.browser("other officer").get("/endpoints").text)
    assert "/endpoints" in world.browser("operator").get("/custodians").text


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("address", "ftp://example.org", "https only"),
        ("address", "http://example.org", "https only"),
        ("address", "https://key:secret@example.org", "no user name"),
        ("address", "https://example.org/?apikey=1", "no query"),
        ("address", "https://example.org:22", "80, 443 or 1024"),
        ("dataset_path", "/datasets", "holds {id}"),
        ("datasets_path", "/../x", "leads down"),
        ("hour", "24", "from 0 to 23"),
        ("authentication", "password", "Choose"),
        ("name", "", "Enter a name"),
    ],
)
def test_a_form_that_is_wrong_comes_back_as_it_was_typed(shared: World, field: str, value: str, says: str) -> None:
    browser = shared.browser("officer")
    answer = browser.submit(
        "/endpoints",
        page="/endpoints",
        custodian_id=shared.custodians["officer"],
        **{**FORM, "minute": "47", field: value},
    )
    assert answer.status_code == 422
    assert says in words(answer.text)
    assert 'value="47"' in answer.text


def test_a_secret_that_the_settings_do_not_have_is_refused_with_its_names(shared: World) -> None:
    answer = shared.browser("officer").submit(
        "/endpoints",
        page="/endpoints",
        custodian_id=shared.custodians["officer"],
        **{**FORM, "authentication": "bearer", "secret": "south"},
    )
    assert answer.status_code == 422
    assert "no secret of that name" in words(answer.text)


def test_an_officer_of_another_custodian_registers_nothing_here(shared: World) -> None:
    answer = shared.browser("other officer").submit(
        "/endpoints", page="/endpoints", custodian_id=shared.custodians["officer"], **FORM
    )
    assert answer.status_code == 403


def test_from_registration_to_a_decision_on_what_disappeared(world: World) -> None:
    with running(CustodianEndpoint()) as endpoint:
        for number in range(6):
            endpoint.put(f"set-{number}", title_suffix="<b>bold</b>")
        house = world.house
        world.app.state.house = world.house = replace(
            house,
            harvest=HarvestService(record=house.record, policy=house.policy, alliance=house.alliance, plain_http=True),
        )
        client = HarvestClient(AddressGuard(allowed=(ip_network("127.0.0.0/8"),)), seconds=5)
        puller = Puller(house.record, fetcher=client, secrets=NoSecrets())
        page = registered(world, address=endpoint.address)
        officer, operator = world.browser("officer"), world.browser("operator")
        assert officer.submit(f"{page}/test", page=page).status_code == 303
        puller.work(5)
        assert "Tested" in words(operator.get(page).text)
        assert officer.submit(f"{page}/enable", page=page).status_code == 403
        assert operator.submit(f"{page}/enable", page=page).status_code == 303
        puller.work(5)
        text = words(officer.get(page).text)
        assert "6 of 6" in text
        endpoint.records = {"<script>alert(1)</script>": endpoint.put("x")}
        endpoint.on_record = {"<script>alert(1)</script>": says("<html>")}
        assert officer.submit(f"{page}/pull", page=page, thorough="yes").status_code == 303
        puller.work(5)
        answer = officer.get(page)
        assert "6 entries have disappeared" in words(answer.text)
        assert "<script>alert" not in answer.text
        pull_id = house.harvest.pulls(world.actor("officer"), page.rpartition("/")[2])[0].pull_id
        for wrong in ({"gone": "perhaps", "reason": "Because."}, {"gone": "yes", "reason": ""}):
            assert officer.submit(f"/pulls/{pull_id}/decide", page=page, **wrong).status_code == 422
        decided = officer.submit(f"/pulls/{pull_id}/decide", page=page, gone="yes", reason="They moved.")
        assert decided.status_code == 303
        assert house.catalogue.entries(source=page.rpartition("/")[2]) == []
        assert officer.submit(f"{page}/pause", page=page, reason="Works there.").status_code == 303
        assert officer.submit(f"{page}/resume", page=page).status_code == 303
        assert officer.submit(f"{page}/close", page=page, reason="They moved.").status_code == 303
        closed = house.harvest.endpoint(world.actor("officer"), page.rpartition("/")[2])
        assert closed.endpoint.state is EndpointState.CLOSED
        client.close()


def test_the_same_by_script(world: World) -> None:
    api, officer, operator = world.api(), world.bearer("officer"), world.bearer("operator")

    def call(method: str, path: str, who: dict[str, str], status: int = 200, **given: Any) -> Any:
        answer = api.request(method, f"/api/v1{path}", headers=who, **given)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    wanted = {"custodian_id": world.custodians["officer"], "name": "Ours", "address": "https://catalogue.example.org"}
    call("POST", "/endpoints", world.bearer("other officer"), 403, json=wanted)
    assert call("POST", "/endpoints", officer, 422, json=wanted | {"address": "https://x@y.org"})["field"] == "address"
    here = f"/endpoints/{call('POST', '/endpoints', officer, 201, json=wanted)['endpoint_id']}"
    assert call("GET", "/endpoints", officer)["total"] == 1
    changed = {"name": "Renamed", "address": "https://catalogue.example.org", "hour": 5}
    assert call("PUT", here, officer, json=changed)["name"] == "Renamed"
    pull = call("POST", f"{here}/test", officer, 201)["pull_id"]
    call("POST", f"{here}/test", officer, 409)
    for act in ("enable", "resume"):
        call("POST", f"{here}/{act}", operator if act == "enable" else officer, 409)
    call("POST", f"{here}/pause", officer, 409, json={"reason": "Works there."})
    call("POST", f"{here}/pulls", officer, 409, json={})
    assert call("GET", f"{here}/pulls", officer)["items"][0]["pull_id"] == pull
    assert call("GET", f"/pulls/{pull}", operator)["state"] == "listing"
    assert call("GET", f"/pulls/{pull}/skipped", officer)["items"] == []
    call("POST", f"/pulls/{pull}/decide", officer, 409, json={"gone": True, "reason": "They moved."})
    call("GET", here, world.bearer("researcher"), 404)
    assert call("POST", f"{here}/close", officer, json={"reason": "They moved."})["state"] == "closed"
    assert call("GET", here, officer)["entries"] == 0


def test_descriptions_are_imported_and_compared_by_script(world: World) -> None:
    api, operator = world.api(), world.bearer("operator")
    record = {"identifier": "https://example.org/1", "version": "1", "summary": {"title": "An old register"}}
    for version, expected in (("1", (1, 0)), ("2", (0, 1))):
        records = [record | {"version": version}, {"nothing": 1}]
        answer = api.post(
            "/api/v1/catalogue/import", headers=operator, json={"source": "A file", "records": records}
        ).json()
        assert (answer["new"], answer["changed"]) == expected
        assert answer["refused"][0]["position"] == 2
    refused = api.post(
        "/api/v1/catalogue/import", headers=world.bearer("officer"), json={"source": "x", "records": [record]}
    )
    assert refused.status_code == 403
    entry = world.house.catalogue.entries(source="A file")[0]
    found = api.get(f"/api/v1/catalogue/{entry.entry_id}/versions").json()
    assert [each["version"] for each in found["items"]] == ["1", "2"]
    assert found["items"][0]["original"] == record
    told = api.get(f"/api/v1/catalogue/{entry.entry_id}/changes?earlier=1&later=2").json()
    assert {"1", "2"} <= {each[side] for each in told for side in ("before", "after")}
    assert api.get(f"/api/v1/catalogue/{entry.entry_id}/changes?earlier=1&later=9").status_code == 404
    gone = api.post(f"/api/v1/catalogue/{entry.entry_id}/withdraw", headers=operator, json={"reason": "Came twice."})
    assert gone.status_code == 204
