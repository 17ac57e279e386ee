"""Dataset agents in pods of their own: started and ended through the cluster, spoken to over the private channel.

Before an agent may run, the claim that it unseals into is marked: clear data are *possible* in it. The mark goes only
after an agent has said that the volume is *empty* and its pod is gone, so what a killed agent left is never forgotten:
the next agent wipes the volume when it starts, whatever it was started for.

Keys of an object store end by themselves and cannot be taken back. So an agent that may hold living ones for a version
that is withdrawn loses its pod at once, and with it its memory and its network (``agent_keys``).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.core.errors import NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import check_id
from orchestrator.credentials.model import AgentIdentity, Lease, ObjectVersion, SealedVersion
from orchestrator.credentials.ports import Source

from ..agent_control import AgentControl
from ..channel import Channel, Peer, call
from .agent_keys import StoreKeys
from .agent_pods import AgentPods
from .cluster import Cluster
from .kinds import DEPLOYMENT, PERSISTENT_VOLUME_CLAIM, SECRET

__all__ = ["UNSEALED", "ClusterAgents"]

UNSEALED = "data.tre.orchestrator/unsealed"
"""Label of the claim ``data`` while clear data may lie in it (``possible``) or just did (``wiped``).

Not one of the builder's labels: those are put back as built."""

_POSSIBLE = "possible"
_WIPED = "wiped"
_AGENT = "agent"
_CLAIM = "data"
_TOLD = "agent-channel"
_CONTROL_PORT = 8443
_HEALTH_SECONDS = 5.0
_PAUSE = 0.25
_CUT_SECONDS = 1
"""How long a pod that is cut off may take to end: whatever it leaves is wiped by the next one."""


