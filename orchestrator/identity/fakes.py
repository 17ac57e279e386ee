"""An identity provider for tests: says at once who signed on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from orchestrator.core.errors import Refused, Unavailable

from .model import SignOn
from .ports import SignOnAttempt

__all__ = ["FakeSignOnProvider"]


class FakeSignOnProvider:
    """Vouches for the people it is given, by their code; ``away`` makes it unreachable."""

    def __init__(self, people: Mapping[str, SignOn]) -> None:
        self.people = dict(people)
        self.away = False
        self._open: set[str] = set()

    def begin(self, redirect_address: str) -> SignOnAttempt:
        """Start an attempt whose address is the way back, without a code."""
        if self.away:
            raise Unavailable(
                "The identity provider cannot be used now; try again shortly.", system="identity provider"
            )
        attempt = SignOnAttempt(
            address=redirect_address,
            state=secrets.token_urlsafe(8),
            nonce=secrets.token_urlsafe(8),
            verifier=secrets.token_urlsafe(8),
        )
        self._open.add(attempt.state)
        return attempt

    def complete(self, attempt: SignOnAttempt, answer: Mapping[str, str], redirect_address: str) -> SignOn:
        """Return the person of the answer's ``code``, once for each attempt."""
        del redirect_address
        if self.away:
            raise Unavailable(
                "The identity provider cannot be used now; try again shortly.", system="identity provider"
            )
        known = answer.get("state") == attempt.state and attempt.state in self._open
        self._open.discard(attempt.state)
        if not known or answer.get("code") not in self.people:
            raise Refused("The sign-on could not be verified; start again from the sign-on page.")
        return self.people[answer["code"]]
