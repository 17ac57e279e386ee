"""What standard conditions and departures must be, and what keeps a custodian from granting; told in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from orchestrator.alliance.accreditation.model import BodyStanding
from orchestrator.core.clock import last_day_in_words
from orchestrator.core.errors import Invalid

from .model import ConditionsState, Departure, DepartureState, StandardConditions

__all__ = ["LONGEST_NOTICE", "applying", "barriers", "check_conditions", "check_reason", "check_time"]

LONGEST_NOTICE = timedelta(days=731)
"""A custodian announces at most two years ahead that it leaves."""

_LONGEST_TEXT = 200_000


def check_conditions(text: str, *, applies_from: datetime, now: datetime) -> None:
    """Raise ``Invalid`` unless these can be standard conditions."""
    if not text.strip() or len(text) > _LONGEST_TEXT:
        raise Invalid(f"The conditions need a text of at most {_LONGEST_TEXT} characters.", field="text")
    if applies_from.tzinfo is None or not now <= applies_from <= now + LONGEST_NOTICE:
        raise Invalid("Let the conditions apply from today or a later day, at most two years ahead.", field="from")


def check_time(at: datetime, *, now: datetime) -> None:
    """Raise ``Invalid`` unless a custodian can leave at ``at``."""
    if at.tzinfo is None or not now < at <= now + LONGEST_NOTICE:
        raise Invalid("Give the custodian's last day: today or later, at most two years ahead.", field="last_day")


def check_reason(reason: str) -> str:
    """Return why a custodian leaves, trimmed: the people concerned read it."""
    trimmed = reason.strip()
    if not 3 <= len(trimmed) <= 1000 or any(ord(letter) < 32 and letter not in "\n\t" for letter in trimmed):
        raise Invalid("Give a reason in 3 to 1,000 characters; it is shown to the people concerned.", field="reason")
    return trimmed


def applying(versions: Sequence[StandardConditions], now: datetime) -> StandardConditions | None:
    """Return the version that binds at ``now``: the newest published one whose day has come."""
    bound = [each for each in versions if each.state is ConditionsState.PUBLISHED and each.applies_from <= now]
    return max(bound, key=lambda each: each.version, default=None)


def barriers(
    *,
    standing: BodyStanding | None,
    conditions: StandardConditions | None,
    accepted: int | None,
    departure: Departure | None,
) -> tuple[str, ...]:
    """Return why a custodian grants nothing new now; ``standing`` is none where no accreditation is asked for."""
    found = []
    if departure is not None and departure.state is DepartureState.LEFT:
        found.append("This custodian has left the alliance.")
    elif departure is not None and departure.state is DepartureState.CONFIRMED:
        found.append(
            f"This custodian leaves the alliance after {last_day_in_words(departure.at)} and grants nothing new."
        )
    if standing is not None and not standing.accredited:
        found += [f"This custodian is not accredited now. {failure}" for failure in standing.failures]
    if conditions is not None and (accepted is None or accepted < conditions.version):
        found.append(
            f"This custodian has not accepted version {conditions.version} of the alliance's standard conditions; "
            "one of its officers has to."
        )
    return tuple(found)
