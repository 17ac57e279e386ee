"""What an installation leans on is away, or something neither starts nor goes: it says so, waits and carries on."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import CONFIG_MAP, NAMESPACE, RESOURCE_QUOTA
from orchestrator.workspaces.places.conditions import ConditionState
from tests.cluster.faults import DATA, READ, SAVE, Faults
from tests.cluster.faults_ground import SEED
from tests.journeys.ground import Ground, chance, eventually
from tests.journeys.test_killed import RECALL, REMEMBER, killing

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_HOLD = "example.org/hold"


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
    ground, dice = faults.ground, chance(SEED + 2)
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
        with killing(ground, ("controller",), chance(SEED + 3), times=1, within=2.0) as killed:
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
