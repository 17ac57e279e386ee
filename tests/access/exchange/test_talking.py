"""Comments on parts and questions, and what a lay panel advises."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.access.exchange.model import Opinion
from orchestrator.access.model import PartState
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, OrchestratorError, Refused
from tests import deciding

Asking = Any


def comment(asking: Asking, who: str, application_id: str, name: str, text: str, **more: Any) -> Any:
    world = asking.world
    return world.access.talks.comment(world.actor(who), application_id, world.custodians[name], text, **more)


def texts(asking: Asking, who: str, application_id: str, name: str) -> list[str]:
    world = asking.world
    found = world.access.talks.comments(world.actor(who), application_id, world.custodians[name])
    return [each.text for each in found]


def test_both_sides_write_about_a_part_and_about_a_question(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    asked = comment(asking, "officer_a", application_id, "a", "How many people?", question_id="own-a")
    comment(asking, "lead", application_id, "a", "About ten.", question_id="own-a")
    comment(asking, "officer_a", application_id, "a", "Ring him first.", internal=True)
    assert texts(asking, "officer_a", application_id, "a") == ["How many people?", "About ten.", "Ring him first."]
    for who in ("lead", "member", "operator"):
        assert texts(asking, who, application_id, "a") == ["How many people?", "About ten."]
    part = (application_id, world.custodians["a"])
    with pytest.raises(NotFound):  # a comment is of its own part only
        world.access.talks.resolve(world.actor("lead"), application_id, world.custodians["b"], asked.comment_id)
    done = world.access.talks.resolve(world.actor("lead"), *part, asked.comment_id)
    assert done.resolved_by == world.people["lead"]
    with pytest.raises(NotPossible):
        world.access.talks.resolve(world.actor("lead"), *part, asked.comment_id)


def test_nobody_else_reads_or_writes(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    said = comment(asking, "lead", application_id, "a", "For A only.")
    for who in ("officer_b", "stranger"):
        for call in (
            lambda who=who: texts(asking, who, application_id, "a"),
            lambda who=who: comment(asking, who, application_id, "a", "Hello?"),
            lambda who=who: world.access.talks.resolve(
                world.actor(who), application_id, world.custodians["a"], said.comment_id
            ),
            lambda who=who: world.access.talks.course(world.actor(who), application_id, world.custodians["a"]),
        ):
            with pytest.raises(NotFound):
                call()
    for who in ("member", "operator"):
        with pytest.raises(Refused, match="Only the applicant and"):
            comment(asking, who, application_id, "a", "Hello?")
    assert texts(asking, "officer_b", application_id, "b") == []


@pytest.mark.parametrize(
    ("text", "more"), [(" ", {}), ("x" * 10_001, {}), ("\x07", {}), ("x", {"question_id": "own-b"})]
)
def test_a_comment_that_says_nothing_or_is_about_nothing_is_refused(
    asking: Asking, text: str, more: dict[str, Any]
) -> None:
    application_id = asking.submitted()
    with pytest.raises(Invalid):
        comment(asking, "officer_a", application_id, "a", text, **more)


def test_the_log_holds_none_of_what_was_said(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    comment(asking, "lead", application_id, "a", "A secret worry of mine")
    asking.ask_changes(application_id, "a", "own-a")
    asking.answer(application_id, own_a="An answer in confidence")
    asking.send(application_id, "a")
    with world.record.read() as session:
        entries = " ".join(row.body for row in session.scalars(select(EntryRow)))
    for words in ("secret worry", "in confidence", "Only A reads", "Say more", "Done."):
        assert words not in entries


# ---- lay panel --------------------------------------------------------------------------------------------------


@pytest.fixture
def panel(asking: Asking) -> Asking:
    """Custodian A wants the advice of two lay members, Pat and Sam."""
    world = asking.world
    asking.publish("a", "public-benefit!", "own-a!", panel=2)
    for name in ("pat", "sam"):
        world.register(name)
        world.access.panels.add(world.actor("officer_a"), world.custodians["a"], world.people[name])
    return asking


def advise(asking: Asking, who: str, application_id: str, opinion: Opinion = Opinion.SUPPORT) -> Any:
    world = asking.world
    return deciding.advise(
        world.access, world.actor(who), application_id, world.custodians["a"], opinion, "It helps people like me."
    )


def test_a_custodian_approves_once_its_lay_panel_has_advised(panel: Asking) -> None:
    world, application_id = panel.world, panel.submitted()
    assert len(world.access.panels.waiting(world.actor("pat"))) == 1
    with pytest.raises(NotPossible, match="2 lay members; 0 advised"):
        world.decide(application_id, "a")
    advise(panel, "pat", application_id)
    assert world.access.panels.waiting(world.actor("pat")) == []
    with pytest.raises(NotPossible, match="2 lay members; 1 advised"):
        world.decide(application_id, "a")
    advise(panel, "sam", application_id)
    assert [
        each.opinion
        for each in world.access.panels.advice(world.actor("officer_a"), application_id, world.custodians["a"])
    ] == [Opinion.SUPPORT] * 2
    world.decide(application_id, "a")
    assert panel.part(application_id, "a").state is PartState.APPROVED


def test_against_the_panels_advice_a_reason_is_needed(panel: Asking) -> None:
    world, application_id = panel.world, panel.submitted()
    advise(panel, "pat", application_id)
    advise(panel, "sam", application_id, Opinion.DO_NOT_SUPPORT)
    with pytest.raises(Invalid, match="does not support"):
        deciding.decide(
            world.access,
            world.actor("officer_a"),
            application_id,
            world.custodians["a"],
            approve=True,
            agreement_until=world.day(100),
        )
    world.decide(application_id, "a")


def test_a_refusal_waits_for_no_panel(panel: Asking) -> None:
    application_id = panel.submitted()
    panel.world.decide(application_id, "a", approve=False)


def test_advice_is_about_what_was_read(panel: Asking) -> None:
    world, application_id = panel.world, panel.submitted()
    for name in ("pat", "sam"):
        advise(panel, name, application_id)
    with pytest.raises(NotPossible, match="already"):
        advise(panel, "pat", application_id)
    panel.ask_changes(application_id, "a", "own-a")
    with pytest.raises(NotPossible, match="returned"):
        advise(panel, "pat", application_id)
    panel.answer(application_id, own_a="Something else altogether.")
    panel.send(application_id, "a")
    assert len(world.access.panels.waiting(world.actor("pat"))) == 1
    with pytest.raises(NotPossible, match="2 lay members; 0 advised"):
        world.decide(application_id, "a")
    advise(panel, "pat", application_id)


def test_the_panel_reads_what_its_custodian_asked_and_nothing_else(panel: Asking) -> None:
    world, application_id = panel.world, panel.submitted()
    seen = world.access.panels.part(world.actor("pat"), application_id, world.custodians["a"])
    assert seen.filled.answers["own-a"] == "Only A reads this."
    text = repr(seen)
    for hidden in (world.custodians["b"], world.datasets["b"], "own-b", "Only B"):
        assert hidden not in text
    with pytest.raises(NotFound):
        world.access.panels.part(world.actor("pat"), application_id, world.custodians["b"])
    with pytest.raises(NotFound):
        world.access.application(world.actor("pat"), application_id)
    draft = panel.draft("a")
    with pytest.raises(NotFound):
        world.access.panels.part(world.actor("pat"), draft.application_id, world.custodians["a"])


def test_who_is_no_lay_member_neither_reads_nor_advises(panel: Asking) -> None:
    world, application_id = panel.world, panel.submitted()
    for name in ("stranger", "officer_a", "officer_b", "operator", "lead"):
        with pytest.raises(NotFound):
            advise(panel, name, application_id)
    world.access.panels.end(world.actor("officer_a"), world.custodians["a"], world.people["pat"])
    with pytest.raises(NotFound):
        advise(panel, "pat", application_id)


def test_a_lay_member_who_would_work_in_the_project_or_became_an_officer_does_not_advise(panel: Asking) -> None:
    world = panel.world
    world.access.panels.add(world.actor("officer_a"), world.custodians["a"], world.people["member"])
    application_id = panel.submitted()
    with pytest.raises(Refused, match="made or would work in"):
        advise(panel, "member", application_id)
    world.give("pat", "custodian", custodian_id=world.custodians["a"])
    with pytest.raises(Refused, match="does not advise as a lay member"):
        advise(panel, "pat", application_id)


def test_who_is_on_a_panel_is_its_custodians_business(panel: Asking) -> None:
    world, a = panel.world, panel.world.custodians["a"]
    for name in ("officer_b", "operator", "pat"):
        for call in (
            lambda name=name: world.access.panels.members(world.actor(name), a),
            lambda name=name: world.access.panels.add(world.actor(name), a, world.people["stranger"]),
            lambda name=name: world.access.panels.end(world.actor(name), a, world.people["pat"]),
        ):
            with pytest.raises(Refused, match="Only an officer"):
                call()
    officer = world.actor("officer_a")
    with pytest.raises(NotPossible, match="no lay member"):
        world.access.panels.add(officer, a, world.people["officer_a"])
    with pytest.raises(NotPossible, match="already"):
        world.access.panels.add(officer, a, world.people["pat"])
    with pytest.raises(Invalid, match="not registered"):
        world.access.panels.add(officer, a, "a" * 16)
    with pytest.raises(NotFound):
        world.access.panels.end(officer, a, world.people["stranger"])
    with pytest.raises(OrchestratorError):
        world.access.panels.add(officer, "a" * 16, world.people["stranger"])


@pytest.mark.parametrize("words", ["", "  ", "x" * 10_001])
def test_advice_without_words_is_refused(panel: Asking, words: str) -> None:
    world, application_id = panel.world, panel.submitted()
    with pytest.raises(Invalid, match="3 to 10,000"):
        deciding.advise(world.access, world.actor("pat"), application_id, world.custodians["a"], Opinion.SUPPORT, words)


def test_another_custodians_officer_is_no_lay_member_now_or_later(panel: Asking) -> None:
    world, application_id = panel.world, panel.submitted()
    with pytest.raises(NotPossible, match="no lay member"):
        world.access.panels.add(world.actor("officer_a"), world.custodians["a"], world.people["officer_b"])
    lay = world.actor("pat")
    assert world.access.panels.part(lay, application_id, world.custodians["a"])
    world.give("pat", "custodian", custodian_id=world.custodians["b"])
    lay = world.actor("pat")
    with pytest.raises(Refused, match="officer decides"):
        world.access.panels.part(lay, application_id, world.custodians["a"])
    assert world.access.panels.waiting(lay) == []
