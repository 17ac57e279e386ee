"""A real installation whose sessions are containers: data in, nothing out but through the airlock, and withdrawal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from orchestrator.adapters.docker.container import LABEL
from orchestrator.adapters.docker.engine import Engine
from orchestrator.adapters.docker.members import members
from orchestrator.core.errors import OrchestratorError
from tests.contract.docker_world import RunningEngine, needs_docker
from tests.journeys.ground import Ground, Seat, eventually, running_installation

pytestmark = [needs_docker, pytest.mark.slow, pytest.mark.timeout(600)]

_OMOP, _TRIAL = "shared-care-omop", "pilot-trial-sdtm"


@pytest.fixture(scope="module")
def ground(docker_engine: RunningEngine) -> Iterator[Ground]:
    """A running installation, with the engine for its sessions."""
    chosen = {"backend": "docker", "docker_image": docker_engine.image, "docker_socket": str(docker_engine.socket)}
    with running_installation(**chosen) as ground:
        ground.await_sealed()
        ground.add_researcher("rosa", "Rosa Lind")
        for key in ("james", "rosa"):
            ground.accept_terms(key)
        yield ground


def test_the_doctor_is_content_with_engine_and_machine(ground: Ground) -> None:
    command = [sys.executable, "-m", "orchestrator.cli", "--state", str(ground.settings.state), "doctor", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    checks = {each["name"]: each["ok"] for each in json.loads(done.stdout)}
    assert {name for name in checks if name.startswith("docker-")} >= {"docker-engine", "docker-image", "docker-walls"}
    assert checks.pop("docker-limits") in {True, False}  # what the machine has
    assert all(checks.values()), done.stdout


def test_data_come_in_results_leave_by_the_airlock_alone_and_withdrawal_ends_it(
    ground: Ground, docker_engine: RunningEngine
) -> None:
    engine = Engine(docker_engine.socket)
    project = ground.project("In containers", [_OMOP, _TRIAL], members=("rosa",)).project_id
    ground.wake(project)
    with Seat(ground, project, "rosa") as hers, Seat(ground, project) as his:
        _reads_and_does_not_write(hers)
        _submits(hers)
        sessions = ground.sessions(project)
        mine = sessions[ground.person("rosa")]
        found = {each.labels[f"{LABEL}session"]: each.identity for each in engine.labelled(f"{LABEL}project", project)}
        assert set(found) == set(sessions.values())
        hers.stream("import time\nwhile True:\n    print(1); time.sleep(0.05)")
        ground.client("olivia")._api("DELETE", f"/projects/{project}/members/{ground.person('rosa')}")
        eventually(lambda: not members(found[mine]) and hers.closed.is_set(), what="something is left")
        with pytest.raises(OrchestratorError):
            ground.enter_address(project, "rosa")
        assert his.read("print(6 * 7)") == "42"
    ground.client("olivia").post(f"/projects/{project}/suspend", {"reason": "A question came up."})
    eventually(lambda: engine.labelled(f"{LABEL}project", project) == [], what="a container is left")


def _reads_and_does_not_write(seat: Seat) -> None:
    seat.read(f"import os, socket; place = '/data/{_OMOP}'; first = os.path.join(place, sorted(os.listdir(place))[0])")
    assert int(seat.read("print(len(open(first, 'rb').read()))")) > 0
    for attempt in ("open(first, 'ab')", "open(place + '/new', 'wb')"):
        assert any(word in seat.run(attempt).error for word in ("Read-only file system", "Permission denied"))
    mounted = seat.read(
        "print([line.split()[3][:3] for line in open('/proc/self/mounts') if line.split()[1] == place])"
    )
    assert mounted == "['ro,']"
    assert seat.read("print(socket.if_nameindex())") == "[(1, 'lo')]"
    assert "unreachable" in seat.run("socket.create_connection(('192.0.2.1', 80), 3)").error
    assert seat.read(f"print(os.listdir('/run/tre/databases/{_TRIAL}'))") == "['.s.PGSQL.5432']"


def _submits(seat: Seat) -> None:
    sent = seat.read(
        "import subprocess; open('/home/researcher/counts.csv', 'w').write('group,people\\nwomen,686\\n')\n"
        "done = subprocess.run(['tre-airlock', 'submit', '/home/researcher/counts.csv', '--title', 'Counts',"
        " '--context', 'Large groups.', '--output', 'json'], capture_output=True, text=True, timeout=60)\n"
        "print(done.stdout if done.returncode == 0 else done)"
    )
    assert json.loads(sent)["submission"], sent
