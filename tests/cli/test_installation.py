"""Founding an installation, signing a terminal in, and looking at the machine."""

from __future__ import annotations

import stat
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.adapters.findings import Check
from orchestrator.assembly import open_house
from orchestrator.assembly.installation import checkup
from orchestrator.cli import signing
from orchestrator.settings import load_settings

from .conftest import Terminal, account

WORDS = ("init", "--name", "Ada", "--email", "ada@example.org")


def test_founding_makes_one_operator_and_no_second_one(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "new" / "state")
    made = terminal.done(*WORDS)
    again = terminal.run(*WORDS)
    assert again.code == 4
    assert "operator already" in again.err
    terminal.ids["ada"] = made["person_id"]
    assert [each["person_id"] for each in terminal.done("person", "list", who="ada")] == [made["person_id"]]
    assert terminal.done("whoami")["roles"] == ["operator"]


def test_a_founding_that_failed_half_way_can_be_repeated(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "state")
    assert terminal.run("init", "--name", "Ada", "--email", "nobody@").code == 2
    assert terminal.run(*WORDS).code == 0


@pytest.mark.parametrize("wrong", [("--name", " "), ("--email", "nobody"), ("--email", "a b@c")])
def test_a_first_operator_who_cannot_be_is_refused(tmp_path: Path, wrong: tuple[str, str]) -> None:
    words = list(WORDS)
    words[words.index(wrong[0]) + 1] = wrong[1]
    assert Terminal(tmp_path / "state").run(*words).code == 2


def test_a_terminal_is_signed_in_once_its_code_is_confirmed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, ended = threading.Event(), threading.Event()
    lines: list[str] = []

    def say(text: str) -> None:
        lines.append(text)
        if text.startswith("\n"):
            shown.set()

    def confirm() -> None:
        assert shown.wait(180)
        house = open_house(load_settings(terminal.state))
        actor = house.identity.actor(terminal.ids["rex"], second_factor=True)
        house.identity.confirm_pairing(actor, lines[-1].strip())
        house.record.engine.dispose()
        ended.set()

    monkeypatch.setattr(signing, "say", say)
    monkeypatch.setattr(signing, "_PAUSE_SECONDS", 0.05)
    thread = threading.Thread(target=confirm)
    thread.start()
    ran = terminal.run("sign-in", "--wait", "180")
    thread.join()
    assert ended.is_set()
    assert ran.code == 0
    assert "http://localhost:8700/command-sign-in" in lines[0]
    file = terminal.state / "sessions" / f"{account()}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert terminal.done("whoami")["name"] == "Rex"


def test_a_code_that_nobody_confirms_signs_nobody_in(terminal: Terminal) -> None:
    ran = terminal.run("sign-in", "--wait", "1")
    assert ran.code == 5
    assert terminal.run("whoami").code == 4


def test_signing_out_ends_the_session_for_whoever_kept_its_secret(terminal: Terminal) -> None:
    terminal.sign_in("rex")
    file = terminal.state / "sessions" / f"{account()}.json"
    kept = file.read_bytes()
    assert terminal.run("whoami").code == 0
    assert terminal.run("sign-out").code == 0
    assert not file.exists()
    assert terminal.run("sign-out").code == 0
    file.write_bytes(kept)
    file.chmod(0o600)
    assert terminal.run("whoami").code == 4


def test_a_suspended_person_has_no_session_any_more(terminal: Terminal) -> None:
    terminal.sign_in("rex")
    file = terminal.state / "sessions" / f"{account()}.json"
    kept = file.read_bytes()
    terminal.done("person", "suspend", terminal.ids["rex"], "--reason", "Asked to.", "--yes", who="ada")
    file.write_bytes(kept)
    assert terminal.run("whoami").code == 4


def test_the_doctor_says_what_is_missing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    good = Check(name="sandbox", ok=True, message="Sandboxes can be made.")
    monkeypatch.setattr(checkup, "examine_machine", lambda _settings: [good])
    assert terminal.run("doctor").code == 0
    bad = Check(name="memory", ok=False, message="It lies on a disk.")
    monkeypatch.setattr(checkup, "examine_machine", lambda _settings: [good, bad])
    ran = terminal.run("doctor", "--output", "json")
    assert ran.code == 7
    assert [check["ok"] for check in ran.data] == [True, False]


def test_the_doctor_looks_at_this_machine(terminal: Terminal) -> None:
    ran = terminal.run("doctor", "--output", "json")
    assert ran.code in (0, 7)
    assert {check["name"] for check in ran.data} >= {"sandbox", "memory"}


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (("up",), "orchestrator.assembly.run_everything"),
        (("airlock", "worker"), "orchestrator.assembly.run_airlock_worker"),
    ],
)
def test_each_process_is_started_with_the_installation(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], target: str
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(target, seen.append)
    assert terminal.run(*words).code == 0
    given = getattr(seen[0], "settings", seen[0])
    assert given.state == terminal.state


@pytest.mark.parametrize("name", ["web", "controller"])
def test_portal_and_controller_take_the_place_of_the_command(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _program, words: seen.append(words))
    assert terminal.run(name).code == 0
    assert seen[0][1:] == ["-m", f"orchestrator.{name}", "--state", str(terminal.state)]


def test_the_doctor_looks_at_the_cluster_of_the_settings(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestrator.assembly.installation import checkup
    from orchestrator.settings import Settings

    seen: list[Settings] = []
    good = Check(name="network-policies", ok=True, message="A try showed that they are enforced.")
    bad = Check(name="rights-missing", ok=False, message="The account may not list pods.")
    monkeypatch.setattr(
        "orchestrator.settings.load_settings",
        lambda state: Settings.model_construct(state=state, workspaces=SimpleNamespace(backend="kubernetes")),
    )
    monkeypatch.setattr(checkup, "examine_cluster", lambda settings: seen.append(settings) or [good])
    assert terminal.run("doctor").code == 0
    monkeypatch.setattr(checkup, "examine_cluster", lambda _settings: [good, bad])
    ran = terminal.run("doctor", "--output", "json")
    assert ran.code == 7
    assert [check["name"] for check in ran.data] == ["network-policies", "rights-missing"]
    assert len(seen) == 1
