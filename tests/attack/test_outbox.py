"""Routes out through the outbox, tried from inside a real sandbox; the frozen store, outside, says what got through.

The sandbox is a session's in small: no network, a dataset read-only, an outbox, and the session's own intake socket.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.sandbox.confine import bubblewrap
from orchestrator.airlock import client
from orchestrator.airlock.model import State
from tests.airlock.world import SAFE, make_world

CANARY = b"canary-of-the-dataset-4711"
PYTHON = Path(sys.executable).resolve()


@pytest.fixture
def world(record, clock, policy, tmp_path):
    """A running airlock and a sandbox's directories; what is a secret of the host carries the canary."""
    directory = Path(tempfile.mkdtemp(prefix="out-", dir="/tmp"))
    made = make_world(record, clock, policy, tmp_path)
    made.sessions.sessions[:] = [replace(made.live, directory=directory / "i")]
    made.worker = replace(made.worker, pause=0.1)
    for name in ("home", "data", "host"):
        (directory / name).mkdir()
    (directory / "home" / "outbox").mkdir()
    (directory / "data" / "people.csv").write_bytes(CANARY)
    (directory / "host" / "secret").write_bytes(CANARY)
    made.directory = directory
    stop = threading.Event()
    thread = threading.Thread(target=made.worker.run, args=(stop,))
    thread.start()
    end = time.monotonic() + 90
    while not (directory / "i" / "intake.sock").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    yield made
    stop.set()
    thread.join(90)
    shutil.rmtree(directory)


