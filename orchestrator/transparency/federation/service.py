"""Federation in one place: documents sealed here, documents taken from others, and what of them counts now."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.audit.service import AuditService
from orchestrator.audit.store import TreeRow
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible, Refused
from orchestrator.core.events import Event, Json
from orchestrator.identity import store as identity
from orchestrator.identity.asking import account
from orchestrator.identity.model import Person
from orchestrator.policy.model import SITE, Actor

from .. import sealed
from ..proofs import with_proof
from . import contents, store
from .model import LASTS, Document, Export, Hub, HubState, Kind, Recognised
from .rules import check_counts, check_genuine, fork, replayed
from .sealing import KIND, document_of, export_of
from .shapes import Header, read_document
from .store import ConsentRow, ExportRow, HubRow, TakenRow
from .trusting import Trusting

__all__ = ["FederationService"]


class FederationService(Trusting):
    """The one way to speak to other hubs and to hear them."""

    # ---- speaking -----------------------------------------------------------------------------------------------

    def export(self, actor: Actor, kind: Kind, *, name: str) -> Export:
        """Seal a document of what stands now; one that says the same and is not half over is used again."""
        with self._record.change() as change:
            self._check(change.session, actor, "exportForFederation", SITE)
            now = self._now()
            items = contents.compose(change.session, kind, now)
            digest = hashlib.sha256(rfc8785.dumps(items)).hexdigest()
            last = store.last_export(change.session, kind)
            if last is not None and last.content_sha256 == digest and now < last.valid_until - LASTS / 2:
                return export_of(last)
            row = self._seal(change, actor, kind, items, digest, name=name, sequence=last.sequence + 1 if last else 1)
            return export_of(row)

    def signed(self, kind: Kind) -> bytes:
        """Return the newest document of a kind with its proof; ``NotPossible`` until a head covers it."""
        with self._record.read() as session:
            last = store.last_export(session, kind)
        if last is None:
            raise NotFound(f"Nothing of the {kind.value} was exported yet: “tre federation export {kind.value}”.")
        subject = f"federation:{kind.value}-{last.sequence}"
        return with_proof(self._record, AuditService(self._record), last.document, kind=KIND, subject=subject)

    def let_travel(self, actor: Actor, *, agree: bool) -> None:
        """Let one's own accreditation be told to trusted hubs, or no longer; it fades there within a week."""
        with self._record.change() as change:
            self._check(change.session, actor, "shareAccreditation", account(actor.person_id))
            row = ConsentRow(person_id=actor.person_id, agrees=agree, said_at=self._now())
            word = "accreditation.shared" if agree else "accreditation.not-shared"
            store.add(change, row, event=Event(kind=word, actor=actor.person_id, subject=f"person:{actor.person_id}"))

    def lets_travel(self, person_id: str) -> bool:
        """Say whether a person lets his accreditation travel."""
        with self._record.read() as session:
            return store.consent(session, person_id)

    # ---- hearing ------------------------------------------------------------------------------------------------

    def take(self, actor: Actor, raw: bytes) -> Document:
        """Take in another hub's document; the newest again changes nothing, an older one or a forged one is refused."""
        contradiction = ""
        with self._record.change() as change:
            self._check(change.session, actor, "takeDocument", SITE)
            hub = self._speaker(change.session, raw)
            opened = sealed.opened(raw, hub.keys, kind=KIND)
            header = read_document(opened.content)
            check_genuine(hub, opened, header)
            now = self._now()
            check_counts(header, now)
            last = store.last_taken(change.session, hub.hub_id, header.kind)
            contradiction = self._contradiction(change.session, hub, header, opened, last)
            if contradiction:
                details: dict[str, Json] = {"kind": header.kind.value, "sequence": header.sequence}
                subject = f"hub:{hub.hub_id}"
                change.tell(Event(kind="hub.contradicted", actor=actor.person_id, subject=subject, details=details))
                self._tell_operators(change, kind="hub.contradicted", subject=subject, apart_from=[])
            else:
                if last is not None and last.sha256 == opened.sha256:
                    return store.to_document(last)
                if last is not None and (older := replayed(header, last.sequence)):
                    raise Refused(older)
                return self._keep(change, actor, hub, header, opened)
        raise Refused(
            f"{contradiction} Nothing was taken. {hub.name} tells different things to different hubs, or its key is in "
            "wrong hands: speak to its people, and revoke it until that is clear.",
        )

    def documents(self, hub_id: str) -> list[Document]:
        """Return the newest document of each kind that counts now; those of a revoked hub or key do not."""
        with self._record.read() as session:
            row = store.hub_row(session, hub_id)
            found = [self._counting(session, row, kind) for kind in Kind]
        return [store.to_document(each) for each in found if each is not None]

    def said(self, kind: Kind) -> list[tuple[Hub, Document]]:
        """Return what the trusted hubs say now of one kind, by hub."""
        with self._record.read() as session:
            found = [(row, self._counting(session, row, kind)) for row in store.hubs(session)]
        return [(store.to_hub(row), store.to_document(each)) for row, each in found if each is not None]

    def recognised(self, actor: Actor, person_id: str) -> list[Recognised]:
        """Return which hubs say that a person's accreditation holds there; he himself and operators may see it."""
        with self._record.read() as session:
            person = identity.load(session, Person, person_id)
            self._check(session, actor, "showAccreditation", account(person_id))
        code, now = contents.code_of(person), self._now()
        found = []
        for hub, document in self.said(Kind.PEOPLE):
            for item in document.items:
                until = _moment(item["accredited_until"]), _moment(item["trained_until"])
                if item["person"] == code and min(until) > now:
                    found.append(
                        Recognised(
                            hub_id=hub.hub_id,
                            hub=hub.name,
                            accredited_until=until[0],
                            trained_until=until[1],
                            said_at=document.issued_at,
                        )
                    )
        return found

    # ---- inside -------------------------------------------------------------------------------------------------

    def _seal(
        self,
        change: Change,
        actor: Actor,
        kind: Kind,
        items: list[dict[str, Any]],
        digest: str,
        *,
        name: str,
        sequence: int,
    ) -> ExportRow:
        now = self._now()
        tree = change.session.get(TreeRow, 1)
        content = document_of(kind, items, origin=tree.origin if tree else "", name=name, sequence=sequence, now=now)
        text, event = sealed.sealing(
            content, kind=KIND, subject=f"federation:{kind.value}-{sequence}", actor=actor.person_id
        )
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
        return row

    def _speaker(self, session: Session, raw: bytes) -> Hub:
        """Return the hub in whose name a document speaks; whether it is its word is judged afterwards."""
        header = read_document(sealed.opened(raw, {}, kind=KIND).content)
        tree = session.get(TreeRow, 1)
        if tree is not None and header.origin == tree.origin:
            raise NotPossible("This document is one of our own.")
        row = store.hub_by_origin(session, header.origin)
        if row is None:
            raise Refused(
                f"Nobody here trusts “{header.origin}”, so nothing was taken: have its card confirmed first "
                "(“tre federation trust”)."
            )
        return store.to_hub(row)

    def _contradiction(
        self, session: Session, hub: Hub, header: Header, opened: sealed.Opened, last: TakenRow | None
    ) -> str:
        query = select(TakenRow.head_root).where(
            TakenRow.hub_id == hub.hub_id, TakenRow.head_size == opened.proof.head.size
        )
        return fork(
            header,
            opened,
            last_sequence=last.sequence if last else 0,
            last_sha256=last.sha256 if last else "",
            last_position=last.position if last else -1,
            known_root=session.scalar(query.limit(1)),
        )

    def _keep(self, change: Change, actor: Actor, hub: Hub, header: Header, opened: sealed.Opened) -> Document:
        head = opened.proof.head
        version = int(head.signature.split(":")[1][1:])
        row = TakenRow(
            hub_id=hub.hub_id,
            kind=header.kind.value,
            sequence=header.sequence,
            items=json.dumps(header.items, ensure_ascii=False),
            sha256=opened.sha256,
            issued_at=header.issued,
            valid_until=header.ends,
            taken_at=self._now(),
            taken_by=actor.person_id,
            key=hub.keys[version].hex(),
            position=opened.proof.position,
            head_size=head.size,
            head_root=head.root.hex(),
        )
        details: dict[str, Json] = {
            "hub": hub.hub_id,
            "kind": header.kind.value,
            "sequence": header.sequence,
            "sha256": opened.sha256,
            "valid_until": iso(header.ends),
        }
        event = Event(kind="document.taken", actor=actor.person_id, subject=f"hub:{hub.hub_id}", details=details)
        store.add(change, row, event=event)
        return store.to_document(row)

    def _counting(self, session: Session, hub: HubRow, kind: Kind) -> TakenRow | None:
        if hub.state != HubState.TRUSTED:
            return None
        last = store.last_taken(session, hub.hub_id, kind)
        if last is None or last.valid_until <= self._now() or last.key not in hub.keys.values():
            return None
        return last


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
