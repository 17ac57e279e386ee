"""The API: the whole story as JSON, bearers only, problem documents for every error."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import pytest

from orchestrator.airlock.states import State
from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.verification import signature_holds
from orchestrator.workspaces.places.conditions import ConditionKind, Conditions, ConditionState
from tests.web.world import SAFE, SUMMARY, World, day

BASE = "/api/v1"
PUBLIC = {"/custodians", "/custodians/{custodian_id}/terms", "/datasets", "/datasets/{dataset_id}", "/register",
          "/register/{register_id}", "/register/{register_id}/history",
          "/catalogue/search", "/catalogue/compare", "/catalogue/{entry_id}", "/catalogue/{entry_id}/similar",
          "/catalogue/check", "/catalogue/{entry_id}/as/{form}",
          "/catalogue/{entry_id}/versions", "/catalogue/{entry_id}/changes",
          "/uses/codes", "/uses/answers", "/datasets/{dataset_id}/uses",
          "/price-lists", "/price-lists/{list_id}", "/estimates", "/fee-waivers",
          "/audit/heads", "/audit/keys"}  # fmt: skip


def body(world: World) -> dict[str, object]:
    return {
        "answers": {
            "title": "By script",
            "lay_summary": SUMMARY,
            "purpose": "To find out.",
            "organisation": "Institute",
            "ethics_reference": "REC 26/3",
            "ethics_until": day(200).isoformat(),
            "start": day(0).isoformat(),
            "end": day(100).isoformat(),
            "members": [],
        },
        "datasets": list(world.datasets.values()),
        "justifications": {world.custodians["officer"]: "North.", world.custodians["other officer"]: "South."},
    }


def test_the_whole_story_is_told_by_scripts(world: World) -> None:
    api, researcher, operator = world.api(), world.bearer("researcher"), world.bearer("operator")

    def call(method: str, path: str, who: dict[str, str], status: int = 200, **given):
        answer = api.request(method, f"{BASE}{path}", headers=who, **given)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer

    assert {item["name"] for item in call("GET", "/datasets", {})["items"]} == {"admissions", "tumours"}
    made = call("POST", "/applications", researcher, 201, json=body(world))
    here = f"/applications/{made['application_id']}"
    call("PUT", here, researcher, json=body(world))
    assert call("POST", f"{here}/submit", researcher)["state"] == "submitted"
    for name in ("officer", "other officer"):
        officer, custodian = world.bearer(name), world.custodians[name]
        seen = call("GET", here, officer)
        assert [part["custodian_id"] for part in seen["parts"]] == [custodian]
        assert call("GET", "/decisions", officer)["total"] == 1
        decision = {"approve": True, "agreement_until": day(90).isoformat(), "read": seen["parts_read"][custodian]}
        stale = call("POST", f"{here}/parts/{custodian}/decision", officer, 409, json=decision | {"read": "0" * 64})
        assert "read it again" in stale["detail"]
        call("POST", f"{here}/parts/{custodian}/decision", officer, 422, json=decision | {"read": "anything"})
        call("POST", f"{here}/parts/{custodian}/decision", officer, json=decision)
        call("POST", f"{here}/approve", operator, 409, json={"read": seen["parts_read"][custodian]})
    whole = call("GET", here, operator)["read"]
    project = call("POST", f"{here}/approve", operator, 201, json={"read": whole})["project_id"]
    assert call("GET", f"/projects/{project}/standing", researcher)["reasons"] == []
    assert call("POST", f"/projects/{project}/workspace/open", researcher)["state"] == "waking"
    call("POST", f"/projects/{project}/workspace/ticket", researcher, 409)
    world.project = project
    world.awake()
    assert "ticket=" in call("POST", f"/projects/{project}/workspace/ticket", researcher, 201)["url"]
    assert call("GET", f"/projects/{project}/workspace/conditions", researcher)["items"] == []
    noted = Conditions(world.house.record)
    noted.note(project, ConditionKind.PROVISIONED, ConditionState.FALSE, "Conflict", "Somebody else made it.")
    [condition] = call("GET", f"/projects/{project}/workspace/conditions", operator)["items"]
    assert (condition["kind"], condition["state"], condition["reason"]) == ("Provisioned", "false", "Conflict")
    call("GET", f"/projects/{project}/workspace/conditions", world.bearer("checker"), 404)
    submission = world.in_review({"table.csv": SAFE})
    assert call("GET", "/submissions", researcher)["items"][0]["submission_id"] == submission.submission_id
    for name in ("checker", "second checker"):
        checker = world.bearer(name)
        [view] = call("GET", "/reviews", checker)["items"]
        [file] = view["submission"]["files"]
        path = f"/reviews/{submission.submission_id}/files/{file['file_id']}"
        assert call("GET", path, checker)["shape"] == "table"
        vote = {"choice": "approve", "comment": "fine", "binding": file["binding"]}
        call("PUT", f"{path}/vote", checker, 204, json=vote)
        hand_in = f"/reviews/{submission.submission_id}/submit"
        seen = call("GET", f"/submissions/{submission.submission_id}", checker)["submission"]["version"]
        call("POST", hand_in, checker, 422)
        call("POST", hand_in, checker, 409, json={"seen": seen + 1})
        call("POST", hand_in, checker, json={"seen": seen})
    assert world.worker().releasing.release(submission.submission_id) is State.RELEASED
    link = call("POST", f"/submissions/{submission.submission_id}/link", researcher, 201)
    call("POST", "/releases/collect", world.bearer("colleague"), 403, json={"secret": link["secret"]})
    archive = call("POST", "/releases/collect", researcher, json={"secret": link["secret"]})
    with zipfile.ZipFile(io.BytesIO(archive.content)) as files:
        assert files.read(f"release-{submission.submission_id}/data/files/table.csv") == SAFE
    call("POST", "/releases/collect", researcher, 403, json={"secret": link["secret"]})
    grants = call("GET", f"/projects/{project}", world.bearer("officer"))["grants"]
    call("POST", f"/grants/{grants[0]['grant_id']}/withdraw", world.bearer("officer"), json={"reason": "misuse"})
    world.house.audit.sign_head(FakeSigner())
    assert call("GET", "/audit/verification", world.bearer("officer"))["sound"] is True
    entries = call("GET", f"/audit/entries?subject=project:{project}", operator)["entries"]
    position = json.loads(entries[0])["position"]
    assert call("GET", f"/audit/proofs/{position}", operator)["entry"] == entries[0]
    [head, *_], [key] = call("GET", "/audit/heads", {}), call("GET", "/audit/keys", {})
    from orchestrator.audit.model import checkpoint

    text = checkpoint(head["origin"], head["size"], base64.b64decode(head["root"]))
    assert signature_holds(text, head["signature"], {key["version"]: base64.b64decode(key["public"])})
    assert any(entry["project"] == project for entry in call("GET", "/register", {})["items"])


def test_every_address_but_the_public_ones_wants_a_bearer_and_takes_no_cookie(shared: World) -> None:
    browser = shared.browser("operator")
    description = browser.get(f"{BASE}/openapi.json").json()
    asked = 0
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if path in PUBLIC:
                assert "security" not in operation, path
                continue
            asked += 1
            assert operation["security"] == [{"HTTPBearer": []}], path
            filled = path
            for name in ("application_id", "project_id", "submission_id", "file_id", "custodian_id", "grant_id",
                         "person_id"):  # fmt: skip
                filled = filled.replace("{" + name + "}", "a" * 16)
            filled = filled.replace("{position}", "1").replace("{version}", "1")
            answer = browser.request(method.upper(), f"{BASE}{filled}")
            assert answer.status_code == 401, (method, path, answer.status_code)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"] == "not-signed-in"
    assert asked > 30


@pytest.mark.parametrize("bearer", ["", "nope", "é", "x" * 5000, "a b c", "\x7f"])
def test_a_wrong_bearer_is_nobody(shared: World, bearer: str) -> None:
    answer = shared.api().get(f"{BASE}/me", headers={"authorization": f"Bearer {bearer}".encode()})
    assert answer.status_code == 401
    assert shared.api().get(f"{BASE}/me", headers=shared.bearer("stranger")).status_code == 200


def test_errors_are_problem_documents_with_words_and_reasons(world: World) -> None:
    api, stranger = world.api(), world.bearer("stranger")
    refused = ("refused", "not-found")
    cases = [
        ("GET", f"/projects/{world.project}", None, 404, "not-found"),
        ("POST", f"/applications/{world.application}/approve", {"read": "0" * 64}, (403, 404), refused),
        ("GET", "/audit/entries", None, 403, "refused"),
        ("POST", "/applications", {"answers": {}}, 422, "invalid"),
        ("GET", "/nothing", None, 404, "not-found"),
        ("PATCH", "/me", None, 405, "method-not-allowed"),
        ("GET", "/projects/UPPER", None, 422, "invalid"),
    ]
    for method, path, given, status, word in cases:
        answer = api.request(method, f"{BASE}{path}", json=given, headers=stranger)
        wanted = status if isinstance(status, tuple) else (status,)
        assert answer.status_code in wanted, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["error"] in (word if isinstance(word, tuple) else (word,))
        assert answer.json()["detail"]
    operator = world.bearer("operator")
    again = api.post(f"{BASE}/applications/{world.application}/approve", json={"read": "0" * 64}, headers=operator)
    assert (again.status_code, again.json()["error"]) == (409, "not-possible")


def test_an_officer_sees_the_own_part_only_in_json_too(shared: World) -> None:
    answer = shared.api().get(f"{BASE}/applications/{shared.application}", headers=shared.bearer("officer"))
    assert "Needed from the north." in answer.text
    assert "Needed from the south." not in answer.text
    project = shared.api().get(f"{BASE}/projects/{shared.project}", headers=shared.bearer("officer"))
    assert {grant["custodian_id"] for grant in project.json()["grants"]} == {shared.custodians["officer"]}
    standing = shared.api().get(f"{BASE}/projects/{shared.project}/standing", headers=shared.bearer("officer"))
    assert len(standing.json()["grants"]) == 1


def test_nothing_can_be_added_to_a_document_that_it_does_not_name(shared: World) -> None:
    document = body(shared) | {"state": "approved", "applicant_id": shared.people["operator"]}
    answer = shared.api().post(f"{BASE}/applications", json=document, headers=shared.bearer("researcher"))
    assert answer.status_code == 422


def test_a_blinded_review_is_blinded_in_json_too(world: World) -> None:
    submission = world.in_review()
    world.review("checker", submission, comment="telling words")
    for name in ("second checker", "researcher"):
        answer = world.api().get(f"{BASE}/submissions/{submission.submission_id}", headers=world.bearer(name))
        assert answer.status_code == 200
        assert "telling words" not in answer.text


def test_lists_come_in_pages(shared: World) -> None:
    api = shared.api()
    first = api.get(f"{BASE}/datasets?limit=1").json()
    assert (len(first["items"]), first["total"], first["next"]) == (1, 2, 1)
    second = api.get(f"{BASE}/datasets?limit=1&offset=1").json()
    assert second["next"] is None
    assert first["items"] != second["items"]
