"""What visas need from outside: somebody who checks foreign signatures, and a key of our own that signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["VisaReader", "VisaSigner"]


class VisaReader(Protocol):
    """Knows the keys of the trusted issuers."""

    def read(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token that a trusted issuer signed.

        Raises ``Refused`` for a signature that is wrong, of another algorithm, by an unknown key or an issuer nobody
        trusts; ``Unavailable`` when the issuer's keys cannot be fetched. Dates are judged by the caller.
        """


class VisaSigner(Protocol):
    """Signs visas. The key stays inside."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a signed token (JWS, compact)."""

    def public_keys(self) -> Mapping[str, Any]:
        """Return the public halves as a JSON Web Key Set."""
