"""Asks for the records of a list one by one, keeps what is new, and closes the pull when nothing is left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import Invalid
from orchestrator.discovery.catalogue.model import Origin
from orchestrator.discovery.catalogue.rules import LARGEST_RECORD, version_of
from orchestrator.discovery.catalogue.store import EditionRow, EntryRow
from orchestrator.discovery.catalogue.taking import Given, prepare, take

from . import store
from .answers import read_json
from .disappearing import confirm_listed, note_missing, too_many_gone
from .endings import end
from .faults import Fault, FaultKind
from .model import Endpoint, ItemState, PullState
from .ports import Answer, Fetcher, Secrets
from .rules import dataset_url
from .speaking import SYSTEM, about_pull, tell_keepers
from .store import ItemRow, KnownRow

__all__ = ["Fetching"]

_THIS_RECORD_ONLY = frozenset({FaultKind.NOT_THERE, FaultKind.TOO_LARGE, FaultKind.NOT_JSON, FaultKind.REDIRECT})
_TRIES = 3
_FAULTS_IN_A_ROW = 3
_BAD_RECORDS_IN_A_ROW = 25
"""So many records that cannot be used, and none between them that can: something is wrong with all of them."""
_AT_ONCE = 20
_MOST_ALIKE = 50


@dataclass(frozen=True)
class _Asked:
    """What came of asking for one record: ``given`` to be taken, else why it was skipped, else it is unchanged."""

    given: Given | None = None
    problem: str = ""
    etag: str = ""
    last_modified: str = ""


class Fetching:
    """One record a transaction: what was taken is never asked for again."""

    def __init__(self, record: Record, *, fetcher: Fetcher, secrets: Secrets, percent: int) -> None:
        self._record, self._fetcher, self._secrets, self._percent = record, fetcher, secrets, percent

    def go_on(self, pull_id: str, *, seconds: float) -> None:
        """Ask for records for so long, for one at least; close the pull when none is left. Raises ``Fault``."""
        until = time.monotonic() + seconds
        while True:
            with self._record.read() as session:
                row = store.pull_row(session, pull_id)
                waiting = store.pending(session, pull_id, _AT_ONCE)
                endpoint = store.to_endpoint(store.endpoint_row(session, row.endpoint_id))
                known = store.known(session, row.endpoint_id, [item.persistent_id for item in waiting])
            if row.state != PullState.FETCHING:
                return
            if not waiting:
                self._close(pull_id)
                return
            for item in waiting:
                if not self._one(item, endpoint, known.get(item.persistent_id)) or time.monotonic() >= until:
                    return

    def _one(self, item: ItemRow, endpoint: Endpoint, known: KnownRow | None) -> bool:
        """Ask for one record; say whether to go on with the next. Raises ``Fault`` when the pull has to rest."""
        try:
            asked = self._ask(item, endpoint, known)
        except Fault as fault:
            if self._count_fault(item, fault):
                raise
            return False  # the others come first
        with self._record.change() as change:
            fresh = change.session.get(ItemRow, (item.pull_id, item.persistent_id))
            pull = store.pull_row(change.session, item.pull_id)
            if fresh is None or fresh.state != ItemState.PENDING or pull.state != PullState.FETCHING:
                return False  # another process was quicker, or the endpoint was paused meanwhile
            pull.worked_at, pull.streak, pull.put_off, pull.trouble = self._record.clock(), 0, 0, ""
            self._settle(change, fresh, endpoint, asked)
        return True

    def _ask(self, item: ItemRow, endpoint: Endpoint, known: KnownRow | None) -> _Asked:
        conditions = {}
        if known is not None and known.etag:
            conditions["if-none-match"] = known.etag
        if known is not None and known.last_modified:
            conditions["if-modified-since"] = known.last_modified
        answer = self._fetcher.get(
            dataset_url(endpoint, item.persistent_id),
            headers={"accept": "application/json", **conditions},
            secret=self._secrets.headers(endpoint),
            largest=LARGEST_RECORD,
        )
        if answer.status == 304 and conditions:
            return _not_modified(item, known)
        return _read(answer, item, endpoint)

    def _settle(self, change: Change, item: ItemRow, endpoint: Endpoint, asked: _Asked) -> None:
        problem = asked.problem
        if asked.given is not None and not problem:
            problem = _same_as_another(change.session, asked.given)
        item.problem = problem
        if problem:
            item.state = ItemState.SKIPPED.value
        elif asked.given is None:
            item.state = ItemState.UNCHANGED.value
        else:
            item.state = ItemState.TAKEN.value
            entry_id, _ = take(change, asked.given, actor=SYSTEM, now=self._record.clock())
            _remember(change, item, endpoint, entry_id, asked)
        if item.state == ItemState.UNCHANGED:
            _remember_version(change, item, endpoint)
        if not change.told:
            pull = store.pull_row(change.session, item.pull_id)
            change.tell(about_pull("looked", pull, place=item.number, state=item.state))

    def _count_fault(self, asked: ItemRow, fault: Fault) -> bool:
        """Note a fault; say whether it concerns the endpoint as a whole, so that the pull has to rest or end."""
        if fault.kind in (FaultKind.REJECTED, FaultKind.SECRET, FaultKind.FORBIDDEN_ADDRESS):
            return True
        with self._record.change() as change:
            pull = store.pull_row(change.session, asked.pull_id)
            item = change.session.get(ItemRow, (asked.pull_id, asked.persistent_id))
            if item is None or item.state != ItemState.PENDING:
                return False
            item.attempts += 1
            pull.streak += 1
            if item.attempts >= _TRIES or (fault.kind in _THIS_RECORD_ONLY and not fault.retry):
                item.state, item.problem = ItemState.SKIPPED.value, fault.message
            change.tell(about_pull("faulted", pull, place=item.number, why=fault.kind.value))
            rests = pull.streak >= (_BAD_RECORDS_IN_A_ROW if fault.kind in _THIS_RECORD_ONLY else _FAULTS_IN_A_ROW)
            if rests:
                pull.streak = 0
            return rests

    def _close(self, pull_id: str) -> None:
        now = self._record.clock()
        with self._record.change() as change:
            row = store.pull_row(change.session, pull_id)
            if row.state != PullState.FETCHING:
                return
            endpoint = store.endpoint_row(change.session, row.endpoint_id)
            confirm_listed(change, row, now=now)
            held = False
            if row.complete:
                row.missing, held = too_many_gone(change.session, row, self._percent)
            if held:
                row.trouble = endpoint.trouble = (
                    f"{row.missing:,} entries are in the list no more. Nothing was archived: a person has to say "
                    "whether they are gone or the list is wrong."
                )
                end(change, row, "hold", now)
                tell_keepers(change, endpoint, "held", now)
                return
            if row.complete:
                note_missing(change, row, now=now)
            endpoint.last_success_at, endpoint.trouble, endpoint.stale_told = now, "", False
            end(change, row, "finish", now)


def _read(answer: Answer, item: ItemRow, endpoint: Endpoint) -> _Asked:
    """Return the record of an answer, or why it is not taken. Raises ``Fault``."""
    document, _ = read_json(answer, what=f"the record {item.persistent_id}")
    record = _unwrapped(document)
    version = version_of(record) if isinstance(record, Mapping) else ""
    if item.version and version and version != item.version:
        return _Asked(
            problem=f"The list says version {item.version}, the record itself {version}; it is taken when they agree."
        )
    try:
        given = prepare(
            record,
            origin=Origin.HARVESTED,
            source=endpoint.endpoint_id,
            custodian_id=endpoint.custodian_id,
            persistent_id=item.persistent_id,
        )
    except Invalid as error:
        return _Asked(problem=error.message)
    return _Asked(
        given=given,
        etag=_short(answer.headers.get("etag", ""), 500),
        last_modified=_short(answer.headers.get("last-modified", ""), 100),
    )


def _unwrapped(document: Any) -> Any:
    """Some endpoints put the record into an envelope: ``{"metadata": {…}}``, ``{"data": {…}}``."""
    if isinstance(document, Mapping) and len(document) == 1:
        inner = next(iter(document.values()))
        if next(iter(document)) in ("metadata", "data", "dataset") and isinstance(inner, Mapping):
            return inner
    return document


def _not_modified(item: ItemRow, known: KnownRow | None) -> _Asked:
    if known is not None and item.version and item.version != known.version:
        return _Asked(
            problem=f"The list says version {item.version}, and the endpoint that the record has not changed since "
            f"version {known.version}; the earlier one is kept."
        )
    return _Asked()


def _same_as_another(session: Session, given: Given) -> str:
    """Return a sentence where an endpoint answers one record for two identifiers."""
    same = select(EditionRow.entry_id, EditionRow.number).where(EditionRow.content_sha256 == given.content_sha256)
    for entry_id, number in session.execute(same.limit(_MOST_ALIKE)).all():  # by its index: a join reads every entry
        other = session.get_one(EntryRow, entry_id)
        here = (other.origin, other.source) == (given.origin.value, given.source)
        if here and other.edition == number and other.persistent_id != given.persistent_id:
            return (
                f"The endpoint answers the very record of {other.persistent_id[:80]} for this identifier too; "
                "it was taken once."
            )
    return ""


def _remember(change: Change, item: ItemRow, endpoint: Endpoint, entry_id: str, asked: _Asked) -> None:
    change.session.merge(
        KnownRow(
            endpoint_id=endpoint.endpoint_id,
            persistent_id=item.persistent_id,
            entry_id=entry_id,
            version=item.version,
            modified=item.modified,
            etag=asked.etag,
            last_modified=asked.last_modified,
        )
    )


def _remember_version(change: Change, item: ItemRow, endpoint: Endpoint) -> None:
    known = change.session.get(KnownRow, (endpoint.endpoint_id, item.persistent_id))
    if known is not None:
        known.version, known.modified = item.version, item.modified


def _short(text: str, most: int) -> str:
    return text if len(text) <= most and text.isprintable() and text.isascii() else ""
