"""What other hubs say: documents taken by hand or as they were fetched, by the same rules, and what of them counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotPossible, Refused
from orchestrator.core.events import Event, Json
from orchestrator.discovery.catalogue.model import EntryState, Origin
from orchestrator.discovery.catalogue.store import EntryRow
from orchestrator.policy.model import SITE, Actor

from .. import sealed
from . import store
from .believing import follow
from .model import Document, Feed, Hub, HubState, Kind, Shown, Word
from .passes import Passes
from .rules import check_counts, check_genuine, fork, replayed
from .sealing import KIND, SYSTEM, own_origin
from .shapes import Header, read_document
from .store import TakenRow

__all__ = ["Hearing"]


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """A document that its hub's key vouches for, before it is compared with what the hub said earlier."""

    hub: Hub
    header: Header
    opened: sealed.Opened


class Hearing(Passes):
    """Documents of others."""

    def take(self, actor: Actor, raw: bytes) -> Document:
        """Take in another hub's document; the newest again changes nothing, an older one or a forged one is refused."""
        return self._take(
            raw, by=actor.person_id, check=lambda session: self._check(session, actor, "takeDocument", SITE)
        )

    def take_fetched(self, hub_id: str, kind: Kind, raw: bytes) -> Document:
        """Take in what a hub's address answered, by the same rules; another hub's or kind's document is refused there.

        For the controller alone: nobody asked for it but the two operators who trusted the hub.
        """
        return self._take(raw, by=SYSTEM, check=lambda _: None, expected=(hub_id, kind))

    def documents(self, hub_id: str) -> list[Document]:
        """Return the newest document of each kind that counts now; those of a revoked hub or key do not."""
        with self._record.read() as session:
            hub = store.to_hub(store.hub_row(session, hub_id))
            found = [self.counting(session, hub, kind) for kind in Kind]
            return [store.to_document(each) for each in found if each is not None]

    def document(self, hub_id: str, kind: Kind) -> Document | None:
        """Return the newest document of one kind, if it counts now."""
        with self._record.read() as session:
            found = self.counting(session, store.to_hub(store.hub_row(session, hub_id)), kind)
            return store.to_document(found) if found is not None else None

    def words(self, hub_id: str) -> list[Word]:
        """Return what counts of a hub now, without reading what it says: cheap however long that is."""
        with self._record.read() as session:
            hub = store.to_hub(store.hub_row(session, hub_id))
            found = [self.counting(session, hub, kind) for kind in Kind]
            return [store.to_word(each) for each in found if each is not None]

    def shown(self, hub_id: str, most: int) -> list[Shown]:
        """Return datasets of a hub that the catalogue lists, by title."""
        query = select(EntryRow.entry_id, EntryRow.title, EntryRow.publisher)
        query = query.where(EntryRow.origin == Origin.HUB.value, EntryRow.source == hub_id)
        query = query.where(EntryRow.state == EntryState.LISTED.value).order_by(EntryRow.title, EntryRow.entry_id)
        with self._record.read() as session:
            rows = session.execute(query.limit(most))
            return [Shown(entry_id=row.entry_id, title=row.title, publisher=row.publisher) for row in rows]

    def said(self, kind: Kind) -> list[tuple[Hub, Document]]:
        """Return what the trusted hubs say now of one kind, by hub."""
        with self._record.read() as session:
            hubs = [store.to_hub(row) for row in store.hubs(session)]
            found = [(hub, self.counting(session, hub, kind)) for hub in hubs]
            return [(hub, store.to_document(each)) for hub, each in found if each is not None]

    def feeds(self, hub_id: str) -> list[Feed]:
        """Return how hearing a hub goes, for each kind that was asked for or taken."""
        with self._record.read() as session:
            return [store.to_feed(row) for row in store.feeds(session, hub_id).values()]

    def counting(self, session: Session, hub: Hub, kind: Kind) -> TakenRow | None:
        """Return the newest document of a kind if it counts: of a trusted hub, by a key of today, and not over."""
        if hub.state is not HubState.TRUSTED:
            return None
        last = store.last_taken(session, hub.hub_id, kind)
        if last is None or last.valid_until <= self._now() or bytes.fromhex(last.key) not in hub.keys.values():
            return None
        return last

    # ---- inside -------------------------------------------------------------------------------------------------

    def _take(
        self,
        raw: bytes,
        *,
        by: str,
        check: Callable[[Session], object],
        expected: tuple[str, Kind] | None = None,
    ) -> Document:
        with self._record.read() as session:
            check(session)
        heard = self._heard(raw, expected)  # reading a long document may take a while: nobody who writes waits for it
        with self._record.change() as change:
            check(change.session)
            if store.to_hub(store.hub_row(change.session, heard.hub.hub_id)).keys != heard.hub.keys:
                raise NotPossible(f"The keys of {heard.hub.name} changed while its document was read; take it again.")
            taken, contradiction = self._compared(change, heard, by)
        if taken is not None:
            return taken
        raise Refused(
            f"{contradiction} Nothing was taken. {heard.hub.name} tells different things to different hubs, or its key "
            "is in wrong hands: speak to its people, and revoke it until that is clear.",
        )

    def _heard(self, raw: bytes, expected: tuple[str, Kind] | None) -> _Heard:
        parsed = sealed.unproved(raw)
        header = read_document(parsed.content)
        with self._record.read() as session:
            hub = _speaker(session, header.origin)
        if expected is not None and expected != (hub.hub_id, header.kind):
            raise Refused(f"The address answered with the {header.kind.value} of {hub.name}; nothing was taken.")
        opened = parsed.opened(hub.keys, kind=KIND)
        check_genuine(hub, opened, header)
        check_counts(header, self._now())
        return _Heard(hub=hub, header=header, opened=opened)

    def _compared(self, change: Change, heard: _Heard, by: str) -> tuple[Document | None, str]:
        """Keep a document that agrees with everything before it; return it, or what it contradicts."""
        hub, header, opened = heard.hub, heard.header, heard.opened
        last = store.last_taken(change.session, hub.hub_id, header.kind)
        contradiction = _contradiction(change.session, heard, last)
        if contradiction:
            self._tell_of_contradiction(change, heard, by)
            return None, contradiction
        if last is not None and last.sha256 == opened.sha256:
            self._vouch(change, heard, last, by)
            return store.to_document(last), ""
        if last is not None and (older := replayed(header, last.sequence)):
            raise Refused(older)
        return self._keep(change, heard, by), ""

    def _vouch(self, change: Change, heard: _Heard, last: TakenRow, by: str) -> None:
        """Let a document count again whose key was replaced, now that a key of today vouches for it."""
        if bytes.fromhex(last.key) in heard.hub.keys.values():
            return
        for name, value in _vouched(heard).items():
            setattr(last, name, value)
        change.tell(_taken(heard, by))
        self._follow(change, heard)

    def _tell_of_contradiction(self, change: Change, heard: _Heard, by: str) -> None:
        """Tell the operators, once of each: what is fetched comes again every hour."""
        feed = store.feed(change, heard.hub.hub_id, heard.header.kind)
        again = feed.contradicted == heard.opened.sha256
        if by == SYSTEM and again:
            return
        feed.contradicted = heard.opened.sha256
        details: dict[str, Json] = {"kind": heard.header.kind.value, "sequence": heard.header.sequence}
        subject = f"hub:{heard.hub.hub_id}"
        change.tell(Event(kind="hub.contradicted", actor=by, subject=subject, details=details))
        self._tell_operators(change, kind="hub.contradicted", subject=subject, apart_from=[])

    def _keep(self, change: Change, heard: _Heard, by: str) -> Document:
        hub, header, opened = heard.hub, heard.header, heard.opened
        row = TakenRow(
            hub_id=hub.hub_id,
            kind=header.kind.value,
            sequence=header.sequence,
            items=json.dumps(header.items, ensure_ascii=False),
            count=len(header.items),
            sha256=opened.sha256,
            issued_at=header.issued,
            valid_until=header.ends,
            taken_at=self._now(),
            taken_by=by,
            **_vouched(heard),
        )
        store.add(change, row, event=_taken(heard, by))
        store.forget_items(change, hub.hub_id, header.kind, before=header.sequence)
        self._follow(change, heard)
        return store.to_document(row)

    def _follow(self, change: Change, heard: _Heard) -> None:
        if heard.header.kind is Kind.PEOPLE:
            follow(change, heard.hub.hub_id, heard.header, now=self._now())


