"""Reads the whole log and says what does not fit; checks signatures and proofs with public keys alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from orchestrator.core.clock import iso

from .merkle import TILE_HEIGHT, Frontier, leaf_hash, verify_inclusion
from .model import Finding, Head, InclusionProof, checkpoint

__all__ = ["LogReader", "StoredEntry", "signature_holds", "verify_proof"]

_PREFIX = "vault"


@dataclass(frozen=True)
class StoredEntry:
    """One row of the log as it lies in the database."""

    position: int
    body: str
    leaf: bytes
    kind: str
    subject: str


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
    except (InvalidSignature, ValueError, TypeError):
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

    heads: Mapping[int, tuple[Head, ...]]
    keys: Mapping[int, bytes]
    frontier: Frontier = field(default_factory=Frontier)
    findings: list[Finding] = field(default_factory=list)
    good_until: int = 0
    signings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the log says of its own heads, by subject."""
    nodes: list[list[bytes]] = field(default_factory=list)
    """The root of each complete tile that was read, by level from 1 on."""

    def read(self, entries: Iterable[StoredEntry]) -> None:
        """Check every entry; each finding names the row."""
        for entry in entries:
            for finding in self._entry(entry):
                self.findings.append(finding)
            for above, root in enumerate(self.frontier.append(leaf_hash(_content(entry.body)))):
                if above == len(self.nodes):
                    self.nodes.append([])
                self.nodes[above].append(root)
            for head in self.heads.get(self.frontier.size, ()):
                self._head(head)

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

    def compare_nodes(self, kept: Iterable[tuple[int, int, bytes]]) -> None:
        """Compare what is kept of the tree with what was read: one that is missing is only computed again."""
        for level, number, found in kept:
            here = self.nodes[level - 1] if 0 < level <= len(self.nodes) else []
            if not 0 <= number < len(here):
                self._found("node-unknown", None, f"A hash is kept for part {number} of level {level}: there is none.")
            elif here[number] != found:
                first = number << (TILE_HEIGHT * level)
                last = first + (1 << (TILE_HEIGHT * level)) - 1
                self._found(
                    "node-changed", first, f"The hash that is kept for entries {first} to {last} is not theirs."
                )

    def compare(self, *, heads: Iterable[Head], keys: Mapping[int, bytes]) -> None:
        """Compare the heads and keys that lie in the database with what the log says was signed and noted."""
        here = {f"head:{head.size}": head for head in heads}
        for subject, head in here.items():
            said = self.signings.get(subject)
            if head.size > self.frontier.size:
                continue
            if said is None:
                self._found("head-unknown", head.size, f"The log knows nothing of a head for {head.size} entries.")
            elif (said.get("root"), said.get("signed_at")) != (head.root.hex(), iso(head.signed_at)):
                self._found("head-changed", head.size, f"The head for {head.size} entries is not as it was recorded.")
        for subject in self.signings.keys() - here.keys():
            self._found("head-missing", None, f"The log recorded the signed {subject} entries; it was deleted.")
        noted = {
            version: key for said in self.signings.values() for version, key in dict(said.get("keys") or {}).items()
        }
        found = {str(version): key.hex() for version, key in keys.items()}
        for version in sorted(noted.keys() | found.keys()):
            if noted.get(version) != found.get(version):
                self._found("key-changed", None, f"Version {version} of the record key is not what the log noted.")

    def _entry(self, entry: StoredEntry) -> Iterator[Finding]:
        expected = self.frontier.size
        if entry.position != expected:
            yield Finding(
                rule="position",
                position=expected,
                message=f"Entry {expected} is missing or moved: entry {entry.position} stands in its place.",
            )
        if leaf_hash(_content(entry.body)) != entry.leaf:
            yield Finding(
                rule="leaf", position=entry.position, message=f"Entry {entry.position} was changed: its hash differs."
            )
        body = _body(entry.body)
        if body is None:
            yield Finding(
                rule="form", position=entry.position, message=f"Entry {entry.position} is not canonical JSON."
            )
            return
        if body.get("position") != entry.position:
            yield Finding(
                rule="order",
                position=entry.position,
                message=f"Entry {entry.position} was moved or inserted: it was written for another position.",
            )
        if (body.get("kind"), body.get("subject")) != (entry.kind, entry.subject):
            yield Finding(
                rule="index",
                position=entry.position,
                message=f"Entry {entry.position} is filed under another kind or subject than it was written with.",
            )
        if body.get("kind") == "head.signed":
            details = body.get("details")
            self.signings[str(body.get("subject"))] = details if isinstance(details, dict) else {}

    def _head(self, head: Head) -> None:
        size = head.size
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


def _content(body: object) -> bytes:
    """Return what is hashed; a database edited by hand may hold anything in place of text."""
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else repr(body).encode()


def _body(text: object) -> dict[str, Any] | None:
    """Return an entry as it reads, or nothing when it is not the canonical JSON of an object."""
    if not isinstance(text, str):
        return None
    try:
        body = json.loads(text)
        canonical = rfc8785.dumps(body).decode() == text
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        return None
    return body if canonical and isinstance(body, dict) else None
