"""The whole way through the pages: apply, decide, approve, open, submit, review, collect, verify."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile

import pytest

from orchestrator.airlock.states import State
from orchestrator.audit.fakes import FakeSigner
from tests.web.world import ORIGIN, PNG, SAFE, SUMMARY, World, day, words


def place_of(answer) -> str:
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["location"].split("?")[0].split("#")[0]


def test_an_application_goes_from_draft_to_project_through_the_pages(world: World) -> None:
    researcher, operator = world.browser("researcher"), world.browser("operator")
    north, south = world.custodians["officer"], world.custodians["other officer"]
    fields = {
        "title": "A new question",
        "lay_summary": SUMMARY,
        "purpose": "To find out.",
        "organisation": "Institute of Health",
        "ethics_reference": "REC 26/9",
        "ethics_until": day(300).isoformat(),
        "start": day(0).isoformat(),
        "end": day(100).isoformat(),
        "datasets": list(world.datasets.values()),
        f"why_{north}": "For the north.",
        f"why_{south}": "For the south.",
    }
    here = place_of(researcher.submit("/applications/new", page="/applications/new", **fields))
    assert "Draft" in words(researcher.get(here).text)
    place_of(researcher.submit(f"{here}/edit", page=f"{here}/edit", **(fields | {"title": "A better question"})))
    place_of(researcher.submit(f"{here}/submit", page=here))
    refused = researcher.submit(f"{here}/submit", page=here)
    assert refused.status_code in (409, 422)
    for name, custodian in (("officer", north), ("other officer", south)):
        officer = world.browser(name)
        assert "A better question" in words(officer.get("/decisions").text)
        decision = f"/decisions/{here.rpartition('/')[2]}/{custodian}"
        missing = officer.submit(decision, page=decision, decision="approve")
        assert missing.status_code == 422
        assert "There is a problem" in missing.text
        place_of(
            officer.submit(decision, page=decision, decision="approve", agreement_until=day(90).isoformat(), reason="")
        )
    assert researcher.submit(f"{here}/approve", page=here).status_code == 403
    project = place_of(operator.submit(f"{here}/approve", page=here))
    text = words(researcher.get(project).text)
    assert "A better question" in text
    assert "Hospital admissions" in text
    assert "A better question" in words(world.browser().get("/register").text)


def test_the_other_officers_part_is_not_his_to_decide(world: World) -> None:
    path = f"/decisions/{world.application}/{world.custodians['other officer']}"
    assert world.browser("officer").get(path).status_code == 404
    assert world.browser("other officer").get(path).status_code == 200
    assert world.browser("officer").submit(path, decision="refuse", reason="not mine").status_code in (403, 404, 409)


def test_a_workspace_is_opened_waited_for_and_entered_without_a_script(world: World) -> None:
    browser, here = world.browser("researcher"), f"/projects/{world.project}"
    assert place_of(browser.submit(f"{here}/open", page=here)) == f"{here}/waiting"
    waiting = browser.get(f"{here}/waiting").text
    assert 'http-equiv="refresh"' in waiting
    assert browser.get(f"{here}/workspace.json").json()["state"] == "waking"
    assert browser.submit(f"{here}/enter").status_code == 409
    world.awake()
    ready = browser.get(f"{here}/waiting")
    assert f"http://{world.project}.localhost:" in ready.headers["content-security-policy"]
    assert 'http-equiv="refresh"' not in ready.text
    entered = browser.submit(f"{here}/enter", page=f"{here}/waiting")
    assert re.fullmatch(
        rf"http://{world.project}\.localhost:\d+/_gate/enter\?ticket=[\w-]{{20,}}", entered.headers["location"]
    )
    assert browser.submit(f"{here}/enter").headers["location"] != entered.headers["location"]


@pytest.mark.parametrize("name", ["stranger", "officer", "operator"])
def test_nobody_but_a_member_opens_or_enters_a_workspace(world: World, name: str) -> None:
    browser, here = world.browser(name), f"/projects/{world.project}"
    assert browser.submit(f"{here}/open").status_code in (403, 404)
    assert world.browser("researcher").submit(f"{here}/open").status_code == 303
    world.awake()
    assert browser.submit(f"{here}/enter").status_code in (403, 404)
    assert world.browser("researcher").submit(f"{here}/enter").status_code == 303


def test_results_are_reviewed_file_by_file_and_collected_once_by_their_author(world: World) -> None:
    submission = world.in_review({"table.csv": SAFE, "figure.png": PNG})
    here = f"/reviews/{submission.submission_id}"
    for name in ("checker", "second checker"):
        checker = world.browser(name)
        assert "0 of 2 files" in words(checker.get("/reviews").text)
        assert checker.submit(f"{here}/submit", page=here).status_code in (409, 422)
        for file in submission.files:
            path = f"{here}/files/{file.file_id}"
            html = checker.get(path).text
            binding = re.search(r'name="binding" value="([^"]+)"', html)[1]
            wrong = checker.submit(f"{path}/vote", page=path, choice="approve", binding="0" * 64, comment="")
            assert wrong.status_code in (409, 422), wrong.status_code
            place_of(checker.submit(f"{path}/vote", page=path, choice="approve", binding=binding, comment="fine"))
        place_of(checker.submit(f"{here}/submit", page=here))
        assert checker.submit(f"{here}/submit", page="/reviews", seen="0").status_code in (403, 409)
    assert world.worker().releasing.release(submission.submission_id) is State.RELEASED
    author, own = world.browser("researcher"), f"/submissions/{submission.submission_id}"
    assert "Released" in words(author.get(own).text)
    link = place_of(author.submit(f"{own}/link", page=own))
    assert author.get(link).status_code == 200
    assert world.browser("colleague").submit(link).status_code == 403
    answer = author.submit(link, page=link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    inside = f"release-{submission.submission_id}/data"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read(f"{inside}/files/table.csv") == SAFE
        record = json.loads(archive.read(f"{inside}/record.json"))
    assert hashlib.sha256(SAFE).hexdigest() in json.dumps(record)
    assert author.submit(link, page=own).status_code == 403
    assert place_of(author.submit(f"{own}/link", page=own)) != link
    assert author.get(f"{own}/record.json").json() == record


def test_a_checker_sees_no_other_review_before_handing_in_his_own(world: World) -> None:
    submission = world.in_review()
    world.review("checker", submission, comment="telling words of the first")
    second, here = world.browser("second checker"), f"/reviews/{submission.submission_id}"
    assert "telling words" not in second.get(here).text
    assert "telling words" not in second.get(f"{here}/files/{submission.files[0].file_id}").text
    author = world.browser("researcher").get(f"/submissions/{submission.submission_id}").text
    assert "telling words" not in author
    world.review("second checker", submission, comment="telling words of the second")
    decided = world.browser("researcher").get(f"/submissions/{submission.submission_id}").text
    assert "telling words of the first" in decided
    assert "Chloe Checker" not in decided
    assert "telling words of the first" in second.get(here).text


@pytest.mark.parametrize("name", ["colleague", "stranger", "officer", "researcher", "operator"])
def test_nobody_but_a_checker_opens_a_submitted_file(world: World, name: str) -> None:
    submission = world.in_review()
    path = f"/reviews/{submission.submission_id}/files/{submission.files[0].file_id}"
    assert world.browser(name).get(path).status_code in (403, 404)
    assert world.browser("checker").get(path).status_code == 200


def test_a_picture_is_served_as_what_it_is_and_anything_else_is_not_served_at_all(world: World) -> None:
    submission = world.in_review({"figure.png": PNG, "table.csv": SAFE})
    checker = world.browser("checker")
    picture, table = (f"/reviews/{submission.submission_id}/files/{f.file_id}/image" for f in submission.files)
    answer = checker.get(picture)
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert checker.get(table).status_code == 404


def test_a_person_gets_a_role_by_two_operators_and_training_by_one(world: World) -> None:
    first, second = world.browser("operator"), world.browser("second operator")
    made = place_of(
        first.submit(
            "/people", page="/people", name="Nina New", email="n@example.org", issuer="development", subject="n"
        )
    )
    place_of(first.submit(f"{made}/roles", page=made, role="checker", custodian="", until=day(100).isoformat()))
    page = first.get(made).text
    confirm = re.search(r'action="(/roles/[a-z2-7]+/confirm)"', page)[1]
    assert first.submit(confirm, page=made).status_code == 403
    assert "Waits for a second operator" in words(second.get("/people").text)
    place_of(second.submit(confirm, page=made))
    assert "Held" in words(first.get(made).text)
    place_of(first.submit(f"{made}/training", page=made, course="Safe researcher", until=day(100).isoformat()))
    end = re.search(rf'action="({made}/training/[a-z2-7]+/end)"', first.get(made).text)[1]
    place_of(first.submit(end, page=made))
    place_of(first.submit(f"{made}/suspend", page=made, reason="left the institute"))
    place_of(first.submit(f"{made}/resume", page=made))
    assert first.submit(f"{made}/confirm-resume", page=made).status_code == 403
    place_of(second.submit(f"{made}/confirm-resume", page=made))


def test_a_grant_is_withdrawn_by_its_officer_and_a_project_kept_by_operators(world: World) -> None:
    officer, operator = world.browser("officer"), world.browser("operator")
    custodian, project = f"/custodians/{world.custodians['officer']}", f"/projects/{world.project}"
    withdraw = re.search(r'action="(/grants/[a-z2-7]+/withdraw)"', officer.get(custodian).text)[1]
    assert world.browser("other officer").submit(withdraw, reason="mine?").status_code in (403, 404)
    assert officer.submit(withdraw, page=custodian, reason="").status_code == 422
    place_of(officer.submit(withdraw, page=custodian, reason="misuse reported"))
    assert "misuse reported" in words(world.browser("researcher").get(project).text)
    place_of(operator.submit(f"{project}/suspend", page=project, reason="to be looked into"))
    assert "to be looked into" in words(world.browser("researcher").get(project).text)
    place_of(operator.submit(f"{project}/resume", page=project))
    place_of(operator.submit(f"{project}/members", page=project, person=world.people["stranger"], role="researcher"))
    place_of(operator.submit(f"{project}/members/{world.people['stranger']}/end", page=project))
    earlier = operator.submit(f"{project}/extend", page=project, end=day(140).isoformat())
    assert earlier.status_code == 422
    assert "Give a day after" in words(earlier.text)
    place_of(operator.submit(f"{project}/close", page=project, reason="finished"))
    assert operator.submit(f"{project}/resume", page="/projects").status_code == 409


def test_new_terms_are_published_by_an_officer_only(world: World) -> None:
    path = f"/custodians/{world.custodians['officer']}"
    fields = {
        "text": "Even stricter.",
        "valid_until": day(300).isoformat(),
        "checkers_needed": "3",
        "minimum_count": "7",
    }
    assert world.browser("operator").submit(f"{path}/terms", page=path, **fields).status_code == 403
    officer = world.browser("officer")
    assert officer.submit(f"{path}/terms", page=path, **(fields | {"checkers_needed": "1"})).status_code == 422
    place_of(officer.submit(f"{path}/terms", page=path, **fields))
    assert "Even stricter." in words(world.browser().get(f"/datasets/{world.datasets['officer']}").text)


def test_a_terminals_code_is_confirmed_by_the_signed_in_person(world: World) -> None:
    code, secret = world.house.identity.start_pairing()
    browser = world.browser("researcher")
    wrong = browser.submit("/command-sign-in", page="/command-sign-in", code="BBBB-BBBB")
    assert wrong.status_code == 422
    assert "There is a problem" in wrong.text
    place_of(browser.submit("/command-sign-in", page="/command-sign-in", code=code))
    bearer = world.house.identity.collect_pairing(secret)
    answer = world.api().get("/api/v1/me", headers={"authorization": f"Bearer {bearer}"})
    assert answer.json()["name"] == "Rosa Researcher"


def test_the_log_is_verified_and_an_entry_proved_on_the_pages(world: World) -> None:
    operator = world.browser("operator")
    assert operator.get("/audit/proofs/3.json").status_code == 409
    world.house.audit.sign_head(FakeSigner())
    assert "The log is sound" in words(operator.get("/audit/verify").text)
    assert "The log is sound" in words(world.browser("officer").get("/audit/verify").text)
    assert operator.get("/audit/proofs/3.json").json()["position"] == 3
    assert "project.approved" in words(operator.get(f"/audit?subject=project:{world.project}").text)
    assert operator.get("/audit?after=99999").status_code == 200


def test_every_waiting_thing_stands_on_the_first_page_of_whom_it_waits_for(world: World) -> None:
    world.in_review()
    assert "1 submission" in words(world.browser("checker").get("/").text)
    assert "submission" not in words(world.browser("officer").get("/").text)


def test_malformed_forms_are_answered_with_sentences(world: World) -> None:
    browser = world.browser("researcher")
    for fields in (
        {"title": "a\x00b", "start": "2026-02-31"},
        {"title": "x" * 300},
        {"title": "A", "start": "9999-12-31", "end": "9999-12-31", "ethics_until": "9999-12-31", "datasets": "nope"},
        {"title": "A", "start": "1-1-1", "datasets": ["a"] * 300},
    ):
        answer = browser.submit("/applications/new", page="/applications/new", **fields)
        assert answer.status_code in (404, 422), answer.status_code
    headers = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
    for body in (b"%ff%fe=%00", b"\xff\xfe", b"&".join(b"a=1" for _ in range(600)), b"csrf=" + b"%" * 50):
        assert browser.post("/applications/new", content=body, headers=headers).status_code in (403, 422)
