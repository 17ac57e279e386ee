"""The public register: it writes itself with every change that concerns it, and nothing in it is ever rewritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.alliance.counts import smallest_count
from orchestrator.audit.record import Change
from orchestrator.audit.store import TreeRow
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.register_fields import Source
from orchestrator.core.register_values import check_value
from orchestrator.core.small_counts import protected
from orchestrator.policy.model import SITE, Actor, Thing

from . import concerning, index, store
from .composing import compose, lead_of
from .looking import UNKNOWN, sha256_of
from .model import Entry, Imported, Origin, Refusal, Row, Statement
from .ports import Waivers
from .publishing import take_over
from .rewording import Rewording
from .rules import check_field
from .store import RevisionRow

__all__ = ["RegisterService"]


class RegisterService(Rewording):
    """The one way to read the register, to state what the record cannot know, and to take in an older register."""

    waivers: Waivers | None = None
    """Knows which fees were let off; nothing where this installation keeps no fees."""

    _seen: int | None = None
    """How long the log was when this process last brought the register up to date."""

    # ---- writing itself -----------------------------------------------------------------------------------------

    def follow(self, change: Change) -> None:
        """Write what a change makes of the register into the same transaction: approval and entry commit together."""
        index.note(change)
        take_over(change, self._now())
        for project_id in concerning.told(change, self._now()):
            self._write(change, project_id)

    def bring_up_to_date(self) -> int:
        """Write what changed without a change of the project itself (a dataset's title, say); return how many.

        Repeatable, and what a process that was killed left out comes now: the first time in a process every entry is
        composed, later those that the log has spoken of since.
        """
        index.make_anew(self._record)
        with self._record.read() as session:
            size = session.scalar(select(TreeRow.size)) or 0
            seen = self._seen
            looked_at = access.project_ids(session) if seen is None else concerning.after(session, seen)
            late = [each for each in looked_at if self._differs(session, each)]
        for project_id in late:
            with self._record.change() as change:
                self._write(change, project_id)
        self._seen = size
        return len(late)

    # ---- stating ------------------------------------------------------------------------------------------------

    def state(self, actor: Actor, project_id: str, values: Mapping[str, str], *, custodian_id: str = "") -> Entry:
        """State fields that the record cannot know: the lead's own, or with ``custodian_id`` those of one custodian."""
        source = Source.CUSTODIAN if custodian_id else Source.LEAD
        with self._record.change() as change:
            session = change.session
            self._project(session, project_id)
            held = {grant.custodian_id for grant in access.grants_of(session, project_id)}
            self._check_may_state(session, actor, project_id, custodian_id)
            if custodian_id and custodian_id not in held:
                raise NotPossible("This project holds no data of that custodian, so it has nothing to state here.")
            minimum = smallest_count(session, held)
            now = self._now()
            for key, value in values.items():
                field = check_field(key, source=source)
                statement = Statement(
                    project_id=project_id,
                    custodian_id=custodian_id,
                    key=key,
                    value=check_value(field, value, minimum=minimum),
                    stated_by=actor.person_id,
                    stated_at=now,
                )
                store.add_statement(change, statement, event=_stated(statement))
            self._write(change, project_id)
        return self.entry(project_id)

    def stated(self, actor: Actor, project_id: str, *, custodian_id: str = "") -> dict[str, str]:
        """Return what counts now of what was stated, for whoever may state it anew."""
        with self._record.read() as session:
            self._project(session, project_id)
            self._check_may_state(session, actor, project_id, custodian_id)
            every = store.statements(session, project_id)
        return {key: each.value for (owner, key), each in every.items() if owner == custodian_id}

    def may_state(self, actor: Actor, project_id: str) -> bool:
        """Say whether this person may state what the register says of the project: for pages."""
        with self._record.read() as session:
            thing = _entry_thing(session, project_id, "")
            return self._policy.may(self.as_now(session, actor), "stateForProject", thing)

    # ---- taking in ----------------------------------------------------------------------------------------------

    def take_in(self, actor: Actor, custodian_id: str, rows: Iterable[Row], refused: Iterable[Refusal]) -> Imported:
        """Take in the lines of a register that a custodian kept elsewhere; the same lines again change nothing."""
        new = changed = unchanged = 0
        notes: list[str] = []
        with self._record.change() as change:
            thing = Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})
            self._check(change.session, actor, "importRegister", thing)
            minimum = smallest_count(change.session, [custodian_id])
            for row in rows:
                notes += [f"Line {row.number}: {note}" for note in row.notes]
                register_id = _imported_id(custodian_id, row.key)
                before = store.latest(change.session, register_id)
                content = _imported_content(row, minimum)
                if before is not None and before.content == content:
                    unchanged += 1
                    continue
                _append(change, register_id, before, content, origin=Origin.IMPORTED, custodian_id=custodian_id,
                        now=self._now(), actor=actor.person_id)  # fmt: skip
                new, changed = new + (before is None), changed + (before is not None)
        return Imported(new=new, changed=changed, unchanged=unchanged, refused=tuple(refused), notes=tuple(notes))

    def check_may_update(self, actor: Actor) -> None:
        """Raise ``Refused`` unless this person may have the register brought up to date by hand."""
        with self._record.read() as session:
            self._check(session, actor, "updateRegister", SITE)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _write(self, change: Change, project_id: str) -> None:
        """Append what the entry reads now, unless it reads so already."""
        change.session.flush()
        now = self._now()
        content = compose(change.session, project_id, told=change.told, now=now, waivers=self.waivers).decode()
        before = store.latest(change.session, project_id)
        if before is None or before.content != content:
            _append(change, project_id, before, content, origin=Origin.OWN, custodian_id=None, now=now,
                    actor="system:register")  # fmt: skip

    def _differs(self, session: Session, project_id: str) -> bool:
        before = store.latest(session, project_id)
        content = compose(session, project_id, told=(), now=self._now(), waivers=self.waivers).decode()
        return before is None or before.content != content

    def _check_may_state(self, session: Session, actor: Actor, project_id: str, custodian_id: str) -> None:
        thing = _entry_thing(session, project_id, custodian_id)
        self._check(session, actor, "stateForCustodian" if custodian_id else "stateForProject", thing)

    def _project(self, session: Session, project_id: str) -> access.ProjectRow:
        row = session.get(access.ProjectRow, project_id)
        if row is None:
            raise NotFound(UNKNOWN)
        return row


