"""Nothing in data reaches a terminal as a command to it; every form carries the same data."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.cli.failures import ExitCode, report, wants_json
from orchestrator.cli.output import Output, Shape, plain, show, show_all, visible
from orchestrator.core.errors import Refused, Unavailable

from .conftest import Terminal

HOSTILE = "red \x1b[31m, bell \x07, back \x08, csi \x9b1A, turned \u202e, hidden \u200b, end"
SHAPE = Shape(name="name", columns=("name", "note"))


@given(some.text())
def test_text_for_people_never_moves_the_terminal(text: str) -> None:
    seen = visible(text)
    assert seen.isprintable()
    assert not set(seen) & set("\x1b\x9b\u202e\u2066\u200b\r\n")


def test_ordinary_text_stays_as_it_is() -> None:
    assert visible("Größe “10 µm”, 名前 – ok") == "Größe “10 µm”, 名前 – ok"


@given(some.recursive(some.none() | some.booleans() | some.integers() | some.text(), some.lists, max_leaves=20))
def test_every_form_says_the_same(value: object) -> None:
    row = {"name": "a", "note": value}
    data = plain(row)
    assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize("output", list(Output))
def test_hostile_data_is_written_harmlessly_in_every_form(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"name": HOSTILE, "note": [HOSTILE, {"deep": HOSTILE}]}
    show(row, SHAPE, output)
    show_all([row], SHAPE, output)
    out = capsys.readouterr().out
    assert all(letter.isprintable() or letter == "\n" for letter in out)
    if output is Output.YAML:
        assert yaml.safe_load(out.split("\n- ", 1)[0])["name"] == HOSTILE


def test_hostile_data_survives_json_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    show({"name": HOSTILE}, SHAPE, Output.JSON)
    assert json.loads(capsys.readouterr().out) == {"name": HOSTILE}


def test_times_days_bytes_sets_and_paths_become_plain() -> None:
    values = [datetime(2026, 1, 2, tzinfo=UTC), date(2026, 1, 2), b"\x00", frozenset({"b", "a"}), Path("/x")]
    assert plain(values) == ["2026-01-02T00:00:00.000000Z", "2026-01-02", "AA==", ["a", "b"], "/x"]


def test_an_empty_list_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    show_all([], SHAPE, Output.JSON)
    assert capsys.readouterr().out == "[]\n"
    show_all([], SHAPE, Output.NAME)
    assert capsys.readouterr().out == ""


def test_a_table_has_one_line_for_each_thing(capsys: pytest.CaptureFixture[str]) -> None:
    show_all([{"name": "a", "note": "x" * 500}, {"name": "b", "note": "two\nlines"}], SHAPE, Output.TABLE)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["NAME", "NOTE"]
    assert "two\\nlines" in lines[2]


def test_reasons_are_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(Refused("No.", reasons=("First \x1b[0m.", "Second.")), as_json=False) is ExitCode.REFUSED
    assert capsys.readouterr().err == "tre: No. [refused]\n  - First \\x1b[0m.\n  - Second.\n"


def test_a_failure_is_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(Unavailable("Away.", system="vault"), as_json=True) is ExitCode.UNAVAILABLE
    told = json.loads(capsys.readouterr().err)
    assert told == {"error": "unavailable", "message": "Away.", "exit": 6, "system": "vault"}


def test_what_nobody_expected_is_still_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ZeroDivisionError("by\x1b[2J zero"), as_json=False) is ExitCode.FAILURE
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "\x1b" not in told


@pytest.mark.parametrize("words", [["-o", "json"], ["--output", "json"], ["--output=json"], ["-ojson"]])
def test_a_wish_for_json_is_seen_on_any_command_line(words: list[str]) -> None:
    assert wants_json(["no", "such", "command", *words])
    assert not wants_json([*words[:-1], "table"])


def test_a_hostile_name_is_shown_visibly_by_a_command(terminal: Terminal) -> None:
    done = terminal.run("custodian", "register", "--name", "Trust \u202eevil", who="ada")
    assert "\u202e" not in done.out + done.err
