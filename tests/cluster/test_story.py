"""James' story on a real cluster, with pods in place of sandboxes; then a script of his runs again in a pod of its own.

Both in one installation, and the story first, which finds nothing there but what the demonstration brought.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.demonstration import working
from orchestrator.demonstration.story import Story, StoryStep
from tests.cluster.ground import cluster_installation
from tests.journeys.ground import Ground, Seat, eventually
from tests.journeys.replays import BREAST, RUN, SCRIPT, TRIAL, findings, made_again, submit, write

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def ground(cluster: Cluster, images: dict[str, str], here: str) -> Iterator[Ground]:
    with cluster_installation(cluster, images, here, politely=True) as ground:
        yield ground


def test_the_whole_story_is_walked_on_a_cluster(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_CHECKED_SECONDS", 240.0)  # a bound of the wait, for machines with much else to do
    told: list[StoryStep] = []
    story = Story(ground.house, ground.cast, told.append, awake_seconds=300)
    assert story.walk(), "\n".join(f"{step.ok} {step.seconds:6.2f} {step.name}: {step.reason}" for step in told)
    assert len(told) == 18


def test_a_script_makes_the_same_files_again_in_a_pod(ground: Ground) -> None:
    """The pod of a replay has the same image and data, an empty home and nobody inside."""
    ground.await_sealed()
    ground.accept_terms("james")
    project = ground.project("Run again", [BREAST, TRIAL])
    ground.wake(project.project_id)
    with Seat(ground, project.project_id) as seat:
        write(seat, "make.py", SCRIPT)
        assert seat.read(RUN) == "0"
        sent = ["groups.csv", "subjects.csv", "where.txt", "make.py"]
        submission = submit(seat, *sent, "--program", "make.py", "--supporting", "make.py")
        found = findings(ground, submission)
        assert set(found["groups.csv"]) == {"REPLAY_SAME"}
        assert set(found["subjects.csv"]) == {"REPLAY_SAME"}
        assert made_again(ground, submission, "where.txt")[1] == "hub False, token False"

        def only_the_person() -> bool:
            rows = ground.controls.register.live(project.project_id)
            return [row.replay_of for row in rows] == [None]

        eventually(only_the_person, what="the replay's session did not end")
