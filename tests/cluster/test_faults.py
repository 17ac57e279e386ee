"""Parts of an installation on a real cluster are lost or changed: it heals, tells people, keeps work, leaks nothing."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.kinds import DEPLOYMENT, NETWORK_POLICY
from orchestrator.core.errors import OrchestratorError
from orchestrator.workspaces.places.conditions import ConditionState
from tests.cluster.faults import DATA, READ, SAVE, Faults, process_in
from tests.cluster.faults_ground import SEED
from tests.journeys.ground import chance, eventually
from tests.journeys.test_killed import RECALL, REMEMBER, killing

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_GREEDY = """
# Many small processes, and the server as the one to end first: where a node ends single processes and not the whole
# container, one large kernel would be ended alone, and JupyterLab starts it again by itself.
import os, time
open(f"/proc/{os.getppid()}/oom_score_adj", "w").write("1000")
for _ in range(60):
    if os.fork() == 0:
        block = bytearray(os.urandom(30 * 1024**2))
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""


def test_killed_while_provisioning_there_is_one_place_for_each_project(
    faults: Faults, projects: tuple[str, str]
) -> None:
    for project in projects:
        assert len(faults.ground.events('"place.made"', f"project:{project}")) == 1
        faults.check_rest(project, awake=False)


def test_killed_while_waking_and_launching_a_session_comes_and_one_only(faults: Faults, project: str) -> None:
    ground, dice = faults.ground, chance(SEED + 1)
    eventually(lambda: ground.client("james").post(f"/projects/{project}/workspace/open"))
    with killing(ground, ("controller",), dice, times=1, within=3.0) as waking:
        pass
    ground.wake(project)
    with killing(ground, ("controller",), dice, times=1, within=4.0) as launching, faults.seated(project) as seat:
        assert seat.read_eventually(SAVE) == "saved"
        faults.check_rest(project, awake=True)
    assert waking
    assert launching
    told = faults.told(project, "Awake")
    assert told is not None
    assert told.state is ConditionState.TRUE


def test_a_lost_hub_ends_its_sessions_which_people_read_and_work_is_kept(faults: Faults, project: str) -> None:
    with faults.seated(project) as seat:
        assert seat.read(SAVE) == "saved"
    session = faults.session(project)
    (hub,) = faults.pods(project, "hub")
    faults.remove_pod(hub)
    assert faults.ended(project, session) == "hub-lost"
    assert "hub was moved" in faults.await_told(project, "Sessions", "HubLost").message
    with faults.seated(project) as seat:
        assert seat.read(READ) == "kept"
    faults.check_rest(project, awake=True)


def test_a_killed_gate_starts_again_and_the_kernel_behind_it_goes_on(faults: Faults, project: str) -> None:
    with faults.seated(project) as seat:
        assert seat.read(REMEMBER) == "noted"
        (hub,) = faults.pods(project, "hub")
        gate = process_in(hub, "gate")
        if gate is None:
            pytest.skip("needs a cluster whose node is this machine")
        before = _restarts(faults, project)
        gate.kill()
        eventually(lambda: _restarts(faults, project) > before, what="the gate did not start again")
        assert seat.read_eventually(RECALL) == "before"
        faults.check_rest(project, awake=True)


def _restarts(faults: Faults, project: str) -> int:
    (hub,) = faults.pods(project, "hub")
    return sum(one["restartCount"] for one in hub["status"]["containerStatuses"] if one["name"] == "gate")


def test_two_controllers_of_which_the_one_that_slept_writes_nothing(faults: Faults, project: str) -> None:
    ground, place = faults.ground, faults.place(project)
    ground.wake(project)
    first, before = faults.holder(), _drifts(faults, project)
    with faults.second_controller():
        with ground.halted("controller"):
            eventually(lambda: faults.holder() not in ("", first), 60, "nobody took over")
            second = faults.holder()
            faults.cluster.delete(NETWORK_POLICY, "hub", place)
            eventually(lambda: faults.cluster.get(NETWORK_POLICY, "hub", place), 60, "the second one did nothing")
            eventually(lambda: len(_drifts(faults, project)) > len(before), 60, "the second one told nothing")
            drifts = _drifts(faults, project)
        time.sleep(5)  # the first is awake again, with all it wanted to do
        assert faults.holder() == second
        assert _drifts(faults, project) == drifts
        log = (ground.settings.state / "logs" / "controller.log").read_text()
        assert "it stands by" in log
    eventually(lambda: faults.holder() not in ("", second), 60, "the first one did not lead again")
    faults.check_rest(project, awake=True)


