"""Which evidence a custodian's terms ask for and what is on record for it, within somebody's transaction."""

from __future__ import annotations

from sqlalchemy.orm import Session

from orchestrator.access.conditions import EvidenceFacts
from orchestrator.alliance.evidence import EVIDENCE_KINDS
from orchestrator.alliance.model import Terms

from . import store
from .rules import counting

__all__ = ["evidence_facts"]


def evidence_facts(session: Session, application_id: str, terms: Terms) -> tuple[EvidenceFacts, ...]:
    """Return every kind that ``terms`` ask for with the times that verified pieces cover.

    ``application_id`` is the application that the project was made from: what its amendments brought counts too.
    """
    if not terms.evidence:
        return ()
    pieces = store.for_application(session, application_id)
    return tuple(
        EvidenceFacts(
            kind=kind,
            title=EVIDENCE_KINDS[kind].title if kind in EVIDENCE_KINDS else kind,
            spans=counting(pieces, kind=kind, custodian_id=terms.custodian_id),
        )
        for kind in terms.evidence
    )
