"""The bank of questions: ours, a custodian's own, and the national gateway's real one."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.access.forms.bank import STANDARD
from orchestrator.access.forms.importing import read_bank
from orchestrator.access.forms.model import AskedWhen, Form, FormItem, Kind, Option, Question, Section
from orchestrator.access.forms.rules import check_bank, check_question, cycle_in
from orchestrator.access.forms.sheets import answered, is_asked, merged, missing
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused

World = Any

DATA = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))


def real(name: str) -> Any:
    file = DATA / name
    if not file.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{file} is missing; set TRE_TEST_DATA to the folder of test data")
        pytest.skip(f"{file} is not on this machine; set TRE_TEST_DATA")
    return json.loads(file.read_text())


def question(question_id: str, when: str = "", owner: str | None = None, **more: Any) -> Question:
    values: dict[str, Any] = {
        "question_id": question_id,
        "owner": owner,
        "section": Section.PROJECT,
        "title": f"Is {question_id} so?",
        "kind": Kind.CHOICE,
        "options": (Option(value="yes", label="Yes"), Option(value="no", label="No")),
        "asked_when": AskedWhen(question_id=when, values=("yes",)) if when else None,
    }
    return Question(**(values | more))


def test_our_own_bank_is_sound_and_covers_the_five_safes() -> None:
    check_bank([check_question(each) for each in STANDARD])
    assert {each.section for each in STANDARD} == set(Section)
    assert all(each.owner is None and each.version == 1 for each in STANDARD)


# ---- the real bank ----------------------------------------------------------------------------------------------


def _conditional(options: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [child for option in options for child in option.get(key) or []]


def test_the_real_bank_is_taken_in_whole() -> None:
    content = real("question-bank.json") + real("question-bank-part-two.json")
    entries = [each for part in content for group in part["subSections"] for each in group["questions"]]
    first = [child for each in entries for child in _conditional(each["field"]["options"], "conditional")]
    deeper, level = [], first
    while level:
        level = [
            child for each in level for child in _conditional(each["input"].get("options", []), "conditionalQuestions")
        ]
        deeper += level
    every = [*first, *deeper]
    buttons = [each for each in every if each["input"]["type"] == "buttonInput"]
    assert (len(entries), len(buttons)) == (152, 4)
    read = read_bank(content)
    assert len(read.questions) == len(entries) + len(every) - len(buttons)
    assert sum(each.asked_when is None for each in read.questions) == 152
    titles = {" ".join(each["title"].split()) for each in entries}
    titles |= {" ".join(each["question"].split()) for each in every if each not in buttons}
    assert {each.title for each in read.questions} == titles
    assert len(read.findings) == 1, "one upload"
    repeated = {(each.group, each.repeats) for each in read.questions if each.repeats}
    assert repeated == {
        ("Other individuals", "person"),
        ("Funder information", "organisation"),
        ("Sponsor information", "organisation"),
        ("Declaration of interest", "organisation"),
        ("Storage and processing", "organisation"),
    }
    wanted = {name for each in buttons for name in each["input"]["questionIds"]}
    assert sum(each.repeats == "organisation" for each in read.questions) >= len(wanted)


def test_the_real_part_one_holds_ninety_six_conditional_questions_directly_below() -> None:
    content = real("question-bank.json")
    entries = [each for part in content for group in part["subSections"] for each in group["questions"]]
    first = [child for each in entries for child in _conditional(each["field"]["options"], "conditional")]
    assert (len(entries), len(first)) == (121, 96)


def test_the_real_bank_serves_in_a_form(world: World) -> None:
    forms, operator = world.access.forms, world.actor("operator")
    content = real("question-bank.json") + real("question-bank-part-two.json")
    taken = forms.import_bank(operator, content)
    assert forms.import_bank(operator, content).questions == (), "the same again changes nothing"
    items = [FormItem(question_id=each.question_id, version=0) for each in taken.questions]
    published = forms.publish(world.actor("officer_a"), world.custodians["a"], items)
    assert len(published.items) == len(taken.questions)
    lead = world.actor("lead")
    draft = world.access.draft(lead, world.answers(), [world.datasets["a"]])
    sheet = world.access.answers.sheet(lead, draft.application_id).sheet
    assert len(sheet.asked) == len(taken.questions)
    commercial = next(each for each in sheet.asked if each.question.title.startswith("Is there a commercial interest"))
    below = [each for each in sheet.asked if each.question.asked_when
             and each.question.asked_when.question_id == commercial.question.question_id]  # fmt: skip
    assert below
    assert not any(is_asked(sheet, each, {}) for each in below)
    assert all(is_asked(sheet, each, {commercial.question.question_id: "Yes"}) for each in below)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("longest", "5", "no whole number"),
        ("longest", None, "no whole number"),
        ("shortest", True, "no whole number"),
        ("always_required", "no", "neither true nor false"),
        ("archived", 1, "neither true nor false"),
        ("options", "abc", "no list"),
        ("options", ["x" * 2001], "no line of at most"),
        ("options", ["x\x00"], "no line of at most"),
        ("asked_when", {"question_id": "one", "values": "yes"}, "no list"),
        ("title", "\ud800", "control characters"),
    ],
)
def test_a_question_of_a_file_has_the_types_it_is_read_as(field: str, value: object, sentence: str) -> None:
    entry = {"question_id": "one", "title": "T", "section": "safe data", "kind": "choice", "options": ["yes"]}
    with pytest.raises(Invalid, match=sentence):
        read_bank({"questions": [entry | {field: value}]})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "neither"),
        ([], "neither"),
        ({"questions": []}, "between 1 and"),
        ({"questions": [3]}, "not an object"),
        ({"questions": [{"question_id": "a1"}]}, "cannot be read"),
        ({"questions": [{"question_id": "a1", "title": "T", "section": "x", "kind": "line"}]}, "cannot be read"),
        ({"questions": [{"question_id": "A b", "title": "T", "section": "safe data", "kind": "line"}]}, "cannot name"),
        ({"questions": [{"question_id": "a1", "title": " ", "section": "safe data", "kind": "line"}]}, "asks nothing"),
        ({"questions": [{"question_id": "a1", "title": "T", "section": "safe data", "kind": "choice"}]}, "options"),
        (
            {"questions": [{"question_id": "a1", "title": "T", "section": "safe data", "kind": "line", "do": "x"}]},
            "nobody knows",
        ),
        ([{"title": "Safe data"}], "cannot be read"),
        ([{"title": "Safe data", "subSections": [{"name": "x", "questions": [{"title": "T"}]}]}], "cannot be read"),
        (
            [
                {
                    "title": "Safe data",
                    "subSections": [
                        {"name": "x", "questions": [{"title": "T", "field": {"component": "Slider", "options": []}}]}
                    ],
                }
            ],
            "nobody knows here",
        ),
    ],
)
def test_a_file_that_is_no_bank_is_refused_in_words(content: object, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        read_bank(content)


def test_a_bank_nested_without_end_is_refused() -> None:
    child: dict[str, Any] = {"question": "Deepest", "input": {"type": "textInput"}}
    for level in range(30):
        option = {"value": "Yes", "text": "Yes", "conditionalQuestions": [child]}
        child = {"question": f"Level {level}", "input": {"type": "radioOptionsInput", "options": [option]}}
    top = {
        "title": "T",
        "field": {"component": "RadioGroup", "options": [{"value": "Yes", "label": "Yes", "conditional": [child]}]},
    }
    with pytest.raises(Invalid, match="deeper than"):
        read_bank([{"title": "Safe data", "subSections": [{"name": "x", "questions": [top]}]}])


# ---- cycles -----------------------------------------------------------------------------------------------------


def test_a_bank_with_a_cycle_is_refused_with_the_circle() -> None:
    circle = [question("one-a", "one-b"), question("one-b", "one-c"), question("one-c", "one-a"), question("free")]
    with pytest.raises(Invalid, match=r"wait for one another.*one-a → one-b → one-c → one-a"):
        check_bank(circle)
    with pytest.raises(Invalid, match="wait for one another"):
        check_bank([question("self", "self")])


def test_a_cycle_cannot_be_made_one_question_at_a_time(world: World) -> None:
    forms, operator = world.access.forms, world.actor("operator")
    forms.define(operator, question("first"))
    forms.define(operator, question("second", "first"))
    with pytest.raises(Invalid, match="wait for one another"):
        forms.define(operator, question("first", "second"))
    content = {
        "questions": [
            {
                "question_id": name,
                "title": name,
                "section": "safe data",
                "kind": "choice",
                "options": ["yes"],
                "asked_when": {"question_id": other, "values": ["yes"]},
            }
            for name, other in (("x1", "x2"), ("x2", "x1"))
        ]
    }
    with pytest.raises(Invalid, match="wait for one another"):
        forms.import_bank(operator, content)
    assert "x1" not in {each.question_id for each in forms.questions(operator)}


@given(edges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=8))
def test_a_cycle_is_found_exactly_where_there_is_one(edges: list[tuple[int, int]]) -> None:
    parents = dict(edges)
    known = {f"q{node}": question(f"q{node}", f"q{parents[node]}" if node in parents else "") for node in range(8)}

    def circles(node: int) -> bool:
        here, seen = node, set()
        while here in parents and here not in seen:
            seen.add(here)
            here = parents[here]
        return here in seen

    found = cycle_in(known)
    assert bool(found) is any(circles(node) for node in range(8))
    if found:
        assert found[0] == found[-1]
        for here, following in pairwise(found):
            assert known[here].asked_when == AskedWhen(question_id=following, values=("yes",))


# ---- keeping questions and forms --------------------------------------------------------------------------------


def test_every_version_of_a_question_stays(world: World) -> None:
    forms, operator = world.access.forms, world.actor("operator")
    forms.define(operator, question("first"))
    assert forms.define(operator, question("first", title="Better?")).version == 2
    assert [each.title for each in forms.question(operator, "first")] == ["Better?", "Is first so?"]
    shipped = next(each for each in STANDARD if each.question_id == "funded")
    assert forms.define(operator, replace(shipped, title="Is it paid for?")).version == 2
    assert forms.archive(operator, "funded").archived
    assert "funded" not in {each.question_id for each in forms.questions(operator)}
    with pytest.raises(NotPossible):
        forms.archive(operator, "funded")


def test_a_custodians_own_questions_are_its_own(world: World) -> None:
    forms, a, b = world.access.forms, world.custodians["a"], world.custodians["b"]
    mine = forms.define(world.actor("officer_a"), question("own-of-a", owner=a))
    assert mine in forms.questions(world.actor("officer_a"), custodian_id=a)
    assert mine not in forms.questions(world.actor("officer_b"))
    for call in (
        lambda: forms.questions(world.actor("officer_b"), custodian_id=a),
        lambda: forms.define(world.actor("officer_b"), question("own-of-a", owner=a, title="Mine now?")),
        lambda: forms.define(world.actor("operator"), question("another", owner=a)),
        lambda: forms.define(world.actor("officer_a"), question("for-all")),
        lambda: forms.import_bank(world.actor("officer_a"), {"questions": []}),
        lambda: forms.form(world.actor("officer_b"), a),
        lambda: forms.forms(world.actor("lead"), a),
    ):
        with pytest.raises((Refused, Invalid)):
            call()
    for call in (
        lambda: forms.question(world.actor("officer_b"), "own-of-a"),
        lambda: forms.archive(world.actor("officer_b"), "own-of-a"),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(Invalid, match="Another question has this name"):
        forms.define(world.actor("officer_b"), question("own-of-a", owner=b))
    with pytest.raises(Invalid, match="which is not there"):
        forms.define(world.actor("operator"), question("shared", "own-of-a"))
    with pytest.raises(Invalid, match="no question"):
        forms.publish(world.actor("officer_b"), b, [FormItem(question_id="own-of-a", version=0)])


@pytest.mark.parametrize(
    ("items", "more", "sentence"),
    [
        (["nothing-such"], {}, "There is no question"),
        (["funded", "funded"], {}, "asked twice"),
        (["funder"], {}, "ask that too"),
        (["funded"], {"decide_within": 0}, "between 1 and"),
        (["funded"], {"answer_within": 999}, "between 1 and"),
        (["funded"], {"nation": "France"}, "England and Wales"),
        (["funded"], {"panel": -1}, "lay panel"),
    ],
)
def test_a_form_that_cannot_be_is_refused(world: World, items: list[str], more: dict[str, Any], sentence: str) -> None:
    chosen = [FormItem(question_id=each, version=0) for each in items]
    with pytest.raises(Invalid, match=sentence):
        world.access.forms.publish(world.actor("officer_a"), world.custodians["a"], chosen, **more)


def test_an_archived_question_is_not_taken_up_and_a_published_form_keeps_it(world: World) -> None:
    forms, officer, a = world.access.forms, world.actor("officer_a"), world.custodians["a"]
    forms.publish(officer, a, [FormItem(question_id="funded", version=0)])
    forms.archive(world.actor("operator"), "funded")
    assert forms.form(officer, a).items[0].question_id == "funded"
    with pytest.raises(NotPossible, match="archived"):
        forms.publish(officer, a, [FormItem(question_id="funded", version=0)])
    lead = world.actor("lead")
    draft = world.access.draft(lead, world.answers(), [world.datasets["a"]])
    assert world.access.answers.sheet(lead, draft.application_id).sheet.find("funded")


# ---- one sheet out of several forms -----------------------------------------------------------------------------


def form(custodian_id: str, *items: tuple[str, int, bool]) -> Form:
    from datetime import UTC, datetime

    return Form(
        custodian_id=custodian_id,
        version=1,
        items=tuple(FormItem(question_id=key, version=version, required=needed) for key, version, needed in items),
        decide_within=20,
        answer_within=20,
        nation="Scotland",
        published_by="x",
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_where_two_ask_versions_of_one_question_the_newest_is_asked() -> None:
    bank = {("q1", 1): question("q1"), ("q1", 2): replace(question("q1", title="Newer?"), version=2)}
    sheet = merged([form("a", ("q1", 1, True)), form("b", ("q1", 2, False))], bank)
    [asked] = sheet.asked
    assert (asked.question.title, asked.required_by, asked.custodians) == ("Newer?", ("a",), ("a", "b"))


def test_versions_that_hang_on_different_answers_are_asked_of_everybody() -> None:
    bank = {
        ("q0", 1): question("q0"),
        ("q1", 1): question("q1"),
        ("q1", 2): replace(question("q1", "q0"), version=2),
    }
    sheet = merged([form("a", ("q1", 1, True)), form("b", ("q0", 1, False), ("q1", 2, True))], bank)
    assert [each.question.question_id for each in missing(sheet, {})] == ["q1"]
    assert answered(sheet.of("a"), {"q1": "yes"}) == {"q1": "yes"}


def test_versions_of_two_forms_that_hang_on_one_another_lose_no_question() -> None:
    bank = {
        ("q1", 1): question("q1"),
        ("q1", 2): replace(question("q1", "q2"), version=2),
        ("q2", 1): question("q2"),
        ("q2", 2): replace(question("q2", "q1"), version=2),
    }
    sheet = merged([form("a", ("q1", 2, True), ("q2", 1, True)), form("b", ("q2", 2, True), ("q1", 1, True))], bank)
    assert {each.question.question_id for each in missing(sheet, {})} == {"q1", "q2"}


@given(
    choices=st.lists(st.sets(st.sampled_from([each.question_id for each in STANDARD])), min_size=1, max_size=4),
)
def test_a_sheet_asks_each_question_once_and_every_custodian_what_it_wants(choices: list[set[str]]) -> None:
    bank = {(each.question_id, 1): each for each in STANDARD}
    forms = []
    for place, chosen in enumerate(choices):
        whole = set(chosen)
        while more := {w.question_id for key in whole if (w := bank[key, 1].asked_when)} - whole:
            whole |= more
        forms.append(form(f"c{place}", *((key, 1, True) for key in sorted(whole))))
    sheet = merged(forms, bank)
    names = [each.question.question_id for each in sheet.asked]
    assert len(names) == len(set(names))
    for each in forms:
        assert {one.question.question_id for one in sheet.of(each.custodian_id).asked} == {
            item.question_id for item in each.items
        }
    for place, each in enumerate(sheet.asked):
        if each.question.asked_when:
            assert each.question.asked_when.question_id in names[:place], "parents come first"
