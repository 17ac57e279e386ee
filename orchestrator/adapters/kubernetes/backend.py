"""The workspace backend of a cluster: a pod with hub and gate for each awake project, a pod for each session.

What is there is read from the mirror, which the API server keeps up to date; nothing is remembered here. Whoever makes
the namespace itself, and puts it back, is the place's adapter (``places.py``); a project's agent is ``agents.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.adapters.meter_readings import newly_counted
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, Unavailable
from orchestrator.workspaces.builder import session_objects
from orchestrator.workspaces.builder.objects import PREFIX, Object
from orchestrator.workspaces.model import (
    Admission,
    SeenSession,
    SeenWorkspace,
    SessionPlan,
    SessionState,
    WorkspacePlan,
)
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan

from .cluster import Cluster
from .gate_client import call_gate
from .hub_part import HubPart
from .kinds import DEPLOYMENT, NETWORK_POLICY, POD, SECRET, Kind
from .parts import Parts
from .pods import address, alive, ready, seen_session, trouble
from .session_list import SessionList
from .watching import Mirror

__all__ = ["HUB_UID", "KubernetesBackend"]

HUB_UID = f"{PREFIX}hub"
"""On a session's pod: the uid of the hub's pod that it was started for. A new hub does not know it."""

_GONE_SECONDS = 20.0
_GRACE_SECONDS = 3
_ADMISSION_SECONDS = 5.0
_LOOK_SECONDS = 0.1


class KubernetesBackend:
    """Implements ``WorkspaceBackend``; ``place_of`` gives the place that the record holds for a project."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        mirror: Mirror,
        layout: ClusterLayout,
        parts: Parts,
        place_of: Callable[[str], PlacePlan],
        readings: Path,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``readings`` is a directory of this machine for what gates had counted when they were last asked."""
        self._cluster = cluster
        self._mirror = mirror
        self._layout = layout
        self._parts = parts
        self._place_of = place_of
        self._readings = readings
        self._monotonic = monotonic
        self._sessions = SessionList(cluster, mirror)
        self._hubs = HubPart(parts, mirror, layout)

    def wake(self, plan: WorkspacePlan) -> bool:
        """Make hub and gate run as planned; False while they are still starting."""
        self._mirror.check()
        place = self._made(plan.project_id)
        self._hubs.bring(place, plan)
        pod = self._hub(place)
        if pod is None:
            return False
        if problem := trouble(pod):
            raise Unavailable(problem, system="kubernetes")
        return ready(pod) and self._gate_answers(plan.project_id, pod)

    def admit(self, admission: Admission) -> None:
        """Give the gate its list; sockets of people who are no longer on it are closed before this returns."""
        people = {person: iso(until) for person, until in admission.people.items()}
        body = {"people": people, "generation": time.time_ns() // 1_000_000}
        self._ask_gate(admission.project_id, "PUT", "/admission", body)

    def start_session(self, plan: SessionPlan) -> None:
        """Have the session's pod made. Repeatable: a pod that is there already is the one that was asked for."""
        self._mirror.check()
        place = self._place_of(plan.project_id)
        hub = self._hub(place)
        if hub is None:
            raise Unavailable("The workspace's hub is not there; try again in a moment.", system="kubernetes")
        *others, pod = session_objects(place, plan, self._layout, authority=self._parts.authority)
        pod["metadata"]["annotations"][HUB_UID] = hub["metadata"]["uid"]
        if self._mirror.get(POD, pod["metadata"]["name"], place.name) is not None:
            return
        self._sessions.add(place, plan.session_id, pod)
        for thing in others:
            self._mirror.wrote(self._cluster.apply(thing))
        self._mirror.wrote(self._sessions.admitted(pod, deadline=self._monotonic() + _ADMISSION_SECONDS))

    def session(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session; ``NotFound`` when the cluster has nothing of it."""
        self._mirror.check()
        place = self._place_of(project_id)
        pod = self._mirror.get(POD, _name(session_id), place.name)
        if pod is None:
            raise NotFound("There is no such session in the cluster.")
        hub = self._hub(place)
        made_for = pod["metadata"].get("annotations", {}).get(HUB_UID)
        if hub is not None and made_for != hub["metadata"]["uid"]:
            words = "The workspace's hub was moved, so this session ended; what was saved is kept. Start it again."
            return SeenSession(session_id=session_id, state=SessionState.ENDED, trouble=words, reason="hub-lost")
        return seen_session(session_id, pod)

    def stop_session(self, project_id: str, session_id: str) -> None:
        """Close the session's ways, end its pod and wait until it is gone; then its Secret goes. Homes are kept.

        Its ways are openings in what is closed otherwise, so they go first: also when the pod cannot be ended.
        """
        place = self._place_of(project_id)
        name = _name(session_id)
        for way in (name, f"relay-{session_id}"):
            self._take_away(NETWORK_POLICY, way, place)
        self._end_pod(place, name)
        self._take_away(SECRET, name, place)
        self._sessions.drop(place, session_id)

    def observe(self) -> list[SeenWorkspace]:
        """List every project of which a hub or a session is in the cluster, wanted or not."""
        self._mirror.check()
        seen: dict[str, list[Object]] = {}
        for pod in self._mirror.list(POD):
            labels = pod["metadata"]["labels"]
            if labels.get(f"{PREFIX}part") in {"hub", "session"} and labels.get(f"{PREFIX}project"):
                seen.setdefault(labels[f"{PREFIX}project"], []).append(pod)
        for deployment in self._mirror.list(DEPLOYMENT):
            if deployment["metadata"]["name"] == "hub" and deployment["spec"].get("replicas", 1):
                seen.setdefault(deployment["metadata"]["labels"][f"{PREFIX}project"], [])
        return [_workspace(project, pods) for project, pods in sorted(seen.items())]

    def sleep(self, project_id: str) -> None:
        """End the sessions' pods, then hub and gate, and wait until none is left; homes and shared folder are kept."""
        self._mirror.check()
        try:
            place = self._place_of(project_id)
        except NotFound:
            return  # nothing was ever made for it
        for pod in self._mirror.list(POD, place.name):
            session = pod["metadata"]["labels"].get(f"{PREFIX}session")
            if session:
                self.stop_session(project_id, session)
        self._hubs.end(place)
        self._sessions.clear(place)

    def environment(self, project_id: str) -> str:
        """Return the image, by its digest, that the project's profile runs."""
        return self._place_of(project_id).profile.image

    def bytes_to_browser(self, project_id: str) -> dict[str, int]:
        """Return, per person, the bytes that left through the gate since it was last asked."""
        report = self._ask_gate(project_id, "GET", "/meter")
        self._readings.mkdir(parents=True, exist_ok=True)
        return newly_counted(self._readings / f"{self._place_of(project_id).name}.json", report)

    def _made(self, project_id: str) -> PlacePlan:
        try:
            return self._place_of(project_id)
        except NotFound as error:
            raise Unavailable(
                "The project's place in the cluster is being made; this takes a moment.", system="kubernetes"
            ) from error

    def _hub(self, place: PlacePlan) -> Object | None:
        """Return the hub's pod that lives, if there is one."""
        found = [
            pod
            for pod in self._mirror.list(POD, place.name)
            if pod["metadata"]["labels"].get(f"{PREFIX}part") == "hub" and alive(pod)
        ]
        return found[0] if found else None

    def _gate_answers(self, project_id: str, pod: Object) -> bool:
        try:
            call_gate(address(pod), self._parts.channel, project_id, "GET", "/health")
        except Unavailable:
            return False
        return True

    def _ask_gate(
        self, project_id: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        pod = self._hub(self._place_of(project_id))
        if pod is None or not address(pod):
            raise Unavailable("The workspace's gate is not there; it is started again.", system="gate")
        answer: dict[str, Any] = call_gate(address(pod), self._parts.channel, project_id, method, path, body)
        return answer

    def _take_away(self, kind: Kind, name: str, place: PlacePlan) -> None:
        if self._mirror.get(kind, name, place.name) is not None:
            self._cluster.delete(kind, name, place.name)

    def _end_pod(self, place: PlacePlan, name: str) -> None:
        """Ask for a pod's end and wait for it; asked of the API server itself, because an old picture may lack it."""
        pod = self._cluster.get(POD, name, place.name)
        end, asked = self._monotonic() + _GONE_SECONDS, ""
        while pod is not None:
            uid = pod["metadata"]["uid"]
            if uid != asked and not self._cluster.delete(POD, name, place.name, uid=uid, grace_seconds=_GRACE_SECONDS):
                return
            asked = uid
            time.sleep(_LOOK_SECONDS)
            if self._monotonic() > end:
                raise Unavailable(
                    f"The pod {name} has not ended: its node may be away. It is asked for again.", system="kubernetes"
                )
            pod = self._cluster.get(POD, name, place.name)


def _name(session_id: str) -> str:
    return f"session-{session_id}"


def _workspace(project_id: str, pods: list[Object]) -> SeenWorkspace:
    hub = [pod for pod in pods if pod["metadata"]["labels"][f"{PREFIX}part"] == "hub"]
    sessions = {
        pod["metadata"]["labels"].get(f"{PREFIX}session", ""): pod
        for pod in pods
        if pod["metadata"]["labels"][f"{PREFIX}part"] == "session"
    }
    answers = any(ready(pod) for pod in hub)
    return SeenWorkspace(
        project_id=project_id,
        hub=answers,
        gate=answers,
        sessions=tuple(seen_session(session, pod) for session, pod in sorted(sessions.items()) if session),
    )
