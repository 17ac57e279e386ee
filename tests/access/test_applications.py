"""One application over two custodians: who writes, who sees what, who decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from orchestrator.access.model import ApplicationState, PartState
from orchestrator.audit.store import EntryRow, NoticeRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, OrchestratorError, Refused
from tests import deciding
from tests.deciding import SOMETHING

World = Any


def notices(world: World, kind: str) -> set[str]:
    names = {person_id: name for name, person_id in world.people.items()}
    with world.record.read() as session:
        return {names[row.person_id] for row in session.scalars(select(NoticeRow).where(NoticeRow.kind == kind))}


def test_a_draft_is_seen_by_those_who_write_it_and_nobody_else(world: World) -> None:
    draft = world.access.draft(world.actor("lead"), world.answers(), [world.datasets["a"]])
    for name in ("lead", "member"):
        assert world.access.application(world.actor(name), draft.application_id).state is ApplicationState.DRAFT
    for name in ("officer_a", "operator", "stranger"):
        with pytest.raises(NotFound):
            world.access.application(world.actor(name), draft.application_id)
        assert world.access.applications(world.actor(name)) == []


def test_what_does_not_exist_and_what_may_not_be_seen_read_alike(world: World) -> None:
    draft = world.access.draft(world.actor("lead"), world.answers(), [world.datasets["a"]])
    sentences = set()
    for application_id in (draft.application_id, "a" * 16):
        with pytest.raises(NotFound) as refusal:
            world.access.application(world.actor("stranger"), application_id)
        sentences.add(refusal.value.message)
    assert len(sentences) == 1


def test_a_draft_can_be_rewritten_and_is_frozen_once_submitted(world: World) -> None:
    lead = world.actor("lead")
    draft = world.access.draft(lead, world.answers(), [world.datasets["a"]])
    again = world.access.redraft(
        lead, draft.application_id, world.answers(title="Better"), list(world.datasets.values())
    )
    assert again.answers.title == "Better"
    assert len(again.parts) == 2
    submitted = world.access.submit(lead, draft.application_id)
    assert {part.state for part in submitted.parts} == {PartState.WAITING}
    with pytest.raises(NotPossible, match="frozen"):
        world.access.redraft(lead, draft.application_id, world.answers(title="Worse"), [world.datasets["a"]])
    assert world.access.application(lead, draft.application_id).answers.title == "Better"


def test_only_the_applicant_changes_submits_or_withdraws(world: World) -> None:
    draft = world.access.draft(world.actor("lead"), world.answers(), [world.datasets["a"]])
    member = world.actor("member")
    for call in (
        lambda: world.access.submit(member, draft.application_id),
        lambda: world.access.redraft(member, draft.application_id, world.answers(), [world.datasets["a"]]),
        lambda: world.access.withdraw_application(member, draft.application_id),
    ):
        with pytest.raises(Refused, match="Only the applicant"):
            call()
    assert world.access.submit(world.actor("lead"), draft.application_id).state is ApplicationState.SUBMITTED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lay_summary": "Too short."}, "lay_summary"),
        ({"purpose": ""}, "purpose"),
        ({"organisation": " "}, "organisation"),
        ({"ethics_reference": ""}, "ethics_reference"),
    ],
)
def test_an_incomplete_application_is_kept_as_a_draft_but_not_submitted(
    world: World, changes: dict[str, Any], field: str
) -> None:
    lead = world.actor("lead")
    draft = world.access.draft(lead, world.answers(**changes), [world.datasets["a"]])
    with pytest.raises(Invalid) as refusal:
        world.access.submit(lead, draft.application_id)
    assert refusal.value.field == field
    world.access.redraft(lead, draft.application_id, world.answers(), [world.datasets["a"]])
    assert world.access.submit(lead, draft.application_id).state is ApplicationState.SUBMITTED


def test_dates_that_cannot_be_are_refused_at_submission(world: World) -> None:
    for changes, field in (
        ({"end": world.day(-1), "start": world.day(-9)}, "end"),
        ({"start": world.day(9), "end": world.day(8)}, "end"),
        ({"end": world.day(6000)}, "end"),
        ({"ethics_until": world.day(-1)}, "ethics_until"),
    ):
        with pytest.raises(Invalid) as refusal:
            world.submitted(**changes)
        assert refusal.value.field == field


@pytest.mark.parametrize(
    ("changes", "datasets", "field"),
    [
        ({"title": ""}, None, "title"),
        ({"title": "x" * 201}, None, "title"),
        ({"purpose": "\x00"}, None, "purpose"),
        ({"lay_summary": "Of 4\u200b patients."}, None, "lay_summary"),
        ({"members": ("not an id",)}, None, "members"),
        ({"members": ("a" * 16,)}, None, "members"),
        ({}, [], "datasets"),
        ({}, ["a" * 16], "datasets"),
        ({}, ["../etc"], "datasets"),
    ],
)
def test_a_draft_that_cannot_be_kept_names_its_field(
    world: World, changes: dict[str, Any], datasets: list[str] | None, field: str
) -> None:
    chosen = [world.datasets["a"]] if datasets is None else datasets
    with pytest.raises(Invalid) as refusal:
        world.access.draft(world.actor("lead"), world.answers(**changes), chosen)
    assert refusal.value.field == field


def test_a_withdrawn_dataset_cannot_be_asked_for(world: World) -> None:
    lead = world.actor("lead")
    draft = world.access.draft(lead, world.answers(), [world.datasets["a"]])
    world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a"], "Wrong data")
    with pytest.raises(Invalid, match="not in the catalogue"):
        world.access.submit(lead, draft.application_id)
    with pytest.raises(Invalid, match="not in the catalogue"):
        world.access.draft(lead, world.answers(), [world.datasets["a"]])


def test_a_custodian_sees_its_own_part_only(world: World) -> None:
    lead = world.actor("lead")
    draft = world.access.draft(
        lead,
        world.answers(),
        list(world.datasets.values()),
        justifications={world.custodians["a"]: "For a.", world.custodians["b"]: "For b."},
    )
    application = world.access.submit(lead, draft.application_id)
    assert len(application.parts) == 2
    for name, other in (("a", "b"), ("b", "a")):
        seen = world.access.application(world.actor(f"officer_{name}"), application.application_id)
        assert [part.custodian_id for part in seen.parts] == [world.custodians[name]]
        assert seen.answers == application.answers
        shown = repr(seen)
        assert world.custodians[other] not in shown
        assert world.datasets[other] not in shown
        assert f"For {other}." not in shown


def test_a_custodian_cannot_tell_from_the_state_what_another_decided(world: World) -> None:
    application = world.submitted()
    officer = world.actor("officer_a")
    seen = world.decide(application.application_id, "a")
    assert seen.state is ApplicationState.DECIDED
    before = world.access.application(officer, application.application_id)
    world.clock.advance(timedelta(days=1))
    world.decide(application.application_id, "b", approve=False)
    assert world.access.application(officer, application.application_id) == before
    refused = world.access.application(world.actor("officer_b"), application.application_id)
    assert refused.state is ApplicationState.REFUSED
    deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    still = world.access.application(world.actor("officer_b"), application.application_id)
    assert (still.state, still.project_id) == (ApplicationState.REFUSED, None)
    assert world.access.application(officer, application.application_id).state is ApplicationState.APPROVED


def test_what_waits_for_an_officer_is_listed_for_him_alone(world: World) -> None:
    application = world.submitted()
    waiting = world.access.parts_to_decide(world.actor("officer_a"))
    assert [(each.application_id, part.custodian_id) for each, part in waiting] == [
        (application.application_id, world.custodians["a"])
    ]
    assert world.access.parts_to_decide(world.actor("operator")) == []
    world.decide(application.application_id, "a")
    assert world.access.parts_to_decide(world.actor("officer_a")) == []
    assert len(world.access.parts_to_decide(world.actor("officer_b"))) == 1


def test_an_officer_decides_only_for_his_own_custodian(world: World) -> None:
    application = world.submitted()
    with pytest.raises(Refused, match="Only an officer of the custodian"):
        world.access.decide(
            world.actor("officer_a"),
            application.application_id,
            world.custodians["b"],
            approve=True,
            read=SOMETHING,
            agreement_until=world.day(10),
        )
    with pytest.raises(Refused, match="Only an officer of the custodian"):
        world.access.decide(
            world.actor("operator"),
            application.application_id,
            world.custodians["b"],
            approve=True,
            read=SOMETHING,
            agreement_until=world.day(10),
        )
    assert world.decide(application.application_id, "b").state is ApplicationState.DECIDED


def test_an_officer_whose_role_ended_meanwhile_is_stopped_although_his_page_was_open(world: World) -> None:
    application = world.submitted(("a",))
    stale = world.actor("officer_a")
    (holding,) = world.identity.holdings(world.people["officer_a"])
    world.identity.propose_end_role(world.actor("operator"), holding.holding_id)
    world.identity.confirm_end_role(world.actor("operator2"), holding.holding_id)
    with pytest.raises(OrchestratorError) as refusal:
        world.access.decide(
            stale,
            application.application_id,
            world.custodians["a"],
            approve=True,
            read=SOMETHING,
            agreement_until=world.day(9),
        )
    assert isinstance(refusal.value, Refused | NotFound)


def test_a_custodian_that_is_not_asked_knows_nothing_of_it(world: World) -> None:
    application = world.submitted(("a",))
    with pytest.raises(NotFound):
        world.access.application(world.actor("officer_b"), application.application_id)
    with pytest.raises(NotFound):
        world.decide(application.application_id, "b")
    assert world.access.applications(world.actor("officer_b")) == []
    assert len(world.access.applications(world.actor("officer_a"))) == 1


@pytest.mark.parametrize("concerned", ["lead", "member"])
def test_nobody_decides_an_application_he_made_or_would_work_in(world: World, concerned: str) -> None:
    world.give(concerned, "custodian", custodian_id=world.custodians["a"])
    application = world.submitted(("a",))
    with pytest.raises(Refused, match="somebody else has to"):
        deciding.decide(
            world.access,
            world.actor(concerned),
            application.application_id,
            world.custodians["a"],
            approve=True,
            agreement_until=world.day(10),
        )
    assert world.decide(application.application_id, "a").state is ApplicationState.DECIDED
    assert concerned not in notices(world, "application.waiting")


def test_approval_needs_a_last_day_within_the_terms(world: World) -> None:
    application = world.submitted(("a",))
    officer, custodian_id = world.actor("officer_a"), world.custodians["a"]
    for until, words in ((None, "everything granted has an end"), (world.day(-1), "passed"), (world.day(701), "terms")):
        with pytest.raises(Invalid, match=words) as refusal:
            deciding.decide(
                world.access, officer, application.application_id, custodian_id, approve=True, agreement_until=until
            )
        assert refusal.value.field == "agreement_until"
    decided = deciding.decide(
        world.access, officer, application.application_id, custodian_id, approve=True, agreement_until=world.day(699)
    )
    assert decided.parts[0].terms_version == 1


def test_approval_needs_terms_in_force(world: World) -> None:
    application = world.submitted(("a",))
    world.clock.advance(timedelta(days=20))
    world.publish_terms("a", days=1)
    world.clock.advance(timedelta(days=2))
    with pytest.raises(NotPossible, match="no terms in force"):
        world.decide(application.application_id, "a")
    world.publish_terms("a")
    assert world.decide(application.application_id, "a").parts[0].terms_version == 3


def test_refusal_needs_a_reason_and_the_applicant_reads_it(world: World) -> None:
    application = world.submitted(("a",))
    officer, custodian_id = world.actor("officer_a"), world.custodians["a"]
    with pytest.raises(Invalid) as refusal:
        deciding.decide(world.access, officer, application.application_id, custodian_id, approve=False, reason=" ")
    assert refusal.value.field == "reason"
    deciding.decide(
        world.access, officer, application.application_id, custodian_id, approve=False, reason="Not in the public good"
    )
    seen = world.access.application(world.actor("lead"), application.application_id)
    assert seen.state is ApplicationState.REFUSED
    assert seen.parts[0].reason == "Not in the public good"
    assert notices(world, "application.refused") == {"lead"}


def test_a_decision_is_made_once(world: World) -> None:
    application = world.submitted()
    world.decide(application.application_id, "a")
    with pytest.raises(NotPossible, match="is approved; to refuse it"):
        world.decide(application.application_id, "a", approve=False)


def test_the_next_to_act_is_told_and_nobody_who_may_not_act(world: World) -> None:
    world.give("member", "operator")
    application = world.submitted()
    assert notices(world, "application.waiting") == {"officer_a", "officer_b"}
    world.decide(application.application_id, "a")
    assert notices(world, "application.decided") == set()
    world.decide(application.application_id, "b", approve=False)
    assert notices(world, "application.decided") == {"operator", "operator2"}
    deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    assert notices(world, "project.approved") == {"lead", "member"}


def test_an_application_can_be_withdrawn_until_it_is_approved(world: World) -> None:
    for prepare in (world.submitted, world.decided):
        application = prepare()
        gone = world.access.withdraw_application(world.actor("lead"), application.application_id, "Changed my mind")
        assert gone.state is ApplicationState.WITHDRAWN
        assert PartState.WAITING not in {part.state for part in gone.parts}
        with pytest.raises(NotPossible):
            deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    project = world.approved()
    with pytest.raises(NotPossible, match="This application is approved"):
        world.access.withdraw_application(world.actor("lead"), project.application_id)


def test_the_log_holds_no_words_of_people(world: World) -> None:
    project = world.approved()
    world.access.suspend_project(world.actor("operator"), project.project_id, "A secret worry")
    world.access.withdraw_grant(world.actor("officer_a"), world.grant_id(project, "a"), "A secret worry")
    with world.record.read() as session:
        entries = " ".join(row.body for row in session.scalars(select(EntryRow)))
    for words in ("Diabetes outcomes", "University of Nowhere", "Considered", "secret worry", "To learn which care"):
        assert words not in entries
    assert project.project_id in entries


def test_the_database_itself_refuses_an_applicant_who_decides_or_approves(world: World) -> None:
    project = world.approved()
    for statement in (
        "UPDATE application SET settled_by = applicant_id",
        "UPDATE application_part SET decided_by = applicant_id",
        "UPDATE project SET approved_by = applicant_id",
    ):
        with pytest.raises(OrchestratorError), world.record.change() as change:
            change.session.execute(text(statement))
    assert world.access.project_record(project.project_id).approved_by == world.people["operator"]


def test_old_drafts_lapse_and_late_deciders_are_told_once_a_week(world: World) -> None:
    draft = world.access.draft(world.actor("lead"), world.answers(), [world.datasets["a"]])
    waiting = world.submitted()
    assert world.access.chase() == 0
    world.decide(waiting.application_id, "a")
    world.clock.advance(timedelta(days=31))
    assert world.access.chase() == 1
    assert world.access.chase() == 0
    assert notices(world, "application.overdue") == {"officer_b", "operator", "operator2"}
    world.clock.advance(timedelta(days=8))
    assert world.access.chase() == 1
    world.clock.advance(timedelta(days=150))
    world.access.chase()
    assert world.access.application(world.actor("lead"), draft.application_id).state is ApplicationState.LAPSED


def test_an_application_says_until_when_its_owner_should_act(world: World) -> None:
    application = world.submitted()
    assert application.deadline == world.now + timedelta(days=30)
    assert world.decided().deadline == world.now + timedelta(days=10)
