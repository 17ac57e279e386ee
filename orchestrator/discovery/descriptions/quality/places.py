"""Where the fields that the scores count stand in a record, whatever its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..versions import CATALOGUE_2020, FLAT
from .profiles import FlagField
from .reading import field_at

__all__ = ["PLACES_3_4", "PLACES_2022", "has_structure", "places", "values"]

PLACES_3_4: dict[str, tuple[str, ...]] = {
    "summary.publisher.name": ("summary.dataCustodian.name",),
    "summary.publisher.contactPoint": ("summary.dataCustodian.contactPoint",),
    "summary.publisher.memberOf": ("summary.dataCustodian.memberOf",),
    "documentation.isPartOf": ("enrichmentAndLinkage.isPartOf",),
    "coverage.typicalAgeRange": ("coverage.typicalAgeRangeMin", "coverage.typicalAgeRangeMax"),
    "coverage.physicalSampleAvailability": ("coverage.materialType",),
    "coverage.followup": ("coverage.followUp",),
    "provenance.origin.collectionSituation": ("provenance.origin.collectionSource",),
    "provenance.temporal.accrualPeriodicity": ("provenance.temporal.publishingFrequency",),
    "accessibility.usage.investigations": ("enrichmentAndLinkage.investigations",),
    "accessibility.usage.isReferencedBy": (
        "enrichmentAndLinkage.publicationAboutDataset",
        "enrichmentAndLinkage.publicationUsingDataset",
    ),
    "enrichmentAndLinkage.qualifiedRelation": ("enrichmentAndLinkage.linkableDatasets",),
    "enrichmentAndLinkage.derivation": ("enrichmentAndLinkage.derivedFrom",),
}
"""Fields of 2.x that stand elsewhere in 3.0.0 and 4.0.0."""

PLACES_2022: dict[str, tuple[str, ...]] = {
    "provenance.temporal.accrualPeriodicity": ("provenance.temporal.publishingFrequency",),
    "coverage.physicalSampleAvailability": ("coverage.biologicalsamples",),
}
"""Fields that stand elsewhere in 2.1.3 and later 2.x."""

_LOST_IN_2020 = "accessibility.access.accessRequestCost"
"""The conversion of the flat catalogue to 2.0.0 dropped the costs: their absence says nothing about the dataset."""

_WITHOUT_STRUCTURE = frozenset({CATALOGUE_2020, "2.0.2"})


def has_structure(record: Mapping[str, Any], schema: str) -> bool:
    """Tell whether tables and columns could stand in the record: 2.0.x kept them in other files."""
    return schema not in _WITHOUT_STRUCTURE or "structuralMetadata" in record


def places(field: FlagField, schema: str) -> tuple[str, ...]:
    """Return the dotted paths at which a field stands in a schema; none if the schema has no such field."""
    if schema == FLAT:
        return (field.flat,)
    if field.place is None or (schema == CATALOGUE_2020 and field.place == _LOST_IN_2020):
        return ()
    if schema.startswith("2."):
        return (field.place, *PLACES_2022.get(field.place, ()))
    return PLACES_3_4.get(field.place, (field.place,))


def values(record: Mapping[str, Any], field: FlagField, schema: str) -> list[Any]:
    """Return what stands at a field's places; of observations, what each of them says."""
    found = []
    for path in places(field, schema):
        head, _, name = path.partition(".")
        if head == "observation":
            observations = record.get("observations")
            rows = observations if isinstance(observations, list) else []
            found.append([row.get(name) for row in rows if isinstance(row, Mapping)])
        else:
            found.append(field_at(record, path))
    return found
