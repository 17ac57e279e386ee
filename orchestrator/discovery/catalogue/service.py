"""Use cases of the catalogue: import descriptions, withdraw entries, read them, follow what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.discovery import rules as dataset_rules
from orchestrator.discovery.model import DatasetState
from orchestrator.discovery.store import DatasetRow
from orchestrator.identity.asking import Asking
from orchestrator.policy.model import SITE, Actor, Thing

from . import store
from .differences import differences
from .model import Difference, Edition, Entry, Imported, Origin, Refusal
from .offering import follow, follow_withdrawal
from .reading import converter, read_kept
from .rules import earlier_ids_of, entry_key, persistent_id_of
from .store import EntryRow
from .taking import Given, Outcome, move, prepare, take

__all__ = ["CatalogueService"]

_SYSTEM = "system:controller"
_AT_ONCE = 200
"""Records in one transaction: others who write wait for no more than these."""


class CatalogueService(Asking):
    """The catalogue. Reading needs no actor: descriptions are public."""

    # ---- reading ------------------------------------------------------------------------------------------------

    def entries(self, *, custodian_id: str | None = None, source: str | None = None) -> list[Entry]:
        """Return every entry that can be found, missing ones included, by title."""
        with self._record.read() as session:
            rows = store.entries(session, custodian_id=custodian_id, source=source)
            return [store.to_entry(*pair) for pair in rows]

    def entry(self, entry_id: str) -> Entry:
        """Return one entry, a withdrawn one too; raise ``NotFound`` where there is none."""
        with self._record.read() as session:
            return store.to_entry(*store.current_editions(session, entry_id))

    def versions(self, entry_id: str) -> list[Edition]:
        """Return every edition of an entry's description, oldest first."""
        with self._record.read() as session:
            store.entry_row(session, entry_id)
            return [store.to_edition(row) for row in store.editions_of(session, entry_id)]

    def diff(self, entry_id: str, earlier: int, later: int) -> tuple[Difference, ...]:
        """Return what changed between two editions, both read the same way, with what has no place in 4.0.0."""
        with self._record.read() as session:
            both = [json.loads(store.edition_row(session, entry_id, number).original) for number in (earlier, later)]
        old, new = read_kept(both[0]), read_kept(both[1])
        return differences(old.description, new.description) + differences(old.unplaced, new.unplaced)

    def elsewhere(self, entry_id: str) -> list[str]:
        """Return other entries under the same persistent identifier: one dataset that reached us by several ways."""
        with self._record.read() as session:
            row = store.entry_row(session, entry_id)
            return [each.entry_id for each in store.same_persistent_id(session, row)]

    def changes(self, after: int, limit: int = 500) -> list[tuple[int, Entry]]:
        """Return entries that changed after a sequence number, in order, each once as it is now.

        Numbers only grow, so an index that remembers the last one misses nothing; withdrawn entries come too.
        """
        with self._record.read() as session:
            rows = store.changed_since(session, after, limit)
            return [(row.sequence, store.to_entry(row, edition)) for row, edition in rows]

    # ---- changes ------------------------------------------------------------------------------------------------

    def import_records(
        self,
        actor: Actor,
        records: Sequence[object],
        *,
        source: str,
        custodian_id: str | None = None,
        publisher: str = "",
    ) -> Imported:
        """Take descriptions of any known schema; what cannot be taken is told by its place, the rest is kept.

        A custodian's officers import in its name; without a custodian it is an operator's deed. ``source`` names the
        collection: the same identifier imported again under the same name is the next version of the same entry.
        Repeatable: interrupted, it is simply done again.
        """
        label = source.strip()
        if not label or len(label) > 200 or not label.isprintable():
            raise Invalid("Name the collection the records come from, in up to 200 characters.", field="source")
        self._may_import(actor, custodian_id)
        given, refused = _readable(records, source=label, custodian_id=custodian_id, publisher=publisher)
        counts = dict.fromkeys(Outcome, 0)
        for first in range(0, len(given), _AT_ONCE):
            with self._record.change() as change:
                self._check(change.session, actor, *_importing(custodian_id))
                self._must_be_there(change.session, custodian_id)
                batch = given[first : first + _AT_ONCE]
                for each in batch:
                    _, outcome = take(change, each, actor=actor.person_id, now=self._now())
                    counts[outcome] += 1
                change.tell(_imported(actor, label, custodian_id, len(batch)))
        return Imported(
            new=counts[Outcome.NEW],
            changed=counts[Outcome.CHANGED],
            unchanged=counts[Outcome.UNCHANGED],
            refused=tuple(refused),
        )

    def withdraw_entry(self, actor: Actor, entry_id: str, reason: str) -> Entry:
        """Take an imported or harvested entry out of the catalogue; offered datasets are withdrawn themselves."""
        reason = dataset_rules.check_reason(reason)
        with self._record.change() as change:
            row, edition = store.current_editions(change.session, entry_id)
            thing = Thing(kind="CatalogueEntry", id=entry_id, attributes={"custodian": row.custodian_id or ""})
            self._check(change.session, actor, "withdrawEntry", thing)
            if row.origin == Origin.OFFERED:
                raise NotPossible("This dataset is offered here; withdraw the dataset, and its entry follows.")
            move(change, row, "withdraw", actor=actor.person_id, now=self._now(), reason=reason)
        return store.to_entry(row, edition)

    def refresh(self, limit: int = _AT_ONCE) -> int:
        """Bring the catalogue in step with datasets and converter; returns how many entries were touched. Repeatable.

        Datasets registered before there was a catalogue get their entries; entries that an earlier converter read
        are read anew from their originals. The controller calls this when it starts and once in a while.
        """
        return self._adopt(limit) + self._read_anew(limit)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _may_import(self, actor: Actor, custodian_id: str | None) -> None:
        with self._record.read() as session:
            self._check(session, actor, *_importing(custodian_id))
            self._must_be_there(session, custodian_id)

    def _must_be_there(self, session: Session, custodian_id: str | None) -> None:
        if custodian_id is not None:
            check_present(session, custodian_id, now=self._now())

    def _adopt(self, limit: int) -> int:
        known = select(EntryRow.dataset_id).where(EntryRow.dataset_id.is_not(None))
        query = select(DatasetRow).where(DatasetRow.dataset_id.not_in(known)).order_by(DatasetRow.registered_at)
        with self._record.read() as session:
            if session.scalar(query.limit(1)) is None:
                return 0
        with self._record.change() as change:
            rows = list(change.session.scalars(query.limit(limit)))
            for row in rows:
                step = follow if row.state == DatasetState.LISTED else follow_withdrawal
                step(change, row, actor=_SYSTEM, now=self._now())
        return len(rows)

    def _read_anew(self, limit: int) -> int:
        with self._record.read() as session:
            old = [
                (row.entry_id, edition.number, json.loads(edition.original))
                for row, edition in store.outdated(session, converter(), limit)
            ]
        if not old:
            return 0
        columns = [(entry_id, number, read_kept(record).columns()) for entry_id, number, record in old]
        with self._record.change() as change:
            for entry_id, number, fresh in columns:
                self._replace(change, entry_id, number, fresh)
            details: dict[str, Json] = {"converter": converter(), "entries": len(columns)}
            change.tell(Event(kind="catalogue.read-anew", actor=_SYSTEM, subject="catalogue:all", details=details))
        return len(columns)

    def _replace(self, change: Change, entry_id: str, number: int, fresh: Mapping[str, Any]) -> None:
        row = store.entry_row(change.session, entry_id)
        if row.edition != number:
            return
        edition = store.edition_row(change.session, entry_id, number)
        for name, value in fresh.items():
            setattr(edition, name, value)
        row.sequence = store.next_sequence(change.session)
        change.session.flush()


