"""Values of the audit log: entries, signed heads, proofs, and what a verification found."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Finding", "Head", "InclusionProof", "Verification", "checkpoint"]


def checkpoint(origin: str, size: int, root: bytes) -> bytes:
    """Return the text that a head's signature covers: origin, size and root, a line each (C2SP tlog-checkpoint)."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


@dataclass(frozen=True, kw_only=True)
class Head:
    """The log's state at one size, signed by the record key."""

    origin: str
    size: int
    root: bytes
    signed_at: datetime
    signature: str


@dataclass(frozen=True, kw_only=True)
class InclusionProof:
    """Everything a stranger needs, besides the public key, to see that one entry is in a signed log."""

    entry: str
    position: int
    path: tuple[bytes, ...]
    head: Head

    def as_json(self) -> dict[str, object]:
        """Return the proof as plain JSON with base-64 hashes."""
        return {
            "entry": self.entry,
            "position": self.position,
            "path": [base64.b64encode(step).decode() for step in self.path],
            "head": {
                "origin": self.head.origin,
                "size": self.head.size,
                "root": base64.b64encode(self.head.root).decode(),
                "signature": self.head.signature,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong with the log: which rule it breaks, where, and what that means in words."""

    rule: str
    position: int | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a whole reading of the log showed."""

    size: int
    root: bytes
    heads: int
    unsigned: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings
