"""The register writes itself with each change, names nobody who did not agree, and is never rewritten."""

from __future__ import annotations

import csv
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.access.states import MemberRole
from orchestrator.airlock.model import State
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.core.register_fields import FIELDS, Source
from tests import deciding
from tests.deciding import seen
from tests.web.world import World, answers, day, moment, words

DATA = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def test_our_fields_are_those_of_the_specification() -> None:
    file = DATA / "data-use-register-spec-v2.csv"
    if not file.exists():
        pytest.skip("the register's specification is not on this machine (TRE_TEST_DATA)")
    with file.open(encoding="cp1252", newline="") as stream:
        rows = list(csv.DictReader(stream))
    section = ""
    told = []
    for row in rows:
        section = row["5 Safes"].strip() or section
        told.append((section, row["Field"].strip(), row["Recommeded Field?"].strip() == "Yes"))
    assert [(field.section, field.title, field.recommended) for field in FIELDS] == told
    assert len(FIELDS) == 32


def test_approval_writes_the_entry_in_its_own_transaction(world: World) -> None:
    register = world.house.register
    entry = register.entry(world.project)
    assert entry.latest.revision == 1
    assert entry.value("title") == "Survival after treatment"
    assert entry.value("datasets") == "Hospital admissions, Tumour registrations"
    assert entry.value("access_type") == "TRE"
    assert entry.value("latest_approval") == str(day(0))
    assert entry.value("access_date") == ""
    assert {used.custodian for used in entry.latest.used} == {"North Hospital Trust", "South Cancer Registry"}
    told = [json.loads(body) for body in world.house.audit.entries(subject=f"register:{world.project}")]
    assert [each["details"]["sha256"] for each in told] == [entry.latest.sha256]
    approved = world.house.audit.entries(subject=f"project:{world.project}")
    assert json.loads(approved[0])["at"] == told[0]["at"]


def test_an_approval_whose_entry_cannot_be_written_does_not_happen(world: World, monkeypatch) -> None:
    access, researcher = world.house.access, world.actor("researcher")
    made = access.draft(researcher, answers(world, "Another"), [world.datasets["officer"]])
    access.submit(researcher, made.application_id)
    deciding.decide(
        access,
        world.actor("officer"),
        made.application_id,
        world.custodians["officer"],
        approve=True,
        reason="",
        agreement_until=day(150),
    )

    def broken(*_args: object, **_more: object) -> bytes:
        raise NotPossible("The register cannot be written.")

    monkeypatch.setattr("orchestrator.transparency.service.compose", broken)
    with pytest.raises(NotPossible):
        deciding.approve_project(access, world.actor("operator"), made.application_id)
    assert len(access.projects(world.actor("operator"))) == 1
    assert len(world.house.register.entries()) == 1


def test_extension_suspension_withdrawal_and_closing_are_written_and_the_past_is_kept(world: World) -> None:
    register, access, operator = world.house.register, world.house.access, world.actor("operator")
    access.suspend_project(operator, world.project, "Asked to.")
    access.resume_project(world.actor("second operator"), world.project)
    north = next(
        grant
        for grant in access.project_record(world.project).grants
        if grant.custodian_id == world.custodians["officer"]
    )
    access.withdraw_grant(world.actor("officer"), north.grant_id, "Misused.")
    access.close_project(operator, world.project)
    history = register.history(world.project)
    assert [each.state for each in history] == ["active", "suspended", "active", "active", "closed"]
    assert [each.revision for each in history] == [1, 2, 3, 4, 5]
    withdrawn = [used.withdrawn for used in history[-1].used if used.custodian_id == world.custodians["officer"]]
    assert withdrawn == [True]
    assert not any(used.withdrawn for used in history[0].used)
    assert register.verify() == []


def test_first_mount_and_releases_are_written_and_a_recall_too(world: World) -> None:
    register, record = world.house.register, world.house.record
    with record.change() as change:
        details = {"grant": "g", "version": "v"}
        subject = f"project:{world.project}"
        change.tell(Event(kind="lease.issued", actor="system:controller", subject=subject, details=details))
    assert register.entry(world.project).value("access_date") == str(day(0))
    submission = world.released()
    (release,) = register.entry(world.project).latest.releases
    assert (release.day, release.files, release.recalled) == (str(day(0)), 1, False)
    done = register.done_with(world.datasets["officer"])
    assert (done.released_files, len(done.entries)) == (1, 1)
    from orchestrator.airlock.cases.model import Gravity

    airlock = world.house.airlock
    airlock.recall(world.actor("checker"), submission.submission_id, reason="Wrong rows.", gravity=Gravity("low"))
    assert register.done_with(world.datasets["officer"]).released_files == 1
    airlock.confirm_recall(
        world.actor("lead"),
        submission.submission_id,
        confirm=True,
        reason="Yes, wrong.",
        seen=seen(world.house.record, submission.submission_id),
    )
    assert world.seen(submission).state is State.RECALLED
    (release,) = register.entry(world.project).latest.releases
    assert release.recalled
    assert register.done_with(world.datasets["officer"]).released_files == 0


