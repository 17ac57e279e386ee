"""What we say to other hubs: documents sealed by hand or kept fresh by the controller, and handed out to everybody."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.audit.service import AuditService
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event
from orchestrator.identity.asking import account
from orchestrator.policy.model import SITE, Actor

from .. import sealed
from ..proofs import with_proof
from . import contents, store
from .model import LASTS, Export, HubState, Kind, Published
from .sealing import KIND, SYSTEM, document_of, export_of, own_origin
from .store import ConsentRow, ExportRow
from .trusting import Trusting

__all__ = ["Speaking"]

_EVERY = timedelta(hours=1)
"""How often the controller looks whether the documents are still what stands in the record."""


class Speaking(Trusting):
    """Documents of ours, and who lets his accreditation be in them."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._looked: dict[Kind, datetime] = {}
        self._whole: dict[Kind, tuple[int, int, bytes]] = {}

    def export(self, actor: Actor, kind: Kind, *, name: str) -> Export:
        """Seal a document of what stands now; one that says the same and is not half over is used again."""
        with self._record.change() as change:
            self._check(change.session, actor, "exportForFederation", SITE)
            return self._up_to_date(change, kind, name=name, by=actor.person_id)

    def keep_published(self, name: str) -> int:
        """Seal anew every document that no longer says what stands in the record, or is half over. Repeatable.

        The controller calls this often; it looks once an hour. It begins with the first hub that is trusted, and for a
        kind that an operator exported by hand. Returns how many were sealed.
        """
        made = 0
        now = self._now()
        for kind in Kind:
            looked = self._looked.get(kind)
            if looked is not None and looked <= now < looked + _EVERY:
                continue
            with self._record.read() as session:
                wanted = self._is_wanted(session, kind)
                stale = wanted and not self._says_the_same(session, kind)
            if stale:
                with self._record.change() as change:
                    self._up_to_date(change, kind, name=name, by=SYSTEM)
                made += 1
            if wanted:
                self._looked[kind] = now
        return made

    def signed(self, kind: Kind) -> bytes:
        """Return the newest document of a kind with its proof; ``NotPossible`` until a head covers it."""
        with self._record.read() as session:
            last = store.last_export(session, kind)
            if last is None:
                raise NotFound(f"Nothing of the {kind.value} was exported yet: “tre federation export {kind.value}”.")
            return self._proved(session, last)

    def published(self, kind: Kind) -> Published:
        """Return the newest document of a kind that counts and is signed: a newer one may be signed in some seconds."""
        with self._record.read() as session:
            for row in store.last_exports(session, kind, 2):
                if row.valid_until <= self._now():
                    break
                try:
                    return Published(sha256=row.sha256, made_at=row.made_at, body=self._proved(session, row))
                except NotPossible:
                    continue
        raise NotFound(f"Nothing of the {kind.value} is published for other hubs now.")

    def newest(self, kind: Kind) -> str:
        """Return the SHA-256 of what ``published`` handed out last in this process; empty where it must be asked.

        It is cheap, so that somebody who has the document already costs nothing.
        """
        with self._record.read() as session:
            last = store.last_export(session, kind)
        held = self._whole.get(kind)
        current = last is not None and held is not None and held[0] == last.sequence and last.valid_until > self._now()
        return last.sha256 if last is not None and current else ""

    def let_travel(self, actor: Actor, *, agree: bool) -> None:
        """Let one's own accreditation be told to trusted hubs, or no longer; it fades there within a week."""
        with self._record.change() as change:
            self._check(change.session, actor, "shareAccreditation", account(actor.person_id))
            row = ConsentRow(person_id=actor.person_id, agrees=agree, said_at=self._now())
            word = "accreditation.shared" if agree else "accreditation.not-shared"
            store.add(change, row, event=Event(kind=word, actor=actor.person_id, subject=f"person:{actor.person_id}"))
        self._looked.pop(Kind.PEOPLE, None)

    def lets_travel(self, person_id: str) -> bool:
        """Say whether a person lets his accreditation travel."""
        with self._record.read() as session:
            return store.consent(session, person_id)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _is_wanted(self, session: Session, kind: Kind) -> bool:
        heard = any(row.state == HubState.TRUSTED for row in store.hubs(session))
        return heard or store.last_export(session, kind) is not None

    def _says_the_same(self, session: Session, kind: Kind) -> bool:
        last = store.last_export(session, kind)
        return last is not None and self._still_good(last, _digest(contents.compose(session, kind, self._now())))

    def _still_good(self, last: ExportRow, digest: str) -> bool:
        return last.content_sha256 == digest and self._now() < last.valid_until - LASTS / 2

    def _up_to_date(self, change: Change, kind: Kind, *, name: str, by: str) -> Export:
        items = contents.compose(change.session, kind, self._now())
        digest = _digest(items)
        last = store.last_export(change.session, kind)
        if last is not None and self._still_good(last, digest):
            return export_of(last)
        sequence = last.sequence + 1 if last else 1
        now = self._now()
        content = document_of(
            kind, items, origin=own_origin(change.session), name=name, sequence=sequence, now=now
        )  # fmt: skip
        text, event = sealed.sealing(content, kind=KIND, subject=f"federation:{kind.value}-{sequence}", actor=by)
        row = ExportRow(
            kind=kind.value,
            sequence=sequence,
            document=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            content_sha256=digest,
            made_at=now,
            valid_until=now + LASTS,
        )
        store.add(change, row, event=event)
        store.forget_exports(change, kind, before=sequence - 1)
        return export_of(row)

    def _proved(self, session: Session, row: ExportRow) -> bytes:
        """Return a document with its proof; the proof is made once for each record key, for the log may be long."""
        kind = Kind(row.kind)
        held = self._whole.get(kind)
        key = max(AuditService(self._record).keys(), default=0)
        if held is not None and held[:2] == (row.sequence, key):
            return held[2]
        subject = f"federation:{kind.value}-{row.sequence}"
        whole = with_proof(self._record, AuditService(self._record), row.document, kind=KIND, subject=subject)
        newer = held is None or held[:2] < (row.sequence, key)
        if newer and store.last_export(session, kind) is row:
            self._whole[kind] = (row.sequence, key, whole)
        return whole


def _digest(items: list[dict[str, Any]]) -> str:
    return hashlib.sha256(rfc8785.dumps(items)).hexdigest()
