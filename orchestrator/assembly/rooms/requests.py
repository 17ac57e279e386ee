"""How use of data is asked for, decided and paid: enquiries, applications, evidence, grants, fees."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.access.departures import Departures
from orchestrator.access.enquiries.candidates import CatalogueCandidates, EitherCandidates
from orchestrator.access.enquiries.searched import SearchedCandidates
from orchestrator.access.enquiries.service import EnquiryService
from orchestrator.access.evidence.service import EvidenceService
from orchestrator.access.service import AccessService
from orchestrator.access.uses.service import DataUses
from orchestrator.access.visas import GrantVisas
from orchestrator.billing.service import BillingService

from .catalogue import Catalogue
from .evidence import open_evidence
from .fees import open_billing
from .ground import Ground
from .people import People
from .visas import open_grant_visas

__all__ = ["Requests", "open_requests"]


@dataclass(frozen=True, kw_only=True)
class Requests:
    """The rooms of access and of billing."""

    access: AccessService
    data_uses: DataUses
    evidence: EvidenceService
    enquiries: EnquiryService
    departures: Departures
    grant_visas: GrantVisas
    billing: BillingService


def open_requests(ground: Ground, people: People, offered: Catalogue) -> Requests:
    """Open them; what a dataset's terms of use forbid is no application's from then on."""
    settings, record, policy = ground.settings, ground.record, ground.policy
    identity, alliance, discovery = people.identity, people.alliance, offered.discovery
    access = AccessService(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
    data_uses = DataUses(
        record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery, uses=offered.uses
    )
    access.against_uses = data_uses.forbidden
    return Requests(
        access=access,
        data_uses=data_uses,
        evidence=open_evidence(
            settings, record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery
        ),
        enquiries=EnquiryService(
            record=record,
            policy=policy,
            access=access,
            discovery=discovery,
            candidates=EitherCandidates(SearchedCandidates(offered.search), CatalogueCandidates(discovery)),
        ),
        departures=Departures(record=record, discovery=discovery),
        grant_visas=open_grant_visas(settings, record, policy, access),
        billing=open_billing(record, policy, access),
    )
