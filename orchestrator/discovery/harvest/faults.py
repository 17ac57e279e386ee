"""What can go wrong between us and an endpoint, each with a sentence that says what to mend and who mends it."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.errors import Unavailable

__all__ = ["Fault", "FaultKind"]


class FaultKind(StrEnum):
    """Kinds of faults, as programs tell them apart."""

    NO_ANSWER = "no-answer"
    TOO_SLOW = "too-slow"
    TOO_LARGE = "too-large"
    FORBIDDEN_ADDRESS = "forbidden-address"
    REDIRECT = "redirect"
    REJECTED = "rejected"
    """401 or 403: the key is wrong, has expired, or may not read this."""
    NOT_THERE = "not-there"
    STATUS = "status"
    NOT_JSON = "not-json"
    NOT_A_LIST = "not-a-list"
    SECRET = "secret"  # noqa: S105 - the kind, not a secret
    """The secret is not to be had, or may not be sent there."""


_AGAIN = frozenset({FaultKind.NO_ANSWER, FaultKind.TOO_SLOW, FaultKind.STATUS, FaultKind.NOT_JSON})


class Fault(Unavailable):
    """An endpoint did not answer as it should. Nothing that was known before is changed by it."""

    def __init__(self, kind: FaultKind, message: str, *, retry: bool | None = None) -> None:
        super().__init__(message, system="endpoint", retry=kind in _AGAIN if retry is None else retry)
        self.kind = kind