def _entry_thing(session: Session, project_id: str, custodian_id: str) -> Thing:
    lead, _ = lead_of(session, project_id)
    return Thing(kind="RegisterEntry", id=project_id, attributes={"lead": lead, "custodian": custodian_id})


def _append(
    change: Change,
    register_id: str,
    before: RevisionRow | None,
    content: str,
    *,
    origin: Origin,
    custodian_id: str | None,
    now: datetime,
    actor: str,
) -> None:
    number = before.revision + 1 if before else 1
    row = RevisionRow(
        register_id=register_id,
        revision=number,
        origin=origin.value,
        custodian_id=custodian_id,
        content=content,
        sha256=sha256_of(content),
        recorded_at=now,
    )
    details: dict[str, Json] = {"revision": number, "sha256": row.sha256, "origin": origin.value}
    event = Event(kind="register.written", actor=actor, subject=f"register:{register_id}", details=details)
    store.add(change, row, event=event)


def _stated(statement: Statement) -> Event:
    return Event(
        kind="register.stated",
        actor=statement.stated_by,
        subject=f"project:{statement.project_id}",
        details={
            "field": statement.key,
            "custodian": statement.custodian_id,
            "sha256": "" if statement.field.personal else sha256_of(statement.value),
        },
    )


def _imported_content(row: Row, minimum: int) -> str:
    fields: dict[str, Json] = {key: protected(text, minimum=minimum) for key, text in sorted(row.fields.items())}
    content: dict[str, Json] = {"state": "imported", "fields": fields, "used": [], "releases": [], "minimum": minimum}
    return rfc8785.dumps(content).decode()


def _imported_id(custodian_id: str, key: str) -> str:
    """Return the identifier that the same line of the same custodian's register always gets."""
    number = int.from_bytes(hashlib.sha256(f"{custodian_id}\n{key}".encode()).digest()[:11], "big")
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "r" + "".join(letters[(number >> (5 * place)) & 31] for place in range(15))
