"""kill -9 of every part, between and amid the story's steps: it converges, and nothing is lost or gained."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator.core.errors import OrchestratorError
from orchestrator.demonstration import asking
from orchestrator.demonstration.cells import SUBMIT
from orchestrator.demonstration.story import Story
from tests.journeys.ground import Chance, Ground, Seat, chance, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_SEED = 20261122
_OWN = ("controller", "web", "airlock", "vault")
_PARTS = ("hub", "gate", "agent")
REMEMBER = "remembered = {'since': 'before'}; print('noted')"
RECALL = "print(remembered['since'])"
READ_ON = """
import time
while True:
    print(open("/data/breast-cancer-trial/gbsg2.csv").readline())
    time.sleep(0.1)
"""
RESULTS = """
import os
os.makedirs("/home/researcher/outbox", exist_ok=True)
open("/home/researcher/outbox/results.csv", "w").write("group,people\\nwomen,686\\n")
"""


@pytest.fixture(scope="module")
def story(ground: Ground) -> Iterator[Story]:
    """The story, to be walked step by step."""
    story = Story(ground.house, ground.cast, lambda _step: None)
    yield story
    story.stage.close()


@pytest.fixture(scope="module")
def project(ground: Ground, story: Story) -> str:
    """The story as far as the approved project, with one of the installation's own programs killed after each step."""
    dice = chance(_SEED)
    with killing(ground, ("controller",), dice, times=3, within=1.5):
        pass
    for step in (asking.sign_in, asking.await_sealed, asking.find, asking.apply, asking.decide, asking.approve):
        step(story.stage)
        name = dice.choice(_OWN)
        ground.await_again(name, killed=ground.kill(name))
        ground.await_portal()
    return str(story.stage.seen["project"])


@contextlib.contextmanager
def killing(
    ground: Ground, names: tuple[str, ...], dice: Chance, *, times: int, within: float, project: str = ""
) -> Iterator[list[str]]:
    """Kill one of these again and again, at moments that the seed decides, while something else goes on."""
    killed: list[str] = []
    moments = [(dice.uniform(0.05, within), dice.choice(names)) for _ in range(times)]

    def kill() -> None:
        for pause, name in moments:
            time.sleep(pause)
            if ground.kill(name, project if name in _PARTS else ""):
                killed.append(name)

    thread = threading.Thread(target=kill, name="killer")
    thread.start()
    try:
        yield killed
    finally:
        thread.join()


def submissions(ground: Ground) -> list[str]:
    """Return what James has submitted."""
    return [item["submission_id"] for item in ground.client("james").get("/submissions")["items"]]


def state_of(ground: Ground, submission: str) -> str:
    """Return where one submission stands."""
    return str(ground.client("james").get(f"/submissions/{submission}")["submission"]["state"])


def test_whoever_is_killed_on_the_way_the_project_has_exactly_what_was_granted(ground: Ground, project: str) -> None:
    grants = ground.client("james").get(f"/projects/{project}")["grants"]
    assert {grant["dataset_id"] for grant in grants} == set(ground.cast.datasets.values())
    arrivals = ground.settings.state / "arrivals"
    eventually(
        lambda: not arrivals.is_dir() or not any(arrivals.iterdir()), what="clear data stayed where they arrived"
    )
    ground.check_invariants()


def test_a_workspace_wakes_although_its_parts_are_killed_while_it_does(ground: Ground, project: str) -> None:
    dice = chance(_SEED + 1)
    with killing(ground, (*_OWN, *_PARTS), dice, times=8, within=1.2, project=project) as killed:
        eventually(lambda: ground.client("james").post(f"/projects/{project}/workspace/open"))
    assert killed
    ground.await_portal()
    ground.wake(project)
    with Seat(ground, project) as seat:
        assert seat.read("import os; print(len(os.listdir('/data')) + len(os.listdir('/run/tre/databases')))") == "3"
    ground.check_invariants()


@pytest.mark.parametrize("name", ["hub", "gate", "controller", "web", "airlock", "vault"])
def test_a_kernel_and_what_it_remembers_survive(ground: Ground, project: str, name: str) -> None:
    ground.wake(project)
    with Seat(ground, project) as seat:
        assert seat.read(REMEMBER) == "noted"
        before = ground.sessions(project)
        part = project if name in _PARTS else ""
        killed = ground.kill(name, part)
        assert killed
        ground.await_again(name, part, killed=killed)
        ground.await_portal()
        assert seat.read_eventually(RECALL) == "before"
        assert ground.sessions(project) == before
    ground.check_invariants()


def test_everything_killed_at_once_leaves_the_kernel(ground: Ground, project: str) -> None:
    ground.wake(project)
    with Seat(ground, project) as seat:
        seat.read(REMEMBER)
        killed = [(name, part, ground.kill(name, part)) for name, part in _everything(project)]
        assert all(number for _, _, number in killed)
        for name, part, number in killed:
            ground.await_again(name, part, killed=number)
        ground.await_portal()
        assert seat.read_eventually(RECALL) == "before"
    ground.check_invariants()


