"""The bank's questions whose answers exist for the public register: custodians ask them so that nobody types it later.

Their wording is ours; the fields and their choices are those of the register's specification.
"""

from __future__ import annotations

from orchestrator.core.register_fields import BY_KEY

from .model import AskedWhen, Kind, Option, Question, Section

__all__ = ["ARTICLE_9_OPTIONS", "REGISTER"]


def _choices(key: str) -> tuple[Option, ...]:
    """Return the choices of a register's field as options; a lawful basis is kept as its letter."""
    return tuple(Option(value=_name(choice), label=choice, register=choice) for choice in BY_KEY[key].choices)


def _name(choice: str) -> str:
    if choice.startswith("("):
        return choice[1]
    return "".join(each for each in choice.lower().replace(" ", "-") if each.isalnum() or each == "-")


_YES_NO = (Option(value="yes", label="Yes", register="Yes"), Option(value="no", label="No", register="No"))

ARTICLE_9_OPTIONS = _choices("article_9")

REGISTER: tuple[Question, ...] = (
    Question(
        question_id="organisation-id",
        section=Section.PEOPLE,
        title="Which identifier has your organisation?",
        guidance="Such as its ROR or GRID identifier, or its company number.",
        kind=Kind.LINE,
        longest=200,
        register="organisation_id",
    ),
    Question(
        question_id="organisation-sector",
        section=Section.PEOPLE,
        title="Which kind of organisation is it?",
        kind=Kind.CHOICE,
        options=_choices("organisation_sector"),
        register="organisation_sector",
    ),
    Question(
        question_id="dea-accredited",
        section=Section.PEOPLE,
        title="Are you an accredited researcher under the Digital Economy Act 2017?",
        kind=Kind.CHOICE,
        options=_YES_NO,
        register="accredited_researcher",
    ),
    Question(
        question_id="sub-licence",
        section=Section.PEOPLE,
        title="Will anybody outside the named team be allowed to use the data?",
        guidance="A sub-licence: the custodian agrees that you decide on further users.",
        kind=Kind.CHOICE,
        options=_YES_NO,
        register="sub_licence",
    ),
    Question(
        question_id="request-category",
        section=Section.PROJECT,
        title="What kind of research is it?",
        kind=Kind.CHOICE,
        options=_choices("request_category"),
        register="request_category",
    ),
    Question(
        question_id="technical-summary",
        section=Section.PROJECT,
        title="Summarise the work for a reader of your own field",
        guidance="Question, design, methods. Leave out what must not be public yet.",
        kind=Kind.TEXT,
        longest=10_000,
        register="technical_summary",
    ),
    Question(
        question_id="frequency",
        section=Section.DATA,
        title="Do you need the data once, or again and again?",
        kind=Kind.CHOICE,
        options=_choices("frequency"),
        register="frequency",
    ),
    Question(
        question_id="identifying-fields",
        section=Section.DATA,
        title="Which fields that point at a person do you need?",
        guidance="Name the fields, such as date of birth or postcode; never a person.",
        kind=Kind.TEXT,
        longest=10_000,
        asked_when=AskedWhen(question_id="sensitivity", values=("identifiable",)),
        register="confidential_data",
    ),
    Question(
        question_id="linked-assets",
        section=Section.DATA,
        title="What becomes of the linked data when the work ends?",
        guidance="Who keeps them, where, how long, and how they are destroyed.",
        kind=Kind.TEXT,
        longest=10_000,
        asked_when=AskedWhen(question_id="linking", values=("yes",)),
        register="new_assets",
    ),
)
"""Version 1 of each; the parents of those that hang on another question are in the bank itself."""
