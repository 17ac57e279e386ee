"""The researcher's pod: what it mounts, what it is told, and where it runs. Nothing in it is chosen by the hub."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from orchestrator.core.errors import Invalid
from orchestrator.core.events import Json
from orchestrator.core.ids import check_id

from ..model import Mount, SessionPlan
from ..places.model import ClusterLayout, PlacePlan
from .networks import KERNEL_PORT, relay_policies
from .objects import PREFIX, Object, made, secret, selector
from .pods import container, memory_volume, pod_head, resources, startup_probe
from .storage import claim_names, keeps_one_node

__all__ = ["kernel_objects", "kernel_pod"]

_USER = 1000
_HOME = "/home/researcher"
_SERVER = ("/opt/workspace/bin/python", "-m", "jupyterhub.singleuser")
_REPLAY = ("/opt/workspace/bin/python", "-I", "/opt/tre/lib/client.py", "replay")
_AIRLOCK = "airlock.tre.internal"
_PASSED_ON = ("JUPYTERHUB_", "JPY_", "MEM_", "CPU_")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS", "POLARS_MAX_THREADS")
_FOLDER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def kernel_objects(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout, *, authority: str) -> list[Object]:
    """Return one session's Secret, the way to its databases' relays, and last its pod."""
    head = _head("v1/Secret", plan, session, layout)
    told = {**secret(head, _environment(plan, session, layout, authority)), "immutable": True}
    policies = relay_policies(plan, layout, session.session_id, session.relays)
    return [told, *policies, kernel_pod(plan, session, layout)]


def kernel_pod(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout) -> Object:
    """Return the pod ``session-<session_id>``: one container, run once, its secrets from the Secret of that name."""
    profile = plan.profile
    if profile.image not in layout.images:
        raise Invalid(f"The image {profile.image[:120]} is not on the installation's list.", field="profile.image")
    head = _head("v1/Pod", plan, session, layout)
    head["metadata"]["labels"]["hub.jupyter.org/username"] = check_id(session.person_id, field="person_id")
    spec = {
        **pod_head("session", user=_USER),
        **_scheduling(plan, layout),
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "hostname": "workspace",
        "containers": [_kernel(plan, session, layout)],
        "volumes": _volumes(plan, session),
    }
    return {**head, "spec": spec}


def _head(kind: str, plan: PlacePlan, session: SessionPlan, layout: ClusterLayout) -> Object:
    if session.project_id != plan.project_id:
        raise Invalid("A session can only be put into its own project's place.", field="project_id")
    name = f"session-{check_id(session.session_id, field='session_id')}"
    head = made(kind, name, plan, layout, part="session")
    head["metadata"]["labels"][f"{PREFIX}session"] = session.session_id
    return head


def _kernel(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout) -> Object:
    profile = plan.profile
    listens = {
        "ports": [{"name": "notebook-port", "containerPort": KERNEL_PORT, "protocol": "TCP"}],
        "startupProbe": startup_probe(KERNEL_PORT, seconds=180),
    }
    return {
        **container("notebook", profile.image, layout),
        "command": ["/opt/tre/bin/tre-session"],
        "envFrom": [{"secretRef": {"name": f"session-{session.session_id}"}}],
        **({} if session.replay else listens),
        "resources": resources(
            cpus=(min(profile.cpu_guarantee, profile.cpus), profile.cpus),
            memory_mib=(profile.memory_mib, profile.memory_mib),
            extra=profile.extra_resources,
        ),
        "volumeMounts": _mounts(session),
    }


def _environment(plan: PlacePlan, session: SessionPlan, layout: ClusterLayout, authority: str) -> dict[str, str]:
    """Return what the session is told: the hub's own variables, its share of processors, and what to run."""
    passed = {name: value for name, value in session.environment.items() if name.startswith(_PASSED_ON)}
    for name in passed:
        if not _VARIABLE.fullmatch(name):
            raise Invalid(f"“{name[:40]}” cannot be the name of a variable.", field="environment")
    # libraries count the node's processors, not the session's share
    threads = dict.fromkeys(_THREADS, str(max(1, math.ceil(plan.profile.cpus))))
    program = {
        "links": [_intake(session, layout, authority), *(_database(*each) for each in sorted(session.relays.items()))],
        "folders": [] if session.replay else [f"{_HOME}/outbox"],
        "command": [*_REPLAY] if session.replay else [*_SERVER, *session.arguments],
    }
    own = {"JUPYTER_RUNTIME_DIR": "/tmp/jupyter", "TRE_SESSION": json.dumps(program, sort_keys=True)}  # noqa: S108
    return {**passed, **threads, **own}


