"""From desired state to Kubernetes objects: pure functions that return plain dictionaries, ready to be applied.

``place_objects`` is what a project keeps while it sleeps, ``part_objects`` what is there while it is awake,
``session_objects`` one person's session. Every object carries its labels and the digest of itself as built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .kernels import kernel_objects, kernel_pod
from .model import SessionPlan
from .networks import ingress, network_policies, services
from .objects import DIGEST, Object, built, digest
from .places import ClusterLayout, PlacePlan
from .pods import agent_deployment, channel_secret, hub_deployment
from .quotas import accounts, bounds, namespace
from .storage import claims, volumes

__all__ = [
    "DIGEST",
    "Object",
    "Told",
    "agent_objects",
    "digest",
    "hub_objects",
    "part_objects",
    "place_objects",
    "session_objects",
    "session_pod",
]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What each part of an awake workspace is told: file name to content, kept in one Secret for each part.

    ``hub``: hub.json; ``gate``: gate.json; ``agent``: agent.json, vault-ca.crt; and for each of them the channel's
    tls.crt, tls.key, ca.crt. A part sees its own files only, below ``/etc/tre`` (the channel's in ``channel/``).
    """

    hub: Mapping[str, str]
    gate: Mapping[str, str]
    agent: Mapping[str, str]


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


def part_objects(plan: PlacePlan, layout: ClusterLayout, told: Told, *, awake: bool = True) -> list[Object]:
    """Return Secrets and Deployments of hub with gate, and of the agent; asleep the Deployments have no replicas."""
    return [
        *hub_objects(plan, layout, hub=told.hub, gate=told.gate, awake=awake),
        *agent_objects(plan, layout, agent=told.agent, awake=awake),
    ]


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


def session_pod(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout) -> Object:
    """Return the researcher's pod ``session-<session_id>``."""
    return built(kernel_pod(plan, session, layout))
