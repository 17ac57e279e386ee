"""Grants: withdrawn at once by those who gave them, renewed within the custodian's terms."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.policy.model import Actor, Thing

from . import rules, store
from .decisions import Decisions
from .model import GRANT_STATES, Grant, GrantState, Project
from .store import GrantRow
from .values import to_grant, to_project

__all__ = ["Grants"]


class Grants(Decisions):
    """What changes a single grant."""

    def withdraw_grant(self, actor: Actor, grant_id: str, reason: str) -> Grant:
        """Withdraw a grant at once: by an officer of its custodian, or by an operator on its behalf."""
        with self._record.change() as change:
            row, project = self._load_grant(change.session, actor, "withdrawGrant", grant_id)
            words = rules.check_reason(reason)
            row.state = GRANT_STATES.after(GrantState(row.state), "withdraw").value
            row.reason, row.ended_by, row.ended_at = words, actor.person_id, self._record.clock()
            change.tell(_about_grant(row, actor, "grant.withdrawn"))
            self._tell_members(change, project, "grant.withdrawn")
            return to_grant(row)

    def renew_grant(self, actor: Actor, grant_id: str, agreement_until: date) -> Grant:
        """Move an agreement's last day, no further than the custodian's current terms reach."""
        with self._record.change() as change:
            row, project = self._load_grant(change.session, actor, "renewGrant", grant_id)
            GRANT_STATES.after(GrantState(row.state), "renew")
            self._check_standing(change.session, row)
            now = self._record.clock()
            rules.check_later_day(agreement_until, than=row.agreement_until, now=now, field="agreement_until")
            terms = self._terms_in_force(change.session, row.custodian_id)
            row.agreement_until = rules.check_agreement_end(agreement_until, terms_until=terms.valid_until, now=now)
            change.tell(_about_grant(row, actor, "grant.renewed", agreement_until=iso(row.agreement_until)))
            self._tell_members(change, project, "grant.renewed")
            return to_grant(row)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _check_standing(self, session: Session, row: GrantRow) -> None:
        """Raise ``NotPossible`` where what was granted was withdrawn: a new last day would promise what nobody gets."""
        version = self._version_facts(session, row.version_id)
        if version.withdrawn:
            raise NotPossible(
                f"“{version.title}”, or the version of it that was granted, was withdrawn: nobody works in it any "
                "more, and a later day would not change that. What is there instead has to be applied for."
            )

    def _load_grant(self, session: Session, actor: Actor, action: str, grant_id: str) -> tuple[GrantRow, Project]:
        row = store.grant_row(session, grant_id)
        project = to_project(session, store.project_row(session, row.project_id))
        members = frozenset(member.person_id for member in project.members)
        current = self._current(session, actor)
        concerned = actor.person_id in members or row.custodian_id in current.custodians or "operator" in current.roles
        if not concerned:
            raise NotFound("There is no such grant, or none that you may see.")
        workers = store.workers(session, row.project_id)
        thing = Thing(kind="Grant", id=grant_id, attributes={"custodian": row.custodian_id, "workers": workers})
        self._check(session, actor, action, thing)
        return row, project

    def _tell_members(self, change: Change, project: Project, kind: str) -> None:
        people = [member.person_id for member in project.members]
        self._tell(change, people, kind=kind, subject=f"project:{project.project_id}")


def _about_grant(row: GrantRow, actor: Actor, kind: str, **details: Json) -> Event:
    return Event(
        kind=kind,
        actor=actor.person_id,
        subject=f"grant:{row.grant_id}",
        details={
            "project": row.project_id,
            "custodian": row.custodian_id,
            "dataset": row.dataset_id,
            "version": row.version_id,
            "state": row.state,
            **details,
        },
    )
