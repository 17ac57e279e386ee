"""What is asked of the access rules and what they answer: an actor, a thing, a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

__all__ = ["SITE", "Actor", "Attribute", "Decision", "Effect", "Rule", "Thing"]

Attribute: TypeAlias = bool | int | str | frozenset[str]
"""What a thing may tell the rules about itself."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person who asks, as he is now: his roles in force, the custodians he speaks for, how he signed on."""

    person_id: str
    roles: frozenset[str] = frozenset()
    custodians: frozenset[str] = frozenset()
    active: bool
    second_factor: bool


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What the actor wants to act on: a kind and the attributes that the schema declares for it, all of them."""

    kind: str
    id: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


SITE = Thing(kind="Site", id="site")
"""The installation itself: for actions that have no thing yet, such as registering a person."""


class Effect(StrEnum):
    """What a rule does when it applies."""

    PERMIT = "permit"
    FORBID = "forbid"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One Cedar policy, as people may read it. ``actions`` is empty for a rule about every action."""

    id: str
    effect: Effect
    reason: str
    actions: frozenset[str]
    file: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer: only ``allowed`` counts; the rest says why.

    ``reasons`` are sentences for the person (empty when allowed), ``policies`` the identifiers of the rules that
    decided, ``digest`` the SHA-256 of the whole rule set, ``incident`` whether the rules themselves failed.
    """

    allowed: bool
    reasons: tuple[str, ...]
    policies: tuple[str, ...]
    digest: str
    incident: bool = False
