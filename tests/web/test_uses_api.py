"""The API of terms of use, purposes, evidence, rules and visas: the story as JSON, and who is told what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.world import World, answers, day

BASE = "/api/v1"


class Script:
    """Calls the API as one person after another."""

    def __init__(self, world: World) -> None:
        self.world, self.api = world, world.api()
        self.bearers: dict[str, dict[str, str]] = {"": {}}

    def __call__(self, who: str, method: str, path: str, status: int = 200, **given: Any) -> Any:
        if who not in self.bearers:
            self.bearers[who] = self.world.bearer(who)
        answer = self.api.request(method, f"{BASE}{path}", headers=self.bearers[who], **given)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()


@pytest.fixture
def script(world: World) -> Script:
    return Script(world)


HMB = {"clauses": [{"code": "DUO:0000006"}, {"code": "DUO:0000025", "values": ["24"]}]}


def test_terms_of_use_are_published_and_answer_a_purpose(world: World, script: Script) -> None:
    own, other = world.datasets["officer"], world.datasets["other officer"]
    assert script("", "GET", f"/datasets/{own}/uses")["total"] == 0
    for who in ("other officer", "operator", "researcher"):
        script(who, "POST", f"/datasets/{own}/uses/publish", 403, json=HMB)
    script("", "POST", f"/datasets/{own}/uses/publish", 401, json=HMB)
    made = script("officer", "POST", f"/datasets/{own}/uses/publish", 201, json=HMB)
    assert made["version"] == 1
    assert script("", "GET", f"/datasets/{own}/uses")["items"] == [made]
    asked = {"purpose": {"uses": ["DS"], "diseases": ["MONDO:0005105"], "months": 12}, "datasets": [own, other]}
    first, second = script("", "POST", "/uses/answers", json=asked)
    assert (first["verdict"], second["verdict"]) == ("permitted", "needs a person")
    assert {each["code"] for each in first["answers"]} == {"DUO:0000006", "DUO:0000025"}
    assert len(script("", "GET", "/uses/codes")) == 29


@pytest.mark.parametrize(
    "body",
    [
        {"clauses": []},
        {"clauses": [{"code": "DUO:0000046"}]},
        {"clauses": [{"code": "XYZ"}]},
        {"clauses": [{"code": "DUO:0000025", "values": ["many"]}, {"code": "DUO:0000006"}]},
        {"clauses": [{"code": "DUO:0000006", "more": 1}]},
        {},
    ],
    ids=str,
)
def test_terms_that_make_no_sense_are_refused(world: World, script: Script, body: dict[str, Any]) -> None:
    problem = script("officer", "POST", f"/datasets/{world.datasets['officer']}/uses/publish", 422, json=body)
    assert problem["field"]


def test_a_purpose_is_declared_and_each_custodian_sees_its_own_answers(world: World, script: Script) -> None:
    made = world.house.access.draft(world.actor("researcher"), answers(world), list(world.datasets.values()))
    here = f"/applications/{made.application_id}"
    script("researcher", "GET", f"{here}/purpose", 404)
    script("stranger", "PUT", f"{here}/purpose", 404, json={"uses": ["HMB"]})
    script("colleague", "PUT", f"{here}/purpose", 403, json={"uses": ["HMB"]})
    script("researcher", "PUT", f"{here}/purpose", 422, json={"uses": ["HMB"], "nonsense": 1})
    script("researcher", "PUT", f"{here}/purpose", 422, json={"diseases": ["cancer"]})
    declared = script("researcher", "PUT", f"{here}/purpose", json={"uses": ["HMB"], "publishes_from": "2027-01-01"})
    assert declared["purpose"]["uses"] == ["DUO:0000006"]
    assert script("researcher", "GET", f"{here}/purpose") == declared
    world.house.access.submit(world.actor("researcher"), made.application_id)
    script("researcher", "PUT", f"{here}/purpose", 409, json={"uses": ["GRU"]})
    assert len(script("researcher", "GET", f"{here}/purpose/answers")) == 2
    for key in ("officer", "other officer"):
        (seen,) = script(key, "GET", f"{here}/purpose/answers")
        assert seen["custodian_id"] == world.custodians[key]
    script("stranger", "GET", f"{here}/purpose/answers", 404)


def test_evidence_is_brought_verified_relied_on_and_ended(world: World, script: Script) -> None:
    here = f"/applications/{world.application}"
    sent = {"kind": "dpia", "reference": "D-1", "valid_from": str(day(-1)), "valid_until": str(day(100))}
    piece = script("researcher", "POST", f"{here}/evidence", 201, json=sent)
    path = f"/evidence/{piece['evidence_id']}"
    assert script("researcher", "GET", "/evidence")["items"] == [piece]
    assert script("operator", "GET", "/evidence/waiting")["items"] == [piece]
    script("researcher", "POST", f"{path}/verify", 403)
    assert script("operator", "POST", f"{path}/verify")["state"] == "verified"
    script("operator", "POST", f"{path}/verify", 409)
    script("operator", "POST", f"{path}/revoke", 422, json={"reason": ""})
    assert script("operator", "POST", f"{path}/revoke", json={"reason": "Withdrawn."})["state"] == "revoked"
    own = {**sent, "kind": "contract", "custodian_id": world.custodians["officer"]}
    contract = script("researcher", "POST", f"{here}/evidence", 201, json=own)["evidence_id"]
    script("other officer", "GET", f"/evidence/{contract}", 404)
    assert (
        script("officer", "POST", f"/evidence/{contract}/reject", json={"reason": "Unsigned."})["state"] == "rejected"
    )
    assert script("other officer", "GET", f"{here}/evidence")["total"] == 1
    organisation = {**sent, "kind": "dspt", "organisation": "Institute of Health"}
    dspt = script("colleague", "POST", "/evidence", 201, json=organisation)["evidence_id"]
    script("researcher", "POST", f"{here}/evidence/relied-on", json={"evidence_id": dspt})
    assert script("researcher", "GET", f"{here}/evidence")["total"] == 3
    assert script("colleague", "POST", f"/evidence/{dspt}/take-back")["state"] == "taken back"
    script("researcher", "POST", f"{here}/evidence", 422, json={**sent, "kind": "horoscope"})
    script("researcher", "POST", f"{here}/evidence", 422, json={**sent, "file_sha256": "x"})


def test_what_the_terms_ask_for_and_the_rules_are_told_to_those_concerned(world: World, script: Script) -> None:
    custodian = world.custodians["officer"]
    terms = world.house.alliance.current_terms(custodian)
    world.house.alliance.publish_terms(
        world.actor("officer"), custodian, text="New.", valid_until=terms.valid_until, evidence=["dpia"]
    )
    assert script("", "GET", f"/custodians/{custodian}/terms")["evidence"] == ["dpia"]
    (asked,) = script("researcher", "GET", f"/applications/{world.application}/requirements")
    assert (asked["kind"], asked["holds"]) == ("dpia", False)
    assert script("other officer", "GET", f"/applications/{world.application}/requirements") == []
    rules = script("researcher", "GET", f"/projects/{world.project}/rules")
    by = {rule["rule"]: {setter["custodian_id"] for setter in rule["set_by"]} for rule in rules["rules"]}
    assert by["evidence:dpia"] == {custodian}
    own = script("other officer", "GET", f"/projects/{world.project}/rules")
    assert custodian not in str(own)
    script("stranger", "GET", f"/projects/{world.project}/rules", 404)


def test_visas_need_settings(world: World, script: Script) -> None:
    assert script("researcher", "GET", "/visas")["items"] == []
    script("researcher", "POST", "/visas", 409, json={"visas": ["a.b.c"]})
    script("researcher", "POST", "/visas", 422, json={"visas": []})
    script("researcher", "POST", "/visas/issued", 409)
    script("researcher", "POST", f"/visas/{world.project}/end", 404)


ADDRESSES = [
    ("GET", "/evidence"),
    ("GET", "/evidence/waiting"),
    ("GET", "/visas"),
    ("POST", "/visas/issued"),
    ("GET", "/applications/aaaaaaaaaaaaaaaa/purpose"),
    ("GET", "/applications/aaaaaaaaaaaaaaaa/purpose/answers"),
    ("GET", "/applications/aaaaaaaaaaaaaaaa/evidence"),
    ("GET", "/applications/aaaaaaaaaaaaaaaa/requirements"),
    ("GET", "/projects/aaaaaaaaaaaaaaaa/rules"),
    ("GET", "/evidence/aaaaaaaaaaaaaaaa"),
    ("POST", "/evidence/aaaaaaaaaaaaaaaa/verify"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_nobody_is_told_anything_without_a_bearer(shared: World, method: str, path: str) -> None:
    assert shared.api().request(method, f"{BASE}{path}").status_code == 401


@pytest.mark.parametrize(("method", "path"), [each for each in ADDRESSES if "aaaa" in each[1]])
def test_what_does_not_exist_is_not_found(shared: World, method: str, path: str) -> None:
    answer = shared.api().request(method, f"{BASE}{path}", headers=shared.bearer("researcher"))
    assert answer.status_code == 404
