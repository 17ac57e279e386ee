"""Finds datasets for a question in the catalogue itself, word by word: what is used where there is no better index."""

from __future__ import annotations

from orchestrator.discovery.service import DiscoveryService

from .model import Candidate
from .wording import described_parts, reasons_for, terms_of

__all__ = ["CatalogueCandidates"]

_MOST = 10_000


class CatalogueCandidates:
    """Reads every listed description; good for some thousand datasets."""

    def __init__(self, discovery: DiscoveryService) -> None:
        self._discovery = discovery

    def find(self, question: str, *, limit: int = 8) -> list[Candidate]:
        """Return the datasets whose descriptions hold most of the question's telling words, best first."""
        terms = terms_of(question)
        if not terms:
            return []
        found = []
        for dataset in self._discovery.search(limit=_MOST):
            parts = described_parts(dataset.title, dataset.name, dataset.description)
            reasons, score = reasons_for(terms, parts)
            if reasons:
                found.append(
                    (-score, dataset.title.casefold(), Candidate(dataset_id=dataset.dataset_id, reasons=reasons))
                )
        return [candidate for _, _, candidate in sorted(found, key=lambda each: each[:2])[: max(0, limit)]]
