"""The form of our own documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from orchestrator.audit.store import TreeRow
from orchestrator.core.clock import iso
from orchestrator.core.events import Json

from .model import LASTS, Export, Kind
from .shapes import SCHEMA
from .store import ExportRow

__all__ = ["KIND", "SYSTEM", "document_of", "export_of", "own_origin"]

KIND = "federation.exported"
"""The kind of event that seals a document."""
SYSTEM = "system:hubs"
"""Who is named for what the controller seals and hears by itself: as long as a person's identifier at most."""


def document_of(
    kind: Kind, items: Sequence[dict[str, Any]], *, origin: str, name: str, sequence: int, now: datetime
) -> dict[str, Json]:
    """Return a document that counts from now for a week."""
    return {
        "schema": SCHEMA,
        "kind": kind.value,
        "origin": origin,
        "name": name,
        "sequence": sequence,
        "issued_at": iso(now),
        "valid_until": iso(now + LASTS),
        "items": [*items],
    }


def export_of(row: ExportRow) -> Export:
    """Return a row as a plain value."""
    return Export(
        kind=Kind(row.kind),
        sequence=row.sequence,
        sha256=row.sha256,
        made_at=row.made_at,
        valid_until=row.valid_until,
    )


def own_origin(session: Session) -> str:
    """Return the name of this installation's log; empty before its first entry."""
    tree = session.get(TreeRow, 1)
    return tree.origin if tree else ""
