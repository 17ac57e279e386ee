"""Changing the key that documents are sealed under."""

from __future__ import annotations

from orchestrator.core.events import Event, Json
from orchestrator.policy.model import SITE, Actor

from . import document_store
from .keeping import KeepingDocuments
from .ports import Rotation

__all__ = ["RotatingKey"]


class RotatingKey(KeepingDocuments):
    """An operator changes the key, after somebody left who knew it or because its time is over."""

    def rotate_key(self, actor: Actor) -> Rotation:
        """Seal every document under a new key, and forget the old one unless a document still needs it.

        It may be cut short at any place and done again: documents can be read all the time.
        """
        documents = self._documents()
        with self._record.change() as change:
            self._check(change.session, actor, "rotateDocumentKey", SITE)
            change.tell(_event("evidence.key-change-began", actor))
        rotation = documents.rotate(self._hashes)
        with self._record.change() as change:
            left: dict[str, Json] = {"coming": rotation.coming, "unread": [*rotation.unread]}
            kind = "evidence.key-changed" if rotation.finished else "evidence.key-change-unfinished"
            change.tell(_event(kind, actor, sealed=rotation.sealed, **left))
        return rotation

    def _hashes(self) -> dict[str, str]:
        with self._record.read() as session:
            return document_store.living_hashes(session)


def _event(kind: str, actor: Actor, **details: Json) -> Event:
    return Event(kind=kind, actor=actor.person_id, subject="documents:key", details=details)
