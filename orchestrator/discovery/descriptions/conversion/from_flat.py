"""Where each field of the older flat catalogue (all fields side by side) went: first to the outline of 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fitting import is_empty
from .from_2 import move_2
from .moving import Moving

__all__ = ["FLAT_FIELDS", "move_flat", "placed_flat"]

FLAT_FIELDS: dict[str, str] = {
    "id": "identifier",
    "documentationVersion": "version",
    "issued": "issued",
    "modified": "modified",
    "title": "summary.title",
    "abstract": "summary.abstract",
    "publisher": "summary.publisher.name",
    "contactPoint": "summary.contactPoint",
    "keywords": "summary.keywords",
    "doi": "summary.doiName",
    "description": "documentation.description",
    "group": "documentation.isPartOf",
    "geographicCoverage": "coverage.spatial",
    "ageBand": "coverage.typicalAgeRange",
    "physicalSampleAvailability": "coverage.physicalSampleAvailability",
    "periodicity": "provenance.temporal.accrualPeriodicity",
    "releaseDate": "provenance.temporal.distributionReleaseDate",
    "datasetStartDate": "provenance.temporal.startDate",
    "datasetEndDate": "provenance.temporal.endDate",
    "creator": "accessibility.usage.resourceCreator",
    "citations": "accessibility.usage.isReferencedBy",
    "accessRights": "accessibility.access.accessRights",
    "accessRequestCost": "accessibility.access.accessRequestCost",
    "accessRequestDuration": "accessibility.access.deliveryLeadTime",
    "jurisdiction": "accessibility.access.jurisdiction",
    "dataController": "accessibility.access.dataController",
    "dataProcessor": "accessibility.access.dataProcessor",
    "controlledVocabulary": "accessibility.formatAndStandards.vocabularyEncodingScheme",
    "conformsTo": "accessibility.formatAndStandards.conformsTo",
    "language": "accessibility.formatAndStandards.language",
    "format": "accessibility.formatAndStandards.format",
    "linkedDataset": "enrichmentAndLinkage.qualifiedRelation",
    "derivedDatasets": "enrichmentAndLinkage.derivation",
}
"""Flat field and its place in 2.0; ``license``, ``fileSize``, ``populationType`` and ``statisticalPopulation`` have
none, as ``usageRestriction`` and the identifier of the source system (``identifier``) have none."""


def placed_flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flat record in the outline of 2.0, without the fields that have no place there."""
    made: dict[str, Any] = {}
    for name, target in FLAT_FIELDS.items():
        if is_empty(record.get(name)):
            continue
        *way, last = target.split(".")
        here = made
        for step in way:
            here = here.setdefault(step, {})
        here[last] = record[name]
    return made


def move_flat(moving: Moving) -> None:
    """Move a flat record."""
    for name, value in moving.rest.items():
        if name not in FLAT_FIELDS:
            moving.leave(name, value)
    moving.rest = placed_flat(moving.rest)
    move_2(moving)
