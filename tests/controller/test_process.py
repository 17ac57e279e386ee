"""A real controller process, a real Vault and the health address: what watching machines are told, and its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.assembly.vaults import embedded_vault
from orchestrator.core.database import make_engine
from orchestrator.settings import Settings, load_settings
from tests.ports import free_ports


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    port = free_ports()
    chosen = {"logs": "json", "controller": {"health_port": port}, "vault": {"port": port + 1}}
    (tmp_path / "tre.yaml").write_text(yaml.safe_dump(chosen))
    settings = load_settings(tmp_path)
    engine = make_engine(settings.record_address)
    bring_up_to_date(engine)
    engine.dispose()
    return settings


@contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(90)


@contextmanager
def controlled(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "orchestrator.controller", "--state", str(settings.state)]
    with running(command, settings.state / "controller.log") as process:
        eventually(lambda: asked(settings, "/healthz") == 200, "the controller does not answer")
        yield process


def eventually(holds: Callable[[], object], what: str, seconds: float = 200.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def get(settings: Settings, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{settings.controller.health_port}{path}", timeout=60, trust_env=False)


def asked(settings: Settings, path: str) -> int:
    try:
        return get(settings, path).status_code
    except httpx.HTTPError:
        return 0


def test_it_is_ready_with_its_vault_and_says_what_is_missing_without(settings: Settings) -> None:
    vault = embedded_vault(settings)
    vault.configure()
    command, environment = vault.command()
    with running(command, settings.state / "vault.log", environment) as server:
        vault.wait_until_ready()
        with controlled(settings):
            checks = {"record": "ok", "cluster": "ok", "vault": "ok"}
            whole = {"ready": True, "checks": checks, "role": "leader"}
            eventually(lambda: get(settings, "/readyz").json() == whole, "it is not ready with all it needs")
            assert asked(settings, "/readyz") == 200
            os.kill(server.pid, signal.SIGKILL)
            eventually(lambda: asked(settings, "/readyz") == 503, "a dead Vault was not noticed")
            assert get(settings, "/readyz").json()["checks"]["vault"] != "ok"
            assert get(settings, "/healthz").json()["ready"]


def test_it_counts_itself_and_writes_lines_that_programs_read(settings: Settings) -> None:
    with controlled(settings) as process:
        eventually(lambda: b'tre_reconcile_seconds_count{lane="chore"' in get(settings, "/metrics").content, "no pass")
        families = {family.name for family in text_string_to_metric_families(get(settings, "/metrics").text)}
        assert families >= {
            "tre_reconcile_seconds",
            "tre_queue_depth",
            "tre_queue_failing",
            "tre_backoffs",
            "tre_api_calls",
            "tre_drift",
            "tre_projects",
            "tre_sessions",
            "tre_leader",
            "tre_leader_lease_age_seconds",
        }
        for path in ("/", "/metrics/x", "/healthz/../etc", "/readyz%00"):
            assert asked(settings, path) == 404
        process.terminate()
        assert process.wait(120) == 0
    lines = [json.loads(line) for line in (settings.state / "controller.log").read_text().splitlines()]
    assert any(line.get("event") == "controller.leads" for line in lines)
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in lines)


def test_two_controllers_of_one_machine_do_not_take_the_same_health_address(settings: Settings) -> None:
    command = [sys.executable, "-m", "orchestrator.controller", "--state", str(settings.state)]
    with controlled(settings):
        second = subprocess.run(command, capture_output=True, timeout=200, check=False)
    assert second.returncode == 5, second.stderr
    assert b"8706" not in second.stderr
    assert b"health_port" in second.stderr
    assert b"Traceback" not in second.stderr
