"""The published ways of scoring descriptions: which fields count, how much, and what a score is called.

Two were published with the national catalogue (HDRUK/datasets, Apache-2.0): that of 2020, which still named the fields
of the flat format by section, and that of 2022 over the fields of the 2.x schemas.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..conversion.from_flat import FLAT_FIELDS

__all__ = ["PROFILES", "FlagField", "Profile", "rating"]


@dataclass(frozen=True)
class FlagField:
    """A field that counts: its published name, the flat field, its place in 2.x (if any) and its weight."""

    name: str
    flat: str
    place: str | None
    weight: int
    never: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Profile:
    """One way of scoring. ``parts`` is what the weights add up to; ``medals`` are (more than, name), best first."""

    name: str
    fields: tuple[FlagField, ...]
    parts: int
    medals: tuple[tuple[float, str], ...]


def rating(profile: Profile, score: float) -> str:
    """Return what a score (0 to 100) is called; the lower bound does not belong to the better name."""
    return next((name for bound, name in profile.medals if score > bound), "Not Rated")


_SECTIONS_2020: dict[str, str] = {
    "A: Summary": """
        identifier 1 | title 1 | abstract 1 | publisher 1 | contactPoint 2 | accessRights 2 | group 1
    """,
    "B: Business": """
        description 2 | releaseDate 2 | accessRequestCost 2 | accessRequestDuration 1 | dataController 2 |
        dataProcessor 1 | license 2 | usageRestriction 0 | derivedDatasets 1 | linkedDataset 2
    """,
    "C: Coverage & Detail": """
        geographicCoverage 1 | periodicity 2 | datasetEndDate 2 | datasetStartDate 2 | jurisdiction 1 |
        populationType 1 | statisticalPopulation 1 | ageBand 1 | physicalSampleAvailability 1 | keywords 1
    """,
    "D: Format & Structure": "conformsTo 1 | controlledVocabulary 1 | language 1 | format 1 | fileSize 1",
    "E: Attribution": "creator 1 | citations 1 | doi 1",
    "F: Technical Metadata": """
        dataClassesCount 3 | tableName 3 | tableDescription 3 | columnName 3 | columnDescription 3 | dataType 3 |
        sensitive 0
    """,
}
"""Sections, fields and weights (in 63rds) of 2020."""

_NEVER_2020 = frozenset({"usageRestriction", "sensitive"})
"""Fields that the source system of 2020 never delivered: their flags are 0 in every record."""

_DEFAULTS_2020 = {"periodicity": "OTHER"}
"""What the conversion to 2.0.0 wrote where the flat field was empty."""

_SOURCE_IDENTIFIER = "identifier"
"""Names another identifier than ``id``; in 2.0.0 every record has one, and the score counts it as filled."""


def _fields_2020() -> tuple[FlagField, ...]:
    made = []
    for section, text in _SECTIONS_2020.items():
        for entry in text.split("|"):
            name, weight = entry.split()
            place = "identifier" if name == _SOURCE_IDENTIFIER else FLAT_FIELDS.get(name)
            if section.startswith("F"):
                place = f"structuralMetadata.{name}"
            made.append(
                FlagField(f"{section}, {name}", name, place, int(weight), name in _NEVER_2020, _DEFAULTS_2020.get(name))
            )
    return tuple(made)


_WEIGHTS_2022: dict[int, str] = {
    4: """
        identifier | summary.title | summary.abstract | summary.contactPoint | summary.keywords | summary.doiName |
        summary.publisher.name | documentation.description | coverage.spatial | coverage.typicalAgeRange |
        coverage.physicalSampleAvailability | provenance.temporal.accrualPeriodicity | provenance.temporal.startDate |
        accessibility.usage.dataUseLimitation | accessibility.usage.dataUseRequirements |
        accessibility.usage.resourceCreator | accessibility.access.accessRights |
        accessibility.access.accessRequestCost | accessibility.access.deliveryLeadTime |
        accessibility.access.jurisdiction | accessibility.access.dataController |
        accessibility.formatAndStandards.vocabularyEncodingScheme | accessibility.formatAndStandards.conformsTo |
        accessibility.formatAndStandards.language | accessibility.formatAndStandards.format |
        observation.observedNode | observation.measuredValue | structuralMetadata.dataClassesCount |
        structuralMetadata.tableName | structuralMetadata.tableDescription | structuralMetadata.columnName |
        structuralMetadata.columnDescription | structuralMetadata.dataType | structuralMetadata.sensitive
    """,
    1: """
        summary.publisher.memberOf | coverage.followup | coverage.pathway | provenance.origin.purpose |
        provenance.origin.source | provenance.origin.collectionSituation | provenance.temporal.timeLag |
        accessibility.usage.investigations | accessibility.usage.isReferencedBy | accessibility.access.accessService |
        enrichmentAndLinkage.qualifiedRelation | enrichmentAndLinkage.derivation | enrichmentAndLinkage.tools
    """,
    0: """
        summary.publisher.contactPoint | documentation.associatedMedia | documentation.isPartOf |
        provenance.temporal.distributionReleaseDate | provenance.temporal.endDate |
        accessibility.access.dataProcessor | observation.disambiguatingDescription | observation.observationDate |
        observation.measuredProperty
    """,
}
"""Fields of 2022 by weight (in 149ths)."""


def _fields_2022() -> tuple[FlagField, ...]:
    flat = {place: name for name, place in FLAT_FIELDS.items()}
    return tuple(
        FlagField(place, flat.get(place, place), place, weight)
        for weight, text in _WEIGHTS_2022.items()
        for place in (entry.strip() for entry in text.split("|"))
    )


PROFILES: dict[str, Profile] = {
    "hdruk-2020": Profile("hdruk-2020", _fields_2020(), 63, ((86, "Gold"), (76, "Silver"), (66, "Bronze"))),
    "hdruk-2022": Profile(
        "hdruk-2022", _fields_2022(), 149, ((90, "Platinum"), (80, "Gold"), (70, "Silver"), (60, "Bronze"))
    ),
}
"""Profiles by name."""
