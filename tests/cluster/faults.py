"""What tests of faults on a cluster share: what a person reads, what is there, and that all of it is at rest."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import yaml

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    LEASE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    RESOURCE_QUOTA,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
)
from orchestrator.assembly.controller.cluster import namespace_of
from orchestrator.cli import sessionfile
from orchestrator.core.errors import OrchestratorError
from orchestrator.demonstration import browser
from orchestrator.workspaces.places.conditions import Condition
from tests.cluster.wire import Wire
from tests.journeys.ground import Ground, Seat, eventually

_KEPT = (NETWORK_POLICY, DEPLOYMENT, SECRET, CONFIG_MAP, SERVICE, SERVICE_ACCOUNT, RESOURCE_QUOTA)
SAVE = "open('/home/researcher/work.txt', 'w').write('kept'); print('saved')"
READ = "print(open('/home/researcher/work.txt').read())"
DATA = "print(len(open('/data/breast-cancer-trial/gbsg2.csv').read()) > 0)"

_PATIENCE = 20.0
"""How long a person waits for a workspace that does not come, in seconds: the page itself would go on for longer."""


@dataclass
class Faults:
    """One installation on a cluster, and what is done to it."""

    ground: Ground
    cluster: Cluster
    wire: Wire

    # ---- what is there --------------------------------------------------------------------------------------------

    def place(self, project: str) -> str:
        """Return a project's namespace."""
        return namespace_of(self.ground.house)(project)

    def pods(self, project: str, part: str = "") -> list[dict[str, Any]]:
        """Return a project's pods."""
        selector = f"tre.orchestrator/part={part}" if part else ""
        return self.cluster.list(POD, self.place(project), selector).items

    def told(self, project: str, kind: str, to: str = "james") -> Condition | None:
        """Return a condition as ``tre project show`` shows it to a member; a closed project has none any more."""
        seen = self.ground.house.places.conditions(self.ground.actor(to), project)
        return next((one for one in seen if one.kind.value == kind), None)

    def await_told(self, project: str, kind: str, reason: str, seconds: float = 60, to: str = "james") -> Condition:
        """Wait until a condition has this reason."""
        return self._until_told(project, kind, lambda one: one.reason == reason, reason, seconds, to)

    def await_words(self, project: str, kind: str, words: str, seconds: float = 60, to: str = "james") -> Condition:
        """Wait until a condition says something."""
        return self._until_told(project, kind, lambda one: words in one.message, words, seconds, to)

    def _until_told(
        self, project: str, kind: str, holds: Callable[[Condition], bool], what: str, seconds: float, to: str
    ) -> Condition:
        deadline = time.monotonic() + seconds
        while (one := self.told(project, kind, to)) is None or not holds(one):
            assert time.monotonic() < deadline, f"{kind} did not come to {what}, it is {one}"
            time.sleep(0.2)
        return one

    def tre(self, key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command as somebody who signed in at a terminal of this machine."""
        identity, state = self.ground.house.identity, self.ground.settings.state
        sessionfile.keep(state, identity.open_session(self.ground.person(key), "command", second_factor=True))
        command = [str(Path(sys.executable).with_name("tre")), "--state", str(state), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)

    def ended(self, project: str, session: str, seconds: float = 40) -> str:
        """Wait until a session has ended; return why."""
        row = self.ground.controls.register
        eventually(lambda: row.session(project, session).state.value == "ended", seconds, "the session went on")
        return row.session(project, session).reason

    def session(self, project: str) -> str:
        """Return James' session."""
        return self.ground.sessions(project)[self.ground.person("james")]

    def holder(self) -> str:
        """Return who leads."""
        chosen = self.ground.settings.kubernetes
        assert chosen is not None
        lease = self.cluster.get(LEASE, f"tre-controller-{chosen.installation}", "default")
        return str(lease["spec"].get("holderIdentity") or "") if lease else ""

    # ---- at rest --------------------------------------------------------------------------------------------------

    def check_rest(self, project: str, *, awake: bool) -> None:
        """Nothing too many, nothing too few, and a further pass changes nothing; the log holds."""
        eventually(lambda: self._in_step(project, awake=awake), 60, f"not in step: {self._seen(project)}")
        eventually(lambda: self._still(project), 40, "it does not come to rest")
        seen = self.ground.house.audit.verify()
        assert seen.sound, seen.findings

    def _seen(self, project: str) -> dict[str, Any]:
        return {
            "sessions": sorted(self.ground.sessions(project).values()),
            "pods": sorted(pod["metadata"]["name"] for pod in self.pods(project)),
            "leased": sorted(self.ground.leased(project)),
        }

    def _in_step(self, project: str, *, awake: bool) -> bool:
        ground = self.ground
        live = set(ground.sessions(project).values())
        sessions = {pod["metadata"]["labels"]["tre.orchestrator/session"] for pod in self.pods(project, "session")}
        parts = [len(self.pods(project, part)) for part in ("hub", "agent")]
        allowed = {grant.version_id for grant in ground.controls.launcher.wanted(project)} if awake else set()
        held = (project in ground.controls.vault.projects()) is awake
        return sessions == live and parts == [awake, awake] and ground.leased(project) == allowed and held

    def _still(self, project: str) -> bool:
        before = self._versions(project)
        time.sleep(2.5)
        return self._versions(project) == before

    def _versions(self, project: str) -> set[tuple[str, str, str]]:
        return {
            (kind.name, item["metadata"]["name"], item["metadata"]["resourceVersion"])
            for kind in (*_KEPT, PERSISTENT_VOLUME_CLAIM)
            for item in self.cluster.list(kind, self.place(project)).items
        }

    # ---- people ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def seated(self, project: str) -> Iterator[Seat]:
        """Wake, enter and hold a kernel, however often that has to be tried."""
        deadline = time.monotonic() + 240
        with contextlib.ExitStack() as stack:
            while True:
                self.ground.wake(project)
                try:
                    seat = stack.enter_context(Seat(self.ground, project))
                except OrchestratorError:
                    assert time.monotonic() < deadline
                    time.sleep(0.5)
                else:
                    break
            yield seat

    def refused(self, project: str) -> str:
        """Try to enter, which must not succeed; return what the person is told."""
        self.ground.wake(project)
        try:
            with patch.object(browser, "_START_SECONDS", _PATIENCE), Seat(self.ground, project):
                raise AssertionError("the workspace opened")
        except OrchestratorError as error:
            return error.message

    # ---- parts ----------------------------------------------------------------------------------------------------

    def remove_pod(self, pod: dict[str, Any]) -> None:
        """Take a pod away as somebody with rights in the cluster would."""
        metadata = pod["metadata"]
        self.cluster.delete(POD, metadata["name"], metadata["namespace"], uid=metadata["uid"], grace_seconds=0)

    @contextlib.contextmanager
    def second_controller(self) -> Iterator[None]:
        """Run another controller of the same installation, with ports of its own."""
        state = self.ground.settings.state
        beside = state / "beside"
        beside.mkdir()
        for entry in state.iterdir():
            if entry.name not in ("tre.yaml", "beside"):
                (beside / entry.name).symlink_to(entry)
        settings = yaml.safe_load((state / "tre.yaml").read_text())
        settings["controller"] |= {
            "desk_port": settings["controller"]["desk_port"] + 40,
            "health_port": settings["controller"]["health_port"] + 40,
        }
        (beside / "tre.yaml").write_text(yaml.safe_dump(settings))
        command = [sys.executable, "-m", "orchestrator.controller", "--state", str(beside)]
        with (state / "logs" / "second.log").open("w") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log, cwd=Path(__file__).parents[2])
            try:
                address = ("127.0.0.1", settings["controller"]["health_port"])
                eventually(lambda: _answers(address), 180, "it does not start")
                yield
            finally:
                running.send_signal(signal.SIGTERM)
                running.wait(60)
                shutil.rmtree(beside)


def process_in(pod: dict[str, Any], container: str) -> psutil.Process | None:
    """Return a container's first process where the pod's node is this machine: nobody may ``exec`` into our pods."""
    told = next(one for one in pod["status"]["containerStatuses"] if one["name"] == container)
    name = told["containerID"].partition("//")[2]
    for process in sorted(psutil.process_iter(), key=lambda one: one.pid):
        with contextlib.suppress(OSError):
            if name in Path(f"/proc/{process.pid}/cgroup").read_text():
                return process
    return None


def _answers(address: tuple[str, int]) -> bool:
    with socket.create_connection(address, 1):
        return True
