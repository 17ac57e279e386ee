"""What documents must look like: ours are made so, and nothing else of another hub's is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from orchestrator.core.errors import Invalid

from ..sealed import LARGEST_NUMBER
from .model import Kind

__all__ = [
    "SCHEMA",
    "CatalogueItem",
    "Header",
    "Line",
    "Moment",
    "PersonItem",
    "RegisterItem",
    "UsedItem",
    "moment_of",
    "read_document",
]

SCHEMA = "tre-federation/1"
_MOST_ITEMS = 100_000
_LONGEST_PLACE = 100
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z")


def _moment(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        raise ValueError("is no moment in UTC")
    datetime.fromisoformat(text.replace("Z", "+00:00"))
    return text


def _calm(text: str) -> str:
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise ValueError("holds control characters")
    return text


Line = Annotated[str, Field(max_length=500), AfterValidator(_calm)]
Words = Annotated[str, Field(max_length=20_000), AfterValidator(_calm)]
Moment = Annotated[str, AfterValidator(_moment)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z2-7]{15}$")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CatalogueItem(_Shape):
    """One dataset, with its description in the shape of HDR UK 4.0.0 where the document has room for it."""

    dataset: Identifier
    title: Line
    abstract: Words
    custodian: Line
    keywords: Annotated[list[Line], Field(max_length=200)]
    registered: Moment
    description: dict[str, Any] = Field(default_factory=dict)


class UsedItem(_Shape):
    """One dataset in one project."""

    title: Line
    custodian: Line
    since: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    until: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    withdrawn: bool


class RegisterItem(_Shape):
    """One entry of a register, without people."""

    entry: Identifier
    revision: Annotated[int, Field(ge=1)]
    state: Line
    sha256: Digest
    fields: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], Words]
    used: Annotated[list[UsedItem], Field(max_length=1000)]
    files_released: Annotated[int, Field(ge=0)]


class PersonItem(_Shape):
    """One person's standing, under a code that only somebody who knows the person's sign-on can make."""

    person: Digest
    accredited_until: Moment
    trained_until: Moment


class Header(_Shape):
    """What every document says of itself."""

    format: str = Field(alias="schema")
    kind: Kind = Field(strict=False)
    origin: Line
    name: Line
    sequence: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
    issued_at: Moment
    valid_until: Moment
    items: Annotated[list[dict[str, Any]], Field(max_length=_MOST_ITEMS)]

    @property
    def issued(self) -> datetime:
        """When it was sealed."""
        return moment_of(self.issued_at)

    @property
    def ends(self) -> datetime:
        """The first moment at which it does not count any more."""
        return moment_of(self.valid_until)


_ITEMS: Mapping[Kind, type[_Shape]] = {
    Kind.CATALOGUE: CatalogueItem,
    Kind.REGISTER: RegisterItem,
    Kind.PEOPLE: PersonItem,
}

_NAMED: Mapping[Kind, str] = {Kind.CATALOGUE: "dataset", Kind.REGISTER: "entry", Kind.PEOPLE: "person"}


def moment_of(text: str) -> datetime:
    """Return the moment that a document writes."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_document(content: Mapping[str, Any]) -> Header:
    """Return a document whose every part has its shape; raise ``Invalid`` naming the first that has not."""
    try:
        header = Header.model_validate(content)
        if header.format != SCHEMA:
            raise Invalid("This document is of another kind or a newer version than this program knows.", field="file")
        for item in header.items:
            _ITEMS[header.kind].model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = _visible(".".join(str(part) for part in first["loc"]))
        raise Invalid(f"The document cannot be used: {place}: {first['msg']}.", field="file") from error
    _check_named_once(header)
    return header


def _check_named_once(header: Header) -> None:
    """Raise ``Invalid`` for a document that tells two things of one: which of them would count?"""
    seen = set()
    for item in header.items:
        name = item[_NAMED[header.kind]]
        if name in seen:
            raise Invalid(f"The document cannot be used: it names {name} twice.", field="file")
        seen.add(name)


def _visible(place: str) -> str:
    """Return where in a document something is, short: the names of its fields are whatever the hub wrote."""
    return "".join(letter if letter.isprintable() else "·" for letter in place[:_LONGEST_PLACE])
