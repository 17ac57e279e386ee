"""What every Kubernetes object of ours has in common: its name and labels, and the digest that shows drift."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from ..places.model import ClusterLayout, PlacePlan

__all__ = ["CONFIGURATION", "DIGEST", "PREFIX", "Object", "built", "digest", "labels", "made", "secret", "selector"]

Object = dict[str, Any]
PREFIX = "tre.orchestrator/"
DIGEST = f"{PREFIX}digest"
CONFIGURATION = f"{PREFIX}configuration"
"""On a pod template: the digest of what the pod is told, so that it starts again when that changes."""

_COMPONENTS = {"hub": "hub", "gate": "hub", "agent": "agent", "session": "singleuser-server"}
_NAMESPACE = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def labels(plan: PlacePlan, layout: ClusterLayout, part: str) -> dict[str, str]:
    """Return the labels of one object. ``app`` and ``component`` are those of zero-to-jupyterhub."""
    found = {
        "app": "jupyterhub",
        "app.kubernetes.io/managed-by": "tre-controller",
        f"{PREFIX}installation": layout.installation,
        f"{PREFIX}project": check_id(plan.project_id, field="project_id"),
        f"{PREFIX}part": part,
    }
    return found | ({"component": _COMPONENTS[part]} if part in _COMPONENTS else {})


def selector(part: str, **more: str) -> Object:
    """Return the selector of a part's pods; ``session`` narrows it to one session's."""
    chosen = {f"{PREFIX}part": part} | {f"{PREFIX}{name}": value for name, value in more.items()}
    return {"matchLabels": chosen}


def made(kind: str, name: str, plan: PlacePlan, layout: ClusterLayout, *, part: str = "place") -> Object:
    """Return the head of an object in the project's namespace; ``kind`` is such as ``apps/v1/Deployment``."""
    if not _NAMESPACE.fullmatch(plan.name):
        raise Invalid(f"“{plan.name[:70]}” cannot be the name of a namespace.", field="name")
    version, _, word = kind.rpartition("/")
    return {
        "apiVersion": version,
        "kind": word,
        "metadata": {"name": name, "namespace": plan.name, "labels": labels(plan, layout, part)},
    }


def secret(head: Object, files: Mapping[str, str]) -> Object:
    """Return a Secret that holds these files. The content is written as it is stored, so that it can be compared."""
    data = {name: base64.b64encode(text.encode()).decode() for name, text in sorted(files.items())}
    return {**head, "type": "Opaque", "data": data}


def built(thing: Object) -> Object:
    """Return the finished object, annotated with the digest of itself."""
    metadata = thing["metadata"]
    annotations = {**metadata.get("annotations", {}), DIGEST: digest(thing)}
    return {**thing, "metadata": {**metadata, "annotations": annotations}}


def digest(thing: Object) -> str:
    """Return the SHA-256 of an object as built, without the annotation that carries it."""
    metadata = dict(thing["metadata"])
    annotations = {name: value for name, value in metadata.pop("annotations", {}).items() if name != DIGEST}
    plain = {**thing, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
