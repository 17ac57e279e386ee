"""Reads the whole log and says what does not fit; checks signatures and proofs with public keys alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .merkle import Frontier, leaf_hash, verify_inclusion
from .model import Finding, Head, InclusionProof, checkpoint

__all__ = ["LogReader", "StoredEntry", "signature_holds", "verify_proof"]

_PREFIX = "vault"


@dataclass(frozen=True)
class StoredEntry:
    """One row of the log as it lies in the database."""

    position: int
    body: str
    leaf: bytes


def signature_holds(message: bytes, signature: str, keys: Mapping[int, bytes]) -> bool:
    """Say whether ``signature`` (``vault:vN:base64``) over ``message`` was made by version N of the record key."""
    parts = signature.split(":")
    if len(parts) != 3 or parts[0] != _PREFIX or not parts[1].startswith("v") or not parts[1][1:].isdigit():
        return False
    public = keys.get(int(parts[1][1:]))
    if public is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(parts[2], validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_proof(proof: InclusionProof, keys: Mapping[int, bytes]) -> list[str]:
    """Return every reason why ``proof`` does not hold; an empty list means it does."""
    problems = []
    head = proof.head
    if not signature_holds(checkpoint(head.origin, head.size, head.root), head.signature, keys):
        problems.append("The signature of the head was not made by the record key.")
    if not verify_inclusion(
        leaf=leaf_hash(proof.entry.encode()),
        index=proof.position,
        size=head.size,
        path=proof.path,
        root=head.root,
    ):
        problems.append("The path does not lead from this entry to the signed root.")
    return problems


@dataclass
class LogReader:
    """Goes through the log once, in order, comparing each entry and each signed head on the way."""

    heads: Mapping[int, Head]
    keys: Mapping[int, bytes]
    frontier: Frontier = field(default_factory=Frontier)
    findings: list[Finding] = field(default_factory=list)
    good_until: int = 0

    def read(self, entries: Iterable[StoredEntry]) -> None:
        """Check every entry; each finding names the row."""
        for entry in entries:
            for finding in self._entry(entry):
                self.findings.append(finding)
            self.frontier.append(leaf_hash(entry.body.encode()))
            self._head(self.frontier.size)

    def finish(self, *, size: int, peaks: list[bytes]) -> None:
        """Compare what was read with the size and edge the log claims, and with heads beyond its end."""
        if (size, peaks) != (self.frontier.size, self.frontier.peaks):
            self._found("tree-differs", None, f"The log says it has {size} entries; {self.frontier.size} were read.")
        for beyond in sorted(head for head in self.heads if head > self.frontier.size):
            self._found(
                "entries-missing",
                self.frontier.size,
                f"A head for {beyond} entries was signed; only {self.frontier.size} are left: "
                f"entries from {self.frontier.size} on were deleted.",
            )

    def _entry(self, entry: StoredEntry) -> Iterator[Finding]:
        expected = self.frontier.size
        if entry.position != expected:
            yield Finding(
                rule="position",
                position=expected,
                message=f"Entry {expected} is missing or moved: entry {entry.position} stands in its place.",
            )
        if leaf_hash(entry.body.encode()) != entry.leaf:
            yield Finding(
                rule="leaf", position=entry.position, message=f"Entry {entry.position} was changed: its hash differs."
            )
        try:
            body = json.loads(entry.body)
            canonical = rfc8785.dumps(body).decode() == entry.body
        except (ValueError, rfc8785.CanonicalizationError):
            body, canonical = {}, False
        if not canonical:
            yield Finding(
                rule="form", position=entry.position, message=f"Entry {entry.position} is not canonical JSON."
            )
        elif not isinstance(body, dict) or body.get("position") != entry.position:
            yield Finding(
                rule="order",
                position=entry.position,
                message=f"Entry {entry.position} was moved or inserted: it was written for another position.",
            )

    def _head(self, size: int) -> None:
        head = self.heads.get(size)
        if head is None:
            return
        if not signature_holds(checkpoint(head.origin, head.size, head.root), head.signature, self.keys):
            self._found("head-signature", size, f"The head for {size} entries does not carry a valid signature.")
        elif head.root != self.frontier.root():
            self._found(
                "head-root",
                self.good_until,
                f"An entry from {self.good_until} to {size - 1} was changed, moved, inserted or deleted: "
                f"the log no longer leads to the root signed for {size} entries.",
            )
        else:
            self.good_until = size

    def _found(self, rule: str, position: int | None, message: str) -> None:
        self.findings.append(Finding(rule=rule, position=position, message=message))
