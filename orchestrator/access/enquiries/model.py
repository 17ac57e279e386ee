"""Enquiries, what is said in them, datasets that may answer them, and the services a hub offers, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .states import ENQUIRY_STATES, OFFER_STATES, EnquiryState, OfferState

__all__ = [
    "ENQUIRY_STATES",
    "OFFER_STATES",
    "Asked",
    "Candidate",
    "Enquiry",
    "EnquiryDemand",
    "EnquiryState",
    "Message",
    "Offer",
    "OfferKind",
    "OfferState",
    "Suggestion",
    "Wish",
]


class OfferKind(StrEnum):
    """What a hub does for people besides giving access; the kinds are those of the programme's papers."""

    CONCIERGE = "concierge"
    CURATION = "curation"
    TRIALS = "clinical-trials"
    PRECISION = "precision-medicine"
    REGIONAL = "regional-insight"
    ANALYTICS = "analytics"
    SIMULATED = "simulated-data"
    TRAINING = "training"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One service of the hub that people may ask for."""

    offer_id: str
    kind: OfferKind
    title: str
    description: str
    state: OfferState
    published_by: str
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A dataset that a search found for a question, with the reasons in sentences."""

    dataset_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A dataset put before an enquirer: by the search (``by`` is empty) or by a colleague of the hub."""

    dataset_id: str
    reasons: tuple[str, ...]
    by: str = ""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something said in an enquiry. ``person_id`` is ``None`` for somebody who asked without an account."""

    message_id: str
    person_id: str | None
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Enquiry:
    """A question to the hub. ``asker_id`` is ``None`` for somebody without an account."""

    enquiry_id: str
    asker_id: str | None
    organisation: str
    question: str
    offer_id: str | None
    state: EnquiryState
    state_since: datetime
    asked_at: datetime
    colleague_id: str | None = None
    """Who answers for the hub: named to the enquirer."""
    application_id: str | None = None
    reason: str = ""
    erased: bool = False
    """Whether the words were erased because the time to keep them was over."""
    deadline: datetime | None = None
    suggestions: tuple[Suggestion, ...] = ()
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A new enquiry with the secret of its page: shown once, kept only as a hash; empty for people with an account."""

    enquiry: Enquiry
    secret: str = ""


@dataclass(frozen=True, kw_only=True)
class EnquiryDemand:
    """How often a dataset came up in enquiries; ``None`` where the number is too small to be told."""

    dataset_id: str
    enquiries: int | None
    applications: int | None


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Data that were asked for and do not exist here, in the hub's words, never the enquirer's."""

    topic: str
    enquiries: int | None
    last_at: datetime
