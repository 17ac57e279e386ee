"""Hostile words in every text field are shown as words, on every page that shows them."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from orchestrator.airlock.model import Choice
from orchestrator.core.errors import Invalid
from tests import deciding
from tests.web.world import SUMMARY, World, answers, moment

CANARY = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{7*7}}"
NAME = "a<b onclick=x>&quot;.csv"


class _Reader(HTMLParser):
    """Reads a page as a browser would, and keeps what could run."""

    def __init__(self) -> None:
        super().__init__()
        self.dangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if any(name.startswith("on") or name == "style" for name in given):
            self.dangers.append(f"{tag}: {sorted(given)}")
        if tag in ("b", "style", "iframe", "object", "base") or (tag == "img" and given.get("src") == "x"):
            self.dangers.append(tag)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.dangers.append(f"script {given}")
        if (given.get("href") or "").lower().startswith(("javascript:", "data:")):
            self.dangers.append(f"link {given['href']}")


def check_harmless(html: str) -> None:
    assert "onerror=alert(1)" in html, "the canary should be shown"
    reader = _Reader()
    reader.feed(html)
    assert reader.dangers == []
    assert "{{7*7}}" in html


def test_an_applications_words_are_escaped_for_everybody_who_reads_them(world: World) -> None:
    hostile = replace(
        answers(world),
        title=CANARY,
        lay_summary=CANARY + SUMMARY,
        purpose=CANARY,
        organisation=CANARY,
        ethics_reference=CANARY,
    )
    researcher, access = world.actor("researcher"), world.house.access
    made = access.draft(
        researcher,
        hostile,
        [world.datasets["officer"]],
        justifications={world.custodians["officer"]: CANARY},
    )
    here = f"/applications/{made.application_id}"
    own, officer, operator = world.browser("researcher"), world.browser("officer"), world.browser("operator")
    for path in (here, f"{here}/edit", "/applications"):
        check_harmless(own.get(path).text)
    access.submit(researcher, made.application_id)
    for path in (f"/decisions/{made.application_id}/{world.custodians['officer']}", "/decisions", here):
        check_harmless(officer.get(path).text)
    deciding.decide(
        access,
        world.actor("officer"),
        made.application_id,
        world.custodians["officer"],
        approve=True,
        reason=CANARY,
        agreement_until=moment(100).date(),
    )
    check_harmless(operator.get(here).text)
    project = deciding.approve_project(access, world.actor("operator"), made.application_id).project_id
    for path in ("/register", f"/projects/{project}", "/projects", "/workspaces"):
        check_harmless(operator.get(path).text)
    assert CANARY.replace('"', '""') in operator.get("/register.csv").text
    for browser, path in ((own, f"/projects/{project}/open"), (officer, f"/custodians/{world.custodians['officer']}")):
        check_harmless(browser.get(path).text)


def test_names_terms_and_reasons_are_escaped(world: World) -> None:
    operator = world.actor("operator")
    made = world.house.identity.register_person(
        operator, CANARY, "x@example.org", "development", CANARY, affiliation=CANARY
    )
    world.house.identity.record_training(operator, made.person_id, CANARY, moment(10))
    world.house.identity.record_accreditation(operator, made.person_id, CANARY[:60], moment(10))
    browser = world.browser("operator")
    for path in ("/people", f"/people/{made.person_id}", "/sign-in"):
        check_harmless(browser.get(path).text)
    world.house.alliance.publish_terms(
        world.actor("officer"), world.custodians["officer"], text=CANARY, valid_until=moment(300)
    )
    custodian = world.house.alliance.register_custodian(operator, CANARY)
    for path in ("/account", f"/datasets/{world.datasets['officer']}", "/custodians"):
        check_harmless(browser.get(path).text)
    assert browser.get(f"/custodians/{custodian.custodian_id}").status_code == 200
    world.house.access.suspend_project(operator, world.project, CANARY)
    check_harmless(browser.get(f"/projects/{world.project}").text)


def test_a_form_that_is_shown_again_escapes_what_was_typed(world: World) -> None:
    answer = world.browser("researcher").submit("/applications/new", title=CANARY, lay_summary=CANARY, start="never")
    assert answer.status_code == 422
    check_harmless(answer.text)
    answer = world.browser("operator").submit("/people", name=CANARY, email=CANARY)
    assert answer.status_code == 422
    check_harmless(answer.text)


def test_a_submissions_words_names_cells_and_comments_are_escaped(world: World) -> None:
    table = f'arm,"{CANARY.replace(chr(34), chr(34) * 2)}"\nplacebo,120\ntreated,118\n'.encode()
    files = {NAME: table, "note.txt": CANARY.encode()}
    submission = world.in_review(files, title=CANARY, context=CANARY)
    checker, author = world.browser("checker"), world.browser("researcher")
    here = f"/reviews/{submission.submission_id}"
    check_harmless(checker.get("/reviews").text)
    check_harmless(checker.get(here).text)
    for file in submission.files:
        page = checker.get(f"{here}/files/{file.file_id}").text
        check_harmless(page)
        assert "<b onclick" not in page
    for name in ("checker", "second checker"):
        world.review(name, submission, Choice.REJECT, CANARY)
    check_harmless(author.get(f"/submissions/{submission.submission_id}").text)
    check_harmless(author.get("/submissions").text)
    check_harmless(world.browser("operator").get(f"/submissions/{submission.submission_id}").text)


def test_characters_that_would_hide_or_reorder_are_shown_as_their_numbers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = replace(answers(world), title="Result \u202egnp.exe\u200b")
    with pytest.raises(Invalid, match="nobody sees"):
        world.house.access.draft(world.actor("researcher"), hostile, [world.datasets["officer"]])
    monkeypatch.setattr("orchestrator.access.rules.unseen", lambda _: "")  # as before such titles were refused
    made = world.house.access.draft(world.actor("researcher"), hostile, [world.datasets["officer"]])
    page = world.browser("researcher").get(f"/applications/{made.application_id}").text
    assert "\u202e" not in page
    assert "⟨U+202E⟩" in page
