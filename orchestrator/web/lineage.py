"""Where a result comes from: project, session, datasets with the versions mounted, terms of custodians."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.access.model import Project
from orchestrator.airlock.model import Submission
from orchestrator.airlock.ports import CustodianTerms

from .visits import Visit

__all__ = ["Lineage", "Source", "datasets_of", "lineage_of"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One version of a dataset that the project held when the result was handed in, or holds now."""

    dataset_id: str
    title: str
    version: int
    custodian_id: str
    granted_at: datetime
    ended_at: datetime | None
    mounted: bool
    """Granted before the results were handed in, and not ended by then: it may have been mounted."""


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Everything a result may have been made of."""

    project: Project
    submission: Submission
    sources: tuple[Source, ...]
    terms: dict[str, CustodianTerms]


def lineage_of(visit: Visit, submission: Submission) -> Lineage:
    """Look the project's data up, for somebody who may see the submission."""
    house = visit.house
    project = house.access.project_record(submission.project_id)
    sources = []
    for grant in project.grants:
        version = house.discovery.version(grant.version_id)
        ended = min(filter(None, (grant.ended_at, grant.agreement_until)))
        sources.append(
            Source(
                dataset_id=grant.dataset_id,
                title=house.discovery.dataset(grant.dataset_id).title,
                version=version.number,
                custodian_id=grant.custodian_id,
                granted_at=grant.granted_at,
                ended_at=grant.ended_at,
                mounted=grant.granted_at <= submission.submitted_at < ended,
            )
        )
    terms = {each.custodian_id: each for each in house.airlock_desk.governance.terms(submission.project_id)}
    return Lineage(project=project, submission=submission, sources=tuple(sources), terms=terms)


def datasets_of(lineage: Lineage) -> list[str]:
    """Return the titles of the datasets, each once."""
    return sorted({source.title for source in lineage.sources})
