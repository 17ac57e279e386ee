"""Reading the register: entries as they stand, their history, what was done with a dataset, and whether all holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import NotFound
from orchestrator.core.register_values import is_web_address
from orchestrator.discovery import store as catalogue
from orchestrator.identity.asking import Asking

from . import store
from .composing import everybody_named, lead_membership, named_people
from .model import DoneWith, Entry, Origin, Release, Revision, Statement, Used, Waived
from .store import RevisionRow

__all__ = ["UNKNOWN", "Looking", "revision_of", "sha256_of"]

UNKNOWN = "There is no such entry in the register; look at the list for its identifier."


class Looking(Asking):
    """What everybody may see."""

    def entries(self, text: str = "", *, dataset_id: str = "", custodian_id: str = "") -> list[Entry]:
        """Return the register, newest entries first: everybody may read it. ``text`` looks into every field."""
        words = text.casefold().split()
        with self._record.read() as session:
            named, lead_ids = everybody_named(session), store.lead_identifiers(session)
            found = [
                Entry(
                    latest=revision_of(row),
                    first_recorded_at=first,
                    people=named.get(row.register_id, ()),
                    applicant_id=_shown(session, row.register_id, lead_ids),
                )
                for row, first in store.latest_revisions(session)
            ]
        return [entry for entry in found if _fits(entry, words, dataset_id=dataset_id, custodian_id=custodian_id)]

    def count(self) -> int:
        """Return how many projects of this installation the register has."""
        with self._record.read() as session:
            return store.own_entries(session)

    def entry(self, register_id: str) -> Entry:
        """Return one entry; raise ``NotFound`` when there is none."""
        with self._record.read() as session:
            rows = store.revisions(session, register_id)
            if not rows:
                raise NotFound(UNKNOWN)
            return self._entry(session, rows[-1], rows[0].recorded_at)

    def history(self, register_id: str) -> list[Revision]:
        """Return every state of an entry, oldest first."""
        with self._record.read() as session:
            found = [revision_of(row) for row in store.revisions(session, register_id)]
        if not found:
            raise NotFound(UNKNOWN)
        return found

    def news(self, limit: int = 50) -> list[Revision]:
        """Return what was last written, newest first: what a feed tells."""
        with self._record.read() as session:
            return [revision_of(row) for row in store.newest_revisions(session, limit)]

    def done_with(self, dataset_id: str) -> DoneWith:
        """Return what was done with a dataset and what came out; raise ``NotFound`` when there is no such dataset."""
        with self._record.read() as session:
            catalogue.dataset_row(session, dataset_id)
        entries = tuple(self.entries(dataset_id=dataset_id))
        said = [link.strip() for entry in entries for link in entry.value("outputs").split(",")]
        links = [link for link in said if is_web_address(link)]
        files = sum(each.files for entry in entries for each in entry.latest.releases if not each.recalled)
        return DoneWith(
            dataset_id=dataset_id, entries=entries, released_files=files, outputs=tuple(dict.fromkeys(links))
        )

    def verify(self) -> list[str]:
        """Return every way in which the register differs from what the log says was written into it."""
        with self._record.read() as session:
            rows = {(row.register_id, row.revision): row for row in store.all_revisions(session)}
            query = select(EntryRow.body).where(EntryRow.kind == "register.written").order_by(EntryRow.position)
            logged = {}
            for body in session.scalars(query):
                entry = json.loads(body)
                key = (entry["subject"].partition(":")[2], entry["details"]["revision"])
                logged[key] = entry["details"]["sha256"]
        problems = [
            f"Revision {number} of entry {register_id} was recorded and is missing."
            for register_id, number in sorted(logged.keys() - rows.keys())
        ]
        for (register_id, number), row in sorted(rows.items()):
            if (register_id, number) not in logged:
                problems.append(f"Revision {number} of entry {register_id} was never recorded.")
            elif not sha256_of(row.content) == row.sha256 == logged[register_id, number]:
                problems.append(f"Revision {number} of entry {register_id} is not as it was recorded.")
        return problems

    def _entry(self, session: Session, row: RevisionRow, first: datetime) -> Entry:
        own = row.origin == Origin.OWN
        people = named_people(session, row.register_id) if own else ()
        applicant = _shown(session, row.register_id, store.lead_identifiers(session)) if own else ""
        return Entry(latest=revision_of(row), first_recorded_at=first, people=people, applicant_id=applicant)


def _shown(session: Session, project_id: str, identifiers: Mapping[str, Statement]) -> str:
    """Return the lead's number while he agrees to be named: nobody else agreed by that.

    So it must be his own answer in an application, or have been stated since he leads.
    """
    stated = identifiers.get(project_id)
    lead = lead_membership(session, project_id) if stated and stated.value else None
    if stated is None or lead is None or not lead.named:
        return ""
    since = not stated.application_id and stated.stated_at >= lead.since
    return stated.value if since or stated.stated_by == lead.person_id else ""


def revision_of(row: RevisionRow) -> Revision:
    """Return a row as a plain value."""
    content = json.loads(row.content)
    return Revision(
        register_id=row.register_id,
        revision=row.revision,
        origin=Origin(row.origin),
        custodian_id=row.custodian_id,
        recorded_at=row.recorded_at,
        sha256=row.sha256,
        state=content["state"],
        fields=content["fields"],
        used=tuple(Used(**each) for each in content["used"]),
        releases=tuple(Release(**each) for each in content["releases"]),
        waived=tuple(Waived(**each) for each in content.get("waived", [])),
        told_by=content.get("told_by", {}),
    )


def _fits(entry: Entry, words: list[str], *, dataset_id: str, custodian_id: str) -> bool:
    latest = entry.latest
    if dataset_id and all(used.dataset_id != dataset_id for used in latest.used):
        return False
    if custodian_id and latest.custodian_id != custodian_id:
        return any(used.custodian_id == custodian_id for used in latest.used)
    if not words:
        return True
    whole = " ".join((*entry.row(), *(f"{used.title} {used.custodian}" for used in latest.used))).casefold()
    return all(word in whole for word in words)


def sha256_of(text: str) -> str:
    """Return what the log keeps of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
