"""The 32 fields of a public register of data use, as data: HDR UK's specification, version 2 of 2022-01-19 (CC0).

The specification says “select from list” without printing the lists. Those of organisations, purposes and frequency are
the ones in use at the Health Data Research Gateway; the lawful bases are those of Articles 6(1) and 9(2) UK GDPR.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ARTICLE_6", "ARTICLE_9", "BY_KEY", "FIELDS", "SENSITIVITY", "Field", "Kind", "Source"]


class Kind(StrEnum):
    """How a field is written."""

    TEXT = "text"
    LIST = "list"
    """Several values with commas between them."""
    CHOICE = "choice"
    DAY = "day"
    LINKS = "links"
    """Addresses with commas between them."""


class Source(StrEnum):
    """Who knows it."""

    RECORD = "record"
    """The record of this installation; nobody types it."""
    LEAD = "lead"
    """The project's lead, or an operator."""
    CUSTODIAN = "custodian"
    """An officer of each custodian, for its own data."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field. ``title`` is the specification's; ``recommended`` are the seven for every register."""

    key: str
    section: str
    title: str
    kind: Kind = Kind.TEXT
    source: Source = Source.LEAD
    recommended: bool = False
    choices: tuple[str, ...] = ()
    personal: bool = False
    """Names people: shown only while they agree, and never kept in the register's own entries."""


_YES_NO = ("Yes", "No")
_YES_NO_NEITHER = ("Yes", "No", "Not applicable")
_SECTORS = (
    "Academic Institute",
    "CQC Registered Health or/and Social Care provider",
    "Independent Sector Organisation",
    "Government Agency (Health and Adult Social Care)",
    "Government Agency (Other)",
    "Commercial",
    "Local authority",
)
_PURPOSES = (
    "Efficacy & Mechanism Evaluation",
    "Health Services & Delivery",
    "Health Technology Assessment",
    "Public Health Research",
    "Other",
)
SENSITIVITY = ("Personally Identifiable", "De-Personalised", "Anonymous")
"""Most sensitive first: a project with several datasets shows the first that applies to any of them."""
ARTICLE_6 = (
    "Not applicable",
    "(a) consent",
    "(b) contract",
    "(c) legal obligation",
    "(d) vital interests",
    "(e) public task",
    "(f) legitimate interests",
)
ARTICLE_9 = (
    "Not applicable",
    "(a) explicit consent",
    "(b) employment, social security and social protection",
    "(c) vital interests",
    "(d) not-for-profit bodies",
    "(e) made public by the data subject",
    "(f) legal claims or judicial acts",
    "(g) substantial public interest",
    "(h) health or social care",
    "(i) public health",
    "(j) archiving, research and statistics",
)
_CONFIDENTIALITY = (
    "Not applicable",
    "Informed consent",
    "Reasonable expectation",
    "Section 251 NHS Act 2006",
    "Statutory exemption to flow confidential data without consent",
)

_PEOPLE, _PROJECTS, _DATA = "Safe People", "Safe Projects", "Safe Data"

