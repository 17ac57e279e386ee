"""`tre dataset describe`: what a description is worth is said, whoever wrote from an older edition is stopped."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.assembly import open_house
from orchestrator.settings import load_settings
from tests.web.world import description

from .conftest import Terminal


def _file(terminal: Terminal, title: str) -> str:
    file: Path = terminal.state.parent / "mended.json"
    file.write_text(json.dumps(description(title, "North Hospital Trust")))
    return str(file)


def _titles(terminal: Terminal, dataset: str) -> tuple[str, int]:
    house = open_house(load_settings(terminal.state))
    try:
        return house.discovery.dataset(dataset).title, len(house.catalogue.versions(dataset))
    finally:
        house.record.engine.dispose()


def test_a_description_is_tried_saved_and_kept_from_being_written_over(terminal: Terminal) -> None:
    dataset = terminal.ids["north_dataset"]
    before, editions = _titles(terminal, dataset)
    line = [
        "dataset",
        "describe",
        dataset,
        _file(terminal, "Told anew"),
        "--edition",
        str(editions),
        "--output",
        "json",
    ]
    tried = terminal.run(*line, "--dry-run", who="cora")
    assert (tried.code, tried.out) == (0, "")
    assert "Without placeholders it is worth" in tried.err
    assert _titles(terminal, dataset) == (before, editions)
    saved = terminal.run(*line)
    assert (saved.code, json.loads(saved.out)["title"]) == (0, "Told anew")
    assert "Without placeholders it is worth" in saved.err
    assert _titles(terminal, dataset) == ("Told anew", editions + 1)
    late = terminal.run(*line)
    assert late.code == 5
    assert f"edition {editions + 1} stands" in late.err
    assert _titles(terminal, dataset) == ("Told anew", editions + 1)


def test_what_is_no_description_and_who_is_no_officer_are_told(terminal: Terminal) -> None:
    dataset, file = terminal.ids["north_dataset"], _file(terminal, "x" * 200)
    before = _titles(terminal, dataset)
    wrong = terminal.run("dataset", "describe", dataset, file, who="cora")
    assert wrong.code == 2
    assert "at most 150" in wrong.err
    other = terminal.run("dataset", "describe", dataset, _file(terminal, "Mine"), who="rex")
    assert other.code == 4
    assert "Only an officer" in other.err
    assert _titles(terminal, dataset) == before
