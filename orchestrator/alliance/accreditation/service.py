"""Cases of accreditation: opened and filled by the body, assessed by one operator, confirmed by another."""

from __future__ import annotations

from sqlalchemy.orm import Session

from orchestrator.alliance.rules import check_name
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.model import SITE, Actor

from . import rules, store
from .assessing import Assessing
from .candidates import Candidates
from .checklist import Subject
from .deadlines import Deadlines
from .ground import Contacts
from .model import BodyStanding, Case, Hub
from .store import HubRow

__all__ = ["AccreditationService", "Contacts"]


class AccreditationService(Candidates, Assessing, Deadlines):
    """The one way to accredit custodians and hubs."""

    # ---- hubs -----------------------------------------------------------------------------------------------------

    def register_hub(self, actor: Actor, name: str, address: str = "") -> Hub:
        """Register a hub; it counts for nothing until it is accredited."""
        with self._record.change() as change:
            self._check(change.session, actor, "registerHub", SITE)
            row = HubRow(
                hub_id=new_id(),
                name=check_name(name, what="hub", others=(each.name for each in store.hubs(change.session))),
                address=rules.check_address(address),
                registered_by=actor.person_id,
                registered_at=self._record.clock(),
            )
            event = Event(kind="hub.registered", actor=actor.person_id, subject=f"hub:{row.hub_id}")
            store.add(change, row, event=event)
            return store.hub(change.session, row.hub_id)

    def hubs(self) -> list[Hub]:
        """Return every hub, by name: they are public."""
        with self._record.read() as session:
            return store.hubs(session)

    # ---- looking --------------------------------------------------------------------------------------------------

    def case(self, actor: Actor, case_id: str) -> Case:
        """Return a case: to the body's own people and to operators."""
        with self._record.read() as session:
            return self._load(session, actor, "showCase", case_id)[1]

    def cases(self, actor: Actor) -> list[Case]:
        """Return every case this person may see, newest first."""
        with self._record.read() as session:
            current = self._as_now(session, actor)
            rows = [row for row in store.cases(session) if self._may_see(session, current, row)]
            return [store.to_case(session, row) for row in rows]

    def standing(self, subject: Subject, body_id: str, *, session: Session | None = None) -> BodyStanding:
        """Say whether a body is accredited now, until when, and if not why: it is public."""
        if session is None:
            with self._record.read() as own:
                return self.standing(subject, body_id, session=own)
        cases = [store.to_case(session, row) for row in store.cases(session, subject, body_id)]
        return rules.judge(cases, self.checklists[subject], self._record.clock())

    def check_exists(self, subject: Subject, body_id: str) -> None:
        """Raise ``NotFound`` when there is no such custodian or hub."""
        with self._record.read() as session:
            self._must_exist(session, subject, body_id)

    def has_case(self, session: Session, subject: Subject, body_id: str) -> bool:
        """Say whether a body ever began to be accredited."""
        return bool(store.cases(session, subject, body_id))
