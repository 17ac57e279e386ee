"""Every command: works for whom it should, and answers each kind of bad input with a sentence and the right code."""

from __future__ import annotations

import json
import sqlite3

import pytest
import yaml

from orchestrator.cli.reference import commands
from orchestrator.core.ids import new_id

from .conftest import Ran, Terminal, account
from .samples import ANYBODY, NEVER_RUN, SAMPLES

EVERY = sorted(SAMPLES)
SIGNED_IN = [name for name in EVERY if SAMPLES[name].who is not ANYBODY]
OFFLINE = (
    "catalogue validate",
    "catalogue convert",
    "catalogue export",
    "catalogue score",
    "uses codes",
    "visa make-key",
    "evidence kinds",
    "release verify",
    "sheet verify",
    "project verify-certificate",
    "airlock check",
    "onboarding checklist",
    "fee check",
)
NEEDS_INSTALLATION = [name for name in EVERY if name not in OFFLINE]
READS = [name for name in EVERY if name.split()[-1] in ("list", "show", "whoami", "search", "register", "keys", "head")]
BY_ROLE = [name for name in SIGNED_IN if SAMPLES[name].who in ("ada", "ben", "cora")]
OWN = {"application draft", "application list", "grant list", "role list", "project list", "workspace list",
       "explain action"}  # fmt: skip
"""Anybody may run these, for himself."""


def _told(ran: Ran) -> None:
    assert "Traceback" not in ran.err
    first = ran.err.strip().splitlines()[-1 if ran.err.startswith("Usage") else 0]
    assert ran.out == ""
    assert first
    assert "\x1b" not in ran.err


def test_every_command_has_a_sample() -> None:
    known = {words for words, _ in commands()}
    assert {tuple(name.split()) for name in SAMPLES} | NEVER_RUN == known


@pytest.mark.parametrize("name", EVERY)
def test_it_answers_whom_it_should(terminal: Terminal, name: str) -> None:
    sample = SAMPLES[name]
    ran = terminal.run(*sample.line(terminal), who=sample.who or None)
    assert ran.code == sample.code, ran.err


@pytest.mark.parametrize("name", SIGNED_IN)
def test_without_a_session_it_says_to_sign_in(terminal: Terminal, name: str) -> None:
    ran = terminal.run(*SAMPLES[name].line(terminal))
    assert ran.code == 4
    assert "tre sign-in" in ran.err
    _told(ran)


@pytest.mark.parametrize("name", [each for each in BY_ROLE if each not in OWN])
def test_the_wrong_person_is_refused(terminal: Terminal, name: str) -> None:
    ran = terminal.run(*SAMPLES[name].line(terminal), who="lee")
    assert ran.code in (3, 4), ran.err
    _told(ran)


@pytest.mark.parametrize("name", NEEDS_INSTALLATION)
def test_without_an_installation_it_says_so(terminal: Terminal, name: str) -> None:
    line = SAMPLES[name].line(terminal)
    terminal.state = terminal.state / "nothing" / "here"
    ran = terminal.run(*line)
    assert ran.code == 3
    assert "no installation" in ran.err
    assert not terminal.state.exists()


@pytest.mark.parametrize("name", NEEDS_INSTALLATION)
def test_a_record_that_is_no_database_is_said_to_be_unreadable(terminal: Terminal, name: str) -> None:
    line = SAMPLES[name].line(terminal)
    if SAMPLES[name].who:
        terminal.sign_in(SAMPLES[name].who)
    for file in (terminal.state / "record").iterdir():
        file.unlink()
    (terminal.state / "record" / "tre.db").write_bytes(b"This is not a database. " * 400)
    ran = terminal.run(*line)
    if name not in ("sign-out", "visa keys"):
        assert ran.code == 6
        _told(ran)


@pytest.mark.parametrize("name", NEEDS_INSTALLATION)
def test_settings_that_are_no_yaml_are_named(terminal: Terminal, name: str) -> None:
    line = SAMPLES[name].line(terminal)
    (terminal.state / "tre.yaml").write_text("portal: {port: [")
    ran = terminal.run(*line)
    assert ran.code == 2
    assert "tre.yaml" in ran.err
    _told(ran)


@pytest.mark.parametrize("name", [each for each in EVERY if "{" in SAMPLES[each].words and each not in OFFLINE])
def test_malformed_and_unknown_identifiers_are_told_apart(terminal: Terminal, name: str) -> None:
    sample = SAMPLES[name]
    line = sample.line(terminal)
    places = [place for place, word in enumerate(line) if word in terminal.ids.values()]
    if sample.who:
        terminal.sign_in(sample.who)
    for place in places:
        for malformed in ("../../etc/passwd", "", "é" * 16, "\x1b[2Jaaaaaaaaaaaa", "a" * 5000):
            ran = terminal.run(*line[:place], malformed, *line[place + 1 :])
            assert ran.code == 2, (malformed, ran.err)
            _told(ran)
        ran = terminal.run(*line[:place], new_id(), *line[place + 1 :])
        assert ran.code in (2, 3, 4), ran.err
        _told(ran)