def _drifts(faults: Faults, project: str) -> list[dict[str, Any]]:
    return faults.ground.events('"workspace.drift"', f"project:{project}")


def test_an_opened_wall_is_closed_within_seconds_and_ends_the_sessions_behind_it(faults: Faults, project: str) -> None:
    place = faults.place(project)
    with faults.seated(project) as seat:
        assert seat.read(SAVE) == "saved"
        session = faults.session(project)
        faults.cluster.delete(NETWORK_POLICY, "default-deny", place)
        eventually(lambda: faults.cluster.get(NETWORK_POLICY, "default-deny", place), 20, "the wall stayed open")
        assert faults.ended(project, session) == "wall-open"
    assert "NetworkPolicy/default-deny" in faults.await_told(project, "Drift", "WallOpen").message
    assert "network policies did not hold" in faults.await_told(project, "Sessions", "WallOpen").message
    with faults.seated(project) as seat:
        assert seat.read(READ) == "kept"
        session = faults.session(project)
        loose = faults.cluster.get(NETWORK_POLICY, "session", place)
        assert loose
        faults.cluster.replace({**loose, "spec": {**loose["spec"], "egress": [{}]}})
        eventually(lambda: _spec(faults, place) == loose["spec"], 20, "it stayed loose")
        assert faults.ended(project, session) == "wall-open"
    faults.check_rest(project, awake=True)


def _spec(faults: Faults, place: str) -> Any:
    return (faults.cluster.get(NETWORK_POLICY, "session", place) or {"spec": None})["spec"]


def test_a_lost_agent_has_the_data_brought_anew_and_one_that_was_changed_is_put_back(
    faults: Faults, project: str
) -> None:
    with faults.seated(project) as seat:
        assert seat.read(DATA) == "True"
        session = faults.session(project)
        (agent,) = faults.pods(project, "agent")
        faults.remove_pod(agent)
        assert faults.ended(project, session, 60) == "data-anew"
    faults.await_told(project, "Sessions", "DataAnew")
    place = faults.place(project)
    live = faults.cluster.get(DEPLOYMENT, "agent", place)
    assert live
    path = "/spec/template/spec/terminationGracePeriodSeconds"
    before = live["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    faults.cluster.patch(DEPLOYMENT, "agent", place, [{"op": "replace", "path": path, "value": before + 7}])

    def put_back() -> bool:
        found = faults.cluster.get(DEPLOYMENT, "agent", place)
        return found is not None and found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == before

    eventually(put_back, 40, "nobody put the agent back")
    faults.check_rest(project, awake=True)
    faults.await_told(project, "AgentReady", "Answers")
    faults.await_told(project, "DataReady", "Delivered")


def test_sessions_taken_away_or_grown_too_large_are_told_and_work_is_kept(faults: Faults, project: str) -> None:
    with faults.seated(project) as seat:
        assert seat.read(DATA) == "True"
        assert seat.read(SAVE) == "saved"
        session = faults.session(project)
        (pod,) = faults.pods(project, "session")
        faults.remove_pod(pod)
        assert faults.ended(project, session) == "gone"
        assert "taken away" in faults.await_told(project, "Sessions", "Gone").message
    with faults.seated(project) as seat:
        assert seat.read(READ) == "kept"
        session = faults.session(project)
        with contextlib.suppress(OrchestratorError, TimeoutError):  # its socket ends with it
            seat.run(_GREEDY)
        assert faults.ended(project, session) == "out-of-memory"
        assert "memory" in faults.await_told(project, "Sessions", "OutOfMemory").message
    faults.check_rest(project, awake=True)
