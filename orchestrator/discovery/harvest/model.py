"""Endpoints of custodians and the pulls from them, as plain values, with their state tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = [
    "ENDPOINT_STATES",
    "OPEN_PULLS",
    "PULL_STATES",
    "Authentication",
    "Endpoint",
    "EndpointState",
    "Item",
    "ItemState",
    "Pull",
    "PullKind",
    "PullState",
    "Standing",
]


class Authentication(StrEnum):
    """How the endpoint wants to know who asks. Secrets travel in headers only."""

    NONE = "none"
    BEARER = "bearer"
    """``Authorization: Bearer …``"""
    API_KEY = "api-key"
    """``apikey: …``"""


class EndpointState(StrEnum):
    """Where an endpoint stands: only an ``enabled`` one is pulled by itself."""

    REGISTERED = "registered"
    TESTED = "tested"
    ENABLED = "enabled"
    PAUSED = "paused"
    CLOSED = "closed"


class PullKind(StrEnum):
    """Why somebody or something pulls."""

    TEST = "test"
    """Reads one page and one record and keeps neither."""
    DAILY = "daily"
    ASKED = "asked"
    THOROUGH = "thorough"
    """Asks for every record, also where the list says that its version is the known one."""


class PullState(StrEnum):
    """Where a pull stands. Killed at any moment, it goes on from here."""

    LISTING = "listing"
    FETCHING = "fetching"
    HELD = "held"
    """So many datasets have disappeared that a person has to decide."""
    DONE = "done"
    FAILED = "failed"
    LAPSED = "lapsed"
    """Held, and overtaken by the next pull."""


class ItemState(StrEnum):
    """What became of one dataset of a list."""

    PENDING = "pending"
    UNCHANGED = "unchanged"
    TAKEN = "taken"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a custodian publishes its catalogue, and how it is asked."""

    endpoint_id: str
    custodian_id: str
    name: str
    address: str
    """Scheme, host and perhaps a port and a path, without a final slash."""
    datasets_path: str
    dataset_path: str
    """Holds ``{id}`` once, where the dataset's identifier goes."""
    authentication: Authentication
    secret_name: str
    """The name of a secret in the settings; never the secret."""
    hour: int
    minute: int
    """When it is pulled every day, in UTC."""
    state: EndpointState
    registered_by: str
    registered_at: datetime
    tested_at: datetime | None
    due_at: datetime | None
    last_success_at: datetime | None
    """When the last pull that read the whole list ended."""
    trouble: str
    """What is wrong now, in a sentence; empty when nothing is."""


@dataclass(frozen=True, kw_only=True)
class Pull:
    """One reading of an endpoint from its first page to the decision on what disappeared."""

    pull_id: str
    endpoint_id: str
    kind: PullKind
    state: PullState
    asked_by: str
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime
    """It is not worked on before: a fault puts it off."""
    total: int | None
    offset: int
    listed: int
    complete: bool
    """Whether the list was read whole, so that what is not in it has disappeared."""
    put_off: int
    trouble: str
    remarks: tuple[str, ...]
    taken: int = 0
    unchanged: int = 0
    skipped: int = 0
    pending: int = 0
    missing: int = 0
    """Entries that the list named no more."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One dataset in the list of a pull; ``problem`` says why it was skipped."""

    persistent_id: str
    version: str
    modified: str
    state: ItemState
    problem: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An endpoint with what people ask first: how many entries, how old, and what waits for a decision."""

    endpoint: Endpoint
    entries: int
    missing: int
    last_pull: Pull | None
    age_days: int | None
    """Whole days since its list was last read whole; ``None`` before the first time."""
    stale: bool


ENDPOINT_STATES = StateTable(
    noun="endpoint",
    start=EndpointState.REGISTERED,
    steps=(
        Step(action="pass", source=EndpointState.REGISTERED, target=EndpointState.TESTED, by="controller"),
        Step(action="pass", source=EndpointState.TESTED, target=EndpointState.TESTED, by="controller"),
        Step(action="fail", source=EndpointState.REGISTERED, target=EndpointState.REGISTERED, by="controller"),
        Step(action="fail", source=EndpointState.TESTED, target=EndpointState.REGISTERED, by="controller"),
        Step(action="enable", source=EndpointState.TESTED, target=EndpointState.ENABLED, by="operator"),
        Step(action="pause", source=EndpointState.ENABLED, target=EndpointState.PAUSED, by="custodian"),
        Step(action="resume", source=EndpointState.PAUSED, target=EndpointState.ENABLED, by="custodian"),
        *(
            Step(action="change", source=state, target=EndpointState.REGISTERED, by="custodian")
            for state in (
                EndpointState.REGISTERED,
                EndpointState.TESTED,
                EndpointState.ENABLED,
                EndpointState.PAUSED,
            )
        ),
        *(
            Step(action="close", source=state, target=EndpointState.CLOSED, by="custodian")
            for state in (
                EndpointState.REGISTERED,
                EndpointState.TESTED,
                EndpointState.ENABLED,
                EndpointState.PAUSED,
            )
        ),
    ),
    waiting={
        EndpointState.REGISTERED: Waiting(owner="custodian", days=14, then="nothing is pulled until a test passes"),
        EndpointState.TESTED: Waiting(owner="operator", days=7, then="nothing is pulled until it is enabled"),
    },
    lasting={
        EndpointState.ENABLED: "an officer pauses, changes or closes it",
        EndpointState.PAUSED: "an officer resumes, changes or closes it",
    },
)

PULL_STATES = StateTable(
    noun="pull",
    start=PullState.LISTING,
    steps=(
        Step(action="fetch", source=PullState.LISTING, target=PullState.FETCHING, by="controller"),
        Step(action="finish", source=PullState.LISTING, target=PullState.DONE, by="controller"),
        Step(action="finish", source=PullState.FETCHING, target=PullState.DONE, by="controller"),
        Step(action="hold", source=PullState.FETCHING, target=PullState.HELD, by="controller"),
        Step(action="fail", source=PullState.LISTING, target=PullState.FAILED, by="controller"),
        Step(action="fail", source=PullState.FETCHING, target=PullState.FAILED, by="controller"),
        Step(action="decide", source=PullState.HELD, target=PullState.DONE, by="custodian"),
        Step(action="lapse", source=PullState.HELD, target=PullState.LAPSED, by="controller"),
    ),
    waiting={
        PullState.LISTING: Waiting(owner="controller", days=1, then="the pull fails and the next one begins"),
        PullState.FETCHING: Waiting(owner="controller", days=7, then="the pull fails and the next one goes on"),
        PullState.HELD: Waiting(owner="custodian", days=1, then="the next pull looks again and asks again"),
    },
)

OPEN_PULLS = (PullState.LISTING, PullState.FETCHING)
"""States in which the controller works on a pull."""
