"""The whole of governance, done by commands alone."""

from __future__ import annotations

from .conftest import Terminal


def test_the_story_ends_in_a_project_with_two_grants(founded: Terminal) -> None:
    shown = founded.done("project", "show", founded.ids["project"], who="ada")
    assert shown["state"] == "active"
    assert len(shown["grants"]) == 2
