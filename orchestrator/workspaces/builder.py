"""From desired state to Kubernetes objects: pure functions that return plain dictionaries, ready to be applied.

``place_objects`` is what a project keeps while it sleeps, ``part_objects`` what is there while it is awake,
``session_objects`` one person's session. Every object carries its labels and the digest of itself as built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import SessionPlan
from .places import ClusterLayout, PlacePlan

__all__ = [
    "DIGEST",
    "Object",
    "Told",
    "admission_parameters",
    "digest",
    "part_objects",
    "place_objects",
    "session_objects",
    "session_pod",
]

Object = dict[str, Any]
DIGEST = "tre.orchestrator/digest"


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
    """Return all that stays while nobody works, in the order in which it is to be made: the namespace first."""
    raise NotImplementedError


def part_objects(plan: PlacePlan, layout: ClusterLayout, told: Told, *, awake: bool = True) -> list[Object]:
    """Return Secrets and Deployments of hub with gate, and of the agent; asleep: without Secrets, no replicas."""
    raise NotImplementedError


def session_objects(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout) -> list[Object]:
    """Return one session's Secret, its network policies where it has databases, and last its pod."""
    raise NotImplementedError


def session_pod(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout) -> Object:
    """Return the researcher's pod ``session-<session_id>``."""
    raise NotImplementedError


def admission_parameters(plan: PlacePlan, layout: ClusterLayout, sessions: Sequence[SessionPlan]) -> Object:
    """Return the ConfigMap ``admission``, with which the cluster's admission policies compare every pod.

    ``data.images``: every image that may run, one a line, sorted. ``data.claims``: every claim that may be mounted,
    one a line, sorted. For each live session ``data.session-<session_id>``: sorted lines of three kinds, fields parted
    by ``|``, which no field can contain::

        image|IMAGE                          the one image of its containers
        mount|PATH|VOLUME|SUBPATH|ro         every mount of its container; SUBPATH may be empty; ro or rw
        volume|VOLUME|KIND|NAME|ro           every volume: KIND is claim, emptyDir or secret; NAME that of the claim
                                             or Secret, empty for emptyDir; ro or rw (``readOnly`` of the claim)

    A pod is allowed when each of its images, mounts and volumes, written like this, is one of the lines.
    """
    raise NotImplementedError


def digest(thing: Object) -> str:
    """Return the SHA-256 of an object as built, without the annotation that carries it."""
    raise NotImplementedError
