"""What there is: datasets and their terms of use, descriptions from elsewhere, the search over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.alliance.uses.service import UsesService
from orchestrator.discovery.arrivals import Arrivals
from orchestrator.discovery.catalogue.service import CatalogueService
from orchestrator.discovery.harvest.service import HarvestService
from orchestrator.discovery.search.demand.service import MissedSearches
from orchestrator.discovery.search.index import Index
from orchestrator.discovery.search.saved.service import SavedSearches
from orchestrator.discovery.search.service import SearchService
from orchestrator.discovery.service import DiscoveryService
from orchestrator.discovery.store import custodian_of
from orchestrator.settings import Settings, VolumeSettings

from .ground import Ground
from .harvesting import named_secrets
from .people import People

__all__ = ["Catalogue", "open_catalogue"]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The rooms of discovery, and the terms of use that are published with a dataset."""

    discovery: DiscoveryService
    uses: UsesService
    catalogue: CatalogueService
    harvest: HarvestService
    search: SearchService
    saved_searches: SavedSearches
    missed_searches: MissedSearches


def open_catalogue(ground: Ground, people: People) -> Catalogue:
    """Open them on the record and on the index in the state directory."""
    settings, record, policy = ground.settings, ground.record, ground.policy
    search = SearchService(record, Index(settings.state / "search"))
    return Catalogue(
        discovery=_discovery(ground, people),
        uses=UsesService(record, policy, as_now=people.identity.as_now, owner_of=custodian_of),
        catalogue=CatalogueService(record, policy),
        harvest=HarvestService(
            record=record,
            policy=policy,
            alliance=people.alliance,
            secrets=named_secrets(settings),
            plain_http=bool(settings.harvest.allowed_networks),
        ),
        search=search,
        saved_searches=SavedSearches(record, policy, search),
        missed_searches=MissedSearches(record, policy, settings.state / "demand.key"),
    )


def _discovery(ground: Ground, people: People) -> DiscoveryService:
    settings = ground.settings
    return DiscoveryService(
        record=ground.record,
        policy=ground.policy,
        alliance=people.alliance,
        arrivals=Arrivals(directory=settings.state / "arrivals"),
        connections={name: database.custodian for name, database in settings.databases.items()},
        stores={name: store.custodian for name, store in settings.stores.items() if store.role_arn},
        volumes={name: volume.custodian for name, volume in _volumes(settings).items()},
    )


def _volumes(settings: Settings) -> Mapping[str, VolumeSettings]:
    """Return the volumes that this installation can mount: there are some on clusters only."""
    if settings.workspaces.backend != "kubernetes" or settings.kubernetes is None:
        return {}
    return settings.kubernetes.volumes
