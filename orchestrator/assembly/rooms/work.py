"""Where work is done: what every project's workspace should be, and its place on a cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.settings import Settings
from orchestrator.workspaces.places.service import Choice, PlaceService
from orchestrator.workspaces.service import Numbers, WorkspaceService

from .ground import Ground
from .people import People
from .requests import Requests

__all__ = ["Work", "open_work"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """The rooms of workspaces, as far as portal and command line have them: without what runs any."""

    workspaces: WorkspaceService
    places: PlaceService
    numbers: Numbers


def open_work(ground: Ground, people: People, requests: Requests) -> Work:
    """Open them; nothing is started."""
    settings, record, policy = ground.settings, ground.record, ground.policy
    access, as_now, numbers = requests.access, people.identity.as_now, _numbers(settings)
    return Work(
        workspaces=WorkspaceService(record=record, policy=policy, access=access, numbers=numbers, as_now=as_now),
        places=PlaceService(
            record=record,
            policy=policy,
            access=access,
            profiles=_choices(settings),
            as_now=as_now,
        ),
        numbers=numbers,
    )


def _choices(settings: Settings) -> list[Choice]:
    cluster = settings.kubernetes
    if cluster is None:
        return []
    return [
        Choice(
            name=name,
            display_name=one.display_name,
            cpus=one.cpus,
            memory_mib=one.memory_mib,
            devices=", ".join(f"{device}: {count}" for device, count in sorted(one.extra_resources.items())),
        )
        for name, one in sorted(cluster.profiles.items(), key=lambda each: (each[0] != cluster.default_profile, each))
    ]


def _numbers(settings: Settings) -> Numbers:
    chosen, cluster = settings.workspaces, settings.kubernetes
    numbers = Numbers(
        first_port=chosen.first_port, last_port=chosen.last_port, first_user_number=chosen.first_user_number
    )
    if chosen.backend != "kubernetes" or cluster is None:
        return numbers
    port = f":{cluster.public_port}" if cluster.public_port else ""
    return replace(numbers, address=f"{cluster.scheme}://{cluster.workspace_host}{port}")