def inside(world, program: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program as the researcher would, in the sandbox."""
    base = PYTHON.parent.parent
    top = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        link = Path("/") / name
        top += (
            ["--symlink", str(link.readlink()), str(link)] if link.is_symlink() else ["--ro-bind", str(link), str(link)]
        )
    command = [
        str(bubblewrap()), "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", "--clearenv", *top, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        "--ro-bind", str(base), "/opt/python", "--setenv", "LD_LIBRARY_PATH", "/opt/python/lib",
        "--ro-bind", client.__file__, "/opt/tre/client.py",
        "--ro-bind", str(world.directory / "data"), "/data",
        "--bind", str(world.directory / "home"), "/home/researcher",
        "--ro-bind", str(world.directory / "i"), "/run/tre/intake",
        "--remount-ro", "/", "--chdir", "/home/researcher/outbox",
        "--", f"/opt/python/bin/{PYTHON.name}", "-I", "-S", "-c", SETUP + program,
    ]  # fmt: skip
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


SETUP = """
import os, pathlib, runpy, socket, subprocess, sys
def submit(*paths):
    sys.argv = ["tre-airlock", "submit", *paths, "--title", "t", "--context", "w", "--output", "json"]
    sys.exit(runpy.run_path("/opt/tre/client.py", run_name="client")["main"](sys.argv[1:]))
"""


def frozen_bytes(world) -> bytes:
    """Everything that got through, as the outside sees it."""
    store = world.desk.frozen.directory
    return b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())


def test_positive_control_an_ordinary_file_gets_through_and_the_observer_sees_it(world):
    done = inside(world, "pathlib.Path('r.csv').write_text('canary-of-the-dataset-4711'); submit('r.csv')")
    assert done.returncode == 0, done.stderr
    assert CANARY in frozen_bytes(world)


ROUTES = {
    "link to the dataset": "os.symlink('/data/people.csv', 'r.csv')",
    "link up and over": "os.symlink('../../../data/people.csv', 'r.csv')",
    "link through the process": "os.symlink('/proc/self/root/data/people.csv', 'r.csv')",
    "link to a descriptor": "f = open('/data/people.csv'); os.symlink(f'/proc/self/fd/{f.fileno()}', 'r.csv')",
    "link to a link": "os.symlink('/data/people.csv', 'a'); os.symlink('a', 'r.csv')",
    "folder that is a link": "os.mkdir('d'); os.symlink('/data', 'd/x'); os.rename('d', 'r.csv')",
    "pipe": "os.mkfifo('r.csv')",
    "socket": "socket.socket(socket.AF_UNIX).bind('r.csv')",
    "device": "os.symlink('/dev/zero', 'r.csv')",
    "huge sparse file": "os.truncate(os.open('r.csv', os.O_CREAT | os.O_WRONLY), 1 << 40)",
    "hard link": "pathlib.Path('a').write_text('x'); os.link('a', 'r.csv')",
}


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_but_an_ordinary_file_of_the_outbox_is_sent(world, route):
    done = inside(world, ROUTES[route] + "; submit('r.csv')")
    assert done.returncode in (2, 3), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert CANARY not in frozen_bytes(world)
    assert world.service.mine(world.actor(world.author)) == []


@pytest.mark.parametrize("name", ["../../host/secret", "/etc/passwd", "..", "x/../../y"])
def test_a_client_of_ones_own_cannot_name_a_way_out_of_the_store(world, name):
    raw = f"""
import json, struct, hashlib
s = socket.socket(socket.AF_UNIX); s.connect('/run/tre/intake/intake.sock'); s.settimeout(90)
send = lambda letter, body: s.sendall(letter + struct.pack('>I', len(body)) + body)
header = {{'protocol': 1, 'action': 'submit', 'title': 't', 'files': [{{'name': {name!r}, 'context': 'w'}}]}}
try:
    send(b'H', json.dumps(header).encode()); send(b'D', b'x')
    send(b'E', json.dumps({{'size': 1, 'sha256': hashlib.sha256(b'x').hexdigest()}}).encode()); send(b'F', b'')
except OSError:
    pass
print(s.recv(65536)[5:].decode())
"""
    done = inside(world, raw)
    assert json.loads(done.stdout)["error"] == "invalid", done.stderr
    assert (world.directory / "host" / "secret").read_bytes() == CANARY


def test_the_socket_and_its_directory_cannot_be_replaced_from_inside(world):
    done = inside(
        world,
        "\nfor what in (lambda: os.unlink('/run/tre/intake/intake.sock'), lambda: open('/run/tre/intake/x', 'w')):\n"
        "    try:\n        what(); print('done')\n    except OSError as error: print(type(error).__name__)\n",
    )
    assert "done" not in done.stdout
    assert inside(world, "pathlib.Path('r.csv').write_text('a'); submit('r.csv')").returncode == 0


def test_no_other_sessions_entrance_is_visible(world):
    other = replace(world.live, directory=world.directory / "j")
    world.sessions.sessions.append(replace(other, session_id=other.session_id[::-1], person_id=world.colleague))
    end = time.monotonic() + 90
    while not (world.directory / "j" / "intake.sock").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    done = inside(world, "print([str(p) for p in pathlib.Path('/run').rglob('*')])")
    assert done.stdout.strip() == "['/run/tre', '/run/tre/intake', '/run/tre/intake/intake.sock']"


def test_a_file_that_changes_while_it_is_sent_and_after_is_released_as_it_was_received(world):
    swapping = """
import threading
path = pathlib.Path('r.csv'); safe = b'arm,n\\nplacebo,120\\ntreated,118\\n'
path.write_bytes(safe)
stop = threading.Event()
def swap():
    while not stop.is_set():
        for content in (b'arm,n\\nplacebo,120\\ntreated,999\\n', safe):
            pathlib.Path('next').write_bytes(content); os.rename('next', path)
threading.Thread(target=swap, daemon=True).start()
try:
    submit('r.csv')
finally:
    stop.set(); path.write_bytes(b'changed afterwards')
"""
    for _ in range(5):
        shutil.rmtree(world.directory / "home" / "outbox")
        (world.directory / "home" / "outbox").mkdir()
        done = inside(world, swapping)
        assert done.returncode == 0, done.stderr
        sent = json.loads(done.stdout)
        submission = next(
            each for each in world.service.mine(world.actor(world.author)) if each.submission_id == sent["submission"]
        )
        end = time.monotonic() + 90
        while world.state(submission) is not State.IN_REVIEW:
            assert time.monotonic() < end
            time.sleep(0.02)
        seen = []
        for checker in world.checkers[:2]:
            opened = world.service.open_file(
                world.actor(checker), submission.submission_id, submission.files[0].file_id
            )
            seen.append(opened.path.read_bytes())
            world.review(checker, submission)
        while world.state(submission) is not State.RELEASED:
            assert time.monotonic() < end
            time.sleep(0.02)
        secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
        released = world.service.collect(world.actor(world.author), secret).files[0][1].read_bytes()
        assert {released, *seen} == {released}
        assert b"changed afterwards" not in released
        assert sent["files"][0]["sha256"] == submission.files[0].sha256


def test_the_program_runs_on_the_workspace_interpreter(world):
    workspace = Path(client.__file__).resolve().parents[2] / ".venv-workspace" / "bin" / "python"
    if not workspace.exists():
        pytest.skip("the workspace environment is not made yet")
    outbox = world.directory / "home" / "outbox"
    (outbox / "r.csv").write_bytes(SAFE)
    done = subprocess.run(
        [str(workspace), "-I", "-S", client.__file__, "submit", "r.csv", "--title", "t", "--context", "w"],
        check=False, capture_output=True, text=True, timeout=60, cwd=outbox,
        env={"TRE_INTAKE": str(world.directory / "i" / "intake.sock"), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
