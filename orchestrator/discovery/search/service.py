"""Use cases of search: find entries with reasons and facets, find entries like one, build the index anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import tantivy
from sqlalchemy import select

from orchestrator.audit.record import Record
from orchestrator.core.errors import NotFound
from orchestrator.discovery.catalogue.model import Entry, EntryState, Origin
from orchestrator.discovery.catalogue.store import EditionRow, EntryRow, to_entry

from .alike import near, rarity_in
from .following import Follower, newest
from .index import Index
from .likeness import Things, likeness
from .model import DEEPEST, LARGEST_PAGE, Asked, Facet, Listed, Results
from .reasons import where_found
from .searching import answer, check, matching

__all__ = ["SearchService"]

_PATIENCE = 2.0
"""Seconds a search gives to bringing the index in step before it answers with what is in."""

_MOST_SIMILAR = 20
_CONSIDERED = 4
"""So many times as many as are wanted are looked at, and those that share most are told."""


class SearchService:
    """Reading needs no actor: descriptions are public. What was withdrawn is not found, whatever the index says."""

    def __init__(self, record: Record, index: Index) -> None:
        self._record = record
        self._index = index
        self._follower = Follower(record, index)

    def find(self, asked: Asked, *, patience: float = _PATIENCE) -> Results:
        """Answer one search, with the entries and where the words stand; raises ``Invalid`` for what makes no sense."""
        check(asked)
        behind = self._follower.catch_up(patience)
        found = self._index.look(lambda searcher: answer(searcher, asked))
        entries = self.entries([hit.entry_id for hit in found.hits])
        listed = [
            Listed(
                entry=entries[hit.entry_id],
                score=hit.score,
                where=where_found(entries[hit.entry_id].title, entries[hit.entry_id].description, found.read),
            )
            for hit in found.hits
            if hit.entry_id in entries
        ]
        return Results(found=found, listed=tuple(listed), behind=behind)

    def offered(self, words: str, *, custodian_id: str | None = None, most: int = 50) -> Results:
        """Answer a search among the datasets that are offered here, by one custodian if it is named.

        ``most`` are listed, at the most 10,000; of one custodian so many are counted as were looked through.
        """
        chosen = {Facet.ORIGIN: (Origin.OFFERED.value,)}
        listed: list[Listed] = []
        ended = False
        for offset in range(0, DEEPEST, LARGEST_PAGE):
            asked = Asked(words=words, chosen=chosen, offset=offset, limit=LARGEST_PAGE, counted=False)
            page = self.find(asked)
            listed += [each for each in page.listed if custodian_id in (None, each.entry.custodian_id)]
            ended = len(page.found.hits) < LARGEST_PAGE
            if ended or len(listed) >= most:
                break
        found = page.found if custodian_id is None else replace(page.found, total=len(listed), at_least=not ended)
        return Results(found=found, listed=tuple(listed[: max(0, most)]), behind=page.behind)

    def matching(self, asked: Asked, most: int) -> tuple[list[str], int]:
        """Return the identifiers of up to ``most`` entries that have all words, and how many there are."""
        self._follower.catch_up(_PATIENCE)
        return self._index.look(lambda searcher: matching(searcher, asked, most))

    def similar(self, entry_id: str, limit: int = 5) -> list[Listed]:
        """Return entries that share most with this one of what tells: conditions, sites, keywords, titles, columns.

        Each says what is shared. One that only speaks alike is left out, so there may be fewer, or none. Raises
        ``NotFound`` for an entry that is not there.
        """
        self._follower.catch_up(_PATIENCE)
        entry = self._entry(entry_id)
        wanted = min(max(1, limit), _MOST_SIMILAR)
        mine = Things(entry)

        def like(searcher: tantivy.Searcher) -> list[Listed]:
            others = self.entries(near(searcher, entry, _CONSIDERED * wanted)).values()
            rarity = rarity_in(searcher)
            told = [(each, *likeness(mine, Things(each), rarity)) for each in others]
            return [Listed(entry=each, score=score, where=where) for each, score, where in told if where]

        found = sorted(self._index.look(like), key=lambda each: (-each.score, each.entry.title.casefold()))
        return found[:wanted]

    def rebuild(self) -> int:
        """Build the index anew from the record; return how many descriptions are in it."""
        return self._follower.rebuild()

    def catch_up(self, seconds: float) -> int:
        """Bring the index in step for about so long; return how many changes still wait."""
        return self._follower.catch_up(seconds)

    def entries(self, entry_ids: Sequence[str]) -> Mapping[str, Entry]:
        """Return the entries of these identifiers that are not withdrawn."""
        joined = (EditionRow.entry_id == EntryRow.entry_id) & (EditionRow.number == EntryRow.edition)
        query = select(EntryRow, EditionRow).join(EditionRow, joined).where(EntryRow.entry_id.in_(entry_ids))
        query = query.where(EntryRow.state != EntryState.WITHDRAWN.value)
        with self._record.read() as session:
            return {row.entry_id: to_entry(row, edition) for row, edition in session.execute(query)}

    def changed(self, entry_ids: Sequence[str]) -> Mapping[str, datetime]:
        """Return when each of these entries last changed, without withdrawn ones."""
        query = select(EntryRow.entry_id, EntryRow.changed_at).where(EntryRow.entry_id.in_(entry_ids))
        with self._record.read() as session:
            rows = session.execute(query.where(EntryRow.state != EntryState.WITHDRAWN.value))
            return {row.entry_id: row.changed_at for row in rows}

    def titles(self, entry_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the titles of these entries, withdrawn ones too."""
        query = select(EntryRow.entry_id, EntryRow.title).where(EntryRow.entry_id.in_(entry_ids))
        with self._record.read() as session:
            return {row.entry_id: row.title for row in session.execute(query)}

    def newest(self) -> int:
        """Return the number of the catalogue's last change."""
        with self._record.read() as session:
            return newest(session)

    def _entry(self, entry_id: str) -> Entry:
        found = self.entries([entry_id])
        if entry_id not in found:
            raise NotFound("There is no such entry in the catalogue, or it was withdrawn; search for it.")
        return found[entry_id]
