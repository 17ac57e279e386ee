"""The documents of the API. They name every field they give, so nothing new in a room leaks by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = [
    "CustodianOut",
    "DatasetOut",
    "FileOfVersion",
    "Identifier",
    "In",
    "Limit",
    "Line",
    "MeOut",
    "Offset",
    "Out",
    "Page",
    "Perhaps",
    "Problem",
    "TermsOut",
    "VersionOut",
    "Words",
    "page_of",
]

Item = TypeVar("Item")
Shape = TypeVar("Shape", bound=BaseModel)

Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=200)]


def _clean(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\r\t" for character in text):
        raise ValueError("control characters are not allowed")
    return text


_Clean = AfterValidator(_clean)
Line = Annotated[str, Field(min_length=1, max_length=200), _Clean]
Words = Annotated[str, Field(min_length=1, max_length=20_000), _Clean]
Perhaps = Annotated[str, Field(max_length=4000), _Clean]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z2-7]{15}$")]


class In(BaseModel):
    """A document that comes in: nothing it does not name can be added."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """A document that goes out, read from a value of a room."""

    model_config = ConfigDict(from_attributes=True)


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    reasons: list[str] = []
    field: str = ""


class Page(BaseModel, Generic[Item]):
    """One page of a list; ``next`` is the offset of the following one."""

    items: list[Item]
    total: int
    next: int | None


def page_of(shape: type[Shape], things: Sequence[Any], offset: int, limit: int) -> Page[Shape]:
    """Cut one page out of a list."""
    read: Callable[[Any], Shape] = shape.model_validate
    items = [read(thing) for thing in things[offset : offset + limit]]
    following = offset + limit
    return Page[Any](items=items, total=len(things), next=following if following < len(things) else None)


class CustodianOut(Out):
    """A custodian."""

    custodian_id: str
    name: str


class TermsOut(Out):
    """One version of a custodian's terms."""

    custodian_id: str
    version: int
    text: str
    text_sha256: str
    valid_until: datetime
    checkers_needed: int
    minimum_count: int
    release_signoff: bool
    airlock_pack: str
    evidence: list[str]


class FileOfVersion(Out):
    """One file of a dataset version."""

    path: str
    size: int
    sha256: str


class VersionOut(Out):
    """One immutable version of a dataset."""

    version_id: str
    number: int
    delivery: str
    state: str
    added_at: datetime
    manifest: list[FileOfVersion]
    manifest_sha256: str
    views: list[str]


class DatasetOut(Out):
    """A dataset as the catalogue describes it."""

    dataset_id: str
    custodian_id: str
    name: str
    title: str
    description: dict[str, Any]
    state: str
    registered_at: datetime
    versions: list[VersionOut] = []


class MeOut(BaseModel):
    """Who calls, and what his access hangs on."""

    person_id: str
    name: str
    roles: list[str]
    custodians: list[str]
    standing_failures: list[str]
