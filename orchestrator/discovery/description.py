"""A dataset's description in the HDR UK schema 4.0.0, as our own models.

Where the published schema accepts further keys, so do these (``Open``); everywhere else an unknown key is a mistake.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from .descriptions import words
from .fields import (
    AbstractText,
    Closed,
    ColumnText,
    CommaSeparated,
    Country,
    DayOrMoment,
    Doi,
    EmailAddress,
    LongText,
    MediumText,
    MomentText,
    Open,
    Semver,
    ShortText,
    TitleText,
    Url,
    Uuid,
    Whole,
    one_of,
)

__all__ = ["Description"]


class Revision(Closed):
    """An earlier version of the description."""

    version: Semver
    url: Url | None = None


class Organisation(Closed):
    """Who answers for the data."""

    identifier: Annotated[str, StringConstraints(min_length=2, max_length=50)] | Whole
    name: TitleText
    logo: Url | None = None
    description: MediumText | None = None
    contact_point: EmailAddress | None | list[EmailAddress | None]
    member_of: Annotated[str, one_of(words.ALLIANCES)] | None = None


class Summary(Closed):
    """What a person reads first."""

    title: TitleText
    abstract: AbstractText | None
    data_custodian: Organisation
    population_size: Whole
    keywords: list[TitleText] | None = None
    doi_name: Doi | None = None
    contact_point: EmailAddress | None
    dataset_aliases: CommaSeparated | list[ShortText | None] | None = None


class Documentation(Closed):
    """The long description, and where to read more."""

    description: MediumText | None
    associated_media: CommaSeparated | list[Url | None] | None = None
    in_pipeline: Annotated[str, one_of(words.PIPELINES)] | None = None


class Coverage(Closed):
    """Which places, ages and materials the data cover."""

    spatial: CommaSeparated | list[Url | None] | None
    typical_age_range_min: Whole | None = None
    typical_age_range_max: Whole | None = None
    dataset_completeness: Url | None = None
    material_type: list[Annotated[str, one_of(words.MATERIALS)]] | None = None
    follow_up: Annotated[str, one_of(words.FOLLOW_UPS)] | None = None
    pathway: MediumText | None = None


class DatasetType(Open):
    """A kind of data with its finer kinds, which must come from the list of one kind."""

    name: str = ""
    sub_types: list[str] | None

    @model_validator(mode="after")
    def _finer_kinds_of_one_kind(self) -> DatasetType:
        wanted = set(self.sub_types or ())
        if not any(wanted <= set(known) for known in words.DATASET_TYPES.values()):
            raise ValueError("must name finer kinds of a single kind of data; see the schema’s lists of subTypes")
        return self


class Origin(Closed):
    """Why and where the data were collected."""

    purpose: list[Annotated[str, one_of(words.PURPOSES)] | None] | None = None
    dataset_type: list[DatasetType]
    source: list[Annotated[str, one_of(words.SOURCES)]] | None = None
    collection_source: list[Annotated[str, one_of(words.SETTINGS)] | None] | None = None
    image_contrast: Annotated[str, one_of(words.YES_NO)] | None = None


class Temporal(Closed):
    """Which time the data cover, and how late they come."""

    publishing_frequency: Annotated[str, one_of(words.FREQUENCIES)] | None
    distribution_release_date: DayOrMoment | None = None
    start_date: DayOrMoment
    end_date: DayOrMoment | Literal["CONTINUOUS"] | None = None
    time_lag: Annotated[str, one_of(words.TIME_LAGS)]


class Provenance(Closed):
    """Where the data come from."""

    origin: Origin | None = None
    temporal: Temporal


class Usage(Closed):
    """What the data may be used for."""

    data_use_limitation: list[Annotated[str, one_of(words.USE_LIMITATIONS)]] | None = None
    data_use_requirements: list[Annotated[str, one_of(words.USE_REQUIREMENTS)]] | None = None
    resource_creator: ShortText | list[ShortText | None] | None = None


class Access(Closed):
    """How the data are asked for."""

    access_rights: LongText | None
    access_service_category: Annotated[str, one_of(words.ACCESS_SERVICES)] | None = None
    access_service: LongText | None = None
    access_request_cost: LongText | None = None
    delivery_lead_time: Annotated[str, one_of(words.LEAD_TIMES)] | None = None
    jurisdiction: list[Country] | None = None
    data_controller: LongText | None = None
    data_processor: LongText | None = None


class FormatAndStandards(Closed):
    """How the data are written."""

    vocabulary_encoding_scheme: list[Annotated[str, one_of(words.CODING_SYSTEMS)]]
    conforms_to: list[Annotated[str, one_of(words.DATA_MODELS)]]
    language: list[Annotated[str, one_of(words.LANGUAGES)]]
    format: list[Annotated[str, StringConstraints(min_length=1)]]


class Accessibility(Closed):
    """Use, access and formats."""

    usage: Usage | None = None
    access: Access
    format_and_standards: FormatAndStandards | None = None


class RelatedDataset(Open):
    """Another dataset that this one was made from, belongs to, links to or resembles."""

    pid: TitleText | None = None
    title: TitleText | None = None
    url: Url | None = None


class EnrichmentAndLinkage(Closed):
    """Related datasets, tools and publications."""

    derived_from: list[RelatedDataset] | None = None
    is_part_of: list[RelatedDataset] | None = None
    linkable_datasets: list[RelatedDataset] | None = None
    similar_to_datasets: list[RelatedDataset] | None = None
    investigations: list[Url | None] | None = None
    tools: list[Url | None] | None = None
    publication_about_dataset: list[Doi | None] | None = None
    publication_using_dataset: list[Doi | None] | None = None


class Observation(Closed):
    """A count of something at a time."""

    observed_node: Annotated[str, one_of(words.POPULATIONS)]
    measured_value: Whole
    disambiguating_description: AbstractText | None = None
    observation_date: DayOrMoment
    measured_property: Any


class DataValue(Open):
    """One value that a column can hold."""

    name: Any
    description: ColumnText | None = None
    frequency: Whole | None = None


class DataColumn(Open):
    """One column of a table."""

    name: Any
    data_type: str
    description: ColumnText | None = None
    sensitive: bool
    values: list[DataValue] | None = None


class DataTable(Closed):
    """One table of the dataset."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    description: ColumnText | None = None
    columns: list[DataColumn]


