"""Changes that one custodian asks for: its clock stands still, others learn only what they read anyhow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access.model import ApplicationState, PartState
from orchestrator.audit.store import NoticeRow
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from tests import deciding
from tests.deciding import SOMETHING

Asking = Any


def notices(world: Any, kind: str) -> set[str]:
    names = {person_id: name for name, person_id in world.people.items()}
    with world.record.read() as session:
        return {names[row.person_id] for row in session.scalars(select(NoticeRow).where(NoticeRow.kind == kind))}


def test_a_change_is_asked_made_and_read_by_the_one_who_asked(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    request = asking.ask_changes(application_id, "a", "own-a")
    assert request.questions == ("own-a",)
    assert asking.part(application_id, "a").state is PartState.RETURNED
    assert notices(world, "application.returned") == {"lead"}
    asking.answer(application_id, own_a="Much better.")
    before = world.access.answers.sheet(world.actor("officer_a"), application_id)
    assert before.answers["own-a"] == "Only A reads this.", "not sent yet"
    asking.send(application_id, "a")
    after = world.access.answers.sheet(world.actor("officer_a"), application_id)
    assert after.answers["own-a"] == "Much better."
    assert after.changed == {"own-a"}
    assert asking.part(application_id, "a").state is PartState.WAITING
    assert notices(world, "application.answered") == {"officer_a"}
    told = world.access.changes.change_requests(world.actor("officer_a"), application_id, world.custodians["a"])
    assert (told[0].words, told[0].answer) == ("Say more.", "Done.")


def test_another_custodian_neither_waits_nor_hears_of_a_change_it_does_not_read(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    world.decide(application_id, "b")
    before = world.access.application(world.actor("officer_b"), application_id)
    asking.ask_changes(application_id, "a", "own-a")
    asking.answer(application_id, own_a="Much better.")
    asking.send(application_id, "a")
    assert world.access.application(world.actor("officer_b"), application_id) == before
    assert notices(world, "application.changed") | notices(world, "application.reopened") == set()


def test_an_approval_of_what_reads_otherwise_now_is_opened_again(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    world.decide(application_id, "b")
    asking.ask_changes(application_id, "a", "public-benefit")
    asking.answer(application_id, public_benefit="Shareholders, mostly.")
    assert asking.send(application_id, "a").state is ApplicationState.SUBMITTED
    part = asking.part(application_id, "b")
    assert (part.state, part.decided_by, part.agreement_until) == (PartState.WAITING, None, None)
    assert notices(world, "application.reopened") == {"officer_b"}
    world.decide(application_id, "a")
    world.decide(application_id, "b", approve=False)
    assert world.access.application(world.actor("lead"), application_id).state is ApplicationState.DECIDED


def test_whoever_decided_before_it_was_opened_again_does_not_join_the_project(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    world.decide(application_id, "b")
    asking.ask_changes(application_id, "a", "public-benefit")
    asking.answer(application_id, public_benefit="Something else.")
    asking.send(application_id, "a")
    world.register("officer_c")
    world.give("officer_c", "custodian", custodian_id=world.custodians["b"])
    world.decide(application_id, "a")
    deciding.decide(
        world.access,
        world.actor("officer_c"),
        application_id,
        world.custodians["b"],
        approve=True,
        agreement_until=world.day(400),
    )
    project = deciding.approve_project(world.access, world.actor("operator"), application_id)
    with pytest.raises(NotPossible, match="decided on the project"):
        world.access.add_member(world.actor("operator"), project.project_id, world.people["officer_b"])


def test_answers_meant_for_one_custodian_are_not_sent_with_another_ones(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    asking.ask_changes(application_id, "a", "own-a")
    asking.ask_changes(application_id, "b", "own-b")
    asking.answer(application_id, own_a="New for A.", own_b="Half a thought for B")
    asking.send(application_id, "a")
    assert world.access.answers.sheet(world.actor("officer_a"), application_id).answers["own-a"] == "New for A."
    assert world.access.answers.sheet(world.actor("officer_b"), application_id).answers["own-b"] == "Only B reads this."
    mine = world.access.answers.sheet(world.actor("lead"), application_id)
    assert mine.answers["own-b"] == "Half a thought for B"
    asking.answer(application_id, own_b="A whole thought.")
    asking.send(application_id, "b")
    assert world.access.answers.sheet(world.actor("officer_b"), application_id).answers["own-b"] == "A whole thought."


def test_only_what_was_asked_for_can_be_changed(asking: Asking) -> None:
    application_id = asking.submitted()
    asking.ask_changes(application_id, "a", "own-a", fields=("lay_summary",))
    with pytest.raises(NotPossible, match="frozen"):
        asking.answer(application_id, public_benefit="Sneaked in.")
    with pytest.raises(NotPossible, match="purpose was submitted and is frozen"):
        asking.send(application_id, "a", purpose="Sneaked in.")
    better = "Many more words for the public, " * 8
    assert asking.send(application_id, "a", lay_summary=better).answers.lay_summary == better.strip()


def test_a_change_of_what_all_read_opens_every_approval(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    world.decide(application_id, "b")
    asking.ask_changes(application_id, "a", fields=("end", "justification"))
    sent = asking.send(application_id, "a", end=str(world.day(200)), justification="Fewer data.")
    assert sent.answers.end == world.day(200)
    assert asking.part(application_id, "a").justification == "Fewer data."
    assert asking.part(application_id, "b").justification == "Needed of b."
    assert asking.part(application_id, "b").state is PartState.WAITING


@pytest.mark.parametrize(("field", "value"), [("end", "soon"), ("end", "2001-01-01"), ("lay_summary", "Short.")])
def test_a_change_that_cannot_be_is_refused_and_nothing_is_sent(asking: Asking, field: str, value: str) -> None:
    application_id = asking.submitted()
    asking.ask_changes(application_id, "a", fields=(field,))
    with pytest.raises(Invalid) as refusal:
        asking.send(application_id, "a", **{field: value})
    assert refusal.value.field == field
    assert asking.part(application_id, "a").state is PartState.RETURNED


def test_a_child_question_that_a_change_opens_has_to_be_answered_too(asking: Asking) -> None:
    application_id = asking.submitted()
    asking.ask_changes(application_id, "a", "funded")
    asking.answer(application_id, funded="yes")
    with pytest.raises(Invalid, match="By whom"):
        asking.send(application_id, "a")
    asking.answer(application_id, funder="A charity")
    asking.send(application_id, "a")


def test_who_may_ask_for_changes_and_answer_them(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    changes, a = world.access.changes, world.custodians["a"]
    with pytest.raises(NotFound):
        changes.ask_changes(
            world.actor("officer_b"), application_id, a, "Say more.", read=SOMETHING, questions=["own-a"]
        )
    for name, sentence in (("lead", "Nobody judges an application"), ("operator", "Only an officer")):
        with pytest.raises(Refused, match=sentence):
            changes.ask_changes(world.actor(name), application_id, a, "Say more.", read=SOMETHING, questions=["own-a"])
    with pytest.raises(Invalid, match="You did not ask"):
        asking.ask_changes(application_id, "a", "own-b")
    with pytest.raises(Invalid, match="which answers"):
        asking.ask_changes(application_id, "a")
    with pytest.raises(Invalid, match="cannot be changed"):
        asking.ask_changes(application_id, "a", fields=("members",))
    with pytest.raises(NotFound, match="no changes"):
        asking.send(application_id, "a")
    asking.ask_changes(application_id, "a", "own-a")
    with pytest.raises(NotPossible):
        asking.ask_changes(application_id, "a", "own-a")
    for name in ("member", "operator", "officer_a"):
        with pytest.raises(Refused, match="Only the applicant"):
            changes.answer_changes(world.actor(name), application_id, a)
    with pytest.raises(NotFound):
        changes.answer_changes(world.actor("officer_b"), application_id, a)


def test_an_officer_who_would_work_in_the_project_asks_for_nothing(asking: Asking) -> None:
    world = asking.world
    world.give("member", "custodian", custodian_id=world.custodians["a"])
    application_id = asking.submitted()
    with pytest.raises(Refused, match="somebody else has to"):
        deciding.ask_changes(
            world.access, world.actor("member"), application_id, world.custodians["a"], "Say more.", questions=["own-a"]
        )


def test_a_returned_part_can_still_be_refused_or_taken_back(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    asking.ask_changes(application_id, "a", "own-a")
    world.decide(application_id, "a", approve=False)
    with pytest.raises(NotPossible, match="frozen"):
        asking.answer(application_id, own_a="Too late.")
    with pytest.raises(NotPossible, match="is refused"):
        world.access.changes.withdraw_part(world.actor("lead"), application_id, world.custodians["a"])
    world.access.changes.withdraw_part(world.actor("lead"), application_id, world.custodians["b"], "Not needed.")
    assert asking.part(application_id, "b").state is PartState.VOID
    assert world.access.application(world.actor("lead"), application_id).state is ApplicationState.REFUSED


def test_taking_every_part_back_withdraws_the_application(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    for name in ("a", "b"):
        world.access.changes.withdraw_part(world.actor("lead"), application_id, world.custodians[name])
    assert world.access.application(world.actor("lead"), application_id).state is ApplicationState.WITHDRAWN


def test_one_custodian_taken_back_says_nothing_to_the_other(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    before = world.access.application(world.actor("officer_b"), application_id)
    world.access.changes.withdraw_part(world.actor("lead"), application_id, world.custodians["a"])
    assert world.access.application(world.actor("officer_b"), application_id) == before
    assert world.access.application(world.actor("officer_a"), application_id).state is ApplicationState.WITHDRAWN


# ---- time -------------------------------------------------------------------------------------------------------


def at(world: Any, day: date) -> None:
    world.clock.now = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=9)


def first_moment_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=UTC)


def test_a_deadline_counts_working_days_over_bank_holidays(asking: Asking) -> None:
    at(asking.world, date(2026, 12, 18))
    application_id = asking.submitted()
    assert asking.part(application_id, "b").due_at == first_moment_after(date(2027, 1, 6)), "ten working days"
    assert asking.part(application_id, "a").due_at == first_moment_after(date(2027, 1, 20)), "twenty"


def test_the_clock_stands_still_while_the_applicant_has_it(asking: Asking) -> None:
    world = asking.world
    at(world, date(2026, 11, 23))
    application_id = asking.submitted()
    at(world, date(2026, 11, 26))
    asking.ask_changes(application_id, "b", "own-b")
    assert asking.part(application_id, "b").due_at == first_moment_after(date(2026, 12, 3)), "five for the answer"
    at(world, date(2026, 12, 14))
    asking.answer(application_id, own_b="At last.")
    asking.send(application_id, "b")
    assert asking.part(application_id, "b").due_at == first_moment_after(date(2026, 12, 23)), "seven are left"
    at(world, date(2026, 12, 16))
    course = world.access.talks.course(world.actor("officer_b"), application_id, world.custodians["b"])
    assert (course.used, course.allowed) == (5, 10)
    assert [step.state for step in course.steps] == [PartState.WAITING, PartState.RETURNED, PartState.WAITING]


def test_whoever_is_late_is_told_and_nobody_else(asking: Asking) -> None:
    world = asking.world
    at(world, date(2026, 11, 23))
    application_id = asking.submitted()
    asking.ask_changes(application_id, "b", "own-b")
    at(world, date(2026, 12, 1))
    assert world.access.chase() == 1
    assert notices(world, "application.answer-overdue") == {"lead"}
    assert "officer_b" not in notices(world, "application.overdue")
    assert world.access.chase() == 0
    at(world, date(2026, 12, 22))
    assert world.access.chase() == 1
    assert notices(world, "application.overdue") == {"officer_a", "operator", "operator2"}


def test_the_other_custodians_deadline_is_not_told(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    for name in ("a", "b"):
        seen = world.access.application(world.actor(f"officer_{name}"), application_id)
        assert seen.deadline == asking.part(application_id, name).due_at


def test_two_requests_of_one_custodian_at_once_cannot_be(asking: Asking) -> None:
    from orchestrator.access.exchange.store import ChangeRow

    world, application_id = asking.world, asking.submitted()
    asking.ask_changes(application_id, "a", "own-a")
    with pytest.raises(Conflict), world.record.change() as change:
        change.session.add(
            ChangeRow(
                request_id="a" * 16,
                application_id=application_id,
                custodian_id=world.custodians["a"],
                questions=[],
                fields=[],
                words="x",
                asked_by=world.people["officer_a"],
                asked_at=world.now,
            )
        )


def test_a_crash_at_any_moment_of_sending_changes_leaves_all_as_it_was(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, application_id = asking.world, asking.submitted()
    world.decide(application_id, "b")
    asking.ask_changes(application_id, "a", "public-benefit")
    asking.answer(application_id, public_benefit="Shareholders, mostly.")
    lead = world.actor("lead")

    def state() -> tuple[Any, ...]:
        with world.record.read() as session:
            told = session.query(NoticeRow).count()
        seen = world.access.answers.sheet(world.actor("officer_b"), application_id)
        return world.access.application(lead, application_id), seen, told

    before, steps = state(), 0
    flush = Session.flush
    while True:
        calls = 0

        def failing(self: Session, *rest: Any, fail_at: int = steps) -> None:
            nonlocal calls
            calls += 1
            if calls > fail_at:
                raise KeyboardInterrupt
            flush(self, *rest)

        monkeypatch.setattr(Session, "flush", failing)
        try:
            asking.send(application_id, "a")
        except KeyboardInterrupt:
            monkeypatch.setattr(Session, "flush", flush)
            assert state() == before, f"stopped before write {steps + 1}"
            steps += 1
            continue
        break
    monkeypatch.setattr(Session, "flush", flush)
    assert steps > 5
    assert asking.part(application_id, "b").state is PartState.WAITING


def test_what_was_changed_while_it_was_read_is_not_decided_unread(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    officer, custodian_id = world.actor("officer_b"), world.custodians["b"]
    read = world.access.reading(officer, application_id, custodian_id)
    with pytest.raises(NotFound):
        world.access.reading(officer, application_id, world.custodians["a"])
    asking.ask_changes(application_id, "a", "public-benefit")
    asking.answer(application_id, public_benefit="Shareholders, mostly.")
    asking.send(application_id, "a")

    def approve(read: str) -> None:
        day = world.day(300)
        world.access.decide(officer, application_id, custodian_id, approve=True, agreement_until=day, read=read)

    with pytest.raises(NotPossible, match="read it again"):
        approve(read)
    assert asking.part(application_id, "b").state is PartState.WAITING
    approve(world.access.reading(officer, application_id, custodian_id))
