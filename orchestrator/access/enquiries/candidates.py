"""Finds datasets for a question in the catalogue itself, word by word: what is used where there is no better index."""

from __future__ import annotations

import logging

from orchestrator.core.errors import Unavailable
from orchestrator.discovery.service import DiscoveryService

from .model import Candidate
from .ports import Candidates
from .wording import described_parts, reasons_for, terms_of

__all__ = ["CatalogueCandidates", "EitherCandidates"]

_log = logging.getLogger(__name__)

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
        for dataset in self._discovery.datasets(limit=_MOST):
            parts = described_parts(dataset.title, dataset.name, dataset.description)
            reasons, score = reasons_for(terms, parts)
            if reasons:
                found.append(
                    (-score, dataset.title.casefold(), Candidate(dataset_id=dataset.dataset_id, reasons=reasons))
                )
        return [candidate for _, _, candidate in sorted(found, key=lambda each: each[:2])[: max(0, limit)]]


class EitherCandidates:
    """Asks ``first``, and ``otherwise`` where that cannot be used: a question is never turned away for the search."""

    def __init__(self, first: Candidates, otherwise: Candidates) -> None:
        self._first, self._otherwise = first, otherwise

    def find(self, question: str, *, limit: int = 8) -> list[Candidate]:
        """Return what the first finds, or the other where the first is unavailable."""
        try:
            return self._first.find(question, limit=limit)
        except Unavailable as error:
            _log.warning("the search cannot be used for enquiries: %s", error.message)
            return self._otherwise.find(question, limit=limit)