def test_people_are_named_while_they_agree_and_stand_nowhere_in_the_kept_entries(world: World) -> None:
    register, access, researcher = world.house.register, world.house.access, world.actor("researcher")
    register.state(researcher, world.project, {"applicant_id": "0000-0002-1825-0097"})
    assert register.entry(world.project).value("applicant_names") == ""
    assert register.entry(world.project).value("applicant_id") == ""
    access.agree_to_be_named(researcher, world.project, agree=True)
    assert register.entry(world.project).value("applicant_names") == "Rosa Researcher"
    assert register.entry(world.project).value("applicant_id") == "0000-0002-1825-0097"
    access.agree_to_be_named(researcher, world.project, agree=False)
    assert register.entry(world.project).value("applicant_names") == ""
    with world.house.record.read() as session:
        kept = " ".join(session.scalars(text("SELECT content FROM register_revision")))
        log = " ".join(session.scalars(text("SELECT body FROM audit_entry WHERE kind LIKE 'register.%'")))
    for personal in ("Rosa", "0000-0002-1825-0097"):
        assert personal not in kept
        assert personal not in log


def test_who_left_takes_his_name_back_and_the_entry_is_superseded_not_edited(world: World) -> None:
    register, access, member = world.house.register, world.house.access, world.actor("colleague")
    access.agree_to_be_named(member, world.project, agree=True)
    access.agree_to_be_named(member, world.project, agree=True)
    access.end_member(world.actor("operator"), world.project, member.person_id)
    assert register.entry(world.project).people == ("Carl Colleague",)
    (mine,) = access.namings(member)
    assert (mine.project_id, mine.member, mine.named) == (world.project, False, True)
    with pytest.raises(NotFound):
        access.agree_to_be_named(member, world.project, agree=True)
    before = register.history(world.project)
    access.agree_to_be_named(member, world.project, agree=False)
    access.agree_to_be_named(member, world.project, agree=False)
    assert register.entry(world.project).people == ()
    assert [entry.people for entry in register.entries()] == [()]
    assert [each.named for each in access.namings(member)] == [False]
    history = register.history(world.project)
    assert history[:-1] == before, "what was written stays; a newer state tells those who copied it to look again"
    assert [each.register_id for each in register.news(1)] == [world.project]
    assert register.bring_up_to_date() == 0
    assert register.verify() == []
    for nobody in ("stranger", "checker"):
        with pytest.raises(NotFound):
            access.agree_to_be_named(world.actor(nobody), world.project, agree=False)
    with pytest.raises(Refused, match="is or was a member"):
        access.agree_to_be_named(world.actor("operator"), world.project, agree=False)


def test_what_a_lead_stated_of_himself_does_not_appear_because_the_next_lead_agrees(world: World) -> None:
    register, access, operator = world.house.register, world.house.access, world.actor("operator")
    first, second = world.actor("researcher"), world.actor("colleague")
    register.state(first, world.project, {"applicant_id": "0000-0002-1825-0097"})
    for person in (first, second):
        access.end_member(operator, world.project, person.person_id)
    access.add_member(operator, world.project, second.person_id, role=MemberRole.LEAD)
    access.agree_to_be_named(second, world.project, agree=True)
    for entry in (register.entry(world.project), *register.entries()):
        assert (entry.value("applicant_names"), entry.value("applicant_id")) == ("Carl Colleague", "")
    register.state(second, world.project, {"applicant_id": "0000-0001-5109-3700"})
    assert register.entry(world.project).value("applicant_id") == "0000-0001-5109-3700"


