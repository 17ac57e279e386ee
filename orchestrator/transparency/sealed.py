"""Documents that strangers can check: their hash is an entry of the audit log, whose head the record key signed.

No process that people use holds a key. A document is sealed by the change that tells of it; the airlock's worker signs
the log's head some seconds later, and from then on the document travels with the proof that leads from it to the head.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from orchestrator.audit.model import Head, InclusionProof
from orchestrator.audit.verification import verify_proof
from orchestrator.core.errors import Invalid
from orchestrator.core.events import Event, Json

__all__ = [
    "LARGEST",
    "LARGEST_NUMBER",
    "MOST_VALUES",
    "Opened",
    "Unproved",
    "opened",
    "sealing",
    "unproved",
    "values",
]

LARGEST = 16 * 1024 * 1024
"""Bytes of a document with its proof: reading one takes several times as much of a controller's 512 MiB."""
MOST_VALUES = 1_500_000
"""Values in a document: a short text of nothing but brackets would take a hundred times its room once it is read."""
LARGEST_NUMBER = 2**31 - 1
"""Positions and numbers of documents: what every database keeps as a whole number."""


@dataclass(frozen=True, kw_only=True)
class Unproved:
    """A document that has the shape of one; whether anybody signed it is not looked at yet."""

    content: Mapping[str, Any]
    sha256: str
    entry: Mapping[str, Any]
    proof: InclusionProof

    def opened(self, keys: Mapping[int, bytes], *, kind: str) -> Opened:
        """Check it with public keys alone: every reason not to believe it is a problem."""
        problems = verify_proof(self.proof, keys)
        if self.entry.get("kind") != kind:
            problems.append(
                f"The log's entry is of another kind than “{kind}”: this document was put together by hand."
            )
        if self.entry["details"].get("sha256") != self.sha256:
            problems.append("The document is not what was recorded: its SHA-256 differs from the one in the log.")
        return Opened(
            content=self.content, sha256=self.sha256, entry=self.entry, proof=self.proof, problems=tuple(problems)
        )


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A document as it was read, with every reason not to believe it."""

    content: Mapping[str, Any]
    sha256: str
    entry: Mapping[str, Any]
    proof: InclusionProof
    problems: tuple[str, ...]


def sealing(content: Mapping[str, Json], *, kind: str, subject: str, actor: str, **details: Json) -> tuple[str, Event]:
    """Return a document's canonical JSON, to be kept, and the event that seals it when its change commits."""
    text = rfc8785.dumps(dict(content)).decode()
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return text, Event(kind=kind, actor=actor, subject=subject, details={**details, "sha256": sha256})


def opened(raw: bytes, keys: Mapping[int, bytes], *, kind: str) -> Opened:
    """Read a document and check it with public keys alone; raises ``Invalid`` where it is no such document at all."""
    return unproved(raw).opened(keys, kind=kind)


def unproved(raw: bytes) -> Unproved:
    """Read a document, to see in whose name it speaks; raises ``Invalid`` where it is no such document at all."""
    if len(raw) > LARGEST:
        raise Invalid(f"This is larger than {LARGEST // 1024 // 1024} MiB; that is no signed document.", field="file")
    if values(raw) > MOST_VALUES:
        raise Invalid(f"This holds more than {MOST_VALUES:,} values; that is no signed document.", field="file")
    try:
        whole = json.loads(raw)
        content, proof = whole["document"], _proof(whole["proof"])
        entry = json.loads(proof.entry)
        sha256 = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
        details = entry["details"]
        if not isinstance(content, dict) or not isinstance(details, dict):
            raise TypeError("not objects")
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error, rfc8785.CanonicalizationError) as error:
        raise Invalid("This is no signed document of a trusted research environment.", field="file") from error
    return Unproved(content=content, sha256=sha256, entry=entry, proof=proof)


def values(raw: bytes) -> int:
    """Return how many values a JSON text holds at most, without reading it."""
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _proof(said: Any) -> InclusionProof:
    head = said["head"]
    numbers = (said["position"], head["size"])
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise TypeError("positions are whole numbers")
    if not all(0 <= number <= LARGEST_NUMBER for number in numbers):
        raise ValueError("no log is as long as that")
    return InclusionProof(
        entry=_words(said["entry"]),
        position=said["position"],
        path=tuple(base64.b64decode(step, validate=True) for step in said["path"]),
        head=Head(
            origin=_words(head["origin"]),
            size=head["size"],
            root=base64.b64decode(head["root"], validate=True),
            signed_at=datetime.fromtimestamp(0, UTC),
            signature=_words(head["signature"]),
        ),
    )


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()
    return value
