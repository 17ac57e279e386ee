"""Use cases of kept searches: keep one, look at its news, end it; and the look-out that finds the news."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change, Record
from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Event, Json, Notice
from orchestrator.core.ids import new_id
from orchestrator.discovery.search.model import Asked
from orchestrator.discovery.search.service import SearchService
from orchestrator.identity import store as people
from orchestrator.identity.asking import Asking
from orchestrator.identity.model import Person
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .model import SEARCH_STATES, News, NewsKind, SavedSearch, SearchState, read, written
from .store import SearchRow

__all__ = ["MOST_HITS", "MOST_KEPT", "SavedSearches"]

MOST_HITS = 1_000
"""A search that finds more is not watched: something in it would change every day."""

MOST_KEPT = 50
"""Searches that one person may keep."""

_LONGEST_NAME = 100
_SYSTEM = "system:controller"
_PATIENCE = 30.0

Hits = dict[str, str]
"""Of each entry that is found: when it last changed."""


class SavedSearches(Asking):
    """A kept search is its keeper's alone: nobody else sees it, and no log holds its words."""

    def __init__(self, record: Record, policy: Policy, search: SearchService) -> None:
        super().__init__(record, policy)
        self._search = search
        self._looked: dict[str, int] = {}

    # ---- the keeper -----------------------------------------------------------------------------------------------

    def keep(self, actor: Actor, name: str, asked: Asked) -> SavedSearch:
        """Keep a search from now on; raises ``Invalid`` for one that asks nothing or finds more than 1,000 datasets.

        One that finds nothing yet is welcome: its keeper is told when that changes.
        """
        with self._record.read() as session:
            self._check(session, actor, "keepSearch", SITE)
        label = _name(name)
        if written(asked) == written(Asked()):
            raise Invalid("Search for something first: this would keep the whole catalogue.", field="q")
        found, total = self._search.matching(asked, MOST_HITS)
        if total > MOST_HITS:
            raise Invalid(
                f"This finds {total:,} datasets; add a word or narrow it to at most {MOST_HITS:,}, or it would have "
                "news every day.",
                field="q",
            )
        row = SearchRow(
            search_id=new_id(),
            person_id=actor.person_id,
            name=label,
            asked=json.dumps(written(asked), ensure_ascii=False, sort_keys=True),
            state=SEARCH_STATES.start.value,
            made_at=self._now(),
            hits=json.dumps(_as_hits(self._search.changed(found)), sort_keys=True),
        )
        with self._record.change() as change:
            self._check(change.session, actor, "keepSearch", SITE)
            if len(store.mine(change.session, actor.person_id)) >= MOST_KEPT:
                raise NotPossible(f"You keep {MOST_KEPT} searches already; end one of them first.")
            store.add(change, row, event=_event("saved-search.kept", actor.person_id, row, hits=len(found)))
            return store.to_search(change.session, row)

    def mine(self, actor: Actor) -> list[SavedSearch]:
        """Return the searches that the actor keeps, newest first."""
        with self._record.read() as session:
            self._check(session, actor, "keepSearch", SITE)
            return store.mine(session, actor.person_id)

    def news(self, actor: Actor, search_id: str) -> tuple[SavedSearch, list[News]]:
        """Return a kept search with its last 200 news, newest first."""
        with self._record.read() as session:
            row = self._own(session, actor, "showSearch", search_id)
            return store.to_search(session, row), store.news(session, search_id)

    def seen(self, actor: Actor, search_id: str) -> SavedSearch:
        """Note that its keeper has seen all news of a search."""
        with self._record.change() as change:
            row = self._own(change.session, actor, "showSearch", search_id)
            store.mark_seen(change, search_id, event=_event("saved-search.seen", actor.person_id, row))
            return store.to_search(change.session, row)

    def end(self, actor: Actor, search_id: str) -> SavedSearch:
        """Keep a search no longer; its words go with it."""
        with self._record.change() as change:
            row = self._own(change.session, actor, "endSearch", search_id)
            row.state = SEARCH_STATES.after(SearchState(row.state), "end").value
            row.name, row.asked, row.hits = "", json.dumps(written(Asked())), "{}"
            change.tell(_event("saved-search.ended", actor.person_id, row))
            return store.to_search(change.session, row)

    # ---- the look-out ---------------------------------------------------------------------------------------------

    def look(self) -> int:
        """Look whether kept searches find other datasets than before, and tell their keepers; return of how many.

        Called by the controller once in a while. Repeatable: what was found is kept in the same transaction as the
        notice of it. While the index does not know the whole catalogue nothing is concluded.
        """
        if self._search.catch_up(_PATIENCE):
            return 0
        newest = self._search.newest()
        with self._record.read() as session:
            watched = store.watched(session)
        told = 0
        for search_id in watched:
            if self._looked.get(search_id) != newest:
                told += self._look_at(search_id)
                self._looked[search_id] = newest
        return told

    def _look_at(self, search_id: str) -> bool:
        with self._record.read() as session:
            row = store.row_of(session, search_id)
            asked, state, before = read(json.loads(row.asked)), SearchState(row.state), row.hits
            if not people.load(session, Person, row.person_id).active:
                return False
        found, total = self._search.matching(asked, MOST_HITS)
        if total > MOST_HITS:
            return self._turn(search_id, "widen") if state is SearchState.KEPT else False
        after = _as_hits(self._search.changed(found))
        if state is SearchState.TOO_WIDE:
            return self._turn(search_id, "narrow", hits=after)
        differences = _differences(json.loads(before), after)
        if not differences:
            return False
        titles = self._search.titles(sorted(differences))
        with self._record.change() as change:
            row = store.row_of(change.session, search_id)
            if row.state != SearchState.KEPT or row.hits != before:
                return False
            row.hits = json.dumps(after, sort_keys=True)
            kinds = {each: (kind, titles.get(each, "")) for each, kind in differences.items()}
            event = _event("saved-search.news", _SYSTEM, row, news=len(kinds))
            store.add_news(change, search_id, kinds, now=self._now(), event=event)
            self._notify(change, row, "saved-search.news")
        return True

    def _turn(self, search_id: str, action: str, hits: Hits | None = None) -> bool:
        """Watch a search no longer because it finds too much, or again because it finds less; its keeper is told."""
        with self._record.change() as change:
            row = store.row_of(change.session, search_id)
            if not SEARCH_STATES.allows(SearchState(row.state), action):
                return False
            row.state = SEARCH_STATES.after(SearchState(row.state), action).value
            if hits is not None:
                row.hits = json.dumps(hits, sort_keys=True)
            change.tell(_event(f"saved-search.{row.state}", _SYSTEM, row))
            self._notify(change, row, f"saved-search.{row.state}")
        return True

    def _notify(self, change: Change, row: SearchRow, kind: str) -> None:
        change.notify(Notice(person=row.person_id, kind=kind, subject=f"saved-search:{row.search_id}"))

    def _own(self, session: Session, actor: Actor, action: str, search_id: str) -> SearchRow:
        row = store.row_of(session, search_id)
        thing = Thing(kind="SavedSearch", id=search_id, attributes={"keeper": row.person_id})
        self._check_known(session, actor, action, thing, sight="showSearch", unknown=store.UNKNOWN)
        return row


def _name(text: str) -> str:
    label = " ".join(text.split())
    if not label or len(label) > _LONGEST_NAME or not label.isprintable():
        raise Invalid(f"Name the search, in up to {_LONGEST_NAME} characters.", field="name")
    return label


def _as_hits(changed: Mapping[str, datetime]) -> Hits:
    return {entry_id: iso(moment) for entry_id, moment in changed.items()}


def _differences(before: Hits, after: Hits) -> dict[str, NewsKind]:
    found = dict.fromkeys(after.keys() - before.keys(), NewsKind.NEW)
    found |= dict.fromkeys(before.keys() - after.keys(), NewsKind.GONE)
    both = before.keys() & after.keys()
    return found | {entry_id: NewsKind.CHANGED for entry_id in both if before[entry_id] != after[entry_id]}


def _event(kind: str, actor: str, row: SearchRow, **details: Json) -> Event:
    return Event(kind=kind, actor=actor, subject=f"saved-search:{row.search_id}", details=details)
