"""The names behind the identifiers in the audit log, as far as its reader may see what they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from orchestrator.core.errors import NotFound, Refused
from orchestrator.policy.model import SITE

from .visits import Visit

__all__ = ["names_for"]


def names_for(visit: Visit) -> Callable[[str], str]:
    """Return what finds the name behind “project:…”, “dataset:…” and their like; nothing where he may not see it."""

    @cache
    def name(thing: str) -> str:
        kind, _, identifier = thing.partition(":")
        find = _FINDERS.get(kind)
        if find is None:
            return ""
        try:
            return find(visit, identifier)
        except (NotFound, Refused):
            return ""

    return name


def _person(visit: Visit, person_id: str) -> str:
    visit.house.policy.check(visit.actor, "showPeople", SITE)
    return visit.house.identity.person(person_id).name


def _role(visit: Visit, holding_id: str) -> str:
    holding = visit.house.identity.holding(holding_id)
    return f"{_person(visit, holding.person_id)}, {holding.role.value}"


def _custodian(visit: Visit, custodian_id: str) -> str:
    return visit.house.alliance.custodian(custodian_id).name


def _project(visit: Visit, project_id: str) -> str:
    return visit.house.access.project(visit.actor, project_id).title


def _application(visit: Visit, application_id: str) -> str:
    return visit.house.access.application(visit.actor, application_id).answers.title


def _dataset(visit: Visit, dataset_id: str) -> str:
    return visit.house.discovery.dataset(dataset_id).title


def _version(visit: Visit, version_id: str) -> str:
    version = visit.house.discovery.version(version_id)
    return f"{_dataset(visit, version.dataset_id)}, version {version.number}"


_FINDERS: Mapping[str, Callable[[Visit, str], str]] = {
    "application": _application,
    "custodian": _custodian,
    "dataset": _dataset,
    "person": _person,
    "project": _project,
    "role": _role,
    "version": _version,
}
