"""What enquiries need from outside: somebody who finds datasets for a question in plain words."""

from __future__ import annotations

from typing import Protocol

from .model import Candidate

__all__ = ["Candidates"]


class Candidates(Protocol):
    """Finds datasets for a question."""

    def find(self, question: str, *, limit: int = 8) -> list[Candidate]:
        """Return listed datasets that may answer the question, best first, each with at least one reason."""