def test_the_lead_states_the_project_and_each_officer_the_own_data(world: World) -> None:
    register = world.house.register
    assert [field.key for field in register.entry(world.project).gaps()] == ["public_benefit"]
    register.state(
        world.actor("researcher"),
        world.project,
        {"public_benefit": "Better care after an operation.", "outputs": "https://example.org/paper"},
    )
    for key, sensitivity, opted in (("officer", "De-Personalised", "Yes"), ("other officer", "anonymous", "no")):
        register.state(
            world.actor(key),
            world.project,
            {"sensitivity": sensitivity, "opt_out": opted, "article_6": "(e) public interest"},
            custodian_id=world.custodians[key],
        )
    entry = register.entry(world.project)
    assert entry.gaps() == ()
    assert entry.value("sensitivity") == "De-Personalised"
    assert entry.value("opt_out") == "North Hospital Trust: Yes; South Cancer Registry: No"
    assert entry.value("article_6") == "(e) public task"
    assert register.done_with(world.datasets["officer"]).outputs == ("https://example.org/paper",)
    register.state(world.actor("researcher"), world.project, {"outputs": ""})
    assert register.entry(world.project).value("outputs") == ""
    assert "example.org" in register.history(world.project)[1].fields["outputs"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"nonsense": "x"}, "no field"),
        ({"title": "Mine"}, "record itself"),
        ({"sensitivity": "Anonymous"}, "not yours"),
        ({"organisation_sector": "A shop"}, "Choose one of"),
        ({"outputs": "javascript:alert(1)"}, "no address"),
        ({"outputs": "https://user:pw@example.org/"}, "no address"),
        ({"public_benefit": "It helped 4 patients."}, "fewer than 10"),
        ({"public_benefit": "x" * 10_001}, "shorten"),
        ({"public_benefit": "a\x00b"}, "control characters"),
        ({"public_benefit": "It helped 4\u200b patients."}, "nobody sees"),
        ({"public_benefit": "Safe. \u202eesnopser s'rehto"}, "nobody sees"),
    ],
)
def test_what_cannot_stand_in_a_field_is_refused_in_words(world: World, values: dict[str, str], said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        world.house.register.state(world.actor("researcher"), world.project, values)
    assert refused.value.field == next(iter(values))
    assert len(world.house.register.history(world.project)) == 1


def test_nobody_states_for_others(world: World) -> None:
    register, north = world.house.register, world.custodians["officer"]
    with pytest.raises(Refused, match="lead or an operator"):
        register.state(world.actor("colleague"), world.project, {"public_benefit": "Much."})
    with pytest.raises(Refused, match="officer of the custodian"):
        register.state(world.actor("other officer"), world.project, {"opt_out": "Yes"}, custodian_id=north)
    with pytest.raises(Refused):
        register.state(world.actor("operator"), world.project, {"opt_out": "Yes"}, custodian_id=north)
    with pytest.raises(NotFound):
        register.state(world.actor("researcher"), "aaaaaaaaaaaaaaaa", {"public_benefit": "Much."})
    west = world.house.alliance.register_custodian(world.actor("operator"), "West").custodian_id
    from tests.web.world import _role

    _role(world, "stranger", "custodian", west)
    with pytest.raises(NotPossible, match="holds no data"):
        register.state(world.actor("stranger"), world.project, {"opt_out": "Yes"}, custodian_id=west)


def test_a_small_count_in_a_lay_summary_is_not_published(world: World) -> None:
    from dataclasses import replace

    access, researcher, officer = world.house.access, world.actor("researcher"), world.actor("officer")
    words = "We look at 12 children with a rare illness, and at 400 others. " + answers(world).lay_summary
    made = access.draft(researcher, replace(answers(world), lay_summary=words), [world.datasets["officer"]])
    access.submit(researcher, made.application_id)
    world.house.alliance.publish_terms(
        officer, world.custodians["officer"], text="Stricter.", valid_until=moment(340), minimum_count=20
    )
    deciding.decide(
        access,
        officer,
        made.application_id,
        world.custodians["officer"],
        approve=True,
        reason="",
        agreement_until=day(100),
    )
    project = deciding.approve_project(access, world.actor("operator"), made.application_id).project_id
    shown = world.house.register.entry(project).value("lay_summary")
    assert "fewer than 20 children" in shown
    assert "12" not in shown
    assert "400 others" in shown


def test_what_changed_elsewhere_is_brought_up_to_date_once(world: World) -> None:
    register, discovery = world.house.register, world.house.discovery
    from tests.web.world import description

    assert register.bring_up_to_date() == 0
    discovery.describe_dataset(
        world.actor("officer"), world.datasets["officer"], description("Admissions, renamed", "North Hospital Trust")
    )
    assert register.bring_up_to_date() == 1
    assert "Admissions, renamed" in register.entry(world.project).value("datasets")
    assert register.bring_up_to_date() == 0


def test_an_entry_edited_removed_or_slipped_in_by_hand_is_found(world: World) -> None:
    register, engine = world.house.register, world.house.record.engine
    world.house.access.suspend_project(world.actor("operator"), world.project, "Asked to.")
    for statement, said in (
        ("UPDATE register_revision SET content = replace(content, 'active', 'closed') WHERE revision = 1", "is not as"),
        ("DELETE FROM register_revision WHERE revision = 2", "is missing"),
        (
            "INSERT INTO register_revision SELECT 'aaaaaaaaaaaaaaaa', 1, origin, custodian_id, content, sha256,"
            " recorded_at FROM register_revision LIMIT 1",
            "never recorded",
        ),
    ):
        with engine.begin() as connection:
            connection.execute(text(statement))
        assert any(said in problem for problem in register.verify())
    assert len(register.verify()) == 3


def test_the_register_is_searched_in_every_field_and_by_dataset_and_custodian(world: World) -> None:
    register = world.house.register
    assert [entry.register_id for entry in register.entries("TUMOUR survival")] == [world.project]
    assert register.entries("nothing of the kind") == []
    assert len(register.entries(dataset_id=world.datasets["officer"])) == 1
    assert register.entries(dataset_id="aaaaaaaaaaaaaaaa") == []
    assert len(register.entries(custodian_id=world.custodians["officer"])) == 1
    with pytest.raises(NotFound):
        register.entry("aaaaaaaaaaaaaaaa")
    with pytest.raises(NotFound):
        register.done_with("aaaaaaaaaaaaaaaa")


def test_every_field_has_somebody_who_knows_it() -> None:
    assert {field.source for field in FIELDS} == set(Source)
    assert [field.key for field in FIELDS if field.personal] == ["applicant_names", "applicant_id"]


def test_a_fee_that_was_let_off_stands_on_the_register_until_it_is_ended(world: World) -> None:
    register, officer = world.house.register, world.actor("officer")
    waiver = world.house.billing.grant_waiver(
        officer,
        world.custodians["officer"],
        world.application,
        percent=50,
        reason="A charity of 3 volunteers.",
        until=day(90),
    )
    (shown,) = register.entry(world.project).latest.waived
    assert (shown.issuer, shown.percent, shown.until) == ("North Hospital Trust", 50, str(day(90)))
    assert shown.reason == "A charity of fewer than 10 volunteers."
    assert "50% by North Hospital Trust" in words(world.browser().get(f"/register/{world.project}").text)
    world.house.billing.end_waiver(officer, waiver.waiver_id)
    assert register.bring_up_to_date() == 1
    assert register.entry(world.project).latest.waived == ()


def test_an_amendment_that_was_approved_is_the_latest_approval_and_its_grants_hold_on_the_sheet(world: World) -> None:
    from orchestrator.core.clock import FixedClock
    from tests.web.world import description

    discovery, access, officer = world.house.discovery, world.house.access, world.actor("officer")
    added = discovery.register_dataset(
        officer,
        custodian_id=world.custodians["officer"],
        name="deaths",
        description=description("Deaths", "North Hospital Trust"),
    ).dataset_id
    source = world.house.settings.state / "source" / "deaths"
    source.mkdir(parents=True)
    (source / "deaths.csv").write_text("person\n1\n")
    discovery.mark_sealed(discovery.add_files_version(officer, added, source).version_id)
    clock = FixedClock(world.house.record.clock() + timedelta(days=3))
    world.house.record.clock = clock
    researcher = world.actor("researcher")
    amended = access.amend(researcher, world.project, answers(world), dataset_ids=[added])
    access.submit(researcher, amended.application_id)
    for key in ("officer", "other officer"):
        deciding.decide(
            access,
            world.actor(key),
            amended.application_id,
            world.custodians[key],
            approve=True,
            reason="",
            agreement_until=day(150),
        )
    deciding.approve_project(access, world.actor("operator"), amended.application_id)
    entry = world.house.register.entry(world.project)
    assert entry.value("latest_approval") == str(day(3))
    assert "Deaths" in entry.value("datasets")
    content = world.house.sheets.view(officer, world.custodians["officer"])
    assert {use.dataset for use in content.uses} == {"Deaths", "Hospital admissions"}
    assert content.holds, [check.failures for check in content.checks]


def test_a_lay_summary_of_more_than_300_words_is_not_submitted_and_a_hard_one_gets_advice(world: World) -> None:
    from dataclasses import replace

    access, researcher = world.house.access, world.actor("researcher")
    long = replace(answers(world), lay_summary="word " * 301)
    draft = access.draft(researcher, long, [world.datasets["officer"]])
    with pytest.raises(Invalid, match="Shorten it by 1") as refused:
        access.submit(researcher, draft.application_id)
    assert refused.value.field == "lay_summary"
    hard = replace(answers(world), lay_summary="word " * 60)
    access.redraft(researcher, draft.application_id, hard, [world.datasets["officer"]])
    page = words(world.browser("researcher").get(f"/applications/{draft.application_id}").text)
    assert "The longest sentence has 60 words" in page
    access.submit(researcher, draft.application_id)
    decision = f"/decisions/{draft.application_id}/{world.custodians['officer']}"
    assert "The longest sentence has 60 words" in words(world.browser("officer").get(decision).text)
