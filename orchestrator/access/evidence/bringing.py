"""Bringing, verifying and ending evidence, and telling those concerned before it ends."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.applications import application_thing
from orchestrator.access.neighbours import Neighbours
from orchestrator.access.rules import check_reason
from orchestrator.access.values import to_application
from orchestrator.alliance.evidence import EvidenceKind, Holder, kind_of
from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.identity import store as identity
from orchestrator.identity.model import Person
from orchestrator.policy.model import SITE, Actor

from . import document_store, store
from .model import EVIDENCE_STATES, Evidence, EvidenceState
from .research import Research, evidence_thing, research_of
from .rules import check_dates, check_hash, check_holder, check_line, same_name
from .store import EvidenceRow, RelianceRow

__all__ = ["BringingEvidence"]

_UNSEEN = "There is no such evidence, or none that you may see."


class BringingEvidence(Neighbours):
    """What is done to evidence as a reference, a hash and two days; its document may be handed in besides."""

    def record(
        self,
        actor: Actor,
        application_id: str,
        kind: str,
        *,
        reference: str,
        valid_from: date,
        valid_until: date,
        file_sha256: str = "",
        custodian_id: str | None = None,
    ) -> Evidence:
        """Bring evidence of a piece of research; ``valid_until`` is its last day."""
        with self._record.change() as change:
            research, seen = self._research(change.session, actor, application_id)
            application = to_application(change.session, access.application_row(change.session, application_id))
            self._check(
                change.session, actor, "recordEvidence", application_thing(application, custodian_id=custodian_id or "")
            )
            if custodian_id is not None and custodian_id not in seen:
                raise Invalid("This custodian is asked for nothing in this research.", field="custodian_id")
            found = kind_of(kind)
            check_holder(found, Holder.RESEARCH, custodian_id)
            row = self._row(actor, found, reference=reference, dates=(valid_from, valid_until), file_sha256=file_sha256)
            row.application_id, row.custodian_id = research.application_id, custodian_id
            return self._keep(change, row, apart_from=research.people)

    def record_of_organisation(
        self,
        actor: Actor,
        organisation: str,
        kind: str,
        *,
        reference: str,
        valid_from: date,
        valid_until: date,
        file_sha256: str = "",
        organisation_code: str = "",
    ) -> Evidence:
        """Bring evidence of an organisation, which research may then rely on."""
        with self._record.change() as change:
            self._check(change.session, actor, "recordOrganisationEvidence", SITE)
            found = kind_of(kind)
            check_holder(found, Holder.ORGANISATION, None)
            row = self._row(actor, found, reference=reference, dates=(valid_from, valid_until), file_sha256=file_sha256)
            row.organisation = check_line(organisation, field="organisation")
            row.organisation_code = check_line(organisation_code, field="organisation_code", needed=False, longest=20)
            return self._keep(change, row, apart_from=())

    def rely(self, actor: Actor, application_id: str, evidence_id: str) -> Evidence:
        """Rely in a piece of research on the evidence of an organisation that takes part; again changes nothing."""
        with self._record.change() as change:
            research, _ = self._research(change.session, actor, application_id)
            application = to_application(change.session, access.application_row(change.session, application_id))
            self._check(change.session, actor, "relyOnEvidence", application_thing(application))
            evidence = store.to_evidence(store.evidence_row(change.session, evidence_id))
            if evidence.application_id is not None:
                raise NotFound(_UNSEEN)
            if evidence.state not in (EvidenceState.WAITING, EvidenceState.VERIFIED):
                raise NotPossible(f"This evidence is {evidence.state.value}; bring one that can count.")
            if not any(
                same_name(evidence.organisation, each) for each in self._organisations(change.session, research)
            ):
                raise Invalid(
                    f"{evidence.organisation} takes no part in this research: it is neither the organisation of the "
                    "application nor the affiliation of one of its people.",
                    field="evidence",
                )
            if change.session.get(RelianceRow, (research.application_id, evidence_id)) is None:
                row = RelianceRow(
                    application_id=research.application_id,
                    evidence_id=evidence_id,
                    said_by=actor.person_id,
                    said_at=self._now(),
                )
                event = _event(evidence, "evidence.relied-on", actor, application=research.application_id)
                store.add(change, row, event=event)
            return evidence

    def verify(self, actor: Actor, evidence_id: str, *, file_sha256: str | None = None) -> Evidence:
        """Say that the document was looked at and says what is recorded: by somebody who did not bring it.

        ``file_sha256`` is the hash that stood there when he looked; raises ``Conflict`` when it is another now, and
        when it is not said though a document was handed in.
        """
        with self._record.change() as change:
            row = self._load(change.session, actor, "verifyEvidence", evidence_id)
            said = file_sha256 is not None or document_store.of_evidence(change.session, evidence_id) is not None
            if said and check_hash(file_sha256 or "") != row.file_sha256:
                raise Conflict(
                    "A document is here that is not the one you looked at, so nothing was verified. Look at it, then "
                    "verify with its hash."
                )
            row.state = EVIDENCE_STATES.after(EvidenceState(row.state), "verify").value
            if row.valid_until <= self._now():
                raise NotPossible("Its last day has passed meanwhile; reject it and ask for the renewed one.")
            row.verified_by, row.verified_at = actor.person_id, self._now()
            return self._changed(change, row, actor, "evidence.verified")

    def reject(self, actor: Actor, evidence_id: str, reason: str) -> Evidence:
        """Say that the document does not say what is recorded."""
        words = check_reason(reason)
        return self._end(actor, evidence_id, "rejectEvidence", step="reject", kind="evidence.rejected", reason=words)

    def revoke(self, actor: Actor, evidence_id: str, reason: str) -> Evidence:
        """End verified evidence at once: what hangs on it stops."""
        words = check_reason(reason)
        return self._end(actor, evidence_id, "revokeEvidence", step="revoke", kind="evidence.revoked", reason=words)

    def take_back(self, actor: Actor, evidence_id: str) -> Evidence:
        """Take back what one brought and nobody verified yet."""
        words = ""
        return self._end(
            actor, evidence_id, "takeBackEvidence", step="take back", kind="evidence.taken-back", reason=words
        )

    # ---- inside -------------------------------------------------------------------------------------------------

    def _row(
        self, actor: Actor, kind: EvidenceKind, *, reference: str, dates: tuple[date, date], file_sha256: str
    ) -> EvidenceRow:
        now = self._now()
        begins, ends = check_dates(kind, *dates, now=now)
        return EvidenceRow(
            evidence_id=new_id(),
            kind=kind.kind,
            organisation="",
            organisation_code="",
            reference=check_line(reference, field="reference"),
            file_sha256=check_hash(file_sha256),
            valid_from=begins,
            valid_until=ends,
            state=EVIDENCE_STATES.start.value,
            recorded_by=actor.person_id,
            recorded_at=now,
            reason="",
        )

    def _keep(self, change: Change, row: EvidenceRow, *, apart_from: frozenset[str] | tuple[()]) -> Evidence:
        evidence = store.to_evidence(row)
        store.add(change, row, event=_event(evidence, "evidence.recorded", row.recorded_by))
        verifiers = self._verifiers(change.session, evidence)
        self._tell(
            change,
            verifiers,
            kind="evidence.waiting",
            subject=f"evidence:{row.evidence_id}",
            apart_from=[row.recorded_by, *apart_from],
        )
        return evidence

    def _verifiers(self, session: Session, evidence: Evidence) -> list[str]:
        if evidence.custodian_id is not None:
            return self._officers(session, evidence.custodian_id)
        return self._operators(session)

    def _load(self, session: Session, actor: Actor, action: str, evidence_id: str) -> EvidenceRow:
        """Return a piece that the actor may see and do ``action`` to; who may not see it is told of nothing."""
        row = store.evidence_row(session, evidence_id)
        evidence = store.to_evidence(row)
        if not self._may_see(session, actor, evidence):
            raise NotFound(_UNSEEN)
        self._check(session, actor, action, evidence_thing(session, evidence))
        return row

    def _may_see(self, session: Session, actor: Actor, evidence: Evidence) -> bool:
        return self._policy.may(self._current(session, actor), "showEvidence", evidence_thing(session, evidence))

    def _end(self, actor: Actor, evidence_id: str, action: str, *, step: str, kind: str, reason: str) -> Evidence:
        with self._record.change() as change:
            row = self._load(change.session, actor, action, evidence_id)
            row.state = EVIDENCE_STATES.after(EvidenceState(row.state), step).value
            row.ended_by, row.ended_at, row.reason = actor.person_id, self._now(), reason
            return self._changed(change, row, actor, kind)

    def _changed(self, change: Change, row: EvidenceRow, actor: Actor, kind: str) -> Evidence:
        evidence = store.to_evidence(row)
        change.tell(_event(evidence, kind, actor))
        people = self._concerned(change.session, evidence)
        self._tell(change, people, kind=kind, subject=f"evidence:{row.evidence_id}", apart_from=[actor.person_id])
        return evidence

    def _concerned(self, session: Session, evidence: Evidence) -> list[str]:
        """Return who has to renew a piece or loses something with it: who brought it and who works under it."""
        people = {evidence.recorded_by}
        used_in = (
            [evidence.application_id]
            if evidence.application_id
            else store.applications_relying(session, evidence.evidence_id)
        )
        for application_id in used_in:
            research = research_of(session, application_id)
            people.add(research.applicant_id)
            if research.project_id is not None:
                people |= {row.person_id for row in access.current_members(session, research.project_id)}
        return sorted(people)

    def _research(self, session: Session, actor: Actor, application_id: str) -> tuple[Research, frozenset[str]]:
        """Return the research and which of its custodians the actor may know of."""
        application = to_application(session, access.application_row(session, application_id))
        current = self._current(session, actor)
        if not self._policy.may(current, "showApplication", application_thing(application)):
            raise NotFound("There is no such application, or none that you may see.")
        research = research_of(session, application_id)
        if actor.person_id in research.people or "operator" in current.roles:
            return research, frozenset(research.asked)
        return research, research.custodians & current.custodians

    def _organisations(self, session: Session, research: Research) -> list[str]:
        people = [person for person in sorted(research.people) if self._knows(session, person)]
        return [research.organisation, *(identity.load(session, Person, each).affiliation for each in people)]


def _event(evidence: Evidence, kind: str, actor: Actor | str, **details: Json) -> Event:
    told: dict[str, Json] = {
        "kind": evidence.kind,
        "state": evidence.state.value,
        "valid_until": iso(evidence.valid_until),
        "file_sha256": evidence.file_sha256,
        "application": evidence.application_id,
        "custodian": evidence.custodian_id,
    }
    return Event(
        kind=kind,
        actor=actor if isinstance(actor, str) else actor.person_id,
        subject=f"evidence:{evidence.evidence_id}",
        details={**told, **details},
    )
