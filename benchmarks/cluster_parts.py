"""What `benchmarks/cluster.py` measures with: projects by the hundred, the controller from outside, a plain hub."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import psutil
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, select

from orchestrator.access.store import ApplicationRow, GrantRow, MembershipRow, ProjectRow
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import NAMESPACE, PERSISTENT_VOLUME_CLAIM, POD, SERVICE
from orchestrator.adapters.kubernetes.proving import PROVING
from orchestrator.adapters.kubernetes.watching import INSTALLATION, WATCHED
from orchestrator.core.errors import OrchestratorError
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.demonstration.browser import _execute_request
from tests.cluster.storage import LocalStorage
from tests.journeys.ground import Ground

__all__ = ["LazyStorage", "Observed", "PlainHub", "Sample", "copy_projects", "load", "remove_namespaces", "versions"]

_PLAIN = Path(__file__).parent / "plain"
_WRITES = ("apply", "create", "delete", "patch", "replace", "scale", "update")


class LazyStorage(LocalStorage):
    """Gives a claim its directory when its first pod is scheduled, as most clusters do: a sleeping project has none."""

    def __enter__(self) -> LazyStorage:
        self._cluster.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": self.name},
                "provisioner": "tre-tests/local",
                "volumeBindingMode": "WaitForFirstConsumer",
            }
        )
        self._thread.start()
        return self

    def _run(self) -> None:
        given: set[str] = set()
        while not self._stop.is_set():
            try:
                for change in self._cluster.watch(PERSISTENT_VOLUME_CLAIM, seconds=5, silence=15.0):
                    claim = change.object
                    if change.type in ("ADDED", "MODIFIED") and self._wanted(claim, given):
                        given.add(claim["metadata"]["uid"])
                        self._provide(claim)
            except OrchestratorError:
                self._stop.wait(0.2)

    def _wanted(self, claim: dict[str, Any], given: set[str]) -> bool:
        metadata, spec = claim["metadata"], claim["spec"]
        chosen = "volume.kubernetes.io/selected-node" in metadata.get("annotations", {})
        mine = spec.get("storageClassName") == self.name and not spec.get("volumeName")
        return chosen and mine and metadata["uid"] not in given


def copy_projects(ground: Ground, like: str, count: int) -> list[str]:
    """Put ``count`` approved projects into the record, each a copy of one that went through the portal."""
    made: list[str] = []
    while len(made) < count:
        batch = [new_id() for _ in range(min(100, count - len(made)))]
        with ground.house.record.change() as change:
            for project_id in batch:
                _copy(change, like, project_id)
        made += batch
    return made


def _copy(change: Any, like: str, project_id: str) -> None:
    session = change.session
    project = session.get(ProjectRow, like)
    application, short = new_id(), project_id[:6]
    rows: list[tuple[Any, dict[str, Any]]] = [
        (ApplicationRow, _values(session.get(ApplicationRow, project.application_id), application_id=application)),
        (
            ProjectRow,
            _values(project, project_id=project_id, application_id=application, title=f"{project.title} {short}"),
        ),
    ]
    for table, key in ((MembershipRow, "membership_id"), (GrantRow, "grant_id")):
        for row in session.scalars(select(table).where(table.project_id == like)):
            rows.append((table, _values(row, project_id=project_id, **{key: new_id()})))
    for table, values in rows:
        session.execute(insert(table), [values])
    change.tell(Event(kind="project.approved", actor="system:benchmark", subject=f"project:{project_id}"))


def _values(row: Any, **changed: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs} | changed


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The controller at one moment: seconds, its processor seconds, its passes over places, its calls by verb."""

    at: float
    cpu: float
    passes: int
    waiting: int
    provisioned: int
    leads: bool
    calls: dict[str, int]

    def writes(self) -> int:
        return sum(count for verb, count in self.calls.items() if verb in _WRITES)


