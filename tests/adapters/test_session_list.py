"""The sessions that a namespace lets in: two who take the same one out do not stumble over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.session_list import SessionList
from orchestrator.core.errors import Refused
from orchestrator.core.ids import new_id
from orchestrator.workspaces.builder.admission import session_annotation
from tests.workspaces.plans import PLACE


class Namespace:
    """A cluster with one namespace; ``first`` is somebody else's turn before each of our changes."""

    def __init__(self, annotations: dict[str, str]) -> None:
        self.annotations = annotations
        self.first: Any = lambda: None
        self.refuses = False

    def get(self, *_: object) -> dict[str, Any]:
        return {"metadata": {"annotations": dict(self.annotations)}}

    def patch(self, _kind: object, _name: str, _namespace: str, steps: Sequence[dict[str, str]]) -> dict[str, Any]:
        self.first()
        names = [step["path"].rpartition("/")[2].replace("~1", "/") for step in steps if step["op"] == "remove"]
        if self.refuses or set(names) - set(self.annotations):
            raise Refused("The cluster refuses: the server rejected our request due to an error in our request.")
        for name in names:
            del self.annotations[name]
        return self.get()

    def wrote(self, _: object) -> None:
        """Play the mirror too."""


@pytest.fixture
def session() -> str:
    return new_id()


def test_a_session_that_somebody_else_took_out_meanwhile_is_out(session: str) -> None:
    world = Namespace({session_annotation(session): "image|x"})
    world.first = world.annotations.clear
    SessionList(world, world).drop(PLACE, session)  # type: ignore[arg-type]
    assert world.annotations == {}


def test_a_session_that_cannot_be_taken_out_is_told(session: str) -> None:
    world = Namespace({session_annotation(session): "image|x"})
    world.refuses = True
    listed = SessionList(world, world)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        listed.drop(PLACE, session)
    with pytest.raises(Refused):
        listed.clear(PLACE)


def test_only_the_sessions_are_cleared(session: str) -> None:
    world = Namespace({session_annotation(session): "image|x", "tre.orchestrator/images": "x"})
    listed = SessionList(world, world)  # type: ignore[arg-type]
    listed.clear(PLACE)
    listed.clear(PLACE)
    assert world.annotations == {"tre.orchestrator/images": "x"}
