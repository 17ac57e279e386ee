"""All parts of an awake workspace at once, as tests look at them; the product makes hub and agent one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.workspaces.builder import agent_objects, hub_objects, session_objects
from orchestrator.workspaces.builder.objects import Object
from orchestrator.workspaces.model import SessionPlan
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan

__all__ = ["Told", "part_objects", "session_pod"]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What each part is told: file name to content."""

    hub: Mapping[str, str]
    gate: Mapping[str, str]
    agent: Mapping[str, str]


def part_objects(plan: PlacePlan, layout: ClusterLayout, told: Told, *, awake: bool = True) -> list[Object]:
    """Return Secrets and Deployments of hub with gate, and of the agent."""
    return [
        *hub_objects(plan, layout, hub=told.hub, gate=told.gate, awake=awake),
        *agent_objects(plan, layout, agent=told.agent, awake=awake),
    ]


def session_pod(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout) -> Object:
    """Return the researcher's pod, which comes last of a session's objects."""
    return session_objects(plan, session, layout, authority="")[-1]
