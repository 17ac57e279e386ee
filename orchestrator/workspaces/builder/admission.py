"""What the cluster's admission policies compare with: which images, claims, mounts and volumes are this project's.

All of it is written as annotations of the project's namespace, because that is what a policy can read safely. (A
ConfigMap named as a policy's parameter is read from a copy that the API server stops renewing, until it is restarted,
once no binding has named any for a second: kubernetes/kubernetes issue 130887.)
"""

from __future__ import annotations

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from ..places.model import ClusterLayout, PlacePlan
from .objects import PREFIX, Object
from .storage import claim_names

__all__ = ["CLAIMS", "IMAGES", "SESSION", "allowed", "project_annotations", "session_annotation"]

IMAGES = f"{PREFIX}images"
CLAIMS = f"{PREFIX}claims"
SESSION = f"{PREFIX}session-"


def project_annotations(plan: PlacePlan, layout: ClusterLayout) -> dict[str, str]:
    """Return the images and claims of the project, one a line, sorted."""
    images = sorted({*layout.images, layout.hub_image, layout.agent_image})
    return {IMAGES: "\n".join(images), CLAIMS: "\n".join(claim_names(plan))}


def session_annotation(session_id: str) -> str:
    """Return the name of the annotation that holds one live session's ``allowed`` text.

    Write it before the pod is made (admission may see it a moment late: a refusal then is worth repeating), and take
    it away once the pod has gone.
    """
    return SESSION + check_id(session_id, field="session_id")


def allowed(pod: Object) -> str:
    """Return what a session's pod may be, from the pod as built: sorted lines, fields parted by ``|``.

    ::

        image|IMAGE                      the image of each container
        runtime|CLASS                    the pod's runtime class; empty for the cluster's own
        mount|PATH|VOLUME|SUBPATH|ro     each mount of its container: SUBPATH may be empty; ``ro`` or ``rw``
        volume|VOLUME|claim|NAME|ro      each volume: ``claim`` with the claim's name, ``ro`` or ``rw`` as its
        volume|VOLUME|memory||rw         ``readOnly`` says; ``memory`` for an emptyDir of medium Memory

    A pod is allowed when every image, mount and volume of it, written like this, is one of the lines, and it has no
    volume of another kind. A missing ``readOnly`` is ``rw``, a missing ``subPath`` is empty.
    """
    spec = pod["spec"]
    lines = {_line("runtime", spec.get("runtimeClassName", ""))}
    lines |= {_line("image", each["image"]) for each in spec["containers"]}
    lines |= {_mount_line(mount) for each in spec["containers"] for mount in each["volumeMounts"]}
    lines |= {_volume_line(volume) for volume in spec["volumes"]}
    return "\n".join(sorted(lines))


def _mount_line(mount: Object) -> str:
    return _line("mount", mount["mountPath"], mount["name"], mount.get("subPath", ""), _mode(mount))


def _volume_line(volume: Object) -> str:
    if "emptyDir" in volume:
        return _line("volume", volume["name"], "memory", "", "rw")
    claim = volume["persistentVolumeClaim"]
    return _line("volume", volume["name"], "claim", claim["claimName"], _mode(claim))


def _mode(thing: Object) -> str:
    return "ro" if thing.get("readOnly", False) else "rw"


def _line(*fields: str) -> str:
    for field in fields:
        if "|" in field or "\n" in field:
            raise Invalid(f"“{field[:60]}” cannot be written for the admission policies.", field="mounts")
    return "|".join(fields)