def _vouched(heard: _Heard) -> dict[str, Any]:
    """Return which key vouches for a document, and where in the hub's log it does."""
    proof = heard.opened.proof
    version = int(proof.head.signature.split(":")[1][1:])
    return {
        "key": heard.hub.keys[version].hex(),
        "position": proof.position,
        "head_size": proof.head.size,
        "head_root": proof.head.root.hex(),
    }


def _taken(heard: _Heard, by: str) -> Event:
    details: dict[str, Json] = {
        "hub": heard.hub.hub_id,
        "kind": heard.header.kind.value,
        "sequence": heard.header.sequence,
        "sha256": heard.opened.sha256,
        "valid_until": iso(heard.header.ends),
    }
    return Event(kind="document.taken", actor=by, subject=f"hub:{heard.hub.hub_id}", details=details)


def _speaker(session: Session, origin: str) -> Hub:
    """Return the hub in whose name a document speaks; whether it is its word is judged afterwards."""
    if origin == own_origin(session):
        raise NotPossible("This document is one of our own.")
    row = store.hub_by_origin(session, origin)
    if row is None:
        raise Refused(
            f"Nobody here trusts “{origin}”, so nothing was taken: have its card confirmed first "
            "(“tre federation trust”)."
        )
    return store.to_hub(row)


def _contradiction(session: Session, heard: _Heard, last: TakenRow | None) -> str:
    same_size: Any = (TakenRow.hub_id == heard.hub.hub_id, TakenRow.head_size == heard.opened.proof.head.size)
    return fork(
        heard.header,
        heard.opened,
        last_sequence=last.sequence if last else 0,
        last_sha256=last.sha256 if last else "",
        last_position=last.position if last else -1,
        known_root=session.scalar(select(TakenRow.head_root).where(*same_size).limit(1)),
    )
