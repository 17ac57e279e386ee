"""Use cases of the audit log: read, verify the whole, prove one entry, sign heads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json

from .kept_nodes import fill_nodes, kept_hashes, kept_nodes, leaves_only
from .merkle import EMPTY_ROOT, Frontier, leaf_hash, verify_inclusion
from .model import Finding, Head, InclusionProof, Verification, checkpoint
from .ports import HeadSigner
from .record import Record
from .store import EntryRow, HeadRow, KeyRow, TreeRow
from .tiles import Tiles
from .verification import LogReader, StoredEntry

__all__ = ["AuditService"]

_HASH = 32
_BATCH = 10_000


class AuditService:
    """Reads and verifies the log. Signing needs a signer, which the airlock's worker has."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def entries(self, *, after: int = -1, limit: int = 100, subject: str | None = None) -> list[str]:
        """Return entries in order as canonical JSON, from the first position above ``after``."""
        with self._record.read() as session:
            query = select(EntryRow.body).where(EntryRow.position > after).order_by(EntryRow.position).limit(limit)
            if subject is not None:
                query = query.where(EntryRow.subject == subject)
            return list(session.scalars(query))

    def size(self) -> int:
        """Return how many entries the log has."""
        with self._record.read() as session:
            tree = session.get(TreeRow, 1)
            return tree.size if tree else 0

    def covered(self) -> int:
        """Return how many entries, from the first, the newest signed head covers: only those can be proved."""
        with self._record.read() as session:
            return session.scalar(select(func.max(HeadRow.size))) or 0

    def keys(self) -> dict[int, bytes]:
        """Return the record key's public halves as they were noted when heads were signed."""
        with self._record.read() as session:
            return {row.version: row.public for row in session.scalars(select(KeyRow))}

    def heads(self) -> list[Head]:
        """Return every signed head, smallest first."""
        with self._record.read() as session:
            return _heads(session)

    def verify(self, *, keys: dict[int, bytes] | None = None, known: Head | None = None) -> Verification:
        """Read the whole log and compare it with itself, with its signed heads and with a head kept elsewhere.

        ``keys`` are the public keys to trust; without them those noted in the record are used, which an attacker who
        may write the database could have replaced: a custodian verifies with a key he keeps.
        """
        try:
            with self._record.read() as session:
                return _verified(session, keys=keys, known=known)
        except (TypeError, ValueError, AttributeError) as error:
            message = f"A row of the log, its heads or its keys holds what was never written there ({error})."
            finding = Finding(rule="unreadable", position=None, message=message)
            return Verification(size=0, root=EMPTY_ROOT, heads=0, unsigned=0, findings=(finding,))

    def prove(self, position: int) -> InclusionProof:
        """Return a proof that entry ``position`` is in the log, up to the newest signed head that covers it.

        Reads some tiles of 256 hashes each. A proof is handed out only when it holds: where a hash that is kept of the
        tree was changed, it is made from the entries alone, and where those no longer lead to the signed head,
        ``NotPossible`` is raised.
        """
        with self._record.read() as session:
            entry = session.get(EntryRow, position)
            if entry is None:
                raise NotFound(f"The log has no entry {position}.")
            row = session.scalars(
                select(HeadRow).where(HeadRow.size > position).order_by(HeadRow.size.desc()).limit(1)
            ).first()
            if row is None:
                raise NotPossible(
                    f"Entry {position} is not yet covered by a signed head; the airlock signs one every few seconds."
                )
            tree = session.get_one(TreeRow, 1)
            path = _path(session, entry, row)
            return InclusionProof(entry=entry.body, position=position, path=path, head=_head(tree.origin, row))

    def sign_head(self, signer: HeadSigner) -> Head | None:
        """Sign the present head, unless it is signed already. The head covers everything committed before."""
        with self._record.read() as session:
            tree = session.get(TreeRow, 1)
            if tree is None or session.get(HeadRow, tree.size) is not None:
                return None
            last = session.scalars(select(EntryRow.kind).where(EntryRow.position == tree.size - 1)).first()
            if last == "head.signed":
                return None
            size, origin = tree.size, tree.origin
            root = Frontier.unpacked(size, tree.peaks).root()
        signature = signer.sign(checkpoint(origin, size, root))
        keys = signer.public_keys()
        now = self._record.clock()
        with self._record.change() as change:
            if change.session.get(HeadRow, size) is not None:
                return None
            noted: dict[str, Json] = {}
            for version, public in keys.items():
                if change.session.get(KeyRow, version) is None:
                    change.session.add(KeyRow(version=version, public=public))
                    noted[str(version)] = public.hex()
            row = HeadRow(size=size, root=root, signed_at=now, signature=signature)
            change.session.add(row)
            fill_nodes(change.session, size)
            details: dict[str, Json] = {"root": root.hex(), "signed_at": iso(now), "keys": noted}
            change.tell(Event(kind="head.signed", actor="system:airlock", subject=f"head:{size}", details=details))
            return _head(origin, row)


def _path(session: Session, entry: EntryRow, head: HeadRow) -> tuple[bytes, ...]:
    """Return a path that holds: by what is kept of the tree, or else by its leaves alone."""
    leaf = leaf_hash(entry.body.encode())
    for read in (kept_hashes, leaves_only):
        try:
            path = Tiles(head.size, partial(read, session)).inclusion(entry.position)
        except LookupError:
            break
        if verify_inclusion(leaf=leaf, index=entry.position, size=head.size, path=path, root=head.root):
            return tuple(path)
    raise NotPossible(
        f"Entry {entry.position} cannot be proved: the log no longer leads to the head that was signed for "
        f"{head.size} entries. Have it verified (“tre audit verify”), and tell an operator."
    )


def _verified(session: Session, *, keys: dict[int, bytes] | None, known: Head | None) -> Verification:
    tree = session.get(TreeRow, 1)
    size, peaks = (tree.size, tree.peaks) if tree else (0, b"")
    stored = _heads(session)
    heads: dict[int, tuple[Head, ...]] = {}
    for head in (*stored, *((known,) if known else ())):
        heads[head.size] = (*heads.get(head.size, ()), head)
    noted = {row.version: row.public for row in session.scalars(select(KeyRow))}
    reader = LogReader(heads=heads, keys=noted if keys is None else keys)
    reader.read(_stored(session))
    reader.compare_nodes(kept_nodes(session))
    reader.finish(size=size, peaks=[peaks[i : i + _HASH] for i in range(0, len(peaks), _HASH)])
    reader.compare(heads=stored, keys=noted)
    return Verification(
        size=reader.frontier.size,
        root=reader.frontier.root(),
        heads=len(heads),
        unsigned=reader.frontier.size - max([h for h in heads if h <= reader.frontier.size], default=0),
        findings=tuple(reader.findings),
    )


def _stored(session: Session) -> Iterator[StoredEntry]:
    columns = (EntryRow.position, EntryRow.body, EntryRow.leaf, EntryRow.kind, EntryRow.subject)
    for row in session.execute(select(*columns).order_by(EntryRow.position)).yield_per(_BATCH):
        yield StoredEntry(*row)


def _heads(session: Session) -> list[Head]:
    tree = session.get(TreeRow, 1)
    if tree is None:
        return []
    return [_head(tree.origin, row) for row in session.scalars(select(HeadRow).order_by(HeadRow.size))]


def _head(origin: str, row: HeadRow) -> Head:
    return Head(origin=origin, size=row.size, root=row.root, signed_at=row.signed_at, signature=row.signature)
