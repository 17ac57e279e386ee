"""Puts a project's objects together, in the order in which they are to be made.

``place_objects`` is what a project keeps while it sleeps, ``hub_objects`` and ``agent_objects`` what is there while
it is awake, ``session_objects`` one person's session. Every object carries its labels and the digest of itself as
built.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model import SessionPlan
from ..places.model import ClusterLayout, PlacePlan
from .kernels import kernel_objects
from .networks import ingress, network_policies, services
from .objects import Object, built
from .pods import agent_deployment, channel_secret, hub_deployment
from .quotas import accounts, bounds, namespace
from .storage import claims, volumes

__all__ = ["agent_objects", "hub_objects", "place_objects", "session_objects"]


def place_objects(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return all that stays while nobody works, in the order in which it is to be made: walls before doors."""
    found = [
        namespace(plan, layout),
        *network_policies(plan, layout),
        *bounds(plan, layout),
        *accounts(plan, layout),
        *services(plan, layout),
        *ingress(plan, layout),
        *volumes(plan, layout),
        *claims(plan, layout),
    ]
    return [built(thing) for thing in found]


def hub_objects(
    plan: PlacePlan, layout: ClusterLayout, *, hub: Mapping[str, str], gate: Mapping[str, str], awake: bool = True
) -> list[Object]:
    """Return the Secrets and the Deployment of hub and gate; each of them is told its own files."""
    found = [
        channel_secret("hub", plan, layout, hub),
        channel_secret("gate", plan, layout, gate),
        hub_deployment(plan, layout, hub=hub, gate=gate, replicas=1 if awake else 0),
    ]
    return [built(thing) for thing in found]


def agent_objects(
    plan: PlacePlan, layout: ClusterLayout, *, agent: Mapping[str, str], awake: bool = True
) -> list[Object]:
    """Return the Secret and the Deployment of the dataset agent."""
    found = [
        channel_secret("agent", plan, layout, agent),
        agent_deployment(plan, layout, agent=agent, replicas=1 if awake else 0),
    ]
    return [built(thing) for thing in found]


def session_objects(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout, *, authority: str) -> list[Object]:
    """Return one session's Secret, its network policies where it has databases, and last its pod.

    ``authority`` is the certificate, as PEM, by which the session knows the airlock's intake.
    """
    return [built(thing) for thing in kernel_objects(plan, session, layout, authority=authority)]