class ClusterAgents(AgentControl):
    """Implements ``credentials.ports.DatasetAgent``.

    ``namespace_of`` names a project's namespace, or nothing; ``bring`` has a project's agent made as planned (its
    Secret and its Deployment). A start that takes longer than ``start_seconds`` goes on by itself, and is found at the
    next look.
    """

    def __init__(
        self,
        cluster: Cluster,
        channel: Channel,
        *,
        installation: str,
        namespace_of: Callable[[str], str],
        bring: Callable[[str], None],
        start_seconds: float = 15.0,
        end_seconds: float = 45.0,
        control_port: int = _CONTROL_PORT,
    ) -> None:
        self._cluster = cluster
        self._channel = channel
        self._installation = installation
        self._namespace_of = namespace_of
        self._bring = bring
        self._start_seconds = start_seconds
        self._end_seconds = end_seconds
        self._control_port = control_port
        self._pods = AgentPods(cluster)
        self._keys = StoreKeys(cluster)

    def start(self, identity: AgentIdentity) -> None:
        """Bring the agent's pod, and wait a little until it has logged in; ``Unavailable`` while it has not."""
        project_id = identity.project_id
        if self.running(project_id):
            return
        self._mark(project_id, _POSSIBLE)
        self._bring(project_id)
        deadline = time.monotonic() + self._start_seconds
        while not self.running(project_id):
            if time.monotonic() > deadline:
                raise Unavailable(f"The dataset agent is starting: {self._trouble(project_id)}", system="agent")
            time.sleep(_PAUSE)

    def keep(self, project_id: str) -> None:
        """Put back what others changed about its Secret and its Deployment."""
        self._bring(project_id)

    def comes_back(self, project_id: str) -> bool:
        """Say whether it was started and not stopped since: its Deployment brings it again, with nothing in hand."""
        return self._marked(project_id) == _POSSIBLE

    def networks_of(self, project_id: str) -> tuple[str, ...]:
        """Return the one address from which the project's leases may be used; ``Unavailable`` while there is none."""
        address = self._pods.address(self._namespace(project_id))
        return (f"{address}/{128 if ':' in address else 32}",)

    def projects(self) -> set[str]:
        """Return every project of this installation whose volume is marked, wanted or not."""
        chosen = f"tre.orchestrator/installation={self._installation},{UNSEALED}"
        found = self._cluster.list(PERSISTENT_VOLUME_CLAIM, selector=chosen).items
        return {str(claim["metadata"]["labels"]["tre.orchestrator/project"]) for claim in found}

    def may_hold(self, project_id: str) -> set[str]:
        """Return the versions for which it was given keys that may be good still, whatever it says."""
        namespace = self._namespace_of(check_id(project_id, field="project_id"))
        return self._keys.living(namespace) if namespace else set()

    def unseal(self, project_id: str, lease: Lease, version: SealedVersion, source: Source) -> Path:
        """Unseal the version; what the agent is given for it is noted first."""
        self._expect(project_id, version.version_id, source)
        return super().unseal(project_id, lease, version, source)

    def stage(self, project_id: str, lease: Lease, version: ObjectVersion, source: Source) -> Path:
        """Bring the objects of the version; what the agent is given for it is noted first."""
        self._expect(project_id, version.version_id, source)
        return super().stage(project_id, lease, version, source)

    def wipe(self, project_id: str, version_id: str) -> None:
        """Remove the unsealed data of one version and drop its lease. Repeatable.

        Whoever may hold living keys for it is cut off, with all it holds; one that does not answer makes room for the
        next, which wipes when it starts.
        """
        namespace = self._namespace_of(check_id(project_id, field="project_id"))
        if check_id(version_id) in self.may_hold(project_id):
            self._cut_off(project_id, namespace, version_id)
            return
        try:
            super().wipe(project_id, version_id)
        except Unavailable:
            self._pods.end(namespace)
            raise

    def stop(self, project_id: str) -> None:
        """Have everything wiped, by an agent that comes for it if need be; then end the pod. Repeatable."""
        namespace = self._namespace_of(check_id(project_id, field="project_id"))
        if not namespace:
            return
        if self._marked(project_id) == _POSSIBLE:
            self._have_wiped(project_id)
            self._mark(project_id, _WIPED)
        with contextlib.suppress(NotFound):  # never brought, or removed already
            self._cluster.scale(DEPLOYMENT, _AGENT, namespace, 0)
        self._wait_until_gone(namespace)
        self._keys.forget(namespace)
        self._cluster.delete(SECRET, _TOLD, namespace)
        if self._marked(project_id):
            self._mark(project_id, "")

    def _expect(self, project_id: str, version_id: str, source: Source) -> None:
        """Note what is possible from now on: clear data in the volume, and keys in the agent's hands."""
        self._mark(project_id, _POSSIBLE)
        self._keys.note(self._namespace(project_id), check_id(version_id), source)

    def _cut_off(self, project_id: str, namespace: str, version_id: str) -> None:
        """End the agent's pod, and wait until it is gone and the next one holds nothing of the version."""
        ended = self._pods.end(namespace, grace_seconds=_CUT_SECONDS)
        deadline = time.monotonic() + self._end_seconds
        while self._pods.there(namespace, ended) or self._holds(project_id, version_id):
            if time.monotonic() > deadline:
                raise Unavailable(
                    "The dataset agent had keys of an object store, so its pod was ended. It is not seen yet that its "
                    "data are wiped; this is looked at again.",
                    system="agent",
                )
            time.sleep(_PAUSE)
        self._keys.forget(namespace, version_id)

    def _holds(self, project_id: str, version_id: str) -> bool:
        try:
            return version_id in self.held(project_id)
        except Unavailable:
            return True

    def _alive(self, project_id: str) -> bool:
        return bool(self._marked(project_id))

    def _have_wiped(self, project_id: str) -> None:
        """Return when an agent has said that the volume is empty; the present one, or one that is brought for it."""
        try:
            if self._wiped(project_id):
                return
        except Unavailable:
            self._bring(project_id)
        deadline = time.monotonic() + self._end_seconds
        words = "it still holds data"
        while time.monotonic() < deadline:
            try:
                if self._wiped(project_id):
                    return
            except Unavailable:
                words = self._trouble(project_id)
            time.sleep(_PAUSE)
        self._pods.end(self._namespace(project_id))  # one that hangs makes room for one that wipes when it starts
        raise Unavailable(
            f"Clear data may still lie in the project's volume, and no agent has wiped it: {words} "
            "This is tried again.",
            system="agent",
        )

    def _wiped(self, project_id: str) -> bool:
        return bool(self._ask(project_id, "POST", "/wipe")["empty"])

    def _wait_until_gone(self, namespace: str) -> None:
        deadline = time.monotonic() + self._end_seconds
        while left := self._pods.left(namespace):
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The dataset agent's pod does not end ({left}): look at its node, and cut it off the network.",
                    system="agent",
                )
            time.sleep(_PAUSE)

    def _call(
        self, project_id: str, method: str, path: str, body: dict[str, Any] | None, seconds: float
    ) -> tuple[int, dict[str, Any]]:
        namespace = self._namespace(project_id)
        seconds = _HEALTH_SECONDS if method == "GET" else seconds
        address = self._pods.address(namespace)
        host = f"[{address}]" if ":" in address else address
        peer = Peer(part=_AGENT, project_id=project_id)
        try:
            answer = call(f"{host}:{self._control_port}", self._channel, peer, method, path, body, seconds=seconds)
        except (Refused, Unavailable) as error:
            self._pods.forget(namespace)
            raise Unavailable(
                f"The project's dataset agent does not answer: {error.message}", system="agent", unknown_outcome=True
            ) from error
        return answer.status, answer.content or {}

    def _trouble(self, project_id: str) -> str:
        """Say in words why the agent is not there yet: what it says itself, else what the cluster says of its pod."""
        try:
            return str(self._ask(project_id, "GET", "/health")["trouble"]) or "it has just logged in."
        except OrchestratorError:
            return self._pods.trouble(self._namespace(project_id))

    def _namespace(self, project_id: str) -> str:
        namespace = self._namespace_of(check_id(project_id, field="project_id"))
        if not namespace:
            raise Unavailable("The project has no place in the cluster yet: it is being made.", system="agent")
        return namespace

    def _marked(self, project_id: str) -> str:
        namespace = self._namespace_of(check_id(project_id, field="project_id"))
        claim = self._cluster.get(PERSISTENT_VOLUME_CLAIM, _CLAIM, namespace) if namespace else None
        return "" if claim is None else str(claim["metadata"].get("labels", {}).get(UNSEALED, ""))

    def _mark(self, project_id: str, value: str) -> None:
        """Put the mark on the claim, or take it away; what others wrote on it stays."""
        if self._marked(project_id) == value:
            return
        path = "/metadata/labels/" + UNSEALED.replace("/", "~1")
        step = {"op": "add", "path": path, "value": value} if value else {"op": "remove", "path": path}
        try:
            self._cluster.patch(PERSISTENT_VOLUME_CLAIM, _CLAIM, self._namespace(project_id), [step])
        except NotFound as error:
            if value != _POSSIBLE:
                return  # the claim is gone, and with it what lay in it
            raise NotPossible("The project's volume for data is not there: it has to be provisioned first.") from error
