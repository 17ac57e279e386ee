"""Finds datasets for a question through the catalogue's search: meanings, spelling, columns, with what fits."""

from __future__ import annotations

from orchestrator.discovery.catalogue.model import Origin
from orchestrator.discovery.search.model import Asked, Facet, Listed
from orchestrator.discovery.search.service import SearchService
from orchestrator.discovery.search.typed import LONGEST_TEXT, MOST_WORDS

from .model import Candidate
from .wording import terms_of

__all__ = ["SearchedCandidates"]

_MOST_REASONS = 4
_SAYS = {
    "title": "Its title fits: {}.",
    "keyword": "Its keyword fits: {}.",
    "column": "It has a column that fits: {}.",
    "text": "Its description says: “{}”",
}


class SearchedCandidates:
    """Good for any number of datasets. Only what is offered here is a candidate: nothing else can be asked for."""

    def __init__(self, search: SearchService) -> None:
        self._search = search

    def find(self, question: str, *, limit: int = 8) -> list[Candidate]:
        """Return the datasets whose descriptions hold most of the question's telling words, best first."""
        words = _within(terms_of(question))
        if not words or limit < 1:
            return []
        chosen = {Facet.ORIGIN: (Origin.OFFERED.value,)}
        results = self._search.find(Asked(words=words, chosen=chosen, loose=True, counted=False, limit=limit))
        return [
            Candidate(dataset_id=each.entry.entry_id, reasons=_reasons(each)) for each in results.listed if each.where
        ]


def _within(terms: tuple[str, ...]) -> str:
    """Return as many of the words as one search may have."""
    kept = ""
    for term in terms[:MOST_WORDS]:
        longer = f"{kept} {term}".strip()
        if len(longer) > LONGEST_TEXT:
            break
        kept = longer
    return kept


def _reasons(listed: Listed) -> tuple[str, ...]:
    told = (_SAYS[where.place].format(where.text) for where in listed.where if where.place in _SAYS)
    return tuple(told)[:_MOST_REASONS]