def _importing(custodian_id: str | None) -> tuple[str, Thing]:
    if custodian_id is None:
        return "importCatalogue", SITE
    return "importRecords", Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})


def _readable(
    records: Sequence[object], *, source: str, custodian_id: str | None, publisher: str
) -> tuple[list[Given], list[Refusal]]:
    """Read every record; one that cannot be kept, or comes twice with different words, is refused by its place."""
    given: dict[str, Given] = {}
    refused = []
    for position, record in enumerate(records, start=1):
        try:
            each = _one(record, source=source, custodian_id=custodian_id, publisher=publisher)
            earlier = given.setdefault(each.persistent_id, each)
            if earlier.content_sha256 != each.content_sha256:
                raise Invalid(
                    f"The identifier {each.persistent_id[:80]} stands twice in this file, with different content; "
                    "the first one was taken.",
                    field="identifier",
                )
        except Invalid as error:
            refused.append(Refusal(position=position, sentence=error.message))
    return [_with_past(each, given) for each in given.values()], refused


def _with_past(each: Given, given: Mapping[str, Given]) -> Given:
    """Note under which identifiers a record stood before; one that stands in the file itself is another dataset."""
    earlier = tuple(name for name in earlier_ids_of(json.loads(each.text)) if name not in given)
    return replace(each, earlier_ids=earlier)


def _one(record: object, *, source: str, custodian_id: str | None, publisher: str) -> Given:
    if not isinstance(record, Mapping):
        raise Invalid("This is no description: it must be an object with named fields.", field="record")
    return prepare(
        record,
        origin=Origin.IMPORTED,
        source=source,
        custodian_id=custodian_id,
        persistent_id=persistent_id_of(record),
        publisher=publisher,
    )


def _imported(actor: Actor, source: str, custodian_id: str | None, count: int) -> Event:
    details: dict[str, Json] = {
        "custodian": custodian_id,
        "records": count,
        "collection": entry_key(Origin.IMPORTED, source, ""),
    }
    return Event(kind="catalogue.imported", actor=actor.person_id, subject="catalogue:all", details=details)
