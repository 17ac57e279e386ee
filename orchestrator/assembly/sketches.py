"""Puts sketches together: the controller makes them when data arrive, the airlock compares results with them."""

from __future__ import annotations

from orchestrator.adapters.sketch_store import SketchFolder
from orchestrator.adapters.sketching import ProjectSketches, SketchMaker
from orchestrator.airlock.sketches.ports import SketchKeys
from orchestrator.settings import Settings

from .house import House

__all__ = ["open_project_sketches", "open_sketch_maker"]


def open_sketch_maker(settings: Settings, keys: SketchKeys) -> SketchMaker:
    """Return what makes sketches, with the controller's way to the Vault."""
    return SketchMaker(keys, SketchFolder(settings.state / "sketches"))


def open_project_sketches(house: House, keys: SketchKeys) -> ProjectSketches:
    """Return the sketches of what projects hold or held, with the airlock's way to the Vault.

    Versions that were granted once count for good: what was copied from them may still lie in the project.
    """

    def versions_of(project_id: str) -> list[tuple[str, str]]:
        grants = house.access.project_record(project_id).grants
        return sorted({(house.discovery.dataset(grant.dataset_id).name, grant.version_id) for grant in grants})

    return ProjectSketches(keys, SketchFolder(house.settings.state / "sketches"), versions_of)
