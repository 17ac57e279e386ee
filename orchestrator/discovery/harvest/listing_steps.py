"""Reads one page of an endpoint's list at a time into the record."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select

from orchestrator.audit.record import Change, Record

from . import store
from .answers import read_json
from .endings import remark
from .listing import Listed, Page, Progress, Turn, read_page, turn
from .model import PULL_STATES, ItemState, PullKind, PullState
from .ports import Fetcher, Secrets
from .rules import list_url
from .speaking import about_pull
from .store import ItemRow, KnownRow, PullRow

__all__ = ["LARGEST_PAGE", "Listing"]

LARGEST_PAGE = 20 * 1024 * 1024
"""Bytes of one page of a list: a hundred items of the protocol have less than a tenth of a megabyte."""
_MOST_RESTARTS = 2


class Listing:
    """One page a turn; how far it came is recorded with the page's items, in one transaction."""

    def __init__(self, record: Record, *, fetcher: Fetcher, secrets: Secrets, page: int) -> None:
        self._record, self._fetcher, self._secrets, self._page = record, fetcher, secrets, page

    def turn(self, pull_id: str) -> None:
        """Read the next page. Raises ``Fault``; nothing is changed then."""
        with self._record.read() as session:
            row = store.pull_row(session, pull_id)
            endpoint = store.to_endpoint(store.endpoint_row(session, row.endpoint_id))
        answer = self._fetcher.get(
            list_url(endpoint, offset=row.offset, limit=self._page),
            headers={"accept": "application/json"},
            secret=self._secrets.headers(endpoint),
            largest=LARGEST_PAGE,
        )
        document, encoding = read_json(answer, what="its list")
        page = read_page(document)
        with self._record.change() as change:
            fresh = store.pull_row(change.session, pull_id)
            if fresh.state != PullState.LISTING or fresh.offset != row.offset or fresh.restarts != row.restarts:
                return  # another process was quicker
            remark(fresh, encoding, *page.remarks)
            self._keep(change, fresh, page)

    def _keep(self, change: Change, row: PullRow, page: Page) -> None:
        unseen, twice = _unseen(change, row, page.items)
        before = Progress(offset=row.offset, seen=row.listed, total=row.total, clean=row.clean)
        following, why = turn(page, before, len(unseen))
        remark(row, twice, why)
        if following is Turn.AGAIN:
            if row.restarts < _MOST_RESTARTS:
                _start_again(change, row)
                return
            following = Turn.PARTIAL
        _add_items(change, row, unseen)
        row.offset += page.count
        row.listed += len(unseen)
        row.total = page.total
        row.clean = row.clean and page.count == len(page.items)
        row.worked_at, row.put_off, row.trouble = self._record.clock(), 0, ""
        if following is not Turn.NEXT:
            row.state = PULL_STATES.after(PullState(row.state), "fetch").value
            row.complete = following is Turn.WHOLE
        change.tell(about_pull("listed", row, datasets=row.listed, total=row.total, complete=row.complete))


def _unseen(change: Change, row: PullRow, items: Sequence[Listed]) -> tuple[list[Listed], str]:
    """Return items with identifiers that the list did not name before, and a remark on those it names twice."""
    names = list({item.persistent_id for item in items})
    query = select(ItemRow.persistent_id).where(ItemRow.pull_id == row.pull_id, ItemRow.persistent_id.in_(names))
    seen = set(change.session.scalars(query))
    unseen: list[Listed] = []
    twice: list[Listed] = []
    for item in items:
        (twice if item.persistent_id in seen else unseen).append(item)
        seen.add(item.persistent_id)
    if not twice:
        return unseen, ""
    return unseen, (
        f"The list names {twice[0].persistent_id} more than once; it was taken as it stands there first. An order that "
        "changes between pages does this."
    )


def _add_items(change: Change, row: PullRow, items: Sequence[Listed]) -> None:
    if not items:
        return
    known = store.known(change.session, row.endpoint_id, [item.persistent_id for item in items])
    first = change.session.scalar(select(func.count()).where(ItemRow.pull_id == row.pull_id)) or 0
    change.session.execute(
        insert(ItemRow),
        [
            {
                "pull_id": row.pull_id,
                "persistent_id": item.persistent_id,
                "number": first + place,
                "version": item.version,
                "modified": item.modified,
                "state": _state(row, item, known.get(item.persistent_id)).value,
                "attempts": 0,
                "problem": "",
            }
            for place, item in enumerate(items)
        ],
    )


def _state(row: PullRow, item: Listed, known: KnownRow | None) -> ItemState:
    """A record is not asked for where the list says that it is the one we have."""
    same = known is not None and bool(item.version) and (item.version, item.modified) == (known.version, known.modified)
    return ItemState.UNCHANGED if same and row.kind != PullKind.THOROUGH else ItemState.PENDING


def _start_again(change: Change, row: PullRow) -> None:
    change.session.execute(delete(ItemRow).where(ItemRow.pull_id == row.pull_id))
    row.offset, row.listed, row.total, row.clean = 0, 0, None, True
    row.restarts += 1
    change.tell(about_pull("listed-anew", row, times=row.restarts))
