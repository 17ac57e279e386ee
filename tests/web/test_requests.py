"""Questions, comments, changes, lay panels and amendments as their people meet them on pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.access.forms.model import FormItem, Kind, Question, Section
from tests.web.test_escaping import CANARY, check_harmless
from tests.web.world import World, answers, words


@pytest.fixture
def asking(world: World) -> World:
    """The north asks with a lay panel of one, the south asks one thing of its own."""
    north, south = world.browser("officer"), world.browser("other officer")
    for browser, key, own in ((north, "officer", "Which wards?"), (south, "other officer", "Which tumours?")):
        here = f"/custodians/{world.custodians[key]}"
        made = browser.submit(
            f"{here}/questions",
            page=f"{here}/form",
            title=own,
            section="safe data",
            kind="text",
            guidance="",
            options="",
        )
        assert made.status_code == 303, words(made.text)
        page = browser.get(f"{here}/form").text
        question = next(part.split('"')[0] for part in page.split('value="') if part.startswith("own-"))
        made = browser.submit(
            f"{here}/form",
            page=f"{here}/form",
            questions=["public-benefit", question],
            needed=[question],
            decide_within="15",
            answer_within="5",
            nation="Scotland",
            panel="1" if key == "officer" else "0",
            **{f"g-{question}": f"Said by {key}."},
        )
        assert made.status_code == 303, words(made.text)
        world.custodians[f"question of {key}"] = question
    here = f"/custodians/{world.custodians['officer']}"
    added = north.submit(f"{here}/panel", page=f"{here}/form", person=world.people["stranger"])
    assert added.status_code == 303
    return world


def submitted(world: World, title: str = "A second question") -> str:
    access, researcher = world.house.access, world.actor("researcher")
    made = access.draft(researcher, replace(answers(world), title=title), list(world.datasets.values()))
    browser = world.browser("researcher")
    here = f"/applications/{made.application_id}"
    saved = browser.submit(
        f"{here}/questions",
        page=f"{here}/questions",
        **{
            "q-public-benefit": "Everybody gains.",
            f"q-{world.custodians['question of officer']}": "North answer.",
            f"q-{world.custodians['question of other officer']}": "South answer.",
        },
    )
    assert saved.status_code == 303, words(saved.text)
    sent = browser.submit(f"{here}/submit", page=here)
    assert sent.status_code == 303, words(sent.text)
    return made.application_id


def test_one_page_asks_every_question_once(asking: World) -> None:
    made = asking.house.access.draft(asking.actor("researcher"), answers(asking), list(asking.datasets.values()))
    page = words(asking.browser("researcher").get(f"/applications/{made.application_id}/questions").text)
    assert page.count("Who is better off by this work, and how?") == 1
    for text in ("Which wards?", "Which tumours?", "Said by officer.", "North Hospital Trust (needed)", "2 still have"):
        assert text in page
    browser = asking.browser("researcher")
    here = f"/applications/{made.application_id}"
    refused = browser.submit(f"{here}/submit", page=here)
    assert refused.status_code == 422
    assert "still has to be answered" in words(refused.text)


def test_changes_go_back_and_forth_on_the_parts_page(asking: World) -> None:
    application = submitted(asking)
    here = f"/applications/{application}/parts/{asking.custodians['officer']}"
    officer, researcher = asking.browser("officer"), asking.browser("researcher")
    page = words(officer.get(here).text)
    assert "North answer." in page
    assert "It waited 0 of 15 working days" in page
    question = asking.custodians["question of officer"]
    assert (
        officer.submit(f"{here}/comment", page=here, text="Hm.", question=question, internal="yes").status_code == 303
    )
    nothing = officer.submit(f"{here}/ask-changes", page=here, words="Say more.")
    assert nothing.status_code == 422
    asked = officer.submit(f"{here}/ask-changes", page=here, words="Say more.", questions=question, fields="purpose")
    assert asked.status_code == 303, words(asked.text)
    mine = words(researcher.get(here).text)
    assert "Say more." in mine
    assert "Hm." not in mine
    assert "waiting for your changes" in words(researcher.get("/").text).lower()
    above = researcher.get(f"/applications/{application}").text.partition("<h2>Answers</h2>")[0]
    assert "asked for changes" in words(above)
    assert f'href="{here}"' in above
    assert "asked for changes" not in words(officer.get(f"/applications/{application}").text.partition("<h2>")[0])
    questions = f"/applications/{application}/questions"
    assert "Which tumours?" not in words(researcher.get(questions).text)
    saved = researcher.submit(questions, page=questions, **{f"q-{question}": "All wards."})
    assert saved.status_code == 303
    sent = researcher.submit(f"{here}/answer-changes", page=here, purpose="To compare fewer treatments.", answer="Yes")
    assert sent.status_code == 303, words(sent.text)
    page = words(officer.get(here).text)
    assert "All wards. (changed since it was first submitted)" in page
    assert "fewer treatments" in words(officer.get(f"/applications/{application}").text)


def test_one_custodian_sees_nothing_of_another_on_any_page(asking: World) -> None:
    application = submitted(asking)
    south = asking.custodians["other officer"]
    mine, theirs = asking.browser("other officer"), asking.browser("officer")
    said = f"/applications/{application}/parts/{south}"
    assert mine.submit(f"{said}/comment", page=said, text="A southern word.", question="").status_code == 303
    for path in (
        f"/applications/{application}",
        f"/applications/{application}/parts/{asking.custodians['officer']}",
        f"/decisions/{application}/{asking.custodians['officer']}",
        "/applications",
        "/decisions",
    ):
        page = words(theirs.get(path).text)
        for hidden in ("South", "tumour", "southern word", south, asking.datasets["other officer"]):
            assert hidden not in page, (path, hidden)
    for path in (said, f"/decisions/{application}/{south}", f"/custodians/{south}/form"):
        assert theirs.get(path).status_code in (403, 404), path
    for path in ("comment", "ask-changes", "answer-changes", "withdraw"):
        sent = theirs.submit(f"{said}/{path}", page="/applications", text="x", words="xxx", questions="public-benefit")
        assert sent.status_code in (403, 404), path


def test_a_lay_member_advises_on_a_page_of_his_own(asking: World) -> None:
    application = submitted(asking)
    here = f"/panel/{application}/{asking.custodians['officer']}"
    lay = asking.browser("stranger")
    assert "waiting for your advice" in words(lay.get("/").text).lower()
    assert "A second question" in words(lay.get("/panel").text)
    page = words(lay.get(here).text)
    assert "North answer." in page
    for hidden in ("South", "Tumour", "South answer"):
        assert hidden not in page
    assert lay.submit(here, page=here, opinion="", words="Good.").status_code == 422
    given = lay.submit(here, page=here, opinion="support-with-concerns", words="Mind the small wards.")
    assert given.status_code == 303, words(given.text)
    assert "A second question" not in words(lay.get("/panel").text)
    part = f"/applications/{application}/parts/{asking.custodians['officer']}"
    assert "Mind the small wards." in words(asking.browser("officer").get(part).text)
    assert "Mind the small wards." not in words(asking.browser("researcher").get(part).text)
    for other in ("colleague", "checker", "other officer"):
        assert asking.browser(other).get(here).status_code == 404


def test_a_lead_asks_for_more_time_on_a_page(world: World) -> None:
    browser = world.browser("researcher")
    page = f"/projects/{world.project}/amend?kind=renewal"
    shown = browser.get(page)
    assert shown.status_code == 200, words(shown.text)
    assert "To compare treatments." in shown.text
    made = world.house.access.answers_of(world.actor("researcher"), world.project)
    sent = browser.submit(
        page,
        page=page,
        title=made.title,
        lay_summary=made.lay_summary,
        purpose=made.purpose,
        organisation=made.organisation,
        ethics_reference=made.ethics_reference,
        ethics_until=str(made.ethics_until),
        start=str(made.start),
        end=str(made.ethics_until),
        members=world.people["colleague"],
    )
    assert sent.status_code == 303, words(sent.text)
    assert "more time for a running project" in words(browser.get(sent.headers["location"]).text)
    assert world.browser("colleague").get(page).status_code == 403
    assert world.browser("stranger").get(page).status_code == 404
    assert browser.get(f"/projects/{world.project}/amend?kind=anything").status_code in (404, 422)


def test_hostile_words_are_shown_as_words(asking: World) -> None:
    application = submitted(asking)
    here = f"/applications/{application}/parts/{asking.custodians['officer']}"
    officer, researcher = asking.browser("officer"), asking.browser("researcher")
    researcher.submit(f"{here}/comment", page=here, text=CANARY, question="")
    for browser in (officer, researcher):
        check_harmless(browser.get(here).text)
    form = f"/custodians/{asking.custodians['officer']}"
    asked = officer.submit(
        f"{form}/questions", page=f"{form}/form", title=CANARY, section="safe data", kind="choice", options=CANARY,
        guidance=CANARY,
    )  # fmt: skip
    assert asked.status_code == 303
    check_harmless(officer.get(f"{form}/form").text)
    question = asking.custodians["question of officer"]
    officer.submit(f"{here}/ask-changes", page=here, words=CANARY, questions=question)
    check_harmless(researcher.get(here).text)
    questions = f"/applications/{application}/questions"
    researcher.submit(questions, page=questions, **{f"q-{question}": CANARY})
    check_harmless(researcher.get(questions).text)


def test_one_custodian_is_given_nothing_of_another_over_the_api(asking: World) -> None:
    application = submitted(asking)
    api, north, south = asking.api(), asking.custodians["officer"], asking.custodians["other officer"]
    base, mine = "/api/v1", asking.bearer("other officer")
    said = api.post(
        f"{base}/applications/{application}/parts/{south}/comments", json={"text": "A southern word."}, headers=mine
    )
    assert said.status_code == 201, said.text
    theirs = asking.bearer("officer")
    for path in ("", "/answers", f"/parts/{north}/comments", f"/parts/{north}/changes", f"/parts/{north}/course"):
        found = api.get(f"{base}/applications/{application}{path}", headers=theirs)
        assert found.status_code == 200, found.text
        for hidden in ("South", "tumour", "southern word", south, asking.datasets["other officer"]):
            assert hidden not in found.text, (path, hidden)
    assert "North answer." in api.get(f"{base}/applications/{application}/answers", headers=theirs).text
    for path in ("comments", "changes", "course"):
        assert api.get(f"{base}/applications/{application}/parts/{south}/{path}", headers=theirs).status_code == 404
    assert api.get(f"{base}/custodians/{south}/form", headers=theirs).status_code == 403
    for path in ("/audit", "/audit/entries"):
        assert api.get(f"{base}{path}", headers=theirs).status_code in (403, 404)
    assert asking.browser("officer").get("/audit").status_code == 403


def test_the_whole_exchange_can_be_scripted(asking: World) -> None:
    application, north = submitted(asking), asking.custodians["officer"]
    question = asking.custodians["question of officer"]
    api, base = asking.api(), f"/api/v1/applications/{application}"
    officer, researcher = asking.bearer("officer"), asking.bearer("researcher")
    read = {"read": api.get(base, headers=officer).json()["parts_read"][north]}
    wanted = {"words": "Say more.", "questions": [question]}
    assert api.post(f"{base}/parts/{north}/changes", json=wanted, headers=officer).status_code == 422
    asked = api.post(f"{base}/parts/{north}/changes", json=wanted | read, headers=officer)
    assert asked.status_code == 201, asked.text
    again = api.post(f"{base}/parts/{north}/changes", json={"words": "Again."} | read, headers=officer)
    assert again.status_code == 409
    kept = api.put(f"{base}/answers", json={"answers": {question: "All wards."}}, headers=researcher)
    assert kept.status_code == 200, kept.text
    frozen = api.put(f"{base}/answers", json={"answers": {"public-benefit": "Other."}}, headers=researcher)
    assert frozen.status_code == 409
    assert frozen.json()["error"] == "not-possible"
    sent = api.post(f"{base}/parts/{north}/changes/answer", json={"words": "Done."}, headers=researcher)
    assert sent.status_code == 200, sent.text
    seen = api.get(f"{base}/answers", headers=officer).json()["questions"]
    assert [each["answer"] for each in seen if each["changed"]] == ["All wards."]
    lay = asking.bearer("stranger")
    [waiting] = api.get("/api/v1/panel", headers=lay).json()["items"]
    advised = api.post(
        f"/api/v1/panel/{waiting['application_id']}/{north}",
        json={"opinion": "support", "words": "Good.", "read": waiting["read"]},
        headers=lay,
    )
    assert advised.status_code == 201, advised.text
    course = api.get(f"{base}/parts/{north}/course", headers=officer).json()
    assert [step["state"] for step in course["steps"]] == ["waiting", "returned", "waiting"]
    form = api.get(f"/api/v1/custodians/{north}/form", headers=officer).json()
    assert (form["panel"], form["nation"]) == (1, "Scotland")
    bad = api.put(f"/api/v1/custodians/{north}/form", json={"items": [{"question_id": "funder"}]}, headers=officer)
    assert bad.status_code == 422
    assert "ask that too" in bad.json()["detail"]


def test_people_are_added_and_taken_out_on_the_page_without_a_script(asking: World) -> None:
    north, officer = asking.custodians["officer"], asking.actor("officer")
    forms = asking.house.access.forms
    for name, title in (("each-name", "Full name"), ("each-post", "Post <b>held</b>")):
        forms.define(
            officer,
            Question(
                question_id=name,
                owner=north,
                section=Section.PEOPLE,
                group="The team",
                title=title,
                kind=Kind.LINE,
                repeats="person",
            ),
        )
    forms.publish(officer, north, [FormItem(question_id=name, version=0) for name in ("each-name", "each-post")])
    made = asking.house.access.draft(
        asking.actor("researcher"), answers(asking), [asking.datasets["officer"]]
    ).application_id
    here, browser = f"/applications/{made}/questions", asking.browser("researcher")
    page = browser.get(here).text
    assert "The team: person 1" in words(page)
    assert "Post <b>held</b> (person 1)" in words(page)
    first = {"q-each-name": "Ann", "q-each-post": "Nurse"}
    added = browser.submit(here, page=here, **first, add="each-post")
    assert added.status_code == 303
    there = added.headers["location"]
    page = browser.get(there).text
    assert "The team: person 2" in words(page)
    assert 'name="more" value="each-post"' in page
    assert 'value="Ann"' in page
    second = {"q-each-name.2": "Ben", "q-each-post.2": "Doctor", "more": "each-post"}
    wrong = browser.submit(here, page=there, **first, **(second | {"q-each-name.2": "B\x07"}))
    assert wrong.status_code == 422
    assert "(person 2)" in words(wrong.text)
    assert browser.submit(here, page=there, **first, **second).status_code == 303
    given = asking.house.access.answers.sheet(asking.actor("researcher"), made).answers
    assert given == {"each-name": "Ann", "each-post": "Nurse", "each-name.2": "Ben", "each-post.2": "Doctor"}
    gone = browser.submit(here, page=here, **first, **second, remove="each-post")
    assert gone.status_code == 303, words(gone.text)
    given = asking.house.access.answers.sheet(asking.actor("researcher"), made).answers
    assert given == {"each-name": "Ben", "each-post": "Doctor"}
    assert "person 2" not in words(browser.get(here).text)
    browser.submit(here, page=here, remove="each-name")
    browser.submit(here, page=there, **second, remove="each-name")
    given = asking.house.access.answers.sheet(asking.actor("researcher"), made).answers
    assert given == {"each-name": "Ben", "each-post": "Doctor"}, "nobody was there before him"
    for bad in ("each-post.9", "nothing", "<script>"):
        assert browser.submit(here, page=here, remove=bad, **first).status_code == 422
        assert browser.get(f"{here}?more={bad}").status_code == 200
    api, bearer = asking.api(), asking.bearer("researcher")
    body = {"answers": {"each-name.2": "Cat", "each-name.31": "Zoe"}}
    address = f"/api/v1/applications/{made}/answers"
    assert api.put(address, json=body, headers=bearer).status_code == 422
    del body["answers"]["each-name.31"]
    kept = api.put(address, json=body, headers=bearer)
    assert kept.status_code == 200, kept.text
    told = {each["question"]["question_id"]: each["answer"] for each in kept.json()["questions"]}
    assert told == {"each-name": "Ben", "each-post": "Doctor", "each-name.2": "Cat", "each-post.2": None}


def _team(asking: World) -> str:
    """A draft that asks for a team, which the officer wrote on his page."""
    north, officer = asking.custodians["officer"], asking.browser("officer")
    form = f"/custodians/{north}/form"
    asked = {"section": "safe people", "kind": "line", "title": "Full name", "group": "The team", "repeats": "person"}
    for bad in ("two words", "<b>", "x" * 31):
        refused = officer.submit(f"/custodians/{north}/questions", page=form, **(asked | {"repeats": bad}))
        assert refused.status_code == 422
        assert "“Full name” is asked again for what one word says" in words(refused.text)
    assert officer.submit(f"/custodians/{north}/questions", page=form, **asked).status_code == 303
    forms, actor = asking.house.access.forms, asking.actor("officer")
    (own,) = [each for each in forms.questions(actor, custodian_id=north) if each.title == "Full name"]
    assert (own.repeats, own.group) == ("person", "The team")
    forms.publish(actor, north, [FormItem(question_id=own.question_id, version=0)])
    drafted = asking.house.access.draft(
        asking.actor("researcher"), answers(asking), [asking.datasets["officer"]]
    ).application_id
    return f"{drafted} {own.question_id}"


def test_people_are_added_and_taken_out_by_script(asking: World) -> None:
    made, name = _team(asking).split()
    api, bearer = asking.api(), asking.bearer("researcher")
    address = f"/api/v1/applications/{made}/answers"

    def told(answer: Any) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        return {each["question"]["question_id"]: each["answer"] for each in answer.json()["questions"]}

    assert told(api.put(address, json={"answers": {name: "Ann"}}, headers=bearer)) == {name: "Ann"}
    assert told(api.get(f"{address}?more={name}", headers=bearer)) == {name: "Ann", f"{name}.2": None}
    assert told(api.get(address, headers=bearer)) == {name: "Ann"}
    assert told(api.put(address, json={"answers": {f"{name}.2": "Ben"}}, headers=bearer))[f"{name}.2"] == "Ben"
    out = f"{address}/take-out"
    assert told(api.post(out, json={"question_id": name}, headers=bearer)) == {name: "Ben"}
    for bad in ("funded", f"{name}.9", "<script>", ""):
        refused = api.post(out, json={"question_id": bad}, headers=bearer)
        assert refused.status_code == 422, refused.text
    assert api.get(f"{address}?more=funded", headers=bearer).status_code == 422
    other = api.post(out, json={"question_id": name}, headers=asking.bearer("officer"))
    assert other.status_code in {403, 404}
    assert told(api.get(address, headers=bearer)) == {name: "Ben"}


def test_a_form_with_everybody_in_it_is_read(asking: World) -> None:
    north, officer, names = asking.custodians["officer"], asking.actor("officer"), [f"one-{n}" for n in range(20)]
    forms = asking.house.access.forms
    for name in names:
        made_of = Question(
            question_id=name, owner=north, title=name, section=Section.PEOPLE, kind=Kind.LINE, repeats="person"
        )
        forms.define(officer, made_of)
    forms.publish(officer, north, [FormItem(question_id=name, version=0) for name in names])
    made = asking.house.access.draft(
        asking.actor("researcher"), answers(asking), [asking.datasets["officer"]]
    ).application_id
    asking.house.access.answers.answer(asking.actor("researcher"), made, {"one-0.30": "Zoe"})
    here, browser = f"/applications/{made}/questions", asking.browser("researcher")
    page = browser.get(here).text
    fields = {f"q-{name}{suffix}": "x" for name in names for suffix in ("", *(f".{n}" for n in range(2, 31)))}
    assert all(f'name="{field}"' in page for field in fields)
    assert "add one more" not in words(page)
    assert browser.submit(here, page=here, **fields).status_code == 303
    assert len(asking.house.access.answers.sheet(asking.actor("researcher"), made).answers) == 600