def _everything(project: str) -> list[tuple[str, str]]:
    return [*((name, "") for name in _OWN), *((name, project) for name in ("hub", "gate"))]


def test_a_killed_agent_takes_its_data_and_the_session_and_reopening_works(ground: Ground, project: str) -> None:
    ground.wake(project)
    with Seat(ground, project) as seat:
        file = "/data/breast-cancer-trial/gbsg2.csv"
        assert int(seat.read(f"held = open({file!r}, 'rb'); print(len(held.read()))")) > 0
        session = ground.sessions(project)[ground.person("james")]
        leases = {lease.accessor for lease in ground.controls.vault.leases(project)}
        held = [path.open("rb", buffering=0) for path in ground.memory(project).rglob("gbsg2.csv")]
        killed = ground.kill("agent", project)
        assert killed
        assert held
        eventually(lambda: held[0].seek(0) == 0 and held[0].read() == b"", 15, "the data stayed readable")
        for handle in held:
            handle.close()
        eventually(lambda: session not in ground.sessions(project).values(), 15, "the session went on without its data")
        assert not ground.session_processes(project, session)
        ground.await_again("agent", project, killed=killed)
    ground.wake(project)
    with Seat(ground, project) as seat:
        assert int(seat.read(f"print(len(open({file!r}, 'rb').read()))")) > 0
    assert leases.isdisjoint({lease.accessor for lease in ground.controls.vault.leases(project)})
    ground.check_invariants()


def test_a_submission_that_was_accepted_is_there_after_any_crash(ground: Ground, project: str, story: Story) -> None:
    ground.wake(project)
    before = set(submissions(ground))
    dice = chance(_SEED + 2)
    with Seat(ground, project) as seat:
        seat.read(RESULTS)
        seat.read(SUBMIT)
        (accepted,) = set(submissions(ground)) - before
        with killing(ground, ("airlock", "vault", "controller"), dice, times=5, within=0.8) as killed:
            eventually(lambda: state_of(ground, accepted) == "in-review", 90, "it did not come to review")
        assert "airlock" in killed
        with killing(ground, ("airlock",), dice, times=2, within=0.4):
            outcome = _submit_until_told(seat)
    after = set(submissions(ground)) - before
    assert accepted in after
    assert len(after) >= 1 + outcome
    assert state_of(ground, accepted) == "in-review"
    story.stage.seen["submission"] = ground.client("james").get(f"/submissions/{accepted}")["submission"]
    ground.check_invariants()


def _submit_until_told(seat: Seat) -> int:
    """Submit while the airlock is being killed; return whether the airlock said that it was taken."""
    output = seat.run(SUBMIT)
    return 0 if output.error else 1


def test_what_two_checkers_approved_is_released_exactly_once(ground: Ground, project: str, story: Story) -> None:
    assert project
    submission = str(story.stage.seen["submission"]["submission_id"])
    dice = chance(_SEED + 3)
    for checker in ("chandra", "cleo"):
        view = _again(lambda checker=checker: ground.client(checker).get(f"/submissions/{submission}"))
        for file in view["submission"]["files"]:
            path = f"/reviews/{submission}/files/{file['file_id']}"
            ground.client(checker).get(path)
            seen = [finding["key"] for finding in file["findings"] if finding["severity"] != "note"]
            words = {"choice": "approve", "comment": "Large enough.", "acknowledged": seen}
            vote = {**words, "binding": file["binding"]}
            ground.client(checker).put(f"{path}/vote", vote)
        seen = ground.client(checker).get(f"/submissions/{submission}")["submission"]["version"]
        with killing(ground, ("airlock", "vault"), dice, times=4, within=0.4):
            ground.client(checker).post(f"/reviews/{submission}/submit", {"seen": seen})
    eventually(lambda: state_of(ground, submission) == "released", 90, "it was not released")
    released = ground.events('"submission.released"', f"submission:{submission}")
    assert len(released) == 1, released
    ground.check_invariants()


def test_a_withdrawal_while_the_controller_is_dead_is_carried_out_by_the_next(ground: Ground, project: str) -> None:
    ground.wake(project)
    grants = ground.client("james").get(f"/projects/{project}")["grants"]
    breast = ground.cast.datasets["breast-cancer-trial"]
    grant = next(grant for grant in grants if grant["dataset_id"] == breast)
    version = ground.house.discovery.versions(breast)[0].version_id
    with Seat(ground, project) as seat:
        seat.stream(READ_ON)
        assert version in ground.leased(project) & ground.unsealed(project)
        killed = ground.kill("controller")
        ground.client("bruno").post(f"/grants/{grant['grant_id']}/withdraw", {"reason": "The agreement ended."})
        ground.await_again("controller", killed=killed)
        eventually(seat.closed.is_set, what="the socket stayed open")
        eventually(lambda: version not in ground.leased(project) | ground.unsealed(project), what="the data stayed")
    ground.check_invariants()


def _again(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 180
    while True:
        try:
            return ask()
        except OrchestratorError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
