"""What is kept of the log's tree beside its leaves: read for a proof, and filled in where a log is older than it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from .merkle import TILE, TILE_HEIGHT, root_hash
from .store import EntryRow, NodeRow

__all__ = ["fill_nodes", "kept_hashes", "kept_nodes", "leaves_only"]

_AT_ONCE = 256
"""How many missing nodes are filled in at once: 65,536 leaves, read in well under a second."""


def kept_hashes(session: Session, level: int, start: int, end: int) -> dict[int, bytes]:
    """Return what is kept of one level of the tree, from ``start`` to before ``end``, by number.

    A database edited by hand may hold anything in place of a hash: that counts as missing.
    """
    return {row[0]: row[1] for row in session.execute(_range(level, start, end)) if isinstance(row[1], bytes)}


def leaves_only(session: Session, level: int, start: int, end: int) -> dict[int, bytes]:
    """Return leaves, and nothing of what is kept above them."""
    return kept_hashes(session, level, start, end) if level == 0 else {}


def kept_nodes(session: Session) -> Iterator[tuple[int, int, bytes]]:
    """Yield level, number and hash of every node that is kept."""
    query = select(NodeRow.level, NodeRow.number, NodeRow.hash).order_by(NodeRow.level, NodeRow.number)
    for row in session.execute(query).yield_per(TILE):
        yield row[0], row[1], row[2]


def fill_nodes(session: Session, size: int) -> None:
    """Compute nodes that a log of ``size`` entries lacks, the lowest first and some at a time; the caller commits."""
    level, left = 1, _AT_ONCE
    while size >> (TILE_HEIGHT * level):
        missing = _missing(session, level, size >> (TILE_HEIGHT * level), left)
        rows = []
        for number in missing:
            below = kept_hashes(session, level - 1, number * TILE, (number + 1) * TILE)
            if len(below) == TILE:
                root = root_hash([below[each] for each in sorted(below)])
                rows.append({"level": level, "number": number, "hash": root})
        if rows:
            session.connection().execute(insert(NodeRow), rows)
        if len(rows) < len(missing) or len(missing) == left:
            return  # what is above waits until what is below is whole
        left -= len(missing)
        level += 1


def _missing(session: Session, level: int, whole: int, most: int) -> list[int]:
    kept = session.scalar(select(func.count()).where(NodeRow.level == level, NodeRow.number < whole)) or 0
    if kept == whole:
        return []
    there = set(session.scalars(select(NodeRow.number).where(NodeRow.level == level)))
    return [number for number in range(whole) if number not in there][:most]


def _range(level: int, start: int, end: int) -> Select[int, bytes]:
    if level == 0:
        return select(EntryRow.position, EntryRow.leaf).where(EntryRow.position >= start, EntryRow.position < end)
    return select(NodeRow.number, NodeRow.hash).where(
        NodeRow.level == level, NodeRow.number >= start, NodeRow.number < end
    )