class StructuralMetadata(Closed):
    """Tables and columns."""

    tables: list[DataTable] | None = None
    synthetic_data_web_link: list[Url | None] | None = None


class AgeCount(Open):
    """How many are of one age band."""

    bin: Annotated[str, one_of(words.AGE_BANDS)]
    count: Whole


class EthnicityCount(Open):
    """How many are of one ethnicity."""

    bin: Annotated[str, one_of(words.ETHNICITIES)]
    count: Whole


class DiseaseCount(Open):
    """How many have one disease."""

    disease_code: str | Whole
    disease_code_vocabulary: Annotated[str, one_of(words.DISEASE_CODING_SYSTEMS)]
    count: Whole


class DemographicFrequency(Closed):
    """Counts by age, ethnicity and disease."""

    age: list[AgeCount] | None = None
    ethnicity: list[EthnicityCount] | None = None
    disease: list[DiseaseCount] | None = None


class Omics(Closed):
    """How molecules were measured."""

    assay: Annotated[str, one_of(words.ASSAYS)] | None = None
    platform: Annotated[str, one_of(words.PLATFORMS)] | None = None


class Description(Closed):
    """A whole description."""

    identifier: Uuid | Url | None
    version: Semver
    revisions: list[Revision]
    issued: MomentText
    modified: MomentText
    summary: Summary
    documentation: Documentation | None = None
    coverage: Coverage | None = None
    provenance: Provenance | None = None
    accessibility: Accessibility
    enrichment_and_linkage: EnrichmentAndLinkage | None = None
    observations: list[Observation]
    structural_metadata: StructuralMetadata | None = None
    demographic_frequency: DemographicFrequency | None = None
    omics: Omics | None = None
