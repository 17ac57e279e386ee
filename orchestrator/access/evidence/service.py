"""Evidence in one place for its neighbours: bringing it, looking at it, and reminding before it ends."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.access import conditions
from orchestrator.alliance import store as alliance
from orchestrator.policy.model import Actor

from . import store
from .facts import evidence_facts
from .model import EVIDENCE_STATES, Evidence, EvidenceState, Requirement
from .research import evidence_thing
from .rotating import RotatingKey
from .rules import reminder_due

__all__ = ["EvidenceService"]


class EvidenceService(RotatingKey):
    """The one way to read or change evidence."""

    # ---- looking ------------------------------------------------------------------------------------------------

    def evidence(self, actor: Actor, evidence_id: str) -> Evidence:
        """Return one piece that this person may see."""
        with self._record.read() as session:
            return self._seen(session, actor, evidence_id)

    def mine(self, actor: Actor) -> list[Evidence]:
        """Return what this person brought, newest first."""
        with self._record.read() as session:
            return store.recorded_by(session, actor.person_id)

    def of_application(self, actor: Actor, application_id: str) -> list[Evidence]:
        """Return the evidence of a piece of research that this person may see, newest first."""
        with self._record.read() as session:
            research, _ = self._research(session, actor, application_id)
            found = store.for_application(session, research.application_id)
            return [each for each in found if self._may_see(session, actor, each)]

    def waiting(self, actor: Actor) -> list[Evidence]:
        """Return what waits for this person to verify it, oldest end first."""
        with self._record.read() as session:
            current = self._current(session, actor)
            return [
                each
                for each in store.in_states(session, [EvidenceState.WAITING])
                if self._policy.may(current, "verifyEvidence", evidence_thing(session, each))
            ]

    def may(self, actor: Actor, action: str, evidence_id: str) -> bool:
        """Say whether a person may do ``action`` to a piece as the access rules have it."""
        with self._record.read() as session:
            thing = evidence_thing(session, store.to_evidence(store.evidence_row(session, evidence_id)))
            return self._policy.may(self._current(session, actor), action, thing)

    def required(self, actor: Actor, application_id: str) -> list[Requirement]:
        """Return every kind that the custodians' terms ask for in a piece of research, and whether it is there.

        An officer sees what his own custodian asks for.
        """
        with self._record.read() as session:
            research, seen = self._research(session, actor, application_id)
            now = self._now()
            found = []
            for custodian_id in sorted(seen):
                terms = alliance.current_terms(session, custodian_id)
                for facts in evidence_facts(session, research.application_id, terms) if terms else ():
                    condition = conditions.of_evidence(facts, now)
                    found.append(
                        Requirement(
                            custodian_id=custodian_id,
                            kind=facts.kind,
                            title=facts.title,
                            holds=condition.holds,
                            until=condition.until if condition.holds else None,
                            sentence="" if condition.holds else condition.otherwise,
                        )
                    )
            return found

    # ---- deadlines ----------------------------------------------------------------------------------------------

    def chase(self) -> int:
        """Remind of evidence that ends or waits for verification, each once; return how many reminders were sent.

        Documents whose time has come are destroyed as well.
        """
        self.tidy()
        now = self._now()
        with self._record.read() as session:
            verified = store.in_states(session, [EvidenceState.VERIFIED])
            due = [(each, days) for each in verified if (days := reminder_due(each, now)) is not None]
            waiting = store.in_states(session, [EvidenceState.WAITING])
        told = sum(self._remind(each, days) for each, days in due)
        return told + sum(self._chase_waiting(each, now) for each in waiting)

    def _remind(self, evidence: Evidence, days: int) -> int:
        """Tell of an end; not when another piece follows on without a gap."""
        kind = f"evidence.ends-in-{days}-days" if days else "evidence.ended"
        with self._record.change() as change:
            current = store.to_evidence(store.evidence_row(change.session, evidence.evidence_id))
            if current.state is not EvidenceState.VERIFIED or _followed(change.session, current):
                return 0
            people = self._concerned(change.session, current)
            return self._tell_once(change, people, kind=kind, subject=f"evidence:{evidence.evidence_id}")

    def _chase_waiting(self, evidence: Evidence, now: datetime) -> int:
        deadline = EVIDENCE_STATES.deadline(evidence.state, evidence.recorded_at)
        if deadline is None or now < deadline:
            return 0
        with self._record.change() as change:
            current = store.to_evidence(store.evidence_row(change.session, evidence.evidence_id))
            if current.state is not EvidenceState.WAITING:
                return 0
            apart = evidence_thing(change.session, current).attributes["members"]
            people = set(self._verifiers(change.session, current)) - set(apart if isinstance(apart, frozenset) else ())
            people -= {current.recorded_by}
            return self._tell_once(
                change, sorted(people), kind="evidence.overdue", subject=f"evidence:{evidence.evidence_id}"
            )


def _followed(session: Session, evidence: Evidence) -> bool:
    """Say whether another verified piece of the same kind and holder begins before this one ends and lasts longer."""
    return any(
        other.evidence_id != evidence.evidence_id
        and other.kind == evidence.kind
        and other.application_id == evidence.application_id
        and other.organisation == evidence.organisation
        and other.custodian_id == evidence.custodian_id
        and other.valid_from <= evidence.valid_until < other.valid_until
        for other in store.in_states(session, [EvidenceState.VERIFIED])
    )
