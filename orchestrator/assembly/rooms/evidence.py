"""Evidence with a place for its documents, as the settings have it."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.access.evidence.service import EvidenceService
from orchestrator.adapters.documents import SealedDocuments
from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity.service import IdentityService
from orchestrator.policy.service import Policy
from orchestrator.settings import Settings

__all__ = ["open_evidence"]


def open_evidence(
    settings: Settings,
    *,
    record: Record,
    policy: Policy,
    identity: IdentityService,
    alliance: AllianceService,
    discovery: DiscoveryService,
) -> EvidenceService:
    """Open evidence; its documents lie sealed in the state directory."""
    evidence = EvidenceService(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
    key_file = settings.documents.key_file or settings.state / "documents.key"
    evidence.documents = SealedDocuments(settings.state / "documents", key_file)
    evidence.keep_documents = timedelta(days=settings.retention.evidence_days)
    return evidence
