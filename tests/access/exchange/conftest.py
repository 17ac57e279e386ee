"""Two custodians that ask: shared questions, own ones, one with a lay panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator.access.forms.model import AskedWhen, FormItem, Kind, Option, Question, Section
from orchestrator.access.model import Application
from tests import deciding

World = Any

GIVEN = {"public-benefit": "Patients learn which care helps.", "funded": "no"}
"""Answers to what both custodians need of everybody."""


@dataclass
class Asking:
    """The world with forms, and the ways in which its people deal with one another."""

    world: World

    def own_question(self, name: str, title: str, **more: Any) -> str:
        question = Question(
            question_id=f"own-{name}",
            owner=self.world.custodians[name],
            section=Section.DATA,
            title=title,
            kind=Kind.TEXT,
            **more,
        )
        return self.world.access.forms.define(self.world.actor(f"officer_{name}"), question).question_id

    def publish(self, name: str, *questions: str, **more: Any) -> int:
        """Publish a form; a question that ends with ``!`` has to be answered."""
        items = [
            FormItem(
                question_id=each.rstrip("!"), version=0, required=each.endswith("!"), guidance=f"Trust {name} asks."
            )
            for each in questions
        ]
        actor = self.world.actor(f"officer_{name}")
        return self.world.access.forms.publish(actor, self.world.custodians[name], items, **more).version

    def draft(self, *names: str, **answers: Any) -> Application:
        world = self.world
        made = world.access.draft(
            world.actor("lead"),
            world.answers(),
            [world.datasets[name] for name in names or ("a", "b")],
            justifications={world.custodians[name]: f"Needed of {name}." for name in names or ("a", "b")},
        )
        if answers:
            self.answer(made.application_id, **answers)
        return made

    def answer(self, application_id: str, **answers: Any) -> Any:
        given = {key.replace("_", "-"): value for key, value in answers.items()}
        return self.world.access.answers.answer(self.world.actor("lead"), application_id, given)

    def submitted(self, *names: str, **answers: Any) -> str:
        given = {key.replace("-", "_"): value for key, value in GIVEN.items()}
        given |= {"own_a": "Only A reads this.", "own_b": "Only B reads this."} | answers
        made = self.draft(*names)
        sheet = self.world.access.answers.sheet(self.world.actor("lead"), made.application_id).sheet
        asked = {each.question.question_id for each in sheet.asked}
        self.answer(made.application_id, **{key: each for key, each in given.items() if key.replace("_", "-") in asked})
        self.world.access.submit(self.world.actor("lead"), made.application_id)
        return made.application_id

    def ask_changes(self, application_id: str, name: str, *questions: str, fields: tuple[str, ...] = ()) -> Any:
        return deciding.ask_changes(
            self.world.access,
            self.world.actor(f"officer_{name}"),
            application_id,
            self.world.custodians[name],
            "Say more.",
            questions=questions,
            fields=fields,
        )

    def send(self, application_id: str, name: str, **fields: Any) -> Application:
        return self.world.access.changes.answer_changes(
            self.world.actor("lead"), application_id, self.world.custodians[name], "Done.", fields=fields
        )

    def part(self, application_id: str, name: str) -> Any:
        application = self.world.access.application(self.world.actor("lead"), application_id)
        return next(part for part in application.parts if part.custodian_id == self.world.custodians[name])


@pytest.fixture
def asking(world: World) -> Asking:
    """Both custodians ask two shared questions and one of their own; the own one of A hangs on a shared one too."""
    made = Asking(world)
    made.own_question("a", "What of A?")
    made.own_question("b", "What of B?")
    made.publish("a", "public-benefit!", "funded!", "funder!", "own-a!")
    made.publish("b", "public-benefit!", "population", "own-b!", decide_within=10, answer_within=5)
    return made


def choice(question_id: str, *, when: str = "", owner: str | None = None) -> Question:
    """A yes or no question of the bank that hangs on another one."""
    return Question(
        question_id=question_id,
        owner=owner,
        section=Section.PROJECT,
        title=f"Is {question_id} so?",
        kind=Kind.CHOICE,
        options=(Option(value="yes", label="Yes"), Option(value="no", label="No")),
        asked_when=AskedWhen(question_id=when, values=("yes",)) if when else None,
    )
