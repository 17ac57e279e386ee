"""A declared purpose, the answers to it, and the strictest rules of a project with who set them, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.alliance.uses.model import Assessment, Purpose

__all__ = ["Assessed", "DeclaredPurpose", "EffectiveRule", "EffectiveRules", "Setter"]


@dataclass(frozen=True, kw_only=True)
class DeclaredPurpose:
    """One version of what an application wants data for: never changed, only followed by the next."""

    application_id: str
    version: int
    purpose: Purpose
    declared_by: str
    declared_at: datetime


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """What the terms of one dataset say to an application's purpose."""

    dataset_id: str
    title: str
    custodian_id: str
    assessment: Assessment


@dataclass(frozen=True, kw_only=True)
class Setter:
    """Whose terms set a rule, and for which datasets."""

    custodian_id: str
    custodian: str
    datasets: tuple[str, ...]
    """Their titles; empty where the rule is one of the custodian's terms as a whole."""


@dataclass(frozen=True, kw_only=True)
class EffectiveRule:
    """One rule as it holds in a project. ``rule`` is a stable word, ``value`` for programs, ``says`` for people."""

    rule: str
    value: str
    says: str
    set_by: tuple[Setter, ...]
    trouble: str = ""
    """Why nothing can keep it, or what is missing; empty where all is well."""


@dataclass(frozen=True, kw_only=True)
class EffectiveRules:
    """The strictest rules over a project's datasets. ``silent`` are the titles of those without terms of use."""

    project_id: str
    at: datetime
    rules: tuple[EffectiveRule, ...]
    silent: tuple[str, ...] = ()
