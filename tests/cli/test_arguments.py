"""Whatever is typed or lies in a file is answered with a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from typer.testing import CliRunner

from orchestrator.cli.application import read_answers
from orchestrator.cli.arguments import day, mapping_file
from orchestrator.cli.audit import read_keys
from orchestrator.cli.commands import app
from orchestrator.core.errors import Invalid

from .conftest import Terminal, answers_file

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = some.lists(some.text(min_size=0, max_size=30), max_size=5)


@FEW
@given(WORDS)
def test_any_words_after_a_noun_end_in_a_known_code(tmp_path: Path, words: list[str]) -> None:
    for noun in ("project", "role", "dataset", "audit"):
        result = CliRunner().invoke(app, ["--state", str(tmp_path / "none"), noun, *words])
        assert result.exit_code in (0, 2, 3)
        assert "Traceback" not in result.output


@FEW
@given(some.text(max_size=40))
def test_an_identifier_is_exact_or_refused(tmp_path: Path, text: str) -> None:
    result = CliRunner().invoke(app, ["--state", str(tmp_path / "none"), "project", "show", "--", text])
    assert result.exit_code in (2, 3)


@given(some.text(max_size=12) | some.dates().map(str))
def test_a_day_is_read_or_named_as_wrong(text: str) -> None:
    assert _said(lambda: day(text)) in (text, "--until")


@pytest.mark.parametrize("text", ["2027-02-30", "20270228", "2027-W01-1", "2027-2-28", " 2027-02-28", "tomorrow", ""])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="YYYY-MM-DD"):
        day(text)


@FEW
@given(some.binary(max_size=300))
def test_a_file_of_anything_is_fields_or_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    for reader in (lambda: mapping_file(file, field="FILE"), lambda: read_keys(file)):
        assert _said(reader)


FIELDS = ["title", "lay_summary", "start", "members", "datasets", "justifications", "surplus"]
VALUES = some.none() | some.integers() | some.text(max_size=20) | some.lists(some.text(max_size=5), max_size=3)


@FEW
@given(some.dictionaries(some.sampled_from(FIELDS), VALUES, min_size=1))
def test_answers_of_any_kind_are_read_or_name_their_field(founded: Terminal, tmp_path: Path, wrong: dict) -> None:
    file = tmp_path / "answers.json"
    whole = json.loads(answers_file(founded, []).read_text())
    file.write_text(json.dumps({**whole, **wrong}))
    assert _said(lambda: read_answers(file))


@pytest.mark.parametrize("content", ["- a\n- b\n", "just text", "!!python/object/apply:os.getcwd []", "a: &a [*a]", ""])
def test_answers_that_are_no_fields_are_refused(terminal: Terminal, tmp_path: Path, content: str) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(content)
    ran = terminal.run("application", "draft", str(file), who="rex")
    assert ran.code == 2


def test_a_missing_answer_is_named(terminal: Terminal, tmp_path: Path) -> None:
    whole = json.loads(answers_file(terminal, [terminal.ids["north_dataset"]]).read_text())
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(whole))
    assert terminal.run("application", "draft", str(file), who="rex").code == 0
    del whole["purpose"]
    file.write_text(json.dumps(whole))
    ran = terminal.run("application", "draft", str(file), "-o", "json")
    assert ran.code == 2
    assert json.loads(ran.err)["field"] == "purpose"


def test_an_approval_needs_its_last_day_and_a_refusal_its_reason(terminal: Terminal) -> None:
    words = ("application", "decide", terminal.ids["decided"], terminal.ids["north"], "--read", "0" * 64, "--yes")
    assert "--until" in terminal.run(*words, "--approve", who="cora").err
    assert "--reason" in terminal.run(*words, "--refuse").err


def _said(reader: Callable[[], object]) -> str:
    """Return what was read as text, or the field that was named as wrong; any other exception fails the test."""
    try:
        return str(reader())
    except Invalid as error:
        return error.field