class Observed:
    """The real controller process, seen from outside: its figures, its memory, its end."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        chosen = ground.settings.controller
        self._metrics = f"http://{chosen.health_host}:{chosen.health_port}/metrics"

    @property
    def process(self) -> psutil.Process:
        record = self._ground.installation.processes.find("controller")
        if record is None:
            raise ProcessLookupError("the controller does not run")
        return psutil.Process(record.pid)

    def memory(self) -> float:
        """Proportional memory (PSS) in MB, of the controller and whatever it started."""
        process = self.process
        return sum(one.memory_full_info().pss for one in (process, *process.children(recursive=True))) / 1e6

    def sample(self) -> Sample:
        times = self.process.cpu_times()
        found = self._read()
        calls = {labels: int(value) for (name, labels), value in found.items() if name == "tre_api_calls_total"}
        passes = [value for (name, label), value in found.items() if name == "tre_reconcile_seconds_count:place"]
        return Sample(
            at=time.monotonic(),
            cpu=times.user + times.system,
            passes=int(sum(passes)),
            waiting=int(found.get(("tre_queue_depth", "place"), 0)),
            provisioned=int(found.get(("tre_conditions", "Provisioned:true"), 0)),
            leads=found.get(("tre_leader", ""), 0) == 1,
            calls=calls,
        )

    def _read(self) -> dict[tuple[str, str], float]:
        text = httpx.get(self._metrics, timeout=30, trust_env=False).text
        found: dict[tuple[str, str], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = sample.labels
                if sample.name == "tre_reconcile_seconds_count":
                    found[f"{sample.name}:{labels['lane']}", labels["outcome"]] = sample.value
                elif sample.name == "tre_conditions":
                    found[sample.name, f"{labels['condition']}:{labels['state']}"] = sample.value
                else:
                    found[sample.name, ":".join(labels.values())] = sample.value
        return found

    def until(self, holds: Callable[[Sample], bool], seconds: float, *, pause: float = 0.5) -> list[Sample]:
        """Look again and again until it holds; return everything seen."""
        end, seen = time.monotonic() + seconds, []
        while time.monotonic() < end:
            try:
                seen.append(self.sample())
            except (httpx.HTTPError, OSError, psutil.Error):
                time.sleep(0.1)
                continue
            if holds(seen[-1]):
                return seen
            time.sleep(pause)
        raise SystemExit(f"it did not come to that in {seconds:.0f} s: {seen[-1] if seen else 'no answer'}")

    def settled(self, seconds: float = 8.0) -> Sample:
        """Wait until no place was looked at for a while."""
        last = self.sample()
        while True:
            time.sleep(seconds)
            now = self.sample()
            if now.passes == last.passes and not now.waiting:
                return now
            last = now

    def set(self, **changed: Any) -> None:
        """Write settings of the controller, which its next start reads."""
        file = self._ground.settings.state / "tre.yaml"
        content = yaml.safe_load(file.read_text())
        content["controller"].update(changed)
        file.write_text(yaml.safe_dump(content))

    def end(self) -> None:
        """Let it end as an upgrade does; whoever watches over the programs starts it again."""
        process = self.process
        process.send_signal(signal.SIGTERM)
        process.wait(150)


def versions(cluster: Cluster, installation: str) -> dict[tuple[str, str, str], str]:
    """Return uid and version of every object of the installation: what is equal afterwards was not written."""
    found = {}
    for kind in WATCHED:
        for item in cluster.list(kind, "", f"{INSTALLATION}={installation}").items:
            metadata = item["metadata"]
            if PROVING not in metadata.get("labels", {}):
                key = (kind.name, metadata.get("namespace", ""), metadata["name"])
                found[key] = f"{metadata['uid']} {metadata['resourceVersion']}"
    return found


def remove_namespaces(cluster: Cluster, installation: str) -> None:
    """Delete every namespace of the installation and wait; a thousand of them take a while."""
    selector = f"{INSTALLATION}={installation}"
    names = [item["metadata"]["name"] for item in cluster.list(NAMESPACE, "", selector).items]
    with ThreadPoolExecutor(8) as hands:
        list(hands.map(lambda name: cluster.delete(NAMESPACE, name), names))
    end = time.monotonic() + 3600
    while cluster.list(NAMESPACE, "", selector).items and time.monotonic() < end:
        time.sleep(2)


class PlainHub:
    """JupyterHub and KubeSpawner in one pod of one closed namespace, driven over the hub's own API."""

    def __init__(self, cluster: Cluster, *, hub: str, workspace: str, host: str) -> None:
        self._cluster = cluster
        self._token = secrets.token_hex(32)
        self.name = f"plain-{secrets.token_hex(4)}"
        told = {"NAMESPACE": self.name, "HUB": hub, "WORKSPACE": workspace, "HOST": host, "TOKEN": self._token}
        text = (_PLAIN / "objects.yaml").read_text()
        for word, value in told.items():
            text = text.replace(f"@{word}@", value)
        *self._objects, self._pod = yaml.safe_load_all(text)

    @contextmanager
    def round(self) -> Iterator[dict[str, float]]:
        """From nothing to a first cell, and once more from a hub without a pod; yields the seconds of each part."""
        try:
            yield asyncio.run(self._round())
        finally:
            self._cluster.delete(NAMESPACE, self.name)

    async def _round(self) -> dict[str, float]:
        began = time.monotonic()
        await asyncio.to_thread(self._make)
        seen = {f"first: {name}": value for name, value in (await self._start(began)).items()}
        await asyncio.to_thread(self._end_pods)
        began = time.monotonic()
        return seen | {f"again: {name}": value for name, value in (await self._start(began)).items()}

    def _make(self) -> None:
        namespace, *rest = self._objects
        self._cluster.apply(namespace, manager="benchmark")
        content = {"hub.py": (_PLAIN / "hub.py").read_text()}
        metadata = {"name": "hub", "namespace": self.name}
        self._cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": content})
        for thing in rest:
            self._cluster.apply(thing, manager="benchmark")

    def _end_pods(self) -> None:
        for pod in self._cluster.list(POD, self.name).items:
            self._cluster.delete(POD, pod["metadata"]["name"], self.name, grace_seconds=1)
        while self._cluster.list(POD, self.name).items:
            time.sleep(0.1)

    async def _start(self, began: float) -> dict[str, float]:
        await asyncio.to_thread(self._start_hub)
        service = self._cluster.get(SERVICE, "hub", self.name)
        assert service is not None
        base = f"http://{service['spec']['clusterIP']}:8000"
        await asyncio.to_thread(_answers, f"{base}/hub/health")
        seen = {"hub answers": time.monotonic() - began}
        headers = {"Authorization": f"token {self._token}"}
        async with aiohttp.ClientSession(base, headers=headers, timeout=aiohttp.ClientTimeout(total=60)) as client:
            await self._spawn(client)
            seen["server answers"] = time.monotonic() - began
            await _first_cell(client)
        return seen | {"first cell": time.monotonic() - began}

    def _start_hub(self) -> None:
        self._cluster.create(self._pod)
        while not self._ready():
            time.sleep(0.1)

    def _ready(self) -> bool:
        pod = self._cluster.get(POD, "hub", self.name) or {}
        conditions = pod.get("status", {}).get("conditions", [])
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    async def _spawn(self, client: aiohttp.ClientSession) -> None:
        async with client.post("/hub/api/users/ada") as answer:
            assert answer.status == 201, await answer.text()
        async with client.post("/hub/api/users/ada/server", json={}) as answer:
            assert answer.status in (201, 202), await answer.text()
        for _ in range(1200):
            async with client.get("/hub/api/users/ada") as answer:
                if (await answer.json())["servers"].get("", {}).get("ready"):
                    return
            await asyncio.sleep(0.1)
        raise SystemExit("the plain hub's server did not become ready")


def _answers(address: str) -> None:
    """Wait until the service leads to the pod, which is a moment after the pod is ready."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(httpx.HTTPError):
            if httpx.get(address, timeout=5, trust_env=False).status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise SystemExit("the plain hub does not answer")


async def _first_cell(client: aiohttp.ClientSession) -> None:
    for _ in range(100):  # the proxy takes a moment to know the way
        async with client.post("/user/ada/api/kernels", json={"name": "python3"}) as answer:
            if answer.status == 201:
                kernel = (await answer.json())["id"]
                break
        await asyncio.sleep(0.1)
    else:
        raise SystemExit(f"the plain hub's kernel did not start ({answer.status})")
    request, text = _execute_request("print(6 * 7)"), ""
    async with client.ws_connect(f"/user/ada/api/kernels/{kernel}/channels") as channel:
        await channel.send_str(json.dumps(request))
        async for message in channel:
            said = json.loads(message.data)
            if said.get("parent_header", {}).get("msg_id") != request["header"]["msg_id"]:
                continue
            text += said["content"].get("text", "") if said["msg_type"] == "stream" else ""
            if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
                break
    assert text.strip() == "42", text


def load() -> float:
    return round(os.getloadavg()[0], 1)
