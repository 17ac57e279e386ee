"""What identity needs from outside: somebody who vouches for a person's sign-on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from .model import SignOn

__all__ = ["SignOnAttempt", "SignOnProvider"]


@dataclass(frozen=True, kw_only=True)
class SignOnAttempt:
    """One attempt of one browser: kept by the web in a signed, short-lived cookie until the provider answers.

    ``address`` is where the browser goes; the other three never leave the server except inside that cookie.
    """

    address: str
    state: str
    nonce: str
    verifier: str


class SignOnProvider(Protocol):
    """An identity provider."""

    def begin(self, redirect_address: str) -> SignOnAttempt:
        """Start an attempt that returns to ``redirect_address``; raises ``Unavailable`` when the provider is away."""

    def complete(self, attempt: SignOnAttempt, answer: Mapping[str, str], redirect_address: str) -> SignOn:
        """Check the provider's ``answer`` (the query of the return address) and say who signed on.

        Raises ``Refused`` for anything that is not exactly this attempt's valid answer, ``Unavailable`` when the
        provider cannot be asked. An attempt is used once.
        """

    def sign_out_address(self, return_address: str) -> str:
        """Return where a browser signs out at the provider and comes back from; empty where it offers no such thing."""

    def signed_out(self, token: str) -> str:
        """Check a logout token that the provider sent by itself; return whose sessions end, as their subject.

        Raises ``Refused`` for anything that is not exactly such a token for us, ``Unavailable`` when its keys cannot be
        had.
        """
