"""Documents of the API about entries' versions, imports, endpoints and their pulls."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from orchestrator.discovery.harvest.model import Authentication

from .shapes import Identifier, In, Line, Out, Perhaps, Words

__all__ = [
    "DecideIn",
    "DifferenceOut",
    "EditionOut",
    "EndpointIn",
    "EndpointOut",
    "ImportIn",
    "ImportOut",
    "ItemOut",
    "NewEndpointIn",
    "PullIn",
    "PullOut",
    "StandingOut",
    "WhyIn",
]

_Path = Annotated[str, Field(min_length=1, max_length=200)]


class EditionOut(Out):
    """One version of an entry's description, with what was given."""

    number: int
    version: str
    schema_: str = Field(validation_alias="schema", serialization_alias="schema")
    content_sha256: str
    taken_at: datetime
    original: dict[str, Any]


class DifferenceOut(Out):
    """One value that differs between two versions."""

    path: str
    before: Any
    after: Any


class ImportIn(In):
    """Descriptions of any known schema; in a custodian's name, or as an operator in nobody's."""

    source: Line
    records: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=200)]
    custodian_id: Identifier | None = None
    publisher: Annotated[str, Field(max_length=300)] = ""


class RefusalOut(Out):
    """A record that was not taken, by its place counted from 1."""

    position: int
    sentence: str


class ImportOut(Out):
    """What became of the records."""

    new: int
    changed: int
    unchanged: int
    refused: list[RefusalOut]


class EndpointIn(In):
    """Where a custodian publishes its catalogue."""

    name: Line
    address: Annotated[str, Field(min_length=1, max_length=500)]
    datasets_path: _Path = "/datasets"
    dataset_path: _Path = "/datasets/{id}"
    authentication: Authentication = Authentication.NONE
    secret_name: Annotated[str, Field(max_length=60)] = ""
    hour: Annotated[int, Field(ge=0, le=23)] = 2
    minute: Annotated[int, Field(ge=0, le=59)] = 0


class NewEndpointIn(EndpointIn):
    """An endpoint to register, in a custodian's name."""

    custodian_id: Identifier


class EndpointOut(Out):
    """An endpoint; the secret is never given, only its name."""

    endpoint_id: str
    custodian_id: str
    name: str
    address: str
    datasets_path: str
    dataset_path: str
    authentication: str
    secret_name: str
    hour: int
    minute: int
    state: str
    due_at: datetime | None
    last_success_at: datetime | None
    trouble: str


class PullOut(Out):
    """One pull: how far it is, what it took, what is to be said of it."""

    pull_id: str
    endpoint_id: str
    kind: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    total: int | None
    listed: int
    complete: bool
    taken: int
    unchanged: int
    skipped: int
    pending: int
    missing: int
    trouble: str
    remarks: list[str]


class StandingOut(Out):
    """An endpoint with the number and age of what came from it."""

    endpoint: EndpointOut
    entries: int
    missing: int
    age_days: int | None
    stale: bool
    last_pull: PullOut | None


class ItemOut(Out):
    """A dataset that a pull could not take, with the reason."""

    persistent_id: str
    version: str
    problem: str


class PullIn(In):
    """``thorough``: ask for every record, also for those whose version is known."""

    thorough: bool = False


class DecideIn(In):
    """Whether what a list no longer names is gone."""

    gone: bool
    reason: Words


class WhyIn(In):
    """A reason, shown to the people concerned."""

    reason: Perhaps
