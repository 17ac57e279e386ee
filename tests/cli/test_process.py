"""The command as a process of its own: its exit codes, its streams, and how little it loads."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Terminal

HEAVY = ("sqlalchemy", "fastapi", "hvac", "jupyterhub", "cedarpy", "pydantic", "yaml", "rich", "polars", "alembic")


def tre(state: Path, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrator.cli", "--state", str(state), *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=120,
        env={**os.environ, **changes},
    )


def _failed(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_each_exit_code_is_reached(terminal: Terminal) -> None:
    state = terminal.state
    terminal.sign_in("ada")
    assert tre(state, "custodian", "list").returncode == 0
    (state.parent / "file").write_text("")
    _failed(tre(state.parent / "file" / "state", "init", "--name", "A", "--email", "a@b.org"), 1)
    _failed(tre(state, "project", "aprove"), 2)
    _failed(tre(state, "person", "show", "a" * 16), 3)
    _failed(tre(state, "terms", "publish", terminal.ids["north"], __file__, "--until", "2027-01-01", "--yes"), 4)
    _failed(tre(state, "project", "resume", terminal.ids["project"]), 5)
    (state / "record" / "tre.db").write_bytes(b"no database" * 999)
    _failed(tre(state, "custodian", "list"), 6)


def test_a_changed_entry_is_named_with_exit_code_seven(terminal: Terminal) -> None:
    terminal.sign_in("ada")
    assert terminal.run("audit", "verify").code == 0
    with sqlite3.connect(terminal.state / "record" / "tre.db") as record:
        record.execute("UPDATE audit_entry SET body = replace(body, 'person', 'parson') WHERE position = 1")
    record.close()
    found = tre(terminal.state, "audit", "verify", "--output", "json")
    assert found.returncode == 7
    told = json.loads(found.stdout)
    assert told["sound"] is False
    assert 1 in [finding["position"] for finding in told["findings"]]


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from orchestrator.cli.commands import run\n"
        "code = run(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=200)
    assert done.stderr == "[] 0\n"


def test_importing_the_package_loads_nothing_at_all() -> None:
    program = "import sys, orchestrator.cli\nprint('typer' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=200)
    assert done.stdout == "False\n"


def test_an_unexpected_failure_shows_where_only_when_asked(terminal: Terminal) -> None:
    (terminal.state.parent / "file").write_text("")
    words = ("init", "--name", "A", "--email", "a@b.org")
    inside = terminal.state.parent / "file" / "state"
    assert "Traceback" in tre(inside, *words, TRE_TRACEBACK="1").stderr


def test_a_reader_that_goes_away_is_no_traceback(terminal: Terminal) -> None:
    terminal.sign_in("ada")
    command = [sys.executable, "-m", "orchestrator.cli", "--state", str(terminal.state), "audit", "list", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        told = process.stderr.read()
        process.wait(timeout=200)
    assert b"Traceback" not in told
    assert b"Exception ignored" not in told


def test_no_colour_reaches_a_file(terminal: Terminal) -> None:
    done = tre(terminal.state, "custodian", "list", FORCE_COLOR="1", NO_COLOR="1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_the_state_directory_comes_from_the_environment(terminal: Terminal) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli", "custodian", "list", "-o", "name"],
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
        env={**os.environ, "TRE_STATE": str(terminal.state)},
    )
    assert terminal.ids["north"] in done.stdout.split()


@pytest.mark.parametrize("noun", ["up", "web", "controller", "airlock worker"])
def test_processes_say_that_there_is_no_installation(tmp_path: Path, noun: str) -> None:
    _failed(tre(tmp_path / "none", *noun.split()), 3)
