"""A custodian's sheet says what became of its data, tries every rule on every case, and is checked by strangers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import rfc8785
from sqlalchemy import text

from orchestrator.audit.fakes import FakeSigner
from orchestrator.core.clock import FixedClock, day_in_words
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.transparency.sheets.model import Check, SheetContent
from orchestrator.transparency.sheets.verification import verify_sheet
from tests.web.world import World, words


def checks(content: SheetContent) -> dict[str, Check]:
    return {check.check_id: check for check in content.checks}


def begin(world: World, person: str = "researcher") -> None:
    """Record a session that was given everything the project holds, as the controller does."""
    grants = world.house.access.project_record(world.project).grants
    tell(
        world,
        Event(
            kind="session.begun",
            actor=world.people[person],
            subject="session:aaaaaaaaaaaaaaab",
            details={
                "project": world.project,
                "grants": [grant.grant_id for grant in grants],
                "versions": [grant.version_id for grant in grants],
            },
        ),
    )


def tell(world: World, event: Event) -> None:
    with world.house.record.change() as change:
        change.tell(event)


def view(world: World, name: str = "officer") -> SheetContent:
    return world.house.sheets.view(world.actor(name), world.custodians[name])


def test_it_says_who_uses_what_since_when_under_which_grant_and_what_left(world: World) -> None:
    begin(world)
    submission = world.released()
    content = view(world)
    (use,) = content.uses
    assert (use.dataset, use.project, use.organisation) == (
        "Hospital admissions",
        "Survival after treatment",
        "Institute of Health",
    )
    assert (use.decided_by, use.terms_version, use.sessions, use.version) == ("Oskar Officer", 1, 1, 1)
    assert [(person.name, person.role, person.accepted_terms) for person in use.people] == [
        ("Rosa Researcher", "lead", 1),
        ("Carl Colleague", "researcher", 1),
    ]
    (left,) = use.left
    assert (left.submission_id, left.files) == (submission.submission_id, 1)
    assert left.reviewers == ("Chloe Checker", "Chris Checker")
    logged = json.loads(world.house.audit.entries(after=left.log_position - 1, limit=1)[0])
    assert (logged["kind"], logged["details"]["record"]) == ("submission.released", left.record_sha256)
    assert content.holds
    assert {each.check_id: each.cases for each in content.checks} == {
        "decided": 1,
        "approved": 1,
        "terms": 1,
        "within": 1,
        "reviewed": 1,
        "agreed": 0,
        "log": 1,
    }


def test_a_custodian_sees_nothing_of_another(world: World) -> None:
    begin(world)
    world.released()
    own = json.dumps([str(use) for use in view(world).uses])
    for other in ("Tumour", "South Cancer Registry", world.datasets["other officer"], "Orla Officer"):
        assert other not in own
    for name in ("other officer", "researcher", "checker"):
        with pytest.raises(Refused):
            world.house.sheets.view(world.actor(name), world.custodians["officer"])
    sheet = world.house.sheets.issue(world.actor("officer"), world.custodians["officer"])
    for name in ("other officer", "researcher"):
        with pytest.raises(NotFound):
            world.house.sheets.sheet(world.actor(name), sheet.sheet_id)
        with pytest.raises(NotFound):
            world.house.sheets.signed(world.actor(name), sheet.sheet_id)
        with pytest.raises(Refused):
            world.house.sheets.sheets(world.actor(name), world.custodians["officer"])


def test_delivery_after_a_withdrawal_is_a_failure(world: World) -> None:
    grant = next(
        grant
        for grant in world.house.access.project_record(world.project).grants
        if grant.custodian_id == world.custodians["officer"]
    )
    world.house.access.withdraw_grant(world.actor("officer"), grant.grant_id, "Misused.")
    assert checks(view(world))["within"].holds
    now = world.house.record.clock()
    world.house.record.clock = FixedClock(now + timedelta(minutes=5))
    tell(
        world,
        Event(
            kind="lease.issued",
            actor="system:controller",
            subject=f"project:{world.project}",
            details={"grant": grant.grant_id, "version": grant.version_id},
        ),
    )
    failed = checks(view(world))["within"]
    assert failed.cases == 1
    assert grant.grant_id in failed.failures[0]
    assert not view(world).holds


def test_a_session_before_the_terms_were_accepted_is_a_failure(world: World) -> None:
    world.house.access.add_member(world.actor("operator"), world.project, world.people["stranger"])
    begin(world, "stranger")
    assert "had not accepted the terms" in checks(view(world))["terms"].failures[0]


def test_a_release_that_its_members_checked_is_a_failure(world: World) -> None:
    submission = world.released()
    tell(
        world,
        Event(
            kind="review.submitted",
            actor=world.people["colleague"],
            subject=f"submission:{submission.submission_id}",
            details={"round": 1},
        ),
    )
    assert "a member of the project" in checks(view(world))["reviewed"].failures[0]


def test_a_grant_slipped_into_the_database_and_an_altered_log_are_failures(world: World) -> None:
    from tests.web.world import description

    never_asked_for = world.house.discovery.register_dataset(
        world.actor("officer"),
        custodian_id=world.custodians["officer"],
        name="deaths",
        description=description("Deaths", "North Hospital Trust"),
    )
    with world.house.record.engine.begin() as connection:
        connection.execute(
            text("UPDATE project_grant SET dataset_id = :other WHERE custodian_id = :mine"),
            {"other": never_asked_for.dataset_id, "mine": world.custodians["officer"]},
        )
    assert "no approval of this dataset" in checks(view(world))["decided"].failures[0]
    with world.house.record.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE audit_entry SET body = replace(body, 'part-approved', 'part-refused') WHERE kind LIKE '%part%'"
            )
        )
    assert checks(view(world))["log"].failures


def test_terms_that_ask_for_an_officers_agreement_are_tried(world: World) -> None:
    submission = world.in_review()
    for checker in ("checker", "second checker"):
        world.review(checker, submission)
    from tests.web.world import moment

    world.house.alliance.publish_terms(
        world.actor("officer"),
        world.custodians["officer"],
        text="Ask us.",
        valid_until=moment(340),
        release_signoff=True,
    )
    tell(
        world,
        Event(
            kind="submission.released",
            actor="system:airlock",
            subject=f"submission:{submission.submission_id}",
            details={"files": 1, "record": "0" * 64},
        ),
    )
    assert "no officer" in checks(view(world))["agreed"].failures[0]
    tell(
        world,
        Event(
            kind="sign-off.given",
            actor=world.people["officer"],
            subject=f"submission:{submission.submission_id}",
            details={"round": 1, "custodians": [world.custodians["officer"]], "case": ""},
        ),
    )
    assert checks(view(world))["agreed"].holds
    assert checks(view(world))["agreed"].cases == 1


def signed_sheet(world: World, signer: FakeSigner) -> bytes:
    sheet = world.house.sheets.issue(world.actor("officer"), world.custodians["officer"])
    world.house.audit.sign_head(signer)
    return world.house.sheets.signed(world.actor("officer"), sheet.sheet_id)


def test_strangers_check_a_sheet_with_the_public_key_alone(world: World) -> None:
    begin(world)
    signer = FakeSigner()
    raw = signed_sheet(world, signer)
    content, problems = verify_sheet(raw, signer.public_keys())
    assert problems == []
    assert content.custodian == "North Hospital Trust"
    assert content.holds
    world.house.access.suspend_project(world.actor("operator"), world.project, "Later.")
    again, _ = verify_sheet(raw, signer.public_keys())
    assert again == content


def test_without_a_signed_head_it_says_to_wait(world: World) -> None:
    sheet = world.house.sheets.issue(world.actor("officer"), world.custodians["officer"])
    with pytest.raises(NotPossible, match="signs one every few seconds"):
        world.house.sheets.signed(world.actor("officer"), sheet.sheet_id)


def test_every_change_of_a_sheet_is_found(world: World) -> None:
    signer = FakeSigner()
    raw = signed_sheet(world, signer)
    assert verify_sheet(raw, FakeSigner().public_keys())[1]
    assert verify_sheet(raw, {})[1]
    for change in (
        lambda d: d["document"].update(custodian="Another"),
        lambda d: d["document"]["checks"][0].update(cases=99),
        lambda d: d["document"].update(uses=[]),
        lambda d: d["proof"].update(position=d["proof"]["position"] - 1),
        lambda d: d["proof"]["head"].update(size=d["proof"]["head"]["size"] - 1),
        lambda d: d["proof"]["head"].update(origin="tre/other"),
        lambda d: d["proof"].update(entry=d["proof"]["entry"].replace("sheet.issued", "terms.issued")),
        lambda d: d["proof"]["path"].reverse() or d["proof"]["path"].append("AAAA"),
    ):
        document = json.loads(raw)
        change(document)
        assert verify_sheet(rfc8785.dumps(document), signer.public_keys())[1]


def test_a_sheet_cannot_be_swapped_for_an_older_one_of_the_same_log(world: World) -> None:
    signer = FakeSigner()
    first, second = (json.loads(signed_sheet(world, signer)) for _ in range(2))
    crossed = rfc8785.dumps({"document": first["document"], "proof": second["proof"]})
    problems = verify_sheet(crossed, signer.public_keys())[1]
    assert any("SHA-256 differs" in problem for problem in problems)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"document": {}, "proof": {}}',
        b'{"document": {"a": NaN}, "proof": {}}',
        b'{"document": [], "proof": {"entry": "{}", "position": 0, "path": [], "head": {}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_sheet_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(Invalid, match="no signed document"):
        verify_sheet(raw, FakeSigner().public_keys())


def test_the_custodians_page_shows_it_and_hands_it_over(world: World) -> None:
    begin(world)
    north = world.custodians["officer"]
    browser, here = world.browser("officer"), f"/custodians/{north}/use"
    assert here in browser.get(f"/custodians/{north}").text
    page = words(browser.get(here).text)
    for expected in ("Proof of compliance", "Hospital admissions, version 1", "Rosa Researcher, lead", "No case yet"):
        assert expected in page
    assert "Tumour" not in page
    answer = browser.submit(f"/custodians/{north}/sheets", page=here)
    assert answer.status_code == 303
    sheet = answer.headers["location"].partition("?")[0]
    issued = words(browser.get(sheet).text)
    assert "Oskar Officer" in issued
    (use,) = view(world).uses
    since = day_in_words(datetime.fromisoformat(use.granted_at))
    until = day_in_words(datetime.fromisoformat(use.until) - timedelta(microseconds=1))
    assert f"Since {since} Until {until} Grant" in issued
    assert browser.get(f"{sheet}/signed.json").status_code == 409
    signer = FakeSigner()
    world.house.audit.sign_head(signer)
    handed = browser.get(f"{sheet}/signed.json")
    assert "attachment" in handed.headers["content-disposition"]
    assert verify_sheet(handed.content, signer.public_keys())[1] == []
    assert sheet in browser.get(here).text
    assert world.browser("operator").get(here).status_code == 200
    for name in ("other officer", "researcher"):
        assert world.browser(name).get(here).status_code == 403
        assert world.browser(name).get(sheet).status_code == 404
    assert world.browser().get(here).status_code == 303
