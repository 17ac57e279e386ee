"""One installation on a real cluster and one fault after another: it heals, tells people, keeps work, leaks nothing."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, NETWORK_POLICY, RESOURCE_QUOTA
from orchestrator.core.errors import OrchestratorError
from orchestrator.workspaces.places.conditions import ConditionState
from tests.cluster.faults import DATA, READ, SAVE, Faults, process_in
from tests.cluster.ground import cluster_installation
from tests.cluster.wire import kubeconfig_by
from tests.journeys.ground import Ground, chance, eventually
from tests.journeys.test_killed import RECALL, REMEMBER, killing

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_SEED = 20261122
_UNKNOWN = "registry.example.org/tre/workspace@sha256:" + "0" * 64
_HOLD = "example.org/hold"
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


@pytest.fixture(scope="module")
def faults(
    cluster: Cluster, images: dict[str, str], here: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Faults]:
    """An installation whose controller reaches the API server by a wire that can be cut."""
    with kubeconfig_by(tmp_path_factory.mktemp("wire")) as (wire, kubeconfig):

        def change(settings: dict[str, Any]) -> None:
            chosen = settings["kubernetes"]
            chosen["kubeconfig"] = str(kubeconfig)
            chosen["profiles"] |= {
                "missing": {"display_name": "Missing", "image": _UNKNOWN},
                "huge": {"display_name": "Huge", "image": images["workspace"], "memory_mib": 70_000},
            }

        with cluster_installation(cluster, images, here, change) as ground:
            yield Faults(ground, cluster, wire)


@pytest.fixture(scope="module")
def projects(faults: Faults) -> tuple[str, str]:
    """Two projects with one dataset, approved while the controller is killed again and again."""
    ground = faults.ground
    ground.await_sealed()
    ground.accept_terms("james")
    with killing(ground, ("controller",), chance(_SEED), times=2, within=1.5):
        made = [ground.project(title, ["breast-cancer-trial"]).project_id for title in ("One", "Two")]
    for project in made:
        faults.await_told(project, "Provisioned", "InStep", 120)
    return made[0], made[1]


@pytest.fixture
def project(projects: tuple[str, str]) -> str:
    """The project that most faults happen to."""
    return projects[0]


def test_killed_while_provisioning_there_is_one_place_for_each_project(
    faults: Faults, projects: tuple[str, str]
) -> None:
    for project in projects:
        assert len(faults.ground.events('"place.made"', f"project:{project}")) == 1
        faults.check_rest(project, awake=False)


def test_killed_while_waking_and_launching_a_session_comes_and_one_only(faults: Faults, project: str) -> None:
    ground, dice = faults.ground, chance(_SEED + 1)
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
    first = faults.holder()
    with faults.second_controller():
        with ground.halted("controller"):
            eventually(lambda: faults.holder() not in ("", first), 60, "nobody took over")
            second = faults.holder()
            faults.cluster.delete(NETWORK_POLICY, "hub", place)
            eventually(lambda: faults.cluster.get(NETWORK_POLICY, "hub", place), 60, "the second one did nothing")
            drifts = ground.events('"workspace.drift"', f"project:{project}")
        time.sleep(5)  # the first is awake again, with all it wanted to do
        assert faults.holder() == second
        assert ground.events('"workspace.drift"', f"project:{project}") == drifts
        log = (ground.settings.state / "logs" / "controller.log").read_text()
        assert "it stands by" in log
    eventually(lambda: faults.holder() not in ("", second), 60, "the first one did not lead again")
    faults.check_rest(project, awake=True)


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


def test_without_the_vault_nothing_is_granted_and_running_work_goes_on(
    faults: Faults, projects: tuple[str, str]
) -> None:
    project, other = projects
    with faults.seated(project) as seat:
        assert seat.read(SAVE) == "saved"
        with faults.ground.halted("vault"):
            faults.ground.client("james").post(f"/projects/{other}/workspace/open")
            eventually(lambda: _troubled(faults, other), 60, "nobody was told")
            assert faults.pods(other, "session") == []
            assert seat.read(READ) == "kept"
            assert seat.read(DATA) == "True"
        assert seat.read(READ) == "kept"
        faults.ground.wake(other)
        faults.await_told(other, "AgentReady", "Answers")
        faults.check_rest(project, awake=True)
    faults.check_rest(other, awake=True)


def _troubled(faults: Faults, project: str) -> bool:
    told = [faults.told(project, kind) for kind in ("AgentReady", "DataReady", "Awake")]
    return any(one and one.state is not ConditionState.TRUE and "ault" in one.message for one in told)


@pytest.mark.parametrize(("profile", "words"), [("missing", "image"), ("huge", "exceeded quota")])
def test_what_cannot_start_is_refused_in_words_and_leaves_nothing(
    faults: Faults, projects: tuple[str, str], profile: str, words: str
) -> None:
    ground, other = faults.ground, projects[1]
    ground.house.places.choose_profile(ground.actor("olivia"), other, profile)
    faults.refused(other)
    eventually(lambda: words in getattr(faults.told(other, "Sessions"), "message", ""), 40, "nobody was told why")
    ground.house.places.choose_profile(ground.actor("olivia"), other, "small")
    eventually(lambda: faults.pods(other, "session") == [], 40, "its pod is left")
    faults.check_rest(other, awake=True)


def test_without_the_api_server_nothing_is_lost_and_what_was_done_meanwhile_is_carried_out(
    faults: Faults, projects: tuple[str, str]
) -> None:
    project, other = projects
    ground, cluster, place = faults.ground, faults.cluster, faults.place(project)
    ground.wake(other)
    with faults.seated(project) as seat:
        assert seat.read(REMEMBER) == "noted"
        session = faults.session(project)
        with faults.wire.cut():
            cluster.delete(RESOURCE_QUOTA, "workspace", place)
            ground.client("james").post(f"/projects/{other}/workspace/sleep")
            time.sleep(30)  # longer than the lease; gates close their doors meanwhile, and kernels run on
            assert cluster.get(RESOURCE_QUOTA, "workspace", place) is None
            assert len(faults.pods(other, "hub")) == 1
        eventually(lambda: cluster.get(RESOURCE_QUOTA, "workspace", place), 60, "it was not put back")
        assert seat.read_eventually(RECALL) == "before"
        assert faults.session(project) == session
        faults.await_words(project, "Drift", "ResourceQuota/workspace")
        faults.check_rest(project, awake=True)
    faults.check_rest(other, awake=False)


def test_killed_while_sleeping_all_sleeps_and_work_is_kept(faults: Faults, projects: tuple[str, str]) -> None:
    ground, dice = faults.ground, chance(_SEED + 2)
    with killing(ground, ("controller",), dice, times=1, within=2.0) as killed:
        for project in projects:
            ground.client("james").post(f"/projects/{project}/workspace/sleep")
    assert killed
    for project in projects:
        faults.check_rest(project, awake=False)
        faults.await_told(project, "Awake", "Asleep")
        assert faults.pods(project) == []


def test_a_namespace_that_cannot_go_is_told_with_what_holds_it_and_comes_back(
    faults: Faults, projects: tuple[str, str]
) -> None:
    other, cluster, place = projects[1], faults.cluster, faults.place(projects[1])
    with _held(cluster, place):
        cluster.delete(NAMESPACE, place)
        told = faults.await_words(other, "Provisioned", _HOLD)
        assert told.state is not ConditionState.TRUE
    faults.await_told(other, "Provisioned", "InStep", 90)
    with faults.seated(other) as seat:
        assert seat.read(DATA) == "True"
    faults.check_rest(other, awake=True)


def test_a_closed_project_goes_whole_although_killed_and_held_up_and_is_certified(
    faults: Faults, project: str, tmp_path: Path
) -> None:
    ground, cluster, place = faults.ground, faults.cluster, faults.place(project)
    with _held(cluster, place):
        with killing(ground, ("controller",), chance(_SEED + 3), times=1, within=2.0) as killed:
            eventually(lambda: ground.client("olivia").post(f"/projects/{project}/close", {"reason": "It is over."}))
        assert killed
        told = faults.await_words(project, "Removed", _HOLD, 90, to="olivia")
        assert (told.state, told.reason) == (ConditionState.FALSE, "Removing")
    kept = faults.await_told(project, "Removed", "WorkKept", 120, to="olivia")
    assert "homes and shared folder" in kept.message
    _keep_no_work(ground)
    faults.await_told(project, "Removed", "Removed", 90, to="olivia")
    assert cluster.get(NAMESPACE, place) is None
    assert project not in ground.controls.vault.projects()
    _check_certificate(faults, project, tmp_path)


@contextlib.contextmanager
def _held(cluster: Cluster, place: str) -> Iterator[None]:
    """Put something into a namespace that does not go while this lasts."""
    metadata = {"name": "held", "namespace": place, "finalizers": [_HOLD]}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    try:
        yield
    finally:
        cluster.patch(CONFIG_MAP, "held", place, [{"op": "remove", "path": "/metadata/finalizers"}])


def _keep_no_work(ground: Ground) -> None:
    """Change the retention rule, as an operator does, and have the controller start with it."""
    file = ground.settings.state / "tre.yaml"
    content = yaml.safe_load(file.read_text())
    content["retention"] = {"work_days": 0}
    file.write_text(yaml.safe_dump(content))
    ground.await_again("controller", killed=ground.kill("controller"))


def _check_certificate(faults: Faults, project: str, directory: Path) -> None:
    """Fetch the final certificate and the keys as an operator does, and check both it and a changed copy."""
    shown = json.loads(faults.tre("olivia", "project", "show", project, "-o", "json").stdout)
    assert "Removed" in [one["reason"] for one in shown["conditions"]]
    document = eventually(lambda: _final(faults, project), 60, "nobody signed it")
    assert f'"name":"{project}","uid":"auth/' in document
    file, keys = directory / "certificate.json", directory / "keys.json"
    keys.write_text(faults.tre("olivia", "audit", "keys", "-o", "json").stdout)
    assert '"name":"held"' in document
    for text, holds in ((document, True), (document.replace('"name":"held"', '"name":"gone"'), False)):
        file.write_text(text)
        ran = faults.tre("olivia", "project", "verify-certificate", str(file), "--keys", str(keys))
        assert (ran.returncode == 0) is holds, ran.stdout + ran.stderr
        assert ("is genuine" in ran.stderr) is holds


def _final(faults: Faults, project: str) -> str:
    ran = faults.tre("olivia", "project", "certificate", project, "-o", "json")
    return ran.stdout if ran.returncode == 0 and '"final":true' in ran.stdout else ""
