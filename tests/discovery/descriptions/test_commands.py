"""`tre catalogue` on files: what it writes, and how it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.commands import run
from orchestrator.cli.failures import ExitCode

from .conftest import data_file

Record = dict[str, Any]
Tre = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tre(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Tre:
    def call(*words: str) -> tuple[int, str, str]:
        code = run(["--state", str(tmp_path / "none"), "catalogue", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Any], str]:
    def write(content: Any) -> str:
        path = tmp_path / "records.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


def test_the_real_catalogue_is_scored_in_the_published_form(tre: Tre) -> None:
    path = data_file("catalogue-2020-11-20.json")
    code, out, _ = tre("score", str(path), "--profile", "hdruk-2020", "--output", "json")
    assert code == ExitCode.OK
    datasets = json.loads(out)["datasets"]
    assert len(datasets) == 531
    first = datasets[0]
    assert first["id"] == "0048a401-e54c-49d7-8afc-6c5390fb66b9"
    assert first["flags"]["A: Summary, title"] == 1
    assert first["flags"]["D: Format & Structure, fileSize"] is None
    assert {"completeness", "error", "score", "score_between", "rating", "usable", "mend"} <= set(first)


def test_what_to_mend_is_listed(tre: Tre, file: Callable[[Any], str], description: Record) -> None:
    description["accessibility"]["access"]["accessRequestCost"] = "TBC"
    code, out, _ = tre("score", file(description), "--profile", "hdruk-2022", "--mend", "--output", "json")
    assert code == ExitCode.OK
    told = {row["field"]: row["now"] for row in json.loads(out)}
    assert told["accessibility.access.accessRequestCost"] == "placeholder"


def test_a_valid_description_leaves_with_0_and_a_wrong_one_with_7(
    tre: Tre, file: Callable[[Any], str], description: Record
) -> None:
    assert tre("validate", file(description))[0] == ExitCode.OK
    description["summary"]["title"] = 5
    code, out, _ = tre("validate", file(description), "--output", "json")
    assert code == ExitCode.FINDINGS
    assert [row["path"] for row in json.loads(out)] == ["summary.title"]


def test_one_bad_record_stops_no_other(tre: Tre, file: Callable[[Any], str], description: Record) -> None:
    records = [{"colour": "blue"}, description, 5]
    for command in ("convert", "score"):
        code, out, _ = tre(command, file(records), "--output", "json")
        assert code == ExitCode.FINDINGS
        rows = json.loads(out)["datasets"]
        assert [bool(row["refused"]) for row in rows] == [True, False, True]
        assert "no description" in rows[0]["refused"]
    code, out, _ = tre("validate", file(records), "--output", "json")
    assert code == ExitCode.FINDINGS
    assert len(json.loads(out)) == 2


def test_a_converted_record_is_written_whole(tre: Tre, file: Callable[[Any], str], catalogue: list[Record]) -> None:
    code, out, _ = tre("convert", file(catalogue[0]), "--output", "json")
    assert code == ExitCode.OK
    (row,) = json.loads(out)["datasets"]
    assert row["schema"] == "2.0.0"
    assert row["description"]["summary"]["dataCustodian"]["name"] == "PIONEER"
    assert row["unplaced"]["summary.doiName"] == "not available"


@pytest.mark.parametrize("form", ["schema.org", "dcat", "turtle"])
def test_descriptions_are_exported(form: str, tre: Tre, file: Callable[[Any], str], description: Record) -> None:
    code, out, _ = tre("export", file(description), "--format", form, "--address", "https://example.org/d/{id}")
    assert code == ExitCode.OK
    assert f"https://example.org/d/{description['identifier']}" in out
    assert form == "turtle" or json.loads(out)["@id"].startswith("https://example.org/d/")


def test_the_same_refusal_of_many_is_said_once(tre: Tre, file: Callable[[Any], str], description: Record) -> None:
    code, out, told = tre("export", file([description] * 5), "--format", "croissant")
    assert code == ExitCode.FINDINGS
    assert out == ""
    assert told.count("not described as “Open access”") == 1
    assert "and 4 more" in told


def test_an_open_dataset_is_exported_as_croissant(
    tre: Tre, file: Callable[[Any], str], description: Record, tmp_path: Path
) -> None:
    description["accessibility"]["access"]["accessServiceCategory"] = "Open access"
    files = tmp_path / "files.json"
    about = {"name": "a.csv", "address": "https://example.org/a.csv", "media_type": "text/csv", "size": 5}
    files.write_text(json.dumps([{**about, "sha256": "0" * 64}]))
    words = ("export", file(description), "--format", "croissant", "--licence", "https://example.org/licence")
    code, out, _ = tre(*words, "--files", str(files))
    assert code == ExitCode.OK
    assert json.loads(out)["distribution"][0]["contentUrl"] == "https://example.org/a.csv"
    files.write_text(json.dumps([about]))
    code, _, told = tre(*words, "--files", str(files))
    assert code == ExitCode.USAGE
    assert "name, address, media_type, size and sha256" in told


@pytest.mark.parametrize("content", ["", "{", "5", "null", "[1, 2", "\x00", '"text"'])
def test_a_file_without_descriptions_is_refused(content: str, tre: Tre, file: Callable[[Any], str]) -> None:
    for command in ("validate", "convert", "score", "export"):
        code, out, told = tre(command, file(content))
        assert code == ExitCode.USAGE
        assert out == ""
        assert "tre: " in told


def test_a_missing_file_an_unknown_profile_and_schema_are_refused(
    tre: Tre, file: Callable[[Any], str], description: Record
) -> None:
    assert tre("score", "/does/not/exist.json")[0] == ExitCode.USAGE
    code, _, told = tre("score", file(description), "--profile", "best")
    assert code == ExitCode.USAGE
    assert "hdruk-2020, hdruk-2022" in told
    for command in ("validate", "convert"):
        code, _, told = tre(command, file(description), "--schema", "9.9.9")
        assert code == ExitCode.USAGE
        assert "--schema: choose one of 1.1.7, 2.0.0, 2.0.2" in told
