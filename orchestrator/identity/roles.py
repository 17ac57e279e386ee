"""Roles: proposed by one operator, confirmed by another; ended the same way; never for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Event, Json, Notice
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor, Thing

from . import store
from .asking import Asking, account
from .model import Person, Role, RoleHolding
from .rules import check_custodian, check_end_date, check_not_lapsed, check_not_pending
from .sessions import end_sessions
from .states import HOLDING_STATES, HoldingState

__all__ = ["LONGEST_ROLE", "Roles"]

LONGEST_ROLE = timedelta(days=366)
"""A role is given for a year at most."""


class Roles(Asking):
    """Who may be trusted with what. ``knows_custodian`` says whether a custodian exists, when the caller can tell."""

    knows_custodian: Callable[[str], bool] | None = None

    def propose_role(
        self, actor: Actor, person_id: str, role: Role | str, until: datetime, custodian_id: str | None = None
    ) -> RoleHolding:
        """Propose a role for somebody else until a date; another operator confirms it within 14 days."""
        role = _role(role)
        custodian_id = check_custodian(role, custodian_id)
        if custodian_id is not None and self.knows_custodian is not None and not self.knows_custodian(custodian_id):
            raise Invalid("There is no such custodian; register it first.", field="custodian_id")
        with self._record.change() as change:
            now = self._now()
            holding = RoleHolding(
                holding_id=new_id(),
                person_id=person_id,
                role=role,
                custodian_id=custodian_id,
                state=HoldingState.PROPOSED,
                until=until,
                proposed_by=actor.person_id,
                proposed_at=now,
            )
            self._check(
                change.session, actor, "proposeRole", self._thing(change.session, replace(holding, proposed_by=""))
            )
            check_end_date(until, now=now, most=LONGEST_ROLE)
            self._check_active(change.session, person_id)
            check_not_pending(store.holdings(change.session, person_id), role=role, custodian_id=custodian_id, now=now)
            store.put(change, holding, event=_about(holding, "role.proposed", actor.person_id))
            self._tell(change, holding, "role.proposed", apart_from=actor.person_id)
            if self._sole_operator(change.session) and role is Role.OPERATOR:
                change.notify(Notice(person=person_id, kind="role.proposed", subject=f"role:{holding.holding_id}"))
            return holding

    def confirm_role(self, actor: Actor, holding_id: str) -> RoleHolding:
        """Give a proposed role: by another operator; the second operator ever may confirm his own."""
        with self._record.change() as change:
            holding = store.load(change.session, RoleHolding, holding_id)
            self._ask(change.session, actor, "confirmRole", holding)
            state = HOLDING_STATES.after(holding.state, "confirm")
            check_not_lapsed(holding.proposed_at, now=self._now())
            check_end_date(holding.until, now=self._now(), most=LONGEST_ROLE)
            self._check_active(change.session, holding.person_id)
            holding = replace(holding, state=state, confirmed_by=actor.person_id)
            store.put(change, holding, event=_about(holding, "role.confirmed", actor.person_id))
            change.notify(Notice(person=holding.person_id, kind="role.confirmed", subject=f"role:{holding.holding_id}"))
            return holding

    def withdraw_proposal(self, actor: Actor, holding_id: str) -> RoleHolding:
        """Take back a proposal to give or to end a role."""
        with self._record.change() as change:
            holding = store.load(change.session, RoleHolding, holding_id)
            self._ask(change.session, actor, "withdrawRoleProposal", holding)
            state = HOLDING_STATES.after(holding.state, "withdraw")
            holding = replace(holding, state=state, end_proposed_by=None, end_proposed_at=None)
            event = _about(holding, "role.proposal-withdrawn", actor.person_id)
            return store.put(change, holding, event=event)

    def propose_end_role(self, actor: Actor, holding_id: str) -> RoleHolding:
        """Propose to end a role before its date; another operator confirms. Suspending stops a person at once."""
        with self._record.change() as change:
            holding = store.load(change.session, RoleHolding, holding_id)
            self._ask(change.session, actor, "proposeRoleEnd", holding)
            state = HOLDING_STATES.after(holding.state, "end")
            holding = replace(holding, state=state, end_proposed_by=actor.person_id, end_proposed_at=self._now())
            store.put(change, holding, event=_about(holding, "role.end-proposed", actor.person_id))
            self._tell(change, holding, "role.end-proposed", apart_from=actor.person_id)
            return holding

    def confirm_end_role(self, actor: Actor, holding_id: str) -> RoleHolding:
        """End a role at once: by another operator than the one who proposed it."""
        with self._record.change() as change:
            holding = store.load(change.session, RoleHolding, holding_id)
            self._ask(change.session, actor, "confirmRoleEnd", holding)
            state = HOLDING_STATES.after(holding.state, "confirm ending")
            check_not_lapsed(holding.end_proposed_at, now=self._now())
            holding = replace(holding, state=state, ended_by=actor.person_id, ended_at=self._now())
            store.put(change, holding, event=_about(holding, "role.ended", actor.person_id))
            end_sessions(change, holding.person_id, by=actor.person_id, now=self._now())
            change.notify(Notice(person=holding.person_id, kind="role.ended", subject=f"role:{holding.holding_id}"))
            return holding

    def holding(self, holding_id: str) -> RoleHolding:
        """Return one role of one person, for rooms that know whom they may show."""
        with self._record.read() as session:
            return store.load(session, RoleHolding, holding_id)

    def holdings(self, person_id: str) -> list[RoleHolding]:
        """Return every role a person ever had or was proposed for."""
        with self._record.read() as session:
            return store.holdings(session, person_id)

    def _ask(self, session: Session, actor: Actor, action: str, holding: RoleHolding) -> None:
        """Raise ``Refused`` unless the actor may do it; who may not see the account learns of no role of it."""
        thing, whose = self._thing(session, holding), account(holding.person_id)
        unknown = store.unknown(RoleHolding, holding.holding_id)
        self._check_known(session, actor, action, thing, sight="showPerson", unknown=unknown, shown=whose)

    def _thing(self, session: Session, holding: RoleHolding) -> Thing:
        return Thing(
            kind="RoleHolding",
            id=holding.holding_id,
            attributes={
                "role": holding.role.value,
                "person": holding.person_id,
                "proposedBy": holding.proposed_by,
                "endProposedBy": holding.end_proposed_by or "",
                "soleOperator": self._sole_operator(session),
            },
        )

    def _sole_operator(self, session: Session) -> bool:
        """Count the suspended too: suspending the others must not make anybody the only one."""
        return len(store.operators(session, self._now())) == 1

    def _check_active(self, session: Session, person_id: str) -> None:
        if not store.load(session, Person, person_id).active:
            raise NotPossible("This account is suspended; resume it before giving it a role.")

    def _tell(self, change: Change, holding: RoleHolding, kind: str, *, apart_from: str) -> None:
        subject = f"role:{holding.holding_id}"
        self._tell_operators(change, kind=kind, subject=subject, apart_from=[apart_from, holding.person_id])


def _role(word: Role | str) -> Role:
    try:
        return Role(word)
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise Invalid(f"“{str(word)[:40]}” is not a role; choose one of {known}.", field="role") from None


def _about(holding: RoleHolding, kind: str, actor: str) -> Event:
    details: dict[str, Json] = {
        "person": holding.person_id,
        "role": holding.role.value,
        "state": holding.state.value,
        "until": iso(holding.until),
    }
    if holding.custodian_id is not None:
        details["custodian"] = holding.custodian_id
    return Event(kind=kind, actor=actor, subject=f"role:{holding.holding_id}", details=details)
