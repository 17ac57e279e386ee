"""Stand-ins for the Vault's keys of sketches and for their store, which behave as far as callers can see."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import BinaryIO

from orchestrator.core.errors import Invalid, NotFound, Unavailable

__all__ = ["FakeSketchKeys", "FakeSketchStore"]


class FakeSketchKeys:
    """Keys in memory; a wrapped key is only an encoding. ``outage`` makes every call fail."""

    def __init__(self) -> None:
        self._versions: set[str] = set()
        self.outage = False

    def new_sketch_key(self, version_id: str) -> tuple[bytes, str]:
        """Return a key."""
        self._check()
        self._versions.add(version_id)
        key = secrets.token_bytes(32)
        return key, f"vault:v1:{version_id}:{base64.b64encode(key).decode()}"

    def open_sketch_key(self, version_id: str, wrapped_key: str) -> bytes:
        """Return what was wrapped for this version."""
        self._check()
        if version_id not in self._versions or not wrapped_key.startswith(f"vault:v1:{version_id}:"):
            raise Invalid("The Vault cannot unwrap this key.", field="wrapped_key")
        return base64.b64decode(wrapped_key.rsplit(":", 1)[1])

    def _check(self) -> None:
        if self.outage:
            raise Unavailable("Vault could not be reached: check that it runs.", system="vault")


class FakeSketchStore:
    """Sketches in memory, as they are."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, str]] = {}
        self._failed: dict[str, str] = {}

    def known(self, version_id: str) -> bool:
        """Say whether it was kept or failed."""
        return version_id in self._kept or version_id in self._failed

    def keep(self, version_id: str, sketch: BinaryIO, *, key: bytes, wrapped_key: str) -> None:  # noqa: ARG002
        """Keep it."""
        sketch.seek(0)
        self._kept[version_id] = (sketch.read(), wrapped_key)

    def keep_failure(self, version_id: str, why: str) -> None:
        """Keep the reason."""
        self._failed[version_id] = why

    def open(self, version_id: str, unwrap: Callable[[str], bytes], into: BinaryIO) -> bytes:
        """Give it back."""
        if version_id not in self._kept:
            raise NotFound(self._failed.get(version_id, "no sketch of this dataset version was made."))
        content, wrapped_key = self._kept[version_id]
        key = unwrap(wrapped_key)
        into.write(content)
        return key
