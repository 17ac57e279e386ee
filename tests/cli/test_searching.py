"""`tre catalogue search|similar|compare|reindex` on an installation, as anybody runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.commands import run
from tests.web.world import make_world


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("searched")
    make_world(directory).house.record.engine.dispose()
    return directory


@pytest.fixture
def tre(state: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str) -> tuple[int, str, str]:
        code = run(["--state", str(state), "catalogue", *words])
        written = capsys.readouterr()
        return code, written.out, written.err

    return call


def test_a_search_gives_results_with_reasons_and_counts(tre: Any) -> None:
    code, out, _ = tre("search", "tumour", "--output", "json")
    found = json.loads(out)
    assert (code, found["total"], found["loosened"], found["behind"]) == (0, 1, False, 0)
    assert found["results"][0]["title"] == "Tumour registrations"
    assert found["results"][0]["found_in"][0] == "title: Tumour registrations"
    assert {each["value"] for each in found["facets"]["publisher"]} == {"South Cancer Registry"}


def test_how_words_were_read_goes_to_the_person_not_into_the_data(tre: Any) -> None:
    code, out, err = tre("search", "admisions", "--output", "name")
    assert (code, len(out.split())) == (0, 1)
    assert "searched for “admissions”" in err
    assert "some of them" in tre("search", "tumour", "zzyzx")[2]


def test_facets_narrow_and_nonsense_is_refused(tre: Any) -> None:
    assert "1 found" in tre("search", "--facet", "publisher=North Hospital Trust")[2]
    assert "0 found" in tre("search", "--facet", "publisher=North Hospital Trust", "--people", "1000000")[2]
    for words in (
        ("--facet", "colour=red"),
        ("--facet", "publisher"),
        ("--limit", "0"),
        ("--since", "7"),
        ("x" * 201,),
    ):
        code, out, err = tre("search", *words)
        assert (code, out) == (2, ""), words
        assert err.startswith("tre: ")


def test_similar_compare_and_reindex(tre: Any) -> None:
    entries = tre("search", "--output", "name")[1].split()
    assert len(entries) == 2
    assert (
        tre("similar", entries[0], "--output", "name")[1].split() == entries[1:]
        or entries[0] not in tre("similar", entries[0], "--output", "name")[1]
    )
    code, out, _ = tre("compare", *entries, "--output", "json")
    compared = json.loads(out)
    assert code == 0
    assert [each["entry_id"] for each in compared["entries"]] == entries
    assert compared["links"][0]["facts"]
    code, out, err = tre("compare", *entries)
    assert (code, "At a glance" in out, "Same places" in err) == (0, True, True)
    assert tre("compare", entries[0])[0] == 2
    assert tre("compare", entries[0], "a" * 16)[0] == 3
    assert json.loads(tre("reindex", "--output", "json")[1]) == {"descriptions": 2}
    assert "2 found" in tre("search")[2]
