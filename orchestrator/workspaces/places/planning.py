"""Plans a project's place from the record and from what the installation decides about places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from orchestrator.access.model import Project
from orchestrator.audit.record import Record
from orchestrator.core.errors import Invalid

from . import store
from .model import PlacePlan, Profile, VolumePlan
from .store import PlaceRow

__all__ = ["KnownProjects", "Planner", "Terms"]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the installation decides about places: profiles, host names, volumes, how long work is kept."""

    profiles: Mapping[str, Profile]
    """By name; the first is what a project has until an operator chooses another."""
    host: Callable[[str], str]
    volumes: Callable[[str], tuple[VolumePlan, ...]] = lambda _project_id: ()
    work_kept: timedelta = timedelta(days=90)


class KnownProjects(Protocol):
    """What is asked of the access room."""

    def project_record(self, project_id: str) -> Project: ...


class Planner:
    """The one way to a plan, for whoever makes places and for whoever works in them."""

    def __init__(self, *, record: Record, access: KnownProjects, terms: Terms) -> None:
        self._record = record
        self._access = access
        self.terms = terms

    def place_of(self, project_id: str) -> PlacePlan:
        """Return the plan of a project whose place was made; ``NotFound`` before that."""
        with self._record.read() as session:
            row = store.known_place(session, project_id)
        return self.plan(self._access.project_record(project_id), row)

    def plan(self, project: Project, row: PlaceRow) -> PlacePlan:
        """Return what the place should hold now; ``Invalid`` when its profile is no longer among the settings."""
        if row.profile and row.profile not in self.terms.profiles:
            raise Invalid(
                f"The profile “{row.profile}” is no longer among the settings; choose one with “tre workspace "
                "profile”.",
                field="profile",
            )
        return self._with(project, row, self.terms.profiles[row.profile or next(iter(self.terms.profiles))])

    def last(self, project: Project, row: PlaceRow, *, keep_work: bool) -> PlacePlan:
        """Return the plan by which a place is removed, whatever became of its profile."""
        return self._with(project, row, next(iter(self.terms.profiles.values())), keep_work=keep_work)

    def _with(self, project: Project, row: PlaceRow, profile: Profile, *, keep_work: bool = True) -> PlacePlan:
        return PlacePlan(
            project_id=project.project_id,
            name=row.name,
            title=project.title,
            host=self.terms.host(project.project_id),
            profile=profile,
            volumes=self.terms.volumes(project.project_id),
            keep_work=keep_work,
        )
