"""What is to be paid for: what is asked, by whom, for how long, over which datasets, and what was or will be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from orchestrator.core.money import Money

from .periods import months_started

__all__ = [
    "APPLICANTS",
    "COUNTS",
    "DATASET_COUNTS",
    "NOT_METERED",
    "WORDS",
    "Answer",
    "AskedDataset",
    "Request",
    "RequestKind",
    "Usage",
]

Answer: TypeAlias = int | str | tuple[str, ...] | None
"""A number, a word (``yes`` and ``no`` among them), several words, or nothing: not known yet."""


class RequestKind(StrEnum):
    """What is asked for."""

    APPLICATION = "application"
    AMENDMENT = "amendment"
    RENEWAL = "renewal"
    EXTENSION = "extension"
    SUBSCRIPTION = "subscription"


APPLICANTS = ("academic", "nhs", "charity", "public-body", "student", "lmic", "sme", "large-company")
"""Classes of applicants; ``lmic`` is an institution in a low- or middle-income country."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "request": tuple(kind.value for kind in RequestKind),
    "applicant": APPLICANTS,
    "funder": ("own", "public", "charity", "commercial"),
    "identifiability": ("anonymous", "pseudonymised", "identifiable"),
    "legal-basis": ("not-said", "consent", "section-251", "anonymised", "other"),
    "linkage": ("no", "yes"),
    "access": ("environment", "extract"),
    "processing": ("none", "standard", "linkage", "complex"),
    "subscriber": ("no", "yes"),
    "vat-exempt": ("no", "yes"),
}
"""What every list may make a condition, with the words it can have; the first is assumed where nothing is said,
except of ``applicant``, which must be said."""

COUNTS: Mapping[str, tuple[str, str]] = {
    "requests": ("request", "requests"),
    "months": ("month begun", "months begun"),
    "datasets": ("dataset", "datasets"),
    "dataset-periods": ("period of a dataset", "periods of datasets"),
    "additional-periods": ("additional period of a dataset", "additional periods of datasets"),
    "users": ("user", "users"),
    "institutions": ("institution", "institutions"),
    "disseminations": ("dissemination", "disseminations"),
    "refreshes": ("refresh", "refreshes"),
    "linkages": ("linkage", "linkages"),
    "reports": ("report", "reports"),
    "files": ("file", "files"),
    "tables": ("table", "tables"),
    "records": ("record", "records"),
    "hours": ("hour", "hours"),
    "cohorts": ("cohort", "cohorts"),
    "checks": ("check", "checks"),
    "user-months": ("month of a user", "months of users"),
    "compute-units": ("compute unit", "compute units"),
    "workspace-hours": ("workspace hour", "workspace hours"),
    "gigabyte-months": ("gigabyte kept for a month", "gigabytes kept for a month"),
    "licences": ("licence", "licences"),
}
"""What every list may count, with the words for one and for several."""

DATASET_COUNTS = frozenset({"datasets", "dataset-periods", "additional-periods"})
"""Counts that are told from the datasets themselves."""

NOT_METERED = DATASET_COUNTS | {"requests", "months", "users", "institutions"}
"""Counts that are asked for and not used: they stay what they were answered when a month is metered."""


@dataclass(frozen=True, kw_only=True)
class AskedDataset:
    """One dataset of a request: how many of its periods (years of data) are wanted, and the traits prices hang on."""

    key: str
    title: str = ""
    periods: int = 1
    traits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What was used, as the installation recorded it: so much of a count, by whom, in which month."""

    of: str
    quantity: int
    month: str
    user: str = ""
    dataset: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything prices may hang on. ``last`` is the last day; answers that are missing are assumed and told."""

    start: date
    last: date
    answers: Mapping[str, Answer] = field(default_factory=dict)
    datasets: tuple[AskedDataset, ...] = ()
    usage: tuple[Usage, ...] = ()
    metered: bool = False
    """Whether ``usage`` is all there was, so that nothing metered is assumed beside it."""
    passed_on: Mapping[str, Money] = field(default_factory=dict)
    """What third parties charge, by the line that hands it on."""

    @property
    def months(self) -> int:
        """How many months are complete or begun between start and last day."""
        return months_started(self.start, self.last)