def _intake(session: SessionPlan, layout: ClusterLayout, authority: str) -> dict[str, Json]:
    """Return the way to the airlock; ``authority`` is the certificate itself, so that no file has to be mounted."""
    known: dict[str, Json] = {"tls": True, "authority": authority, "name": _AIRLOCK, "secret": session.intake_secret}
    return {"socket": "/run/tre/intake/intake.sock", **_reached(layout.intake_address), **known}


def _database(name: str, address: str) -> dict[str, Json]:
    return {"socket": f"/run/tre/databases/{_folder(name)}/.s.PGSQL.5432", **_reached(address)}


def _reached(address: str) -> dict[str, Json]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise Invalid(f"“{address[:60]}” is not written as host:port.", field="address")
    return {"host": host.strip("[]"), "port": int(port)}


def _mounts(session: SessionPlan) -> list[Object]:
    names = [mount.name for mount in session.mounts]
    if len(set(names)) != len(names):
        raise Invalid("Two datasets of one session have the same folder name; give each its own.", field="mounts")
    home = f"homes/{check_id(session.person_id, field='person_id')}"
    own = [
        {"name": "work", "mountPath": _HOME, "subPath": home},
        {"name": "work", "mountPath": "/shared", "subPath": "shared"},
    ]
    return [
        *([{"name": "home", "mountPath": _HOME}] if session.replay else own),
        *[_dataset(mount) for mount in sorted(session.mounts, key=lambda mount: mount.name)],
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own memory
        {"name": "run", "mountPath": "/run/tre"},
        {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - the same
    ]


def _dataset(mount: Mount) -> Object:
    place, version_id = _source(mount)
    seen = {"name": place, "mountPath": f"/data/{_folder(mount.name)}", "readOnly": True}
    return seen | ({"subPath": version_id} if place == "data" else {})


def _volumes(plan: PlacePlan, session: SessionPlan) -> list[Object]:
    datasets = sorted({_source(mount)[0] for mount in session.mounts})
    if unknown := set(datasets) - set(claim_names(plan)):
        raise Invalid(f"The place has no claim {', '.join(sorted(unknown))}; provision it first.", field="mounts")
    memory = plan.profile.memory_mib
    work = {"name": "work", "persistentVolumeClaim": {"claimName": "work"}}
    return [
        memory_volume("home", memory // 2) if session.replay else work,
        *[{"name": name, "persistentVolumeClaim": {"claimName": name, "readOnly": True}} for name in datasets],
        memory_volume("tmp", memory // 2),
        memory_volume("run", 16),
        memory_volume("shm", memory // 2),
    ]


def _source(mount: Mount) -> tuple[str, str]:
    """Return the claim a dataset lies in and its version, from a source such as ``/data/VERSION``."""
    _, kind, version_id = (*mount.source.parts, "", "", "")[:3]
    if len(mount.source.parts) != 3 or kind not in {"data", "volumes"}:
        raise Invalid(
            f"A session cannot mount {str(mount.source)[:80]}: it is no place of this project.", field="mounts"
        )
    check_id(version_id, field="mounts")
    return ("data", version_id) if kind == "data" else (f"volume-{version_id}", version_id)


def _folder(name: str) -> str:
    if len(name) > 63 or not _FOLDER.fullmatch(name):
        raise Invalid(f"“{name[:40]}” cannot be the name of a folder.", field="mounts")
    return name


def _scheduling(plan: PlacePlan, layout: ClusterLayout) -> Object:
    """Return where the session may run: as its profile says, and beside the agent where storage cannot be shared."""
    profile = plan.profile
    words: Mapping[str, object] = {
        "nodeSelector": dict(sorted(profile.node_selector.items())),
        "tolerations": [dict(each) for each in profile.tolerations],
        "runtimeClassName": profile.runtime_class,
        "priorityClassName": profile.priority_class,
    }
    found: Object = {word: value for word, value in words.items() if value}
    if keeps_one_node(layout):
        beside = {"labelSelector": selector("agent"), "topologyKey": "kubernetes.io/hostname"}
        found["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [beside]}}
    return found
