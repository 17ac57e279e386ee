"""Answers of an approved application fill the register; custodians reword before publication, and never silently."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from orchestrator.access.forms.bank import STANDARD
from orchestrator.access.forms.model import Asked, FormItem, Kind, Option, Question, Section, Sheet
from orchestrator.access.forms.published import check_mapping, said
from orchestrator.access.states import MemberRole
from orchestrator.audit.store import NoticeRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.register_fields import BY_KEY, Source
from orchestrator.transparency.planning import Reworded, digest, planned, settled
from tests import deciding
from tests.web.world import World, answers, day, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

NORTH, SOUTH = "officer", "other officer"
BENEFIT = "People learn sooner which treatment helps them."
GIVEN = {
    "public-benefit": BENEFIT,
    "lawful-basis": "public-task",
    "sensitivity": "pseudonymised",
    "lead-orcid": "0000-0002-1825-0097",
    "confidentiality": "other",
}


def ask(world: World, key: str, *questions: str) -> None:
    """Let a custodian ask these questions of the bank."""
    items = [FormItem(question_id=each, version=0) for each in questions]
    world.house.access.forms.publish(world.actor(key), world.custodians[key], items)


def applied(world: World, given: Mapping[str, object], *keys: str) -> str:
    """Hand in an application to some custodians, with these answers."""
    access, researcher = world.house.access, world.actor("researcher")
    made = access.draft(researcher, answers(world, "Asked"), [world.datasets[key] for key in keys])
    access.answers.answer(researcher, made.application_id, given)
    access.submit(researcher, made.application_id)
    return made.application_id


def approved(world: World, application_id: str, *keys: str) -> str:
    """Let custodians and an operator approve it; return the project."""
    for key in keys:
        deciding.decide(
            world.house.access,
            world.actor(key),
            application_id,
            world.custodians[key],
            approve=True,
            agreement_until=day(100),
        )
    return deciding.approve_project(world.house.access, world.actor("operator"), application_id).project_id


@pytest.fixture
def asking(world: World) -> World:
    """Two custodians that ask for what the register says: one much, the other the benefit only."""
    ask(world, NORTH, "public-benefit", "lawful-basis", "sensitivity", "lead-orcid", "confidentiality")
    ask(world, SOUTH, "public-benefit", "sensitivity")
    return world


def test_an_approved_application_fills_the_register_from_its_answers(asking: World) -> None:
    register, access = asking.house.register, asking.house.access
    application = applied(asking, GIVEN, NORTH, SOUTH)
    assert len(register.entries()) == 1
    project = approved(asking, application, NORTH, SOUTH)
    (first,) = register.history(project)
    entry = register.entry(project)
    assert entry.value("public_benefit") == BENEFIT
    assert entry.gaps() == ()
    assert entry.value("article_6") == "North Hospital Trust: (e) public task"
    assert entry.value("sensitivity") == "De-Personalised"
    assert entry.value("confidentiality") == "", "“other” is no choice of the register: the custodian states it"
    assert first.told_by["public_benefit"] == "the applicant's answer"
    assert entry.value("applicant_id") == ""
    access.agree_to_be_named(asking.actor("researcher"), project, agree=True)
    assert register.entry(project).value("applicant_id") == "0000-0002-1825-0097"
    with asking.house.record.read() as session:
        kept = " ".join(session.scalars(text("SELECT content FROM register_revision")))
        (log,) = session.scalars(text("SELECT body FROM audit_entry WHERE kind = 'register.answers-taken'"))
    assert "0000-0002" not in kept + log
    assert json.loads(log)["details"]["fields"]["applicant_id"] == ""
    assert digest("0000-0002-1825-0097") not in log
    assert register.verify() == []


def test_answers_to_a_custodian_that_refused_are_not_published(asking: World) -> None:
    application = applied(asking, GIVEN, NORTH, SOUTH)
    deciding.decide(
        asking.house.access,
        asking.actor(NORTH),
        application,
        asking.custodians[NORTH],
        approve=False,
        reason="Not enough.",
    )
    entry = asking.house.register.entry(approved(asking, application, SOUTH))
    assert entry.value("public_benefit") == BENEFIT
    assert entry.value("article_6") == ""


def test_a_question_that_was_mapped_after_it_was_answered_publishes_nothing(world: World) -> None:
    ask(world, NORTH, "population")
    application = applied(world, {"population": "All adults of the county."}, NORTH)
    question = next(each for each in STANDARD if each.question_id == "population")
    world.house.access.forms.define(world.actor("operator"), replace(question, register="confidential_data"))
    assert world.house.register.entry(approved(world, application, NORTH)).value("confidential_data") == ""


def test_an_approval_whose_answers_cannot_be_taken_does_not_happen(asking: World, monkeypatch) -> None:
    application = applied(asking, GIVEN, NORTH)

    def broken(*_args: object, **_more: object) -> None:
        raise NotPossible("The disk is full.")

    monkeypatch.setattr("orchestrator.transparency.store.add_statements", broken)
    with pytest.raises(NotPossible):
        approved(asking, application, NORTH)
    assert len(asking.house.access.projects(asking.actor("operator"))) == 1
    monkeypatch.undo()
    project = deciding.approve_project(asking.house.access, asking.actor("operator"), application).project_id
    assert asking.house.register.entry(project).value("public_benefit") == BENEFIT


def test_a_custodian_rewords_with_a_reason_and_the_applicant_reads_it(asking: World) -> None:
    register, north = asking.house.register, asking.custodians[NORTH]
    application = applied(asking, GIVEN, NORTH, SOUTH)
    better = "Patients learn sooner what helps."
    register.reword(
        asking.actor(NORTH), application, north, "public_benefit", words=better, reason="Say “patients”, as we do."
    )
    with asking.house.record.read() as session:
        told = select(NoticeRow.person_id, NoticeRow.subject).where(NoticeRow.kind == "application.reworded")
        assert session.execute(told).all() == [(asking.people["researcher"], f"application:{application}")]
    for key, sees in (("researcher", True), ("operator", True), (NORTH, True), (SOUTH, False)):
        field = _field(register.plan(asking.actor(key), application), "public_benefit")
        assert (field.shown == better, bool(field.rewordings)) == (sees, sees), key
        assert field.planned.words == BENEFIT, "what was answered stands beside what is put in its place"
    assert _field(register.plan(asking.actor("researcher"), application), "public_benefit").rewordings[0].reason == (
        "Say “patients”, as we do."
    )
    entry = register.entry(approved(asking, application, NORTH, SOUTH))
    assert entry.value("public_benefit") == better
    assert entry.latest.told_by["public_benefit"] == ("the applicant's answer in other words, by North Hospital Trust")


def test_custodians_that_want_different_words_stand_beside_each_other(asking: World) -> None:
    register = asking.house.register
    application = applied(asking, GIVEN, NORTH, SOUTH)
    for key, words in ((NORTH, "Benefit one."), (SOUTH, "Benefit two.")):
        custodian = asking.custodians[key]
        register.reword(asking.actor(key), application, custodian, "public_benefit", words=words, reason="Clearer.")
    entry = register.entry(approved(asking, application, NORTH, SOUTH))
    assert entry.value("public_benefit") == "North Hospital Trust: Benefit one.; South Cancer Registry: Benefit two."


def test_other_words_count_for_the_answer_that_they_were_about(asking: World) -> None:
    access, register, north = asking.house.access, asking.house.register, asking.custodians[NORTH]
    application = applied(asking, GIVEN, NORTH)
    register.reword(asking.actor(NORTH), application, north, "public_benefit", words="Shorter.", reason="Too long.")
    deciding.ask_changes(access, asking.actor(NORTH), application, north, "More.", questions=["public-benefit"])
    access.answers.answer(asking.actor("researcher"), application, {"public-benefit": "A new answer."})
    access.changes.answer_changes(asking.actor("researcher"), application, north)
    field = _field(register.plan(asking.actor(NORTH), application), "public_benefit")
    assert (field.shown, field.counts(field.rewordings[0])) == ("A new answer.", False)
    assert register.entry(approved(asking, application, NORTH)).value("public_benefit") == "A new answer."


def test_nobody_else_rewords_and_bad_words_are_refused_in_words(asking: World) -> None:
    register, north = asking.house.register, asking.custodians[NORTH]
    application = applied(asking, GIVEN, NORTH)

    def reword(who: str, key: str = "public_benefit", words: str = "Other.", reason: str = "Clearer.") -> None:
        register.reword(asking.actor(who), application, north, key, words=words, reason=reason)

    for who in ("stranger", SOUTH):
        with pytest.raises(NotFound):
            reword(who)
    for who in ("researcher", "colleague", "operator"):
        with pytest.raises(Refused, match="officer of the custodian"):
            reword(who)
    for given, field in (
        ({"words": ""}, "words"),
        ({"words": "It helped 4 patients."}, "words"),
        ({"words": "x" * 10_001}, "words"),
        ({"reason": " "}, "reason"),
        ({"key": "opt_out"}, "field"),
        ({"key": "applicant_id"}, "field"),
        ({"key": "title"}, "field"),
        ({"key": "article_6", "words": "Because."}, "words"),
    ):
        with pytest.raises(Invalid) as refused:
            reword(NORTH, **given)
        assert refused.value.field == field
    assert _field(register.plan(asking.actor(NORTH), application), "public_benefit").rewordings == ()
    approved(asking, application, NORTH)
    with pytest.raises(NotPossible, match="between handing in and approval"):
        reword(NORTH)


def test_an_amendment_that_repeats_an_answer_leaves_what_was_stated_since(asking: World) -> None:
    access, register, researcher = asking.house.access, asking.house.register, asking.actor("researcher")
    project = approved(asking, applied(asking, GIVEN, NORTH), NORTH)
    register.state(researcher, project, {"public_benefit": "What we know by now."})
    assert "public_benefit" not in register.entry(project).latest.told_by
    for given, says in (
        (GIVEN, "What we know by now."),
        (GIVEN | {"public-benefit": "What the change is for."}, "What the change is for."),
    ):
        made = access.amend(researcher, project, access.answers_of(researcher, project))
        access.answers.answer(researcher, made.application_id, given)
        access.submit(researcher, made.application_id)
        approved(asking, made.application_id, NORTH)
        assert register.entry(project).value("public_benefit") == says
    assert register.verify() == []


def test_what_cannot_be_public_is_refused_while_it_can_be_mended(asking: World) -> None:
    access, researcher, north = asking.house.access, asking.actor("researcher"), asking.custodians[NORTH]
    asking.house.alliance.publish_terms(
        asking.actor(NORTH), north, text="Stricter.", valid_until=moment(340), minimum_count=20
    )
    made = access.draft(researcher, answers(asking, "Care of 12 patients"), [asking.datasets[NORTH]])
    with pytest.raises(Invalid, match="will be public") as refused:
        access.answers.answer(researcher, made.application_id, {"public-benefit": "It helps 12 children."})
    assert refused.value.field == "public-benefit"
    with pytest.raises(Invalid, match="fewer than 20") as refused:
        access.submit(researcher, made.application_id)
    assert refused.value.field == "title"
    access.redraft(researcher, made.application_id, answers(asking, "Care"), [asking.datasets[NORTH]])
    access.submit(researcher, made.application_id)


def test_the_number_of_a_lead_who_left_before_the_approval_is_not_shown_because_the_next_agrees(asking: World) -> None:
    access, register, operator = asking.house.access, asking.house.register, asking.actor("operator")
    first, second = asking.actor("researcher"), asking.actor("colleague")
    project = approved(asking, applied(asking, {"public-benefit": BENEFIT}, NORTH), NORTH)
    made = access.amend(first, project, access.answers_of(first, project))
    access.answers.answer(first, made.application_id, {"lead-orcid": "0000-0002-1825-0097"})
    access.submit(first, made.application_id)
    for member in access.project(operator, project).members:
        access.end_member(operator, project, member.person_id)
    access.add_member(operator, project, second.person_id, role=MemberRole.LEAD)
    access.agree_to_be_named(second, project, agree=True)
    approved(asking, made.application_id, NORTH)
    entry = register.entry(project)
    assert (entry.people, entry.applicant_id) == (("Carl Colleague",), "")
    register.state(second, project, {"applicant_id": "0000-0001-5109-3700"})
    assert register.entry(project).applicant_id == "0000-0001-5109-3700"


# ---- without a record -------------------------------------------------------------------------------------------


def question(question_id: str, register: str, *options: Option, kind: Kind = Kind.TEXT) -> Question:
    return Question(
        question_id=question_id,
        section=Section.DATA,
        title=f"What of {question_id}?",
        kind=Kind.CHOICE if options and kind is Kind.TEXT else kind,
        options=options,
        register=register,
    )


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (question("a", "nonsense"), "Fields that answers fill"),
        (question("a", "title"), "Fields that answers fill"),
        (question("a", "article_6"), "one of its own choices"),
        (question("a", "public_benefit", kind=Kind.DAY), "a day fills a day"),
        (question("a", "opt_out", Option(value="x", label="Perhaps")), "offers nothing"),
        (question("a", "opt_out", Option(value="x", label="Yes", register="Sure")), "its choices are"),
        (question("a", "", Option(value="x", label="Yes", register="Yes")), "names no field"),
    ],
)
def test_a_question_that_cannot_fill_its_field_is_refused(made: Question, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        check_mapping(made)
    assert refused.value.field == "register"


def test_the_bank_fills_all_that_applicants_can_know() -> None:
    filled = {each.register for each in STANDARD if each.register}
    stated = {key for key, field in BY_KEY.items() if field.source is not Source.RECORD}
    assert stated - filled == {"opt_out", "privacy", "outputs"}, "what custodians know, and what comes at the end"
    for each in STANDARD:
        if BY_KEY.get(each.register) and BY_KEY[each.register].choices:
            assert all(said(each, one.value) in ("", *BY_KEY[each.register].choices) for one in each.options)


def test_several_questions_become_one_field() -> None:
    level = [Option(value="1", label="Anonymous"), Option(value="2", label="Personally Identifiable")]
    basis = [Option(value="1", label="(a) consent"), Option(value="2", label="(e) public task")]
    sheet = Sheet(
        asked=(
            Asked(question=question("one", "linkage"), custodians=("n",)),
            Asked(question=question("two", "linkage"), custodians=("n", "s")),
            Asked(question=question("three", "sensitivity", *level), custodians=("n",)),
            Asked(question=question("four", "sensitivity", *level), custodians=("n",)),
            Asked(question=question("five", "article_6", *basis), custodians=("n",)),
            Asked(question=question("six", "article_6", *basis), custodians=("n",)),
            Asked(question=question("seven", ""), custodians=("n",)),
        )
    )
    given = {"one": "By us.", "two": "By them.", "three": "1", "four": "2", "five": "1", "six": "2", "seven": "Own."}
    found = {(each.key, each.owner): each.words for each in planned(sheet, given, {"n", "s"})}
    assert found == {("linkage", ""): "By us.\nBy them.", ("sensitivity", "n"): "Personally Identifiable"}
    assert [each.words for each in planned(sheet, given, {"s"})] == ["By them."]
    (line,) = planned(sheet, {"two": "By them."}, {"n", "s"})
    own = Reworded(
        application_id="a", custodian_id="n", key="linkage", of_sha256=digest("By them."), words="By them.",
        reason="As it was.", by="p", at=moment(0),
    )  # fmt: skip
    assert settled(line, [replace(own, words="Ours."), own], {"n": "North"}).reworded_by == ()
    assert settled(line, [replace(own, words="Ours.")], {"s": "South"}).words == "By them."


def test_other_words_count_beside_the_answer_to_another_custodians_question() -> None:
    sheet = Sheet(
        asked=(
            Asked(question=question("one", "linkage"), custodians=("n",)),
            Asked(question=question("two", "linkage"), custodians=("n", "s")),
            Asked(question=question("three", "linkage"), custodians=("s",)),
        )
    )
    given = {"one": "Dr Strange does it.", "two": "By them.", "three": "With care."}
    (read_by_north,) = planned(sheet, given, {"n"})
    (line,) = planned(sheet, given, {"n", "s"})
    north = Reworded(
        application_id="a", custodian_id="n", key="linkage", of_sha256=digest(read_by_north.words), words="Within.",
        reason="It names somebody.", by="p", at=moment(0),
    )  # fmt: skip
    south = replace(north, custodian_id="s", of_sha256=digest("By them.\nWith care."), words="Apart.")
    names = {"n": "North", "s": "South"}
    assert (line.words_of("n"), line.asked_by) == (read_by_north.words, ("n", "s"))
    alone = settled(line, [north], names)
    assert (alone.words, alone.reworded_by) == ("Within.\nWith care.", ("North",))
    assert settled(line, [north, south], names).words == "North: Within.; South: Apart."
    assert settled(line, [north, replace(north, words=read_by_north.words)], names).reworded_by == ()
    other = planned(sheet, given | {"one": "Somebody else."}, {"n", "s"})
    assert settled(other[0], [north], names).reworded_by == ()


def _field(plan, key: str):
    return next(each for each in plan.fields if each.planned.key == key)
