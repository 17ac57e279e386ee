"""What portal and command line hold: the record, the rules and the rooms; no token of any Vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.access.departures import Departures
from orchestrator.access.enquiries.candidates import CatalogueCandidates, EitherCandidates
from orchestrator.access.enquiries.searched import SearchedCandidates
from orchestrator.access.enquiries.service import EnquiryService
from orchestrator.access.evidence.service import EvidenceService
from orchestrator.access.service import AccessService
from orchestrator.access.uses.service import DataUses
from orchestrator.access.visas import GrantVisas
from orchestrator.adapters.migrations import tables  # noqa: F401 - every table must be known to the metadata
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.frozen import FrozenStore
from orchestrator.airlock.governance import LiveGovernance
from orchestrator.airlock.packs import load_packs
from orchestrator.airlock.service import AirlockService
from orchestrator.airlock.training.examples import TRAINING_CASES
from orchestrator.airlock.training.service import Training
from orchestrator.alliance.accreditation.service import AccreditationService
from orchestrator.alliance.onboarding.service import OnboardingService
from orchestrator.alliance.service import AllianceService
from orchestrator.alliance.uses.service import UsesService
from orchestrator.audit.outbox import Outbox
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.billing.service import BillingService
from orchestrator.core.clock import system_clock
from orchestrator.core.database import make_engine
from orchestrator.core.errors import Invalid
from orchestrator.discovery.arrivals import Arrivals
from orchestrator.discovery.catalogue.service import CatalogueService
from orchestrator.discovery.harvest.service import HarvestService
from orchestrator.discovery.search.demand.service import MissedSearches
from orchestrator.discovery.search.index import Index
from orchestrator.discovery.search.saved.service import SavedSearches
from orchestrator.discovery.search.service import SearchService
from orchestrator.discovery.service import DiscoveryService
from orchestrator.discovery.store import custodian_of
from orchestrator.identity.ports import SignOnProvider
from orchestrator.identity.service import IdentityService
from orchestrator.identity.visas.service import VisaService
from orchestrator.policy.service import Policy
from orchestrator.settings import Settings, VolumeSettings
from orchestrator.transparency.federation.service import FederationService
from orchestrator.transparency.service import RegisterService
from orchestrator.transparency.sheets.service import SheetService
from orchestrator.workspaces.places.service import PlaceService
from orchestrator.workspaces.service import Numbers, WorkspaceService

from .alliance import open_onboarding
from .evidence import open_evidence
from .fees import open_billing
from .harvesting import named_secrets
from .registering import RecordedWaivers
from .visas import open_grant_visas, open_visas

__all__ = ["POLICIES", "House", "open_house"]

POLICIES = Path(__file__).parents[2] / "policies"
"""Rules of access, airlock and Vault, beside the package."""


@dataclass(frozen=True, kw_only=True)
class House:
    """Every room, opened on one record."""

    settings: Settings
    record: Record
    policy: Policy
    identity: IdentityService
    alliance: AllianceService
    accreditation: AccreditationService
    onboarding: OnboardingService
    departures: Departures
    uses: UsesService
    discovery: DiscoveryService
    catalogue: CatalogueService
    harvest: HarvestService
    search: SearchService
    saved_searches: SavedSearches
    missed_searches: MissedSearches
    access: AccessService
    evidence: EvidenceService
    data_uses: DataUses
    visas: VisaService
    grant_visas: GrantVisas
    enquiries: EnquiryService
    workspaces: WorkspaceService
    places: PlaceService
    numbers: Numbers
    airlock: AirlockService
    airlock_desk: Desk
    training: Training
    register: RegisterService
    sheets: SheetService
    federation: FederationService
    billing: BillingService
    audit: AuditService
    outbox: Outbox
    sign_on: SignOnProvider | None


def open_house(settings: Settings) -> House:
    """Open the rooms; raises ``Invalid`` when rules or packs do not validate, so that nothing starts on broken ones."""
    record = Record(make_engine(settings.record_address))
    policy = Policy(POLICIES / "access")
    identity = IdentityService(record, policy)
    alliance = AllianceService(record, policy, as_now=identity.as_now)
    identity.knows_custodian = alliance.knows
    accreditation, onboarding = open_onboarding(
        record,
        policy,
        identity,
        checklists=POLICIES / "alliance",
        accreditation_needed=settings.accreditation_needed,
    )
    alliance.barrier = onboarding.barrier
    discovery = DiscoveryService(
        record=record,
        policy=policy,
        alliance=alliance,
        arrivals=Arrivals(directory=settings.state / "arrivals"),
        connections={name: database.custodian for name, database in settings.databases.items()},
        stores={name: store.custodian for name, store in settings.stores.items() if store.role_arn},
        volumes={name: volume.custodian for name, volume in _volumes(settings).items()},
    )
    uses = UsesService(record, policy, as_now=identity.as_now, owner_of=custodian_of)
    access = AccessService(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
    data_uses = DataUses(
        record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery, uses=uses
    )
    access.against_uses = data_uses.forbidden
    numbers = _numbers(settings)
    workspaces = WorkspaceService(record=record, policy=policy, access=access, numbers=numbers, as_now=identity.as_now)
    packs = load_packs(POLICIES / "airlock")
    alliance.airlock_packs = frozenset(packs)
    register = RegisterService(record, policy)
    register.waivers = RecordedWaivers()
    record.follow(register.follow)
    desk = Desk(
        record=record,
        policy=policy,
        governance=LiveGovernance(record, identity, alliance, access),
        pack=packs["sdap"],
        packs=packs,
        frozen=FrozenStore(settings.state / "airlock"),
    )
    search = SearchService(record, Index(settings.state / "search"))
    return House(
        settings=settings,
        record=record,
        policy=policy,
        identity=identity,
        alliance=alliance,
        accreditation=accreditation,
        onboarding=onboarding,
        departures=Departures(record=record, discovery=discovery),
        uses=uses,
        discovery=discovery,
        catalogue=CatalogueService(record, policy),
        harvest=HarvestService(
            record=record,
            policy=policy,
            alliance=alliance,
            secrets=named_secrets(settings),
            plain_http=bool(settings.harvest.allowed_networks),
        ),
        search=search,
        saved_searches=SavedSearches(record, policy, search),
        missed_searches=MissedSearches(record, policy, settings.state / "demand.key"),
        access=access,
        visas=open_visas(settings, record, policy),
        grant_visas=open_grant_visas(settings, record, policy, access),
        data_uses=data_uses,
        evidence=open_evidence(
            settings, record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery
        ),
        enquiries=EnquiryService(
            record=record,
            policy=policy,
            access=access,
            discovery=discovery,
            candidates=EitherCandidates(SearchedCandidates(search), CatalogueCandidates(discovery)),
        ),
        workspaces=workspaces,
        places=PlaceService(
            record=record,
            policy=policy,
            access=access,
            profiles=settings.kubernetes.profiles if settings.kubernetes else (),
            as_now=identity.as_now,
        ),
        numbers=numbers,
        airlock=AirlockService.of(desk),
        airlock_desk=desk,
        training=Training(record, policy, TRAINING_CASES, as_now=desk.as_now),
        register=register,
        sheets=SheetService(record, policy),
        federation=FederationService(record, policy, plain_http=bool(settings.harvest.allowed_networks)),
        billing=open_billing(record, policy, access),
        audit=AuditService(record),
        outbox=Outbox(record),
        sign_on=_sign_on(settings),
    )


def _numbers(settings: Settings) -> Numbers:
    chosen, cluster = settings.workspaces, settings.kubernetes
    numbers = Numbers(
        first_port=chosen.first_port, last_port=chosen.last_port, first_user_number=chosen.first_user_number
    )
    if chosen.backend != "kubernetes" or cluster is None:
        return numbers
    port = f":{cluster.public_port}" if cluster.public_port else ""
    return replace(numbers, address=f"{cluster.scheme}://{cluster.workspace_host}{port}")


def _volumes(settings: Settings) -> Mapping[str, VolumeSettings]:
    """Return the volumes that this installation can mount: there are some on clusters only."""
    if settings.workspaces.backend != "kubernetes" or settings.kubernetes is None:
        return {}
    return settings.kubernetes.volumes


def _sign_on(settings: Settings) -> SignOnProvider | None:
    chosen = settings.sign_on
    if chosen.kind != "oidc":
        return None
    from orchestrator.adapters.oidc import OpenIdProvider  # noqa: PLC0415 - heavy, and wanted by the portal only

    secret = ""
    if chosen.client_secret_file is not None:
        try:
            secret = chosen.client_secret_file.read_text().strip()
        except OSError as error:
            raise Invalid(
                f"The file {chosen.client_secret_file} with the sign-on secret cannot be read.",
                field="sign_on.client_secret_file",
            ) from error
    return OpenIdProvider(
        issuer=chosen.issuer,
        client_id=chosen.client_id,
        client_secret=secret,
        second_factor=chosen.second_factor,
        other_hosts=chosen.other_hosts,
        clock=system_clock,
    )
