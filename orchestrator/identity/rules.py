"""What the state of a person, a role or a session permits; every refusal is a sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.ids import check_id

from .model import Accreditation, Person, Role, RoleHolding, Standing, Training
from .states import PROPOSAL_DAYS, HoldingState

__all__ = [
    "check_custodian",
    "check_email",
    "check_end_date",
    "check_not_lapsed",
    "check_not_pending",
    "check_text",
    "judge",
    "live_holdings",
]

_EMAIL = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]{1,255}")


def check_text(text: str, *, field: str, longest: int = 200) -> str:
    """Return ``text`` trimmed; raise ``Invalid`` when it is empty, too long or holds control characters."""
    trimmed = text.strip()
    if not trimmed:
        raise Invalid(f"Give a {field}.", field=field)
    if len(trimmed) > longest:
        raise Invalid(f"The {field} has {len(trimmed)} characters; at most {longest} are kept.", field=field)
    if not trimmed.isprintable():
        raise Invalid(f"The {field} holds line breaks or control characters; write it in one line.", field=field)
    return trimmed


def check_email(text: str) -> str:
    """Return an e-mail address trimmed; raise ``Invalid`` when it has not the shape of one."""
    trimmed = text.strip()
    if not trimmed.isprintable() or not _EMAIL.fullmatch(trimmed):
        raise Invalid("That is not an e-mail address; write it as name@organisation.", field="email")
    return trimmed


def check_end_date(until: datetime, *, now: datetime, most: timedelta, field: str = "until") -> datetime:
    """Return ``until`` when it lies ahead and no further than ``most``; everything given has an end."""
    if until.tzinfo is None:
        raise Invalid("The end date needs a time zone.", field=field)
    if until <= now:
        raise Invalid("The end date has passed; give one that lies ahead.", field=field)
    if until > now + most:
        raise Invalid(f"The end date lies more than {most.days} days ahead; give an earlier one.", field=field)
    return until


def check_custodian(role: Role, custodian_id: str | None) -> str | None:
    """Return the custodian of a role: demanded for an officer, refused for everybody else."""
    if role is Role.CUSTODIAN:
        if custodian_id is None:
            raise Invalid("A custodian's officer speaks for one custodian: say which.", field="custodian_id")
        return check_id(custodian_id, field="custodian_id")
    if custodian_id is not None:
        raise Invalid("Only a custodian's officer is tied to a custodian; leave it out.", field="custodian_id")
    return None


def check_not_pending(holdings: Iterable[RoleHolding], *, role: Role, custodian_id: str | None, now: datetime) -> None:
    """Raise ``NotPossible`` when the same role of the same person already waits for confirmation."""
    for holding in holdings:
        same = holding.role is role and holding.custodian_id == custodian_id
        if same and holding.state is HoldingState.PROPOSED and not _lapsed(holding.proposed_at, now):
            raise NotPossible("This role is already proposed; another operator has to confirm or withdraw it.")


def check_not_lapsed(proposed_at: datetime | None, *, now: datetime) -> None:
    """Raise ``NotPossible`` when a proposal waited too long for its second person."""
    if proposed_at is None or _lapsed(proposed_at, now):
        raise NotPossible(f"The proposal is older than {PROPOSAL_DAYS} days and has lapsed; propose it again.")


def _lapsed(proposed_at: datetime, now: datetime) -> bool:
    return now >= proposed_at + timedelta(days=PROPOSAL_DAYS)


def live_holdings(holdings: Iterable[RoleHolding], now: datetime) -> list[RoleHolding]:
    """Return the roles that count at ``now``."""
    return [holding for holding in holdings if holding.in_force(now)]


def judge(
    person: Person, *, trainings: Iterable[Training], accreditations: Iterable[Accreditation], now: datetime
) -> Standing:
    """Say what a person's access hangs on now, with a sentence for every condition that fails."""
    trained = max((each.valid_until for each in trainings if each.in_force(now)), default=None)
    accredited = max((each.valid_until for each in accreditations if each.in_force(now)), default=None)
    failures = []
    if not person.active:
        failures.append("The account is suspended; ask an operator why.")
    if accredited is None:
        failures.append("There is no researcher accreditation in date; an operator records it when it is renewed.")
    if trained is None:
        failures.append("There is no training in date; an operator records it when the course is passed.")
    return Standing(
        person_id=person.person_id,
        active=person.active,
        trained_until=trained,
        accredited_until=accredited,
        failures=tuple(failures),
    )
