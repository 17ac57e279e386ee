"""James' story on a real cluster: the eighteen steps of the demonstration, with pods in place of sandboxes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.demonstration.story import Story, StoryStep
from tests.cluster.ground import cluster_installation
from tests.journeys.ground import Ground

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def ground(cluster: Cluster, images: dict[str, str], here: str) -> Iterator[Ground]:
    with cluster_installation(cluster, images, here) as ground:
        yield ground


def test_the_whole_story_is_walked_on_a_cluster(ground: Ground) -> None:
    told: list[StoryStep] = []
    story = Story(ground.house, ground.cast, told.append, awake_seconds=300)
    assert story.walk(), "\n".join(f"{step.ok} {step.seconds:6.2f} {step.name}: {step.reason}" for step in told)
    assert len(told) == 18
