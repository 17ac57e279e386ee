"""What people want of the catalogue, in one place: searches in vain, enquiries, applications, wished-for data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.access.enquiries.model import Wish
from orchestrator.access.enquiries.rules import told
from orchestrator.access.requested import requested
from orchestrator.discovery.search.demand.model import Unmet
from orchestrator.policy.model import Actor

if TYPE_CHECKING:
    from ..house import House

__all__ = ["DatasetDemand", "Demand", "demanded"]


@dataclass(frozen=True, kw_only=True)
class DatasetDemand:
    """How often one dataset was wanted; ``None`` where the number is too small for this reader."""

    dataset_id: str
    title: str
    enquiries: int | None
    applications: int | None


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Everything at once."""

    unmet: Unmet
    datasets: tuple[DatasetDemand, ...]
    wishes: tuple[Wish, ...]


def demanded(house: House, actor: Actor, *, months: int = 3) -> Demand:
    """Return what is wanted: to officers about their own custodian's datasets, to operators and concierges about all.

    Raises ``Refused`` for everybody else.
    """
    unmet = house.missed_searches.missed(actor, months=months)
    with house.record.read() as session:
        current = house.identity.as_now(session, actor)
    everything = bool(current.roles & {"operator", "concierge"})
    datasets = [each for each in house.discovery.datasets() if everything or each.custodian_id in current.custodians]
    asked = {each.dataset_id: each.enquiries for each in house.enquiries.demand(actor)}
    with house.record.read() as session:
        applied = requested(session, [each.dataset_id for each in datasets])
    rows = [
        DatasetDemand(
            dataset_id=each.dataset_id,
            title=each.title,
            enquiries=asked.get(each.dataset_id, 0),
            applications=applied[each.dataset_id]
            if each.custodian_id in current.custodians or "operator" in current.roles
            else told(applied[each.dataset_id]),
        )
        for each in datasets
    ]
    rows.sort(key=lambda each: (-(each.applications or 0), -(each.enquiries or 0), each.title.casefold()))
    return Demand(unmet=unmet, datasets=tuple(rows), wishes=tuple(house.enquiries.wishes(actor)))
