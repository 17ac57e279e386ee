"""Shows a custodian what becomes of its data, and issues the sheet that proves it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from orchestrator.audit.service import AuditService
from orchestrator.core.errors import NotFound, Refused
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.identity.asking import Asking
from orchestrator.policy.model import Actor, Thing

from .. import sealed
from ..proofs import with_proof
from . import store
from .building import gather
from .model import Check, Left, Person, Sheet, SheetContent, Use
from .store import SheetRow

__all__ = ["KIND", "SCHEMA", "SheetService", "content_of"]

SCHEMA = "tre-sheet/1"
KIND = "sheet.issued"


class SheetService(Asking):
    """For the custodian's officers, and operators on their behalf."""

    def view(self, actor: Actor, custodian_id: str) -> SheetContent:
        """Return what a sheet would say now; nothing is recorded."""
        self._check_may_see(actor, custodian_id)
        verification = AuditService(self._record).verify()
        with self._record.read() as session:
            return gather(session, custodian_id, verification=verification, now=self._now())

    def issue(self, actor: Actor, custodian_id: str) -> Sheet:
        """Issue a sheet: kept as it is, its hash in the audit log."""
        self._check_may_see(actor, custodian_id)
        verification = AuditService(self._record).verify()
        sheet_id, now = new_id(), self._now()
        with self._record.change() as change:
            self._check(change.session, actor, "showSheet", _thing(custodian_id))
            content = gather(change.session, custodian_id, verification=verification, now=now)
            text, event = sealed.sealing(
                _document(sheet_id, content),
                kind=KIND,
                subject=f"sheet:{sheet_id}",
                actor=actor.person_id,
                custodian=custodian_id,
            )
            row = SheetRow(
                sheet_id=sheet_id,
                custodian_id=custodian_id,
                content=text,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                issued_by=actor.person_id,
                issued_at=now,
            )
            store.add(change, row, event=event)
            return _sheet(row)

    def sheets(self, actor: Actor, custodian_id: str) -> list[Sheet]:
        """Return the sheets that were issued for a custodian, newest first."""
        self._check_may_see(actor, custodian_id)
        with self._record.read() as session:
            return [_sheet(row) for row in store.sheets_of(session, custodian_id)]

    def sheet(self, actor: Actor, sheet_id: str) -> Sheet:
        """Return one sheet; who may not see it is told of nothing."""
        return _sheet(self._row(actor, sheet_id))

    def signed(self, actor: Actor, sheet_id: str) -> bytes:
        """Return a sheet with its proof; raises ``NotPossible`` until the airlock signed the log's head after it."""
        row = self._row(actor, sheet_id)
        audit = AuditService(self._record)
        return with_proof(self._record, audit, row.content, kind=KIND, subject=f"sheet:{sheet_id}")

    def _row(self, actor: Actor, sheet_id: str) -> SheetRow:
        with self._record.read() as session:
            row = store.sheet_row(session, sheet_id)
        try:
            self._check_may_see(actor, row.custodian_id)
        except Refused as refused:
            raise NotFound("There is no such sheet, or none that you may see.") from refused
        return row

    def _check_may_see(self, actor: Actor, custodian_id: str) -> None:
        with self._record.read() as session:
            self._check(session, actor, "showSheet", _thing(custodian_id))


def content_of(document: Mapping[str, Any]) -> SheetContent:
    """Return what a sheet's document says; raises ``KeyError`` or ``TypeError`` for what is no sheet."""
    said = {key: value for key, value in document.items() if key not in ("schema", "sheet")}
    return SheetContent(
        **{
            **said,
            "uses": tuple(
                Use(
                    **{
                        **use,
                        "people": tuple(Person(**each) for each in use["people"]),
                        "left": tuple(Left(**{**each, "reviewers": tuple(each["reviewers"])}) for each in use["left"]),
                    }
                )
                for use in said["uses"]
            ),
            "checks": tuple(Check(**{**each, "failures": tuple(each["failures"])}) for each in said["checks"]),
        }
    )


def _document(sheet_id: str, content: SheetContent) -> dict[str, Json]:
    return {"schema": SCHEMA, "sheet": sheet_id, **asdict(content)}


def _sheet(row: SheetRow) -> Sheet:
    return Sheet(
        sheet_id=row.sheet_id,
        custodian_id=row.custodian_id,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        sha256=row.sha256,
        content=content_of(json.loads(row.content)),
    )


def _thing(custodian_id: str) -> Thing:
    return Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})
