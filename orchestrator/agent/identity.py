"""Who the agent is to Vault: an identity that the controller gave it once, or one that it takes by logging in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..adapters.vault.token import LeaseToken, Life
from ..core.errors import Conflict, NotPossible, OrchestratorError, Unavailable

__all__ = ["GivenIdentity", "Identity", "LoggedInIdentity"]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


class Identity(Protocol):
    """The agent's right to hold anything. ``trouble`` says in words why it is not ``present``."""

    trouble: str

    @property
    def present(self) -> bool:
        """Say whether there is an identity now."""

    @property
    def comes_back(self) -> bool:
        """Say whether a lost identity can be had again; without that the agent ends."""

    def take(self, token: LeaseToken) -> None:
        """Take an identity that was delivered."""

    def check(self) -> Life:
        """Look after it; ``GONE`` means that everything has to be wiped now."""

    def forget(self) -> None:
        """Have no identity any more."""


class GivenIdentity:
    """Delivered by the controller, once."""

    comes_back = False

    def __init__(self) -> None:
        self.trouble = "The agent was given no identity yet."
        self._token: LeaseToken | None = None

    @property
    def present(self) -> bool:
        return self._token is not None

    def take(self, token: LeaseToken) -> None:
        if self._token is not None:
            raise Conflict("This agent has its identity already: ask it for what it holds.")
        self._token = token
        self.trouble = ""

    def check(self) -> Life:
        return Life.UNKNOWN if self._token is None else self._token.check()

    def forget(self) -> None:
        self._token = None


class LoggedInIdentity:
    """Taken by logging in, again and again: at the start, near the end of a token, and when one was lost.

    Refused while a token still lives, it goes on until that token's end: Vault also refuses when it cannot ask the
    cluster. Without a living token there is nothing to go on with, whether Vault refuses or cannot be reached.
    """

    comes_back = True

    def __init__(self, log_in: Callable[[], LeaseToken]) -> None:
        self.trouble = "The agent has not logged in to Vault yet."
        self._log_in = log_in
        self._token: LeaseToken | None = None
        self._next_login = 0.0
        self._pause = _FIRST_PAUSE

    @property
    def present(self) -> bool:
        return self._token is not None

    def take(self, token: LeaseToken) -> None:  # noqa: ARG002
        raise NotPossible("This agent logs in by itself: deliver leases only.")

    def check(self) -> Life:
        token = self._token
        life = Life.GONE if token is None else token.check()
        if life is Life.GONE or (token is not None and token.fading):
            life = self._again(life)
        if life is Life.GONE:
            self._token = None
        return life

    def forget(self) -> None:
        self._token = None

    def _again(self, life: Life) -> Life:
        """Log in unless that was refused a moment ago; return what is known then."""
        if time.monotonic() < self._next_login:
            return life
        try:
            self._token = self._log_in()
        except OrchestratorError as error:
            self.trouble = (
                error.message if isinstance(error, Unavailable) else f"Vault refused the agent's login: {error.message}"
            )
            self._next_login = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return life
        self.trouble, self._next_login, self._pause = "", 0.0, _FIRST_PAUSE
        return Life.ALIVE
