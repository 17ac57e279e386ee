"""What the controller does about other hubs: publish for them, ask them, show their datasets in our catalogue."""

from __future__ import annotations

from orchestrator.transparency.federation.entering import Entering
from orchestrator.transparency.federation.fetching import Fetching

from ..house import House
from ..rooms.harvesting import open_client

__all__ = ["Hubs"]


class Hubs:
    """Three jobs, each repeatable and each by itself, so that a hub that is slow holds up nothing else."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._client = open_client(house.settings)
        self._fetching = Fetching(house.record, hearing=house.federation, fetcher=self._client)
        self._entering = Entering(house.record, house.federation.counting)

    def close(self) -> None:
        """End every connection."""
        self._client.close()

    def publish(self) -> int:
        """Keep our documents for other hubs fresh; return how many were sealed."""
        return self._house.federation.keep_published(self._house.settings.portal.name)

    def ask(self) -> int:
        """Ask the trusted hubs for what is due; return how many documents were asked for."""
        return self._fetching.work()

    def enter(self) -> int:
        """Bring the catalogue in step with what hubs say; return how many datasets were looked at."""
        return self._entering.work()
