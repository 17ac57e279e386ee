"""What a case needs at each step, and what stands now; every refusal is a sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from orchestrator.core.clock import last_day_in_words
from orchestrator.core.errors import Invalid, NotPossible

from .checklist import Checklist, Item
from .model import BodyStanding, Case, CaseState, Evidence

__all__ = [
    "REMINDERS",
    "check_address",
    "check_complete",
    "check_evidence",
    "check_line",
    "check_shown",
    "judge",
    "reminder_due",
]

REMINDERS = (90, 30, 7)
"""Days before its end on which the people concerned are told that an item's evidence ends."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_WITHOUT_END = timedelta(days=5 * 366)


def check_line(text: str, *, field: str, most: int = 200) -> str:
    """Return one line of text, trimmed."""
    trimmed = text.strip()
    if len(trimmed) < 3 or len(trimmed) > most or not trimmed.isprintable():
        raise Invalid(f"Give the {field} in one line of 3 to {most} characters.", field=field)
    return trimmed


def check_address(address: str) -> str:
    """Return a hub's address: https, or nothing where it has none."""
    trimmed = address.strip()
    if trimmed and not re.fullmatch(r"https://[a-z0-9.-]{1,200}(:[0-9]{1,5})?(/[!-~]{0,200})?", trimmed):
        raise Invalid("A hub's address is an https address, such as https://hub.example.org.", field="address")
    return trimmed


def check_evidence(item: Item, *, sha256: str, valid_until: datetime, now: datetime) -> None:
    """Raise ``Invalid`` unless evidence can show this item."""
    if sha256 and not _SHA256.fullmatch(sha256):
        raise Invalid(
            "Give the document's SHA-256 as 64 lower-case hexadecimal digits, or leave it out.", field="sha256"
        )
    if valid_until.tzinfo is None or valid_until <= now:
        raise Invalid("The evidence has ended already; give what is in force now.", field="until")
    longest = item.lasts or _LONGEST_WITHOUT_END
    if valid_until > now + longest:
        raise Invalid(
            f"Evidence of “{item.title}” counts for {longest.days} days at most; give an earlier day.", field="until"
        )


def check_complete(case: Case, checklist: Checklist, now: datetime) -> None:
    """Raise ``NotPossible`` naming the items for which nothing in date was given yet."""
    given = {each.item for each in case.evidence if not each.rejected and now < each.valid_until}
    missing = [each.title for each in checklist.items if each.needed and each.key not in given]
    if missing:
        raise NotPossible(f"Give evidence first for: {'; '.join(missing)}.")


def check_shown(case: Case, checklist: Checklist, now: datetime) -> None:
    """Raise ``NotPossible`` naming the items whose evidence nobody has verified, or that has ended."""
    missing = [each.title for each in checklist.items if each.needed and case.best(each.key, now) is None]
    if missing:
        raise NotPossible(f"There is no verified evidence in date for: {'; '.join(missing)}.")


def judge(cases: Iterable[Case], checklist: Checklist, now: datetime) -> BodyStanding:
    """Say whether a body is accredited now: by the case that holds longest, or else why by none."""
    standings = [_standing(case, checklist, now) for case in cases]
    holding = [each for each in standings if each.accredited]
    if holding:
        return max(holding, key=lambda each: each.until or now)
    for each in standings:
        if each.failures:
            return each
    return BodyStanding(accredited=False, failures=("It was never accredited; its checklist has to be gone through.",))


def _standing(case: Case, checklist: Checklist, now: datetime) -> BodyStanding:
    if case.state is CaseState.SUSPENDED:
        return BodyStanding(accredited=False, failures=(f"Its accreditation is suspended: {case.reason}",))
    if case.state is not CaseState.ACCREDITED or case.until is None:
        return BodyStanding(accredited=False, failures=(f"Its accreditation is {case.state.value}.",))
    needed = [each for each in checklist.items if each.needed]
    ends = {each.key: best.valid_until for each in checklist.items if (best := case.best(each.key, now)) is not None}
    failures = [f"The evidence of “{each.title}” has ended; give newer." for each in needed if each.key not in ends]
    if case.until <= now:
        failures.insert(
            0, f"Its accreditation ended on {last_day_in_words(case.until)}; go through the checklist anew."
        )
    until = min([case.until, *(ends[each.key] for each in needed if each.key in ends)])
    return BodyStanding(accredited=not failures, until=until, failures=tuple(failures), ends=ends)


def reminder_due(evidence: Evidence, *, last: int | None, now: datetime) -> int | None:
    """Return which reminder of an end is due now, in days before it; none when it was given or lies ahead."""
    left = evidence.valid_until - now
    due = [days for days in REMINDERS if left <= timedelta(days=days)]
    if not due or left <= timedelta(0):
        return None
    step = min(due)
    return step if last is None or step < last else None
