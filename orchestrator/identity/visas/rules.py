"""Which visas may be taken: shape, dates, trust, conditions, and whether they are about this person at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from orchestrator.core.errors import Refused

from .conditions import conditions_met
from .model import TrustedIssuer, VisaClaims, VisaType

__all__ = ["BY", "SKEW", "check_acceptable", "linked", "read_claims"]

SKEW = timedelta(seconds=60)
"""How far clocks of issuers may be apart from ours."""

BY = frozenset({"self", "peer", "system", "so", "dac"})
"""Who may have made an assertion, as the specification has it."""

_TAKEN = (VisaType.RESEARCHER_STATUS, VisaType.ACCEPTED_TERMS, VisaType.AFFILIATION)
_OLDEST = datetime(2015, 1, 1, tzinfo=UTC)
_ROLE = re.compile(r"[^@\s]{1,100}@[^@\s]{1,255}")
_LONGEST = 1000


def read_claims(claims: Mapping[str, Any]) -> VisaClaims:
    """Return what a token says; raise ``Refused`` when it is no visa of the specification."""
    visa = claims.get("ga4gh_visa_v1")
    if not isinstance(visa, Mapping):
        raise _refused("it holds no visa")
    conditions = visa.get("conditions") or []
    if not isinstance(conditions, list):
        raise _refused("its conditions cannot be read")
    by = visa.get("by", "")
    if by and (not isinstance(by, str) or by not in BY):
        raise _refused("it does not say in a known word who asserted it")
    return VisaClaims(
        issuer=_text(claims, "iss"),
        subject=_text(claims, "sub"),
        token_id=str(claims.get("jti", ""))[:_LONGEST],
        type=_text(visa, "type"),
        value=_text(visa, "value"),
        source=_text(visa, "source"),
        by=by if isinstance(by, str) else "",
        asserted=_moment(visa, "asserted"),
        issued_at=_moment(claims, "iat"),
        expires_at=_moment(claims, "exp"),
        conditions=tuple(conditions),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise _refused(f"its “{name}” is missing or no line of text")
    return value


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"its “{name}” is missing or no time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise _refused(f"its “{name}” is no time") from error


def check_acceptable(
    visa: VisaClaims,
    *,
    trusted: Mapping[str, TrustedIssuer],
    identities: frozenset[tuple[str, str]],
    others: Sequence[VisaClaims],
    audience: tuple[object, str],
    now: datetime,
) -> TrustedIssuer:
    """Return the issuer that vouches; raise ``Refused`` unless every check passes.

    ``identities`` are the issuer–subject pairs known to be this person; ``others`` the checked visas that came with
    it, for its conditions; ``audience`` what the token says and what we are called.
    """
    issuer = trusted.get(visa.issuer)
    if issuer is None:
        raise _refused("this installation does not trust its issuer")
    _check_audience(*audience)
    _check_dates(visa, now)
    if visa.identity not in identities:
        raise Refused(
            "This visa is about somebody else, or under a name that is not linked with your sign-on; "
            "bring it together with a LinkedIdentities visa of a trusted issuer."
        )
    if visa.type not in issuer.types or visa.type not in _TAKEN:
        raise _refused(f"visas of the type {visa.type} are not taken from this issuer")
    _check_value(visa)
    if visa.conditions and not conditions_met(visa.conditions, others):
        raise _refused("its conditions are not met by the visas that came with it")
    return issuer


def _check_audience(said: object, ours: str) -> None:
    """A visa need not name whom it is for; one that does must name us."""
    named = said if isinstance(said, list) else [said]
    if said is not None and ours not in named:
        raise _refused("it was issued for another installation")


def _check_dates(visa: VisaClaims, now: datetime) -> None:
    if visa.expires_at <= now - SKEW:
        raise Refused("This visa has expired; ask its issuer for a new one.")
    if visa.issued_at > now + SKEW or visa.asserted > now + SKEW:
        raise _refused("it was issued in the future")
    if visa.asserted < _OLDEST:
        raise _refused("it was asserted before there were visas")


def _check_value(visa: VisaClaims) -> None:
    _check_address(visa.source, "source")
    if visa.type == VisaType.AFFILIATION:
        if not _ROLE.fullmatch(visa.value):
            raise _refused("its value is no role at an institution, such as faculty@university.example")
    else:
        _check_address(visa.value, "value")


def _check_address(text: str, name: str) -> None:
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" and parts.hostname and parts.username is None
    except ValueError:
        good = False
    if not good:
        raise _refused(f"its {name} is no https address")


def linked(
    own: tuple[str, str], visas: Iterable[VisaClaims], *, trusted: Mapping[str, TrustedIssuer], now: datetime
) -> frozenset[tuple[str, str]]:
    """Return every issuer–subject pair that trusted LinkedIdentities visas tie to ``own``, in either direction.

    A link counts from visas in date, without conditions, whose issuer is trusted with this type.
    """
    ties = []
    for visa in visas:
        issuer = trusted.get(visa.issuer)
        right = issuer is not None and visa.type == VisaType.LINKED_IDENTITIES and visa.type in issuer.types
        if right and not visa.conditions and visa.issued_at <= now + SKEW and visa.expires_at > now:
            ties.append(frozenset({visa.identity, *_pairs(visa.value)}))
    known = frozenset({own})
    while more := [tie for tie in ties if tie & known and not tie <= known]:
        known = known.union(*more)
    return known


def _pairs(value: str) -> list[tuple[str, str]]:
    """Read ``sub,iss;sub,iss``, each part URI-encoded."""
    found = []
    for part in value.split(";"):
        subject, comma, issuer = part.partition(",")
        if comma and subject and issuer:
            found.append((unquote(issuer), unquote(subject)))
    return found


def _refused(why: str) -> Refused:
    return Refused(f"This visa was not accepted: {why}.")
