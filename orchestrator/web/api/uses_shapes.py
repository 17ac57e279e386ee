"""The documents of terms of use, purposes, evidence, rules and visas."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from .shapes import Identifier, In, Line, Out, Perhaps

__all__ = [
    "AssessedOut",
    "CodeOut",
    "EvidenceIn",
    "EvidenceOut",
    "OrganisationEvidenceIn",
    "PurposeIn",
    "PurposeOut",
    "ReasonIn",
    "RelyIn",
    "RequirementOut",
    "RulesOut",
    "UseTermsIn",
    "UseTermsOut",
    "VisaOut",
    "VisasIn",
    "VisasOut",
]

_Word = Annotated[str, Field(min_length=1, max_length=100)]
_Words = Annotated[list[_Word], Field(max_length=200)]
_Hash = Annotated[str, Field(pattern=r"^([0-9a-fA-F]{64})?$")]


class CodeOut(Out):
    """One code of use."""

    code: str
    short: str
    kind: str
    says: str
    takes: str


class ClauseIn(In):
    """One code with what stands beside it."""

    code: _Word
    values: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=200)] = Field(default_factory=list)
    note: Annotated[str, Field(max_length=300)] = ""


class ClauseOut(Out):
    """One code with what stands beside it."""

    code: str
    values: list[str]
    note: str


class UseTermsIn(In):
    """What a dataset may be used for."""

    clauses: Annotated[list[ClauseIn], Field(min_length=1, max_length=50)]


class UseTermsOut(Out):
    """One version of what a dataset may be used for."""

    dataset_id: str
    version: int
    clauses: list[ClauseOut]
    sha256: str
    published_at: datetime


class PurposeIn(In):
    """What data are wanted for; what is left out is not said yet."""

    uses: _Words = Field(default_factory=list)
    diseases: _Words = Field(default_factory=list)
    genetic: bool | None = None
    methods: bool | None = None
    ancestry: bool | None = None
    for_profit: bool | None = None
    commercial: bool | None = None
    links: bool | None = None
    trains_models: bool | None = None
    identifies_people: bool | None = None
    takes_data_out: bool | None = None
    checked_results: bool | None = None
    ethics: bool | None = None
    collaborates: bool | None = None
    publishes: bool | None = None
    returns: bool | None = None
    publishes_from: date | None = None
    months: Annotated[int, Field(ge=1, le=600)] | None = None
    regions: _Words = Field(default_factory=list)
    institutions: Annotated[list[Line], Field(max_length=200)] = Field(default_factory=list)
    people: Annotated[list[Line], Field(max_length=200)] = Field(default_factory=list)
    project: Annotated[str, Field(max_length=200)] = ""
    words: Perhaps = ""


class PurposeOut(Out):
    """A purpose as it was declared."""

    application_id: str
    version: int
    purpose: dict[str, Any]
    declared_at: datetime


class AnswerOut(Out):
    """What one code says to a purpose."""

    code: str
    asked: str
    verdict: str
    reason: str


class AssessmentOut(Out):
    """What the terms of one dataset say to a purpose."""

    dataset_id: str
    version: int
    verdict: str
    answers: list[AnswerOut]


class AssessedOut(Out):
    """What the terms of one dataset of an application say to its purpose."""

    dataset_id: str
    title: str
    custodian_id: str
    assessment: AssessmentOut


class SetterOut(Out):
    """Whose terms set a rule, and for which datasets."""

    custodian_id: str
    custodian: str
    datasets: list[str]


class RuleOut(Out):
    """One rule of a project."""

    rule: str
    value: str
    says: str
    set_by: list[SetterOut]
    trouble: str


class RulesOut(Out):
    """The strictest rules over a project's datasets."""

    project_id: str
    at: datetime
    rules: list[RuleOut]
    silent: list[str]


class EvidenceIn(In):
    """Evidence of a piece of research; ``valid_until`` is its last day."""

    kind: _Word
    reference: Line
    valid_from: date
    valid_until: date
    file_sha256: _Hash = ""
    custodian_id: Identifier | None = None


class OrganisationEvidenceIn(In):
    """Evidence of an organisation; ``valid_until`` is its last day."""

    organisation: Line
    organisation_code: Annotated[str, Field(max_length=20)] = ""
    kind: _Word
    reference: Line
    valid_from: date
    valid_until: date
    file_sha256: _Hash = ""


class RelyIn(In):
    """Which organisation's evidence the research relies on."""

    evidence_id: Identifier


class ReasonIn(In):
    """Why."""

    reason: Annotated[str, Field(min_length=3, max_length=4000)]


class EvidenceOut(Out):
    """One piece of evidence; ``valid_until`` is the first moment it no longer holds."""

    evidence_id: str
    kind: str
    application_id: str | None
    organisation: str
    organisation_code: str
    custodian_id: str | None
    reference: str
    file_sha256: str
    valid_from: datetime
    valid_until: datetime
    state: str
    recorded_at: datetime
    verified_at: datetime | None
    reason: str


class VerifyIn(In):
    """The hash that stood there when the document was looked at; where it is another now, nothing is verified."""

    file_sha256: _Hash


class DocumentOut(Out):
    """What is known of the document of a piece; its bytes are a download of their own."""

    document_id: str
    evidence_id: str
    kind: str
    size: int
    sha256: str
    handed_in_at: datetime
    destroyed_at: datetime | None
    reason: str


class RequirementOut(Out):
    """One kind that one custodian's terms ask for."""

    custodian_id: str
    kind: str
    title: str
    holds: bool
    until: datetime | None
    sentence: str


class VisasIn(In):
    """The signed visas of a passport."""

    visas: Annotated[list[Annotated[str, Field(max_length=16_384)]], Field(min_length=1, max_length=50)]


class VisaOut(Out):
    """A visa that was taken."""

    visa_id: str
    issuer: str
    subject: str
    type: str
    value: str
    source: str
    by: str
    asserted: datetime
    expires_at: datetime
    accepted_at: datetime
    ended_at: datetime | None


class VisasOut(Out):
    """Visas of this installation, as a passport holds them."""

    ga4gh_passport_v1: list[str]
