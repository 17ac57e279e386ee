"""Questions that repeat: asked, answered, taken out, compared, published and taken over person by person."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.access.forms.importing import read_bank
from orchestrator.access.forms.model import Asked, AskedWhen, FormItem, Kind, Option, Question, Section, Sheet
from orchestrator.access.forms.repeating import (
    MOST,
    first_of_each,
    last_of_each,
    last_of_one,
    same_one,
    spread,
    without,
)
from orchestrator.access.forms.rules import check_bank, check_question
from orchestrator.access.forms.sheets import is_asked, missing
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.transparency.planning import planned

World = Any


def question(name: str, **more: Any) -> Question:
    fields: dict[str, Any] = {"section": Section.PEOPLE, "group": "Others", "kind": Kind.LINE, "repeats": "person"}
    return Question(question_id=name, title=name.capitalize(), **(fields | more))


YES = (Option(value="yes", label="Yes"), Option(value="no", label="No"))
QUESTIONS = (
    question("name"),
    question("trained", kind=Kind.CHOICE, options=YES),
    question("when", asked_when=AskedWhen(question_id="trained", values=("yes",))),
    question("more", repeats="", group="More"),
)
SHEET = Sheet(asked=tuple(Asked(question=each, custodians=("a",), required_by=("a",)) for each in QUESTIONS))


def ids(sheet: Sheet) -> list[str]:
    return [each.question.question_id for each in sheet.asked]


def test_a_sheet_asks_everybody_of_whom_something_is_said_and_one_more_where_that_is_wanted() -> None:
    assert ids(spread(SHEET, {})) == ["name", "trained", "when", "more"]
    two = spread(SHEET, {"name": "Ann", "trained.2": "yes"})
    assert ids(two) == ["name", "trained", "when", "name.2", "trained.2", "when.2", "more"]
    assert [each.question.title for each in two.asked[3:6]] == [
        "Name (person 2)",
        "Trained (person 2)",
        "When (person 2)",
    ]
    assert ids(spread(SHEET, {"name": "Ann"}, more="when"))[3:6] == ["name.2", "trained.2", "when.2"]
    assert ids(spread(SHEET, {"name": "Ann"}, more="more")) == ids(SHEET)
    full = spread(SHEET, {f"name.{MOST}": "Last", f"name.{MOST + 1}": "Nobody"}, more="name")
    assert len(full.asked) == MOST * 3 + 1
    assert first_of_each(two) == {"name": "person 1", "name.2": "person 2"}
    assert last_of_each(two) == {"when.2": "person"}
    assert last_of_each(full) == {}, "nobody else can be added"
    assert last_of_one(two) == {"when": "person 1", "when.2": "person 2"}
    assert [each.question.question_id for each in same_one(two, "when.2")] == ["name.2", "trained.2", "when.2"]


def test_a_condition_is_about_the_same_person_and_so_is_what_is_missing() -> None:
    answers = {"name": "Ann", "trained": "yes", "when": "May", "more": "-", "name.2": "Ben", "trained.2": "no"}
    two = spread(SHEET, answers)
    asked = {each.question.question_id: is_asked(two, each, answers) for each in two.asked}
    assert (asked["when"], asked["when.2"]) == (True, False)
    assert missing(two, answers) == []
    turned = answers | {"trained.2": "yes"}
    assert [each.question.title for each in missing(two, turned)] == ["When (person 2)"]


def test_who_is_taken_out_leaves_no_gap_and_no_answer_behind() -> None:
    answers = {"name": "Ann", "trained": "yes", "when": "May", "name.2": "Ben", "name.3": "Cat", "trained.3": "no"}
    three = spread(SHEET, answers)
    assert without(three, "trained.2", answers) == {"name.2": "Cat", "trained.2": "no", "name.3": "", "trained.3": ""}
    assert without(three, "name.3", answers) == {"name.3": "", "trained.3": ""}
    alone = {"name": "Ann"}
    assert without(spread(SHEET, alone), "name", alone) == {"name": ""}
    with pytest.raises(NotPossible, match="nothing to take out"):
        without(SHEET, "name", {})
    for wrong in ("more", "nothing", "name.9"):
        with pytest.raises(Invalid):
            without(three, wrong, answers)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"repeats": "a person"}, "repeats"),
        ({"repeats": "<b>"}, "repeats"),
        ({"repeats": "p" * 31}, "repeats"),
        ({"question_id": "q" * 61}, "question_id"),
    ],
)
def test_what_cannot_repeat_is_refused(changes: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_question(question(**({"name": changes.pop("question_id", "name")} | changes)))
    assert refusal.value.field == field


def test_what_hangs_on_one_persons_answer_is_asked_of_that_person() -> None:
    later = question("later", repeats="", asked_when=AskedWhen(question_id="trained", values=("yes",)))
    with pytest.raises(Invalid, match="is asked for each person") as refusal:
        check_bank([QUESTIONS[1], later])
    assert refusal.value.field == "repeats"


def test_a_file_of_our_own_says_what_repeats() -> None:
    entry = {"question_id": "who", "section": "safe people", "title": "Who?", "kind": "line", "repeats": "person"}
    assert read_bank({"questions": [entry]}).questions[0].repeats == "person"
    with pytest.raises(Invalid):
        read_bank({"questions": [entry | {"repeats": 3}]})


# ---- the whole way ---------------------------------------------------------------------------------------------------


@pytest.fixture
def team(world: World) -> str:
    """A draft in which custodian “a” asks of each person a name and whether he is trained."""
    forms, officer, a = world.access.forms, world.actor("officer_a"), world.custodians["a"]
    for each in (
        question("person-name", register="funders", owner=a),
        question("person-trained", kind=Kind.CHOICE, options=YES, owner=a),
        question("person-when", asked_when=AskedWhen(question_id="person-trained", values=("yes",)), owner=a),
    ):
        forms.define(officer, each)
    names = ("person-name", "person-trained", "person-when")
    forms.publish(officer, a, [FormItem(question_id=name, version=0, required=True) for name in names])
    return drafted(world)


def drafted(world: World) -> str:
    return str(world.access.draft(world.actor("lead"), world.answers(), [world.datasets["a"]]).application_id)


ANN = {"person-name": "Ann", "person-trained": "yes", "person-when": "May"}
BEN = {"person-name.2": "Ben", "person-trained.2": "no"}


def test_people_are_answered_submitted_and_read_one_by_one(world: World, team: str) -> None:
    lead, officer, a = world.actor("lead"), world.actor("officer_a"), world.custodians["a"]
    answers = world.access.answers
    answers.answer(lead, team, ANN | {"person-name.2": "Ben"})
    with pytest.raises(Invalid, match=r"Person-trained \(person 2\).* still has to be answered"):
        world.access.submit(lead, team)
    with pytest.raises(Invalid, match=r"Choose one .* “Person-trained \(person 2\)”"):
        answers.answer(lead, team, {"person-trained.2": "perhaps"})
    with pytest.raises(Invalid, match="does not ask"):
        answers.answer(lead, team, {f"person-name.{MOST + 1}": "Zoe"})
    answers.answer(lead, team, BEN | {"person-name.3": "Cat", "person-trained.3": "no"})
    answers.take_out(lead, team, "person-name.3")
    world.access.submit(lead, team)
    read = answers.sheet(officer, team)
    assert read.answers == ANN | BEN
    assert read.sheet.find("person-name.3") is None
    with pytest.raises(NotPossible, match="frozen"):
        answers.take_out(lead, team, "person-name.2")
    before = world.access.reading(officer, team, a)
    world.access.changes.ask_changes(officer, team, a, "Who else?", read=before, questions=["person-name.2"])
    answers.answer(lead, team, {"person-name.3": "Dan", "person-trained.3": "no"})
    assert answers.sheet(officer, team).sheet.find("person-name.3") is None, "not sent yet"
    world.access.changes.answer_changes(lead, team, a, "Dan.")
    read = answers.sheet(officer, team)
    assert read.changed == {"person-name.3", "person-trained.3"}
    assert read.answers == ANN | BEN | {"person-name.3": "Dan", "person-trained.3": "no"}
    assert world.access.reading(officer, team, a) != before


def test_the_next_application_takes_over_whole_people_and_mixes_none(world: World, team: str) -> None:
    lead, answers = world.actor("lead"), world.access.answers
    answers.answer(lead, team, ANN | BEN)
    second = drafted(world)
    world.clock.now += world.clock.now.resolution
    answers.answer(lead, second, {"person-name": "Eve", "person-trained": "no"})
    third = drafted(world)
    assert answers.reuse(lead, third).answers == {"person-name": "Eve", "person-trained": "no"}
    with pytest.raises(NotPossible):
        answers.reuse(lead, third, team)
    fourth = drafted(world)
    assert answers.reuse(lead, fourth, team).answers == ANN | BEN


def test_the_register_says_what_was_answered_for_each(world: World, team: str) -> None:
    lead, a = world.actor("lead"), world.custodians["a"]
    with pytest.raises(Invalid, match=r"Person-name \(person 2\).* will be public.*4 patients"):
        world.access.answers.answer(lead, team, ANN | {"person-name.2": "A fund of 4 patients"})
    filled = world.access.answers.answer(lead, team, ANN | BEN)
    (line,) = planned(filled.sheet, filled.answers, [a])
    assert (line.key, line.words) == ("funders", "Ann, Ben")


def test_a_custodian_learns_nothing_of_people_another_one_asked_for(world: World, team: str) -> None:
    lead = world.actor("lead")
    world.access.answers.answer(lead, team, ANN | BEN)
    world.access.redraft(lead, team, world.answers(), [world.datasets["a"], world.datasets["b"]])
    world.access.submit(lead, team)
    assert world.access.answers.sheet(world.actor("officer_b"), team).sheet.asked == ()


def test_a_custodian_learns_not_even_of_how_many_people_another_one_asked(world: World, team: str) -> None:
    lead, officer, b = world.actor("lead"), world.actor("officer_b"), world.custodians["b"]
    name = question("person-post", owner=None)
    world.access.forms.define(world.actor("operator"), name)
    for who in "ab":
        items = [FormItem(question_id="person-post", version=0)]
        items += [FormItem(question_id="person-name", version=0)] if who == "a" else []
        world.access.forms.publish(world.actor(f"officer_{who}"), world.custodians[who], items)
    world.access.redraft(lead, team, world.answers(), [world.datasets["a"], world.datasets["b"]])
    world.access.answers.answer(lead, team, {"person-post": "Nurse", "person-name.3": "Cat"})
    world.access.submit(lead, team)
    read = world.access.answers.sheet(officer, team)
    assert ids(read.sheet) == ["person-post"]
    assert world.access.reading(officer, team, b)
    assert "person-post.3" in ids(world.access.answers.sheet(world.actor("officer_a"), team).sheet)
