"""What evidence needs from outside its room: a place for documents, and somebody who looks into them first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.core.clock import Clock
from orchestrator.core.errors import Invalid, Unavailable

__all__ = ["Documents", "FakeDocuments", "Rotation"]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """How far a change of the sealing key came; the old key is gone where nothing is left."""

    sealed: int
    """Documents that are sealed under the new key."""
    coming: int = 0
    """Documents that arrived just now and that no row names yet: the old key is needed until it is known whose."""
    unread: tuple[str, ...] = ()
    """Documents that neither key opens."""

    @property
    def finished(self) -> bool:
        """Whether the old key is gone."""
        return not self.coming and not self.unread


class Documents(Protocol):
    """Keeps documents sealed, each under an identifier, bound to its hash."""

    def look_into(self, kind: str, content: bytes) -> None:
        """Raise ``Invalid`` for what would act, or hides something, when it is opened; ``Unavailable`` if unsure."""
        ...

    def keep(self, document_id: str, sha256: str, content: bytes) -> None:
        """Keep a document; it is on disk when this returns."""
        ...

    def read(self, document_id: str, sha256: str) -> bytes:
        """Return a document exactly as it was kept; raise ``Unavailable`` when it is missing or was altered."""
        ...

    def remove(self, document_id: str) -> None:
        """Remove a document; one that is gone already is no error."""
        ...

    def kept(self) -> Mapping[str, datetime]:
        """Return the identifier of every document that lies here, and since when."""
        ...

    def rotate(self, named: Callable[[], Mapping[str, str]]) -> Rotation:
        """Seal every document under a new key; ``named`` returns the hash of each by its identifier."""
        ...


class FakeDocuments:
    """Documents in memory, for tests; a document that has ``acting`` in it is refused as one that acts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.held: dict[str, tuple[str, bytes, datetime]] = {}

    def look_into(self, kind: str, content: bytes) -> None:
        if b"acting" in content:
            raise Invalid(f"This {kind} acts when it is opened.", field="document")

    def keep(self, document_id: str, sha256: str, content: bytes) -> None:
        self.held[document_id] = (sha256, content, self._clock())

    def read(self, document_id: str, sha256: str) -> bytes:
        if document_id not in self.held or self.held[document_id][0] != sha256:
            raise Unavailable("The document cannot be read.", system="documents", retry=False)
        return self.held[document_id][1]

    def remove(self, document_id: str) -> None:
        self.held.pop(document_id, None)

    def kept(self) -> Mapping[str, datetime]:
        return {name: at for name, (_, _, at) in self.held.items()}

    def rotate(self, named: Callable[[], Mapping[str, str]]) -> Rotation:
        hashes = named()
        coming = sum(document_id not in hashes for document_id in self.held)
        unread = [each for each, sha256 in hashes.items() if self.held.get(each, ("",))[0] != sha256]
        return Rotation(sealed=len(hashes) - len(unread), coming=coming, unread=tuple(sorted(unread)))