FIELDS = (
    Field(
        key="organisation_name",
        section=_PEOPLE,
        title="Lead applicant organisation name",
        source=Source.RECORD,
        recommended=True,
    ),
    Field(key="organisation_id", section=_PEOPLE, title="Organisation ID"),
    Field(key="organisation_sector", section=_PEOPLE, title="Organisation sector", kind=Kind.CHOICE, choices=_SECTORS),
    Field(
        key="applicant_names",
        section=_PEOPLE,
        title="Applicant names",
        kind=Kind.LIST,
        source=Source.RECORD,
        personal=True,
    ),
    Field(key="applicant_id", section=_PEOPLE, title="Applicant ID", personal=True),
    Field(key="funders", section=_PEOPLE, title="Funders/Sponsors", kind=Kind.LIST),
    Field(
        key="accredited_researcher",
        section=_PEOPLE,
        title="DEA accredited researcher?",
        kind=Kind.CHOICE,
        choices=_YES_NO,
    ),
    Field(
        key="sub_licence",
        section=_PEOPLE,
        title="Sub-licence arrangements (if any)?",
        kind=Kind.CHOICE,
        source=Source.CUSTODIAN,
        choices=_YES_NO,
    ),
    Field(key="project_id", section=_PROJECTS, title="Project ID", source=Source.RECORD),
    Field(key="title", section=_PROJECTS, title="Project title", source=Source.RECORD, recommended=True),
    Field(key="lay_summary", section=_PROJECTS, title="Lay summary", source=Source.RECORD, recommended=True),
    Field(key="public_benefit", section=_PROJECTS, title="Public benefit statement", recommended=True),
    Field(
        key="request_category", section=_PROJECTS, title="Request category type", kind=Kind.CHOICE, choices=_PURPOSES
    ),
    Field(key="technical_summary", section=_PROJECTS, title="Technical summary"),
    Field(
        key="other_approvals",
        section=_PROJECTS,
        title="Other approval committees",
        kind=Kind.LIST,
        source=Source.RECORD,
    ),
    Field(key="start", section=_PROJECTS, title="Project start date", kind=Kind.DAY, source=Source.RECORD),
    Field(key="end", section=_PROJECTS, title="Project end date", kind=Kind.DAY, source=Source.RECORD),
    Field(
        key="latest_approval",
        section=_PROJECTS,
        title="Latest approval date",
        kind=Kind.DAY,
        source=Source.RECORD,
        recommended=True,
    ),
    Field(
        key="datasets",
        section=_DATA,
        title="Dataset(s) name",
        kind=Kind.LIST,
        source=Source.RECORD,
        recommended=True,
    ),
    Field(
        key="sensitivity",
        section=_DATA,
        title="Data sensitivity level",
        kind=Kind.CHOICE,
        source=Source.CUSTODIAN,
        choices=SENSITIVITY,
    ),
    Field(
        key="article_6",
        section=_DATA,
        title="Legal basis for provision of data under Article 6",
        kind=Kind.CHOICE,
        source=Source.CUSTODIAN,
        choices=ARTICLE_6,
    ),
    Field(
        key="article_9",
        section=_DATA,
        title="Lawful conditions for provision of data under Article 9",
        kind=Kind.CHOICE,
        source=Source.CUSTODIAN,
        choices=ARTICLE_9,
    ),
    Field(
        key="confidentiality",
        section=_DATA,
        title="Common Law Duty of Confidentiality",
        kind=Kind.CHOICE,
        source=Source.CUSTODIAN,
        choices=_CONFIDENTIALITY,
    ),
    Field(
        key="opt_out",
        section=_DATA,
        title="National data opt-out applied?",
        kind=Kind.CHOICE,
        source=Source.CUSTODIAN,
        choices=_YES_NO_NEITHER,
    ),
    Field(
        key="frequency",
        section=_DATA,
        title="Request frequency",
        kind=Kind.CHOICE,
        source=Source.CUSTODIAN,
        choices=("One-off", "Recurring"),
    ),
    Field(key="linkage", section=_DATA, title="For linked datasets, specify how the linkage will take place"),
    Field(
        key="new_assets",
        section=_DATA,
        title="For linked datasets, specify how any new assets created will be managed and archived",
    ),
    Field(
        key="confidential_data",
        section=_DATA,
        title="Description of the confidential data being used",
        kind=Kind.LIST,
        source=Source.CUSTODIAN,
    ),
    Field(key="access_date", section=_DATA, title="Release/Access date", kind=Kind.DAY, source=Source.RECORD),
    Field(
        key="access_type",
        section="Safe Setting",
        title="Access type",
        kind=Kind.CHOICE,
        source=Source.RECORD,
        recommended=True,
        choices=("TRE", "Release"),
    ),
    Field(
        key="privacy",
        section="Safe Setting",
        title="How has data been processed to enhance privacy?",
        source=Source.CUSTODIAN,
    ),
    Field(key="outputs", section="Safe Outputs", title="Link to research outputs", kind=Kind.LINKS),
)
"""Every field, in the order of the specification."""

BY_KEY = {field.key: field for field in FIELDS}
