"""A signer for tests, with a key of its own; held against the real Vault by the contract tests."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["FakeSigner"]


class FakeSigner:
    """Signs in memory as Vault's transit engine does."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    def sign(self, message: bytes) -> str:
        """Sign with version 1 of the key."""
        return "vault:v1:" + base64.b64encode(self._key.sign(message)).decode()

    def public_keys(self) -> dict[int, bytes]:
        """Return the one public key."""
        return {1: self._key.public_key().public_bytes_raw()}
