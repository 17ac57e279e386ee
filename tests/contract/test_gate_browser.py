"""A real Chromium opens JupyterLab through the gate, runs a cell and saves; and cannot take a download away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.core.ids import new_id
from tests.contract.gate_world import WORKSPACE, World, new_world

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(not (WORKSPACE / "bin").exists(), reason="the workspace environment is not installed"),
]


@pytest.fixture
def world() -> Iterator[World]:
    made = new_world()
    with made.desk:
        made.desk.admit("warden2222222222")
        made.start("gate")
        made.start("hub")
        try:
            made.wait_open()
            yield made
        finally:
            made.stop()
    shutil.rmtree(made.directory, ignore_errors=True)


def test_a_person_signs_on_runs_a_cell_and_saves_the_notebook(world: World) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    person = world.desk.admit(new_id())
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            page = browser.new_page()
            failed: list[str] = []
            page.on(
                "response", lambda r: failed.append(f"{r.status} {r.request.method} {r.url}") if r.status >= 400 else 0
            )
            page.goto(f"{world.origin}/_gate/enter?ticket={world.desk.ticket(person)}")
            card = page.locator(".jp-LauncherCard[data-category=Notebook]").first
            card.wait_for(timeout=90_000)
            card.click()
            cell = page.locator(".jp-Notebook .jp-Cell .cm-content").first
            cell.wait_for(timeout=60_000)
            page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for(timeout=60_000)
            cell.click()
            page.keyboard.type("6*7")
            page.keyboard.press("Shift+Enter")
            output = page.locator(".jp-OutputArea-output").first
            output.wait_for(timeout=60_000)
            assert output.inner_text().strip() == "42", failed
            page.keyboard.press("Control+s")
            page.locator(".jp-Dialog .jp-mod-accept").first.click(timeout=90_000)
            home = world.path(f"homes/{person}")
            end = time.monotonic() + 90
            while "6*7" not in "".join(file.read_text() for file in home.glob("*.ipynb")):
                assert time.monotonic() < end, failed
                page.wait_for_timeout(200)

            tried = page.evaluate(
                "() => { const a = document.createElement('a'); a.download = 'x.txt';"
                " a.href = URL.createObjectURL(new Blob(['secret'])); document.body.append(a); a.click(); return 1; }"
            )
            assert tried == 1
            with pytest.raises(sync_api.TimeoutError):
                page.wait_for_event("download", timeout=2_000)
            assert [line for line in failed if "/api/kernels" in line or "/api/sessions" in line] == []
        finally:
            browser.close()
