"""A real Chromium: no accessibility violation on any main page, the whole way by keyboard, no script needed."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from tests.web.world import PNG, World, make_world

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = os.environ.get("TRE_TEST_PICTURES")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The portal on a free port of loopback, with a story in progress."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    world = make_world(tmp_path_factory.mktemp("served"), portal={"port": port})
    server = uvicorn.Server(uvicorn.Config(world.app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield world
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        world.house.record.engine.dispose()


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def opened(chromium, world: World, name: str | None = None, *, javascript: bool = True, width: int = 1200):
    """A page of a browser of its own, signed in as somebody."""
    context = chromium.new_context(
        base_url=world.house.settings.portal.public_url,
        java_script_enabled=javascript,
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    if name is not None:
        page.goto("/sign-in")
        person = world.house.identity.person(world.people[name])
        page.get_by_role("button", name=person.name).click()
        page.wait_for_url("**/")
    return page


@pytest.fixture(scope="module")
def told(served: World) -> dict[str, str]:
    """Things to look at: an application to decide, one to approve, submissions in each state."""
    from tests.web.world import answers

    access, researcher = served.house.access, served.actor("researcher")
    draft = access.draft(researcher, answers(served, "A second question"), [served.datasets["officer"]])
    waiting = access.draft(researcher, answers(served, "A third question"), list(served.datasets.values()))
    access.submit(researcher, waiting.application_id)
    files = {"counts.csv": b"arm,n\nplacebo,120\ntreated,118\n" * 40, "figure.png": PNG, "note.txt": b"All rounded.\n"}
    review = served.in_review(files, title="Survival by arm")
    released = served.released()
    return {
        "draft": draft.application_id,
        "waiting": waiting.application_id,
        "review": review.submission_id,
        "file": review.files[0].file_id,
        "released": released.submission_id,
    }


PAGES = [
    (None, "/"),
    (None, "/datasets"),
    (None, "/datasets/{dataset}"),
    (None, "/register"),
    (None, "/how-it-works"),
    (None, "/accessibility"),
    (None, "/sign-in"),
    (None, "/nothing"),
    ("researcher", "/"),
    ("researcher", "/account"),
    ("researcher", "/applications"),
    ("researcher", "/applications/new"),
    ("researcher", "/applications/{draft}"),
    ("researcher", "/applications/{draft}/edit"),
    ("researcher", "/projects"),
    ("researcher", "/projects/{project}"),
    ("researcher", "/projects/{project}/open"),
    ("researcher", "/projects/{project}/waiting"),
    ("researcher", "/submissions"),
    ("researcher", "/submissions/{released}"),
    ("researcher", "/command-sign-in"),
    ("officer", "/"),
    ("officer", "/decisions"),
    ("officer", "/decisions/{waiting}/{custodian}"),
    ("officer", "/custodians/{custodian}"),
    ("checker", "/reviews"),
    ("checker", "/reviews/{review}"),
    ("checker", "/reviews/{review}/files/{file}"),
    ("operator", "/"),
    ("operator", "/applications/{waiting}"),
    ("operator", "/projects/{project}"),
    ("operator", "/people"),
    ("operator", "/people/{person}"),
    ("operator", "/workspaces"),
    ("operator", "/audit"),
    ("operator", "/audit/verify"),
    ("operator", "/custodians"),
    ("stranger", "/people"),
]


@pytest.mark.parametrize("role", [None, "researcher", "officer", "checker", "operator", "stranger"])
def test_no_main_page_has_an_accessibility_violation_or_a_complaint_of_the_browser(
    chromium, served: World, told: dict[str, str], role: str | None
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    places = told | {
        "dataset": served.datasets["officer"],
        "project": served.project,
        "custodian": served.custodians["officer"],
        "person": served.people["stranger"],
    }
    page = opened(chromium, served, role)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    found = {}
    for who, path in PAGES:
        if who != role:
            continue
        page.goto(path.format(**places))
        for summary in page.locator("details > summary").all():
            summary.click()
        axe = Axe()
        results = axe.run(page)
        if results.violations_count:
            found[path] = results.generate_snapshot() + results.generate_report()
        if PICTURES:
            name = f"{role or 'public'}{path.replace('/', '-').replace('{', '').replace('}', '')}.png"
            page.screenshot(path=f"{PICTURES}/{name}", full_page=True)
    page.context.close()
    expected = ("404", "403")
    assert [text for text in complaints if not any(code in text for code in expected)] == []
    assert not found, "\n".join(f"{path}: {report}" for path, report in found.items())