@pytest.mark.parametrize("name", EVERY)
def test_missing_arguments_and_unknown_options_are_usage(terminal: Terminal, name: str) -> None:
    ran = terminal.run(*name.split(), "--no-such-option")
    assert ran.code == 2
    _told(ran)
    ran = terminal.run(*name.split(), *["surplus"] * 9, "--no-such-option", "--output", "json")
    assert ran.code == 2
    assert json.loads(ran.err)["error"] in ("usage", "invalid")


# “federation confirm” shows the fingerprint that is to be compared before it asks, so it has to find the hub first
@pytest.mark.parametrize(
    "name", [each for each in SIGNED_IN if "--yes" in SAMPLES[each].words and each != "federation confirm"]
)
def test_without_a_terminal_it_asks_for_yes(terminal: Terminal, name: str) -> None:
    sample = SAMPLES[name]
    line = [word for word in sample.line(terminal) if word != "--yes"]
    ran = terminal.run(*line, who=sample.who)
    assert ran.code == 2
    assert "--yes" in ran.err


@pytest.mark.parametrize("name", [each for each in READS if SAMPLES[each].code == 0])
@pytest.mark.parametrize("output", ["json", "yaml", "name", "table"])
def test_data_can_be_read_in_every_form(terminal: Terminal, name: str, output: str) -> None:
    sample = SAMPLES[name]
    ran = terminal.run(*sample.line(terminal), "--output", output, who=sample.who or None)
    assert ran.code == 0, ran.err
    if output == "json":
        assert isinstance(json.loads(ran.out), dict | list)
    elif output == "yaml":
        assert isinstance(yaml.safe_load(ran.out), dict | list)
    elif output == "name":
        assert all(line.isprintable() and " " not in line for line in ran.out.splitlines())


@pytest.mark.parametrize("name", [each for each in SIGNED_IN if SAMPLES[each].code == 0])
def test_a_rehearsal_changes_nothing(terminal: Terminal, name: str) -> None:
    sample = SAMPLES[name]
    options = {option for _, command in commands() if " ".join(_) == name for option in _options(command)}
    if "--dry-run" not in options:
        return
    line = sample.line(terminal)
    terminal.sign_in(sample.who)
    before = _entries(terminal)
    ran = terminal.run(*line, "--dry-run")
    assert ran.code == 0, ran.err
    assert "Nothing was changed" in ran.err
    assert _entries(terminal) == before


def test_a_locked_record_is_unavailable(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.core.database._BUSY_MILLISECONDS", 50)
    terminal.sign_in("ada")
    holder = sqlite3.connect(terminal.state / "record" / "tre.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        ran = terminal.run("custodian", "register", "--name", "West", "--output", "json")
    finally:
        holder.close()
    assert ran.code == 6
    assert json.loads(ran.err)["error"] == "unavailable"
    assert terminal.run("custodian", "register", "--name", "West").code == 0


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_session_that_others_may_read_is_not_trusted(terminal: Terminal, mode: int) -> None:
    terminal.sign_in("ada")
    file = terminal.state / "sessions" / f"{account()}.json"
    assert terminal.run("whoami").code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(mode)
    ran = terminal.run("whoami")
    assert ran.code == 4
    assert "not yours alone" in ran.err


def test_a_session_behind_a_link_is_not_trusted(terminal: Terminal) -> None:
    terminal.sign_in("ada")
    file = terminal.state / "sessions" / f"{account()}.json"
    file.rename(file.with_suffix(".moved"))
    file.symlink_to(file.with_suffix(".moved"))
    assert terminal.run("whoami").code == 4


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"session": 1}', '{"session": ""}', '{"session": "other"}', "\x00"]
)
def test_a_session_file_that_holds_no_session_is_refused(terminal: Terminal, content: str) -> None:
    terminal.sign_in("ada")
    file = terminal.state / "sessions" / f"{account()}.json"
    file.write_text(content)
    ran = terminal.run("whoami")
    assert ran.code == 4
    _told(ran)


def _options(command: object) -> list[str]:
    return [option for parameter in getattr(command, "params", []) for option in parameter.opts]


def _entries(terminal: Terminal) -> int:
    with sqlite3.connect(terminal.state / "record" / "tre.db") as record:
        count: int = record.execute("SELECT count(*) FROM audit_entry").fetchone()[0]
    record.close()
    return count
