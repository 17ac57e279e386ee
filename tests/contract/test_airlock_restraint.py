"""Inspections inside a pod: real Landlock, a real filter of system calls, and programs that try to get around them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters import restraint
from orchestrator.adapters.inspection import IsolatedInspector
from orchestrator.adapters.restraint import SINGLE_THREADED
from orchestrator.airlock.ports import Inspection
from tests.contract.test_airlock_inspection import RULES, SAFE, SMALL

ATTEMPTS = {
    "read a file of the state": "open(STATE + '/secret').read()",
    "read the system's accounts": "open('/etc/passwd').read()",
    "read the parent's environment": f"open('/proc/{os.getpid()}/environ').read()",
    "read its own memory map": "open('/proc/self/maps').read()",
    "write a file": "open(STATE + '/new', 'w')",
    "append to the state": "open(STATE + '/secret', 'a')",
    "cut a file": "os.truncate(STATE + '/secret', 0)",
    "remove a file": "os.unlink(STATE + '/secret')",
    "rename a file": "os.rename(STATE + '/secret', STATE + '/other')",
    "link a file": "os.link(STATE + '/secret', STATE + '/other')",
    "change rights": "os.chmod(STATE + '/secret', 0o777)",
    "change an owner": "os.chown(STATE + '/secret', os.getuid(), -1)",
    "change times": "os.utime(STATE + '/secret', (0, 0))",
    "mark a file": "os.setxattr(STATE + '/secret', 'user.x', b'1')",
    "list the state": "os.listdir(STATE)",
    "write to what it inspects": "os.write(0, b'x')",
    "open a TCP connection": "socket.create_connection(('127.0.0.1', PORT), 2)",
    "open a datagram socket": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "open a unix socket": "socket.socket(socket.AF_UNIX)",
    "pair of sockets": "socket.socketpair()",
    "fork": "os.fork()",
    "start a program": "os.execv('/bin/sh', ['sh'])",
    "start a thread": "threading.Thread(target=print).start()",
    "signal the parent": f"os.kill({os.getpid()}, 0)",
    "limit the parent": f"resource.prlimit({os.getpid()}, resource.RLIMIT_CORE, (0, 0))",
    "slow the parent": f"os.sched_setaffinity({os.getpid()}, {{0}})",
    "become somebody": "os.setuid(0) if os.getuid() else os.open('/', os.O_RDWR | os.O_TMPFILE)",
}
PROGRAM = """
import json, os, resource, socket, sys, threading
STATE, PORT = {state!r}, {port}
seen = {{}}
def attempt(name, code):
    try:
        exec(code)
        seen[name] = "done"
    except (OSError, RuntimeError) as error:
        seen[name] = type(error).__name__
for name, code in json.loads({attempts!r}).items():
    attempt(name, code)
finding = {{"rule": "SEEN", "severity": "note", "where": "", "guidance": ""}}
text = json.dumps([seen, sorted(os.environ)])
parts = [text[i:i + 500] for i in range(0, len(text), 500)]
print(json.dumps({{"complete": True, "kind": "seen", "findings": [{{**finding, "message": part}} for part in parts]}}))
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "frozen"
    path.write_bytes(SAFE)
    path.chmod(0o400)
    return path


def inspect(sample: Path, *, pack: object = RULES, **changes: object) -> Inspection:
    return IsolatedInspector(in_a_pod=True, **changes).inspect(sample, name="t.csv", sha256="", pack=pack)


def test_a_safe_file_is_found_safe_and_a_bad_one_bad(sample: Path) -> None:
    assert (inspect(sample).kind, inspect(sample).findings) == ("table", ())
    sample.chmod(0o600)
    sample.write_bytes(b"MZ" + bytes(200))
    assert inspect(sample).findings


def test_nothing_that_a_parser_taken_over_could_try_succeeds(sample: Path, tmp_path: Path) -> None:
    source, state = tmp_path / "extra", tmp_path / "state"
    source.mkdir()
    state.mkdir()
    (state / "secret").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        body = PROGRAM.format(state=str(state), port=port, attempts=json.dumps(ATTEMPTS))
        (source / "hostile.py").write_text(body)
        result = inspect(sample, module="hostile", extra_source=source)
    seen, environment = json.loads("".join(each.message for each in result.findings))
    assert {name for name, how in seen.items() if how == "done"} == set()
    assert set(seen) == set(ATTEMPTS)
    assert set(environment) <= {"LC_CTYPE", *SINGLE_THREADED}
    assert (state / "secret").read_text() == "x"


def test_the_attempts_succeed_without_the_walls(tmp_path: Path) -> None:
    """A positive control: it is the walls that refuse, not a mistake in the attempts."""
    state = tmp_path / "state"
    state.mkdir()
    harmless = {
        name: ATTEMPTS[name] for name in list(ATTEMPTS) if name.split()[0] in {"read", "change", "signal", "pair"}
    }
    (state / "secret").write_text("x")
    body = PROGRAM.format(state=str(state), port=9, attempts=json.dumps(harmless))
    done = subprocess.run(["python3", "-c", body], capture_output=True, text=True, check=True, timeout=60)
    seen, _ = json.loads("".join(each["message"] for each in json.loads(done.stdout)["findings"]))
    assert set(seen.values()) == {"done"}


def test_memory_and_time_are_limited(sample: Path) -> None:
    for resources in ({"memory_mib": 1}, {"cpu_seconds": 0}):
        tight = replace(SMALL, resources=replace(SMALL.resources, **resources))
        assert [each.rule for each in inspect(sample, pack=tight).findings] == ["INSPECTION_INCOMPLETE"]


def test_without_landlock_nothing_is_found_clean(sample: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shipped = Path(restraint.__file__).with_name("restrained.py").read_text()
    program = shipped.replace("= 444, 445, 446", "= 9444, 9445, 9446")
    assert program != shipped
    (tmp_path / "restrained.py").write_text(program)
    monkeypatch.setattr("orchestrator.adapters.restraint._PROGRAM", tmp_path / "restrained.py")
    assert [each.rule for each in inspect(sample).findings] == ["INSPECTION_INCOMPLETE"]
