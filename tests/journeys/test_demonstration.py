"""James' story from the first search to the checked result, on real parts, as `./scripts/run --once` walks it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.ports import free_ports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "orchestrator.demonstration"]


@pytest.fixture
def state() -> Iterator[Path]:
    """A state directory with a short path, empty of processes and of memory afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="tre-", dir="/tmp"))
    yield directory
    left = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"]) if mentions(process, directory)]
    shutil.rmtree(directory, ignore_errors=True)
    assert left == [], "processes were left running"


def mentions(process: psutil.Process, directory: Path) -> bool:
    return any(str(directory) in word for word in process.info["cmdline"] or ())


@pytest.mark.timeout(1200)
def test_the_whole_story_is_walked_once_and_everything_ends(state: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--state", str(state), "--once", "--output", "json", "--port", str(free_ports())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    result = json.loads(done.stdout)
    failed = [step for step in result["steps"] if not step["ok"]]
    assert failed == [], done.stderr
    assert done.returncode == 0
    assert len(result["steps"]) == 18
    assert len(result["released"]) == 1
    assert len(result["released"][0]["sha256"]) == 64
    assert "ok" in done.stderr


@pytest.mark.timeout(1200)
def test_it_stays_up_until_told_to_end_and_a_second_start_continues(state: Path, tmp_path: Path) -> None:
    port, output = free_ports(), tmp_path / "printed.txt"
    for _ in range(2):
        with output.open("w") as printed:
            process = subprocess.Popen(
                [*COMMAND, "--state", str(state), "--port", str(port)],
                cwd=ROOT,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
        try:
            assert answers(port, process, output), output.read_text()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=180)
        assert process.returncode == 0, output.read_text()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, "the portal still listens"


def answers(port: int, process: subprocess.Popen[bytes], output: Path) -> bool:
    """Wait until the portal lets James sign in and the command has said so."""
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline and process.poll() is None:
        try:
            page = httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=30, trust_env=False)
            if page.status_code == 200 and "James Whitfield" in page.text and "James Whitfield" in output.read_text():
                return process.poll() is None
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    return False


def test_a_state_directory_of_something_else_is_refused_in_words(state: Path) -> None:
    (state / "tre.yaml").write_text("portal:\n  port: 8700\n")
    done = subprocess.run([*COMMAND, "--state", str(state)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "belongs to another installation" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_written_is_refused_in_words() -> None:
    done = subprocess.run([*COMMAND, "--state", "/proc/tre"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
