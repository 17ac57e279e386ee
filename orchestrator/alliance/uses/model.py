"""What a dataset may be used for, what somebody wants to do, and the answer, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

__all__ = ["Answer", "Assessment", "Clause", "Purpose", "UseTerms", "Verdict"]


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One code with what it takes. ``note`` is free text: no program judges by it, so a person has to."""

    code: str
    values: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class UseTerms:
    """One version of what a dataset may be used for: never changed, only followed by the next."""

    dataset_id: str
    version: int
    custodian_id: str
    clauses: tuple[Clause, ...]
    sha256: str
    published_by: str
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What somebody wants to do with data. ``None`` means: not said yet, so a person has to ask.

    ``uses`` are permissions by code; ``diseases`` codes such as ``MONDO:0005105``; ``regions`` ISO 3166 codes of where
    people work; ``months`` how long. ``words`` is for people to read and is never judged.
    """

    uses: tuple[str, ...] = ()
    diseases: tuple[str, ...] = ()
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
    months: int | None = None
    regions: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    project: str = ""
    words: str = ""


class Verdict(StrEnum):
    """The three answers; ``NEEDS_PERSON`` is what a program may say when it does not know."""

    PERMITTED = "permitted"
    NEEDS_PERSON = "needs a person"
    NOT_PERMITTED = "not permitted"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one code says to a purpose. ``asked`` is the use that was asked for, where the code is a permission."""

    code: str
    verdict: Verdict
    reason: str
    asked: str = ""


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What a dataset's terms say to a purpose: as strict as the strictest of ``answers``."""

    dataset_id: str
    version: int
    answers: tuple[Answer, ...]

    @property
    def verdict(self) -> Verdict:
        """Refused by one code is refused; unknown to one is for a person; nothing said at all is unknown."""
        found = {answer.verdict for answer in self.answers}
        for verdict in (Verdict.NOT_PERMITTED, Verdict.NEEDS_PERSON):
            if verdict in found:
                return verdict
        return Verdict.PERMITTED if found else Verdict.NEEDS_PERSON
