"""One sheet for several custodians: asked once, answered once, each custodian reads its own."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.access.model import ApplicationState, PartState
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused

Asking = Any


def titles(filled: Any) -> list[str]:
    return [each.question.question_id for each in filled.sheet.asked]


def test_shared_questions_are_asked_once_and_own_ones_beside_them(asking: Asking) -> None:
    draft = asking.draft()
    sheet = asking.world.access.answers.sheet(asking.world.actor("lead"), draft.application_id)
    assert sorted(titles(sheet)) == ["funded", "funder", "own-a", "own-b", "population", "public-benefit"]
    shared = sheet.sheet.find("public-benefit")
    assert len(shared.custodians) == len(shared.required_by) == 2
    assert set(shared.guidance.values()) == {"Trust a asks.", "Trust b asks."}
    assert set(sheet.missing) == {"public-benefit", "funded", "own-a", "own-b"}


def test_an_application_is_submitted_once_what_is_needed_is_answered(asking: Asking) -> None:
    draft = asking.draft(public_benefit="All.", funded="yes", own_a="A.")
    lead = asking.world.actor("lead")
    with pytest.raises(Invalid, match=r"By whom.* and 1 more") as refusal:
        asking.world.access.submit(lead, draft.application_id)
    assert refusal.value.field == "funder"
    asking.answer(draft.application_id, funder="A charity", own_b="B.")
    assert asking.world.access.submit(lead, draft.application_id).state is ApplicationState.SUBMITTED


def test_a_question_hangs_on_an_answer(asking: Asking) -> None:
    draft = asking.draft(public_benefit="All.", funded="no", funder="Left from before", own_a="A.", own_b="B.")
    asking.world.access.submit(asking.world.actor("lead"), draft.application_id)
    seen = asking.world.access.answers.sheet(asking.world.actor("officer_a"), draft.application_id)
    from orchestrator.access.forms.sheets import answered

    assert set(answered(seen.sheet, seen.answers)) == {"public-benefit", "funded", "own-a"}


def test_an_officer_reads_what_his_custodian_asked_and_learns_of_nobody_else(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    for name, other in (("a", "b"), ("b", "a")):
        seen = world.access.answers.sheet(world.actor(f"officer_{name}"), application_id)
        assert f"own-{name}" in titles(seen)
        assert f"own-{other}" not in titles(seen)
        assert f"own-{other}" not in seen.answers
        text = repr(seen)
        for hidden in (world.custodians[other], world.datasets[other], f"Only {other.upper()}", f"Trust {other}"):
            assert hidden not in text


def test_a_draft_is_answered_by_the_applicant_alone(asking: Asking) -> None:
    draft = asking.draft()
    answers = asking.world.access.answers
    with pytest.raises(Refused, match="Only the applicant"):
        answers.answer(asking.world.actor("member"), draft.application_id, {"funded": "no"})
    for name in ("officer_a", "stranger", "operator"):
        with pytest.raises(NotFound):
            answers.answer(asking.world.actor(name), draft.application_id, {"funded": "no"})
        with pytest.raises(NotFound):
            answers.sheet(asking.world.actor(name), draft.application_id)
    asking.answer(draft.application_id, funded="no")
    assert answers.sheet(asking.world.actor("member"), draft.application_id).answers == {"funded": "no"}


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"funded": "perhaps"}, "funded"),
        ({"funded": 3}, "funded"),
        ({"public-benefit": "\x00"}, "public-benefit"),
        ({"public-benefit": "x" * 20_001}, "public-benefit"),
        ({"lead-role": "not asked"}, "answers"),
        ({}, "answers"),
    ],
)
def test_an_answer_that_cannot_be_names_its_question(asking: Asking, answers: dict[str, Any], field: str) -> None:
    draft = asking.draft()
    with pytest.raises(Invalid) as refusal:
        asking.world.access.answers.answer(asking.world.actor("lead"), draft.application_id, answers)
    assert refusal.value.field == field


def test_what_was_submitted_is_frozen_also_against_a_new_form(asking: Asking) -> None:
    world, application_id = asking.world, asking.submitted()
    with pytest.raises(NotPossible, match="was submitted and is frozen"):
        asking.answer(application_id, own_a="Better.")
    asking.publish("a", "lead-role!")
    seen = world.access.answers.sheet(world.actor("officer_a"), application_id)
    assert "own-a" in titles(seen)
    assert "lead-role" not in titles(seen)
    draft = asking.draft("a")
    assert titles(world.access.answers.sheet(world.actor("lead"), draft.application_id)) == ["lead-role"]


def test_another_dataset_in_a_draft_brings_its_custodians_questions(asking: Asking) -> None:
    world, lead = asking.world, asking.world.actor("lead")
    draft = asking.draft("a", public_benefit="All.", own_a="Kept.")
    world.access.redraft(lead, draft.application_id, world.answers(), [world.datasets["b"]])
    sheet = world.access.answers.sheet(lead, draft.application_id)
    assert "own-a" not in titles(sheet)
    assert sheet.answers == {"public-benefit": "All."}
    world.access.redraft(lead, draft.application_id, world.answers(), list(world.datasets.values()))
    assert world.access.answers.sheet(lead, draft.application_id).answers["own-a"] == "Kept."


def test_answers_are_taken_over_from_earlier_applications(asking: Asking) -> None:
    world, lead = asking.world, asking.world.actor("lead")
    first = asking.submitted()
    draft = asking.draft("b", population="Adults.")
    filled = world.access.answers.reuse(lead, draft.application_id)
    assert filled.answers == {
        "public-benefit": "Patients learn which care helps.",
        "own-b": "Only B reads this.",
        "population": "Adults.",
    }
    with pytest.raises(NotPossible, match="No earlier answer"):
        world.access.answers.reuse(lead, draft.application_id, first)
    assert world.access.submit(lead, draft.application_id).state is ApplicationState.SUBMITTED


def test_nobody_takes_over_somebody_elses_answers(asking: Asking) -> None:
    world, first = asking.world, asking.submitted()
    theirs = world.access.draft(world.actor("member"), world.answers(members=()), [world.datasets["a"]])
    for source in (None, first):
        with pytest.raises(NotPossible, match="No earlier answer"):
            world.access.answers.reuse(world.actor("member"), theirs.application_id, source)


def test_without_forms_nothing_is_asked_and_all_goes_as_before(world: Any) -> None:
    application = world.submitted()
    assert world.access.answers.sheet(world.actor("lead"), application.application_id).sheet.asked == ()
    world.decide(application.application_id, "a")
    assert world.access.application(world.actor("officer_a"), application.application_id).parts[0].state is (
        PartState.APPROVED
    )


def test_an_answer_to_what_is_not_asked_any_more_is_not_read_by_anybody_else(asking: Asking) -> None:
    world = asking.world
    application_id = asking.draft().application_id
    asking.answer(application_id, funded="yes", funder="A company that stays secret.")
    asking.answer(application_id, public_benefit="Patients.", funded="no", own_a="A.", own_b="B.")
    world.access.submit(world.actor("lead"), application_id)
    for who in ("officer_a", "operator"):
        found = world.access.answers.sheet(world.actor(who), application_id)
        assert (found.answers["funded"], found.answers.get("funder")) == ("no", None)
    kept = world.access.answers.sheet(world.actor("lead"), application_id).answers
    assert kept["funder"] == "A company that stays secret.", "its writer finds it again"
