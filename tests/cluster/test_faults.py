"""One installation on a real cluster and one fault after another: it heals, tells people, keeps work, leaks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import DEPLOYMENT, NETWORK_POLICY
from orchestrator.workspaces.conditions import ConditionState
from tests.cluster.faults import DATA, READ, SAVE, Faults
from tests.cluster.ground import cluster_installation
from tests.journeys.ground import chance, eventually
from tests.journeys.test_killed import killing

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_SEED = 20261122
_UNKNOWN = "registry.example.org/tre/workspace@sha256:" + "0" * 64


@pytest.fixture(scope="module")
def faults(cluster: Cluster, images: dict[str, str], here: str) -> Iterator[Faults]:
    """An installation that faults happen to, one after another; two of its profiles cannot be had."""

    def change(settings: dict[str, Any]) -> None:
        settings["kubernetes"]["profiles"] |= {
            "missing": {"display_name": "Missing", "image": _UNKNOWN},
            "huge": {"display_name": "Huge", "image": images["workspace"], "memory_mib": 70_000},
        }

    with cluster_installation(cluster, images, here, change) as ground:
        yield Faults(ground, cluster)


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
