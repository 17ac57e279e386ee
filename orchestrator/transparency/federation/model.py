"""Other hubs, the documents they sign, and what is taken from them, as plain values with the hubs' state table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = [
    "HUB_STATES",
    "LASTS",
    "LONGEST",
    "SILENT_AFTER",
    "Believed",
    "Card",
    "Document",
    "Export",
    "Feed",
    "Hub",
    "HubState",
    "Kind",
    "Published",
    "Recognised",
    "Shown",
    "Word",
]

LASTS = timedelta(days=7)
"""How long our documents count: what somebody takes back today has faded everywhere by then."""
LONGEST = timedelta(days=31)
"""How long another hub's document may say that it counts."""
SILENT_AFTER = timedelta(days=1)
"""A hub that is asked every hour and did not answer for so long is shown as silent, and its operators here are told."""


class Kind(StrEnum):
    """What a document tells."""

    CATALOGUE = "catalogue"
    REGISTER = "register"
    PEOPLE = "people"
    """Whose accreditation and training hold: only people who agreed, under a code that means nothing elsewhere."""


class HubState(StrEnum):
    """Whether what a hub says counts here."""

    PROPOSED = "proposed"
    TRUSTED = "trusted"
    REVOKED = "revoked"


HUB_STATES = StateTable(
    noun="hub",
    start=HubState.PROPOSED,
    steps=(
        Step(action="confirm", source=HubState.PROPOSED, target=HubState.TRUSTED, by="second operator"),
        Step(action="revoke", source=HubState.PROPOSED, target=HubState.REVOKED, by="operator"),
        Step(action="propose keys", source=HubState.TRUSTED, target=HubState.TRUSTED, by="operator"),
        Step(action="confirm keys", source=HubState.TRUSTED, target=HubState.TRUSTED, by="second operator"),
        Step(action="revoke", source=HubState.TRUSTED, target=HubState.REVOKED, by="operator"),
    ),
    waiting={HubState.PROPOSED: Waiting(owner="operator", days=30, then="it stays untrusted")},
    lasting={HubState.TRUSTED: "an operator revokes it"},
)


@dataclass(frozen=True, kw_only=True)
class Card:
    """Who an installation is to others: the name of its log and the public halves of its record key, by version."""

    origin: str
    name: str
    keys: Mapping[int, bytes]
    fingerprint: str
    """SHA-256 over origin and keys: read it to one another before trusting."""
    address: str = ""
    """Where its portal is, such as ``https://south.example.org``; empty where its documents are brought as files."""


@dataclass(frozen=True, kw_only=True)
class Hub:
    """Another installation. ``pending`` are keys that wait for a second operator.

    ``address`` is where its documents are fetched; it is no part of what is trusted, for the signature tells whose they
    are.
    """

    hub_id: str
    origin: str
    name: str
    keys: Mapping[int, bytes]
    state: HubState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    reason: str = ""
    pending: Mapping[int, bytes] | None = None
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Export:
    """One document that this installation sealed."""

    kind: Kind
    sequence: int
    sha256: str
    made_at: datetime
    valid_until: datetime


@dataclass(frozen=True, kw_only=True)
class Published:
    """A document as it is handed out: ``sha256`` is over the document without its proof, so it names the content."""

    sha256: str
    made_at: datetime
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Feed:
    """How hearing one kind of document from one hub goes."""

    hub_id: str
    kind: Kind
    begun_at: datetime | None
    """When its address was first asked."""
    asked_at: datetime | None
    """When its address was last asked."""
    heard_at: datetime | None
    """When it last answered with a document that counts, a new one or the one we have."""
    due_at: datetime | None
    failures: int
    """How often in a row asking did not work."""
    problem: str
    """Why it did not, in words; empty when it did."""
    left_out: int = 0
    """How many of its datasets cannot be shown in the catalogue because their description cannot be read."""

    def silent(self, now: datetime) -> bool:
        """Say whether the hub is asked and has been silent, or wrong, for a day."""
        since = self.heard_at or self.begun_at
        return bool(self.failures) and since is not None and now - since > SILENT_AFTER


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document taken from another hub."""

    hub_id: str
    kind: Kind
    sequence: int
    sha256: str
    issued_at: datetime
    valid_until: datetime
    taken_at: datetime
    taken_by: str
    items: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A document of another hub that counts now, without what it says: ``count`` is how many things it names."""

    kind: Kind
    sequence: int
    count: int
    issued_at: datetime
    valid_until: datetime


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One dataset of another hub as our catalogue lists it."""

    entry_id: str
    title: str
    publisher: str


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Another hub says that a person's accreditation and training hold there; what it is worth here, people decide."""

    hub_id: str
    hub: str
    accredited_until: datetime
    trained_until: datetime
    said_at: datetime
    counts_until: datetime
    """When the hub's word is over unless it says it again: days, however long the accreditation lasts there."""
    read: str
    """Names exactly what the hub says of the person: whoever takes it as evidence sends back what he read."""
    believed: str | None = None
    """Our accreditation that stands on it now, if somebody took it as the evidence for one."""


@dataclass(frozen=True, kw_only=True)
class Believed:
    """An accreditation of ours that stands on a hub's word: it never outlasts it, and falls with it."""

    accreditation_id: str
    person_id: str
    hub_id: str
    hub: str
    reason: str
    taken_by: str
    taken_at: datetime
    at_most: datetime
    """The first moment after it, however long the hub goes on saying it."""
    valid_until: datetime
    fell_at: datetime | None
    fell: str
    """Why it fell, in words; empty while it stands."""
