"""What an enquiry may hold and when it is too late; every refusal is a sentence that says what to do."""

from __future__ import annotations

from datetime import date, timedelta

from orchestrator.access.model import Answers
from orchestrator.core.errors import Invalid, NotPossible

from .model import ENQUIRY_STATES, Enquiry

__all__ = [
    "FEWEST_TOLD",
    "KEPT_AFTER_END",
    "MOST_FROM_STRANGERS",
    "check_line",
    "check_open",
    "check_words",
    "drafted",
    "told",
]

KEPT_AFTER_END = timedelta(days=365)
"""A year after an enquiry has ended its words are erased; what it led to stays."""

MOST_FROM_STRANGERS = 50
"""Enquiries without an account that wait at the same time; more are turned away, so that people can be answered."""

FEWEST_TOLD = 5
"""Smaller numbers of enquiries are not told to custodians: a dataset's few enquirers may be known to one another."""

_LONGEST = 4000
_ENDED = frozenset(ENQUIRY_STATES.final())


def check_words(text: str, *, field: str) -> str:
    """Return what somebody wrote, trimmed; raise ``Invalid`` when it says nothing or too much."""
    trimmed = text.replace("\r\n", "\n").strip()
    if len(trimmed) < 3:
        raise Invalid("Say it in a sentence or two, in your own words.", field=field)
    if len(trimmed) > _LONGEST:
        raise Invalid(f"Shorten it to {_LONGEST:,} characters; it has {len(trimmed):,}.", field=field)
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in trimmed):
        raise Invalid("Remove the control characters.", field=field)
    return trimmed


def check_line(text: str, *, field: str, most: int = 200, needed: bool = True) -> str:
    """Return one line of text, trimmed."""
    trimmed = text.strip()
    if (needed and not trimmed) or len(trimmed) > most or not (trimmed.isprintable() or not trimmed):
        raise Invalid(f"Give the {field.replace('_', ' ')} in one line of at most {most} characters.", field=field)
    return trimmed


def check_open(enquiry: Enquiry) -> None:
    """Raise ``NotPossible`` when an enquiry has ended."""
    if enquiry.state in _ENDED:
        raise NotPossible(f"This enquiry is {enquiry.state.value}; ask a new question.")


def told(number: int) -> int | None:
    """Return a number as custodians are told it: none while it is small, but nought is nought."""
    return number if number == 0 or number >= FEWEST_TOLD else None


def drafted(enquiry: Enquiry, *, organisation: str, today: date) -> Answers:
    """Return the first answers of an application, out of the enquirer's own words; the rest is for him to write."""
    first = enquiry.question.split("\n", 1)[0].strip()
    return Answers(
        title=first if len(first) <= 120 else first[:119].rsplit(" ", 1)[0] + "…",
        lay_summary=enquiry.question,
        purpose=enquiry.question,
        organisation=enquiry.organisation or organisation,
        ethics_reference="",
        ethics_until=today + timedelta(days=365),
        start=today + timedelta(days=30),
        end=today + timedelta(days=365),
    )
