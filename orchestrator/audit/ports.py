"""What the audit room needs from outside: a key that signs and never leaves its Vault."""

from __future__ import annotations

from typing import Protocol

__all__ = ["HeadSigner"]


class HeadSigner(Protocol):
    """Signs heads with the record key (Ed25519)."""

    def sign(self, message: bytes) -> str:
        """Return the signature as ``vault:vN:`` and base 64; raise ``Unavailable`` when Vault does not answer."""

    def public_keys(self) -> dict[int, bytes]:
        """Return the raw public keys by version."""
