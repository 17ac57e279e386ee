"""A real Chromium and a portal served on loopback, for tests and for pictures of pages."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.ports import free_port
from tests.web.world import World, make_world

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
NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="there is no Chromium on this machine"),
]


@contextmanager
def serving(state: Path) -> Iterator[World]:
    """Serve the portal on a free port of loopback, with the story told up to a running project."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    gate = free_port()
    ports = {"first_port": gate, "last_port": gate}
    world = make_world(state, portal={"port": port}, workspaces=ports)
    server = uvicorn.Server(uvicorn.Config(world.app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the portal did not start"
        time.sleep(0.02)
    try:
        yield world
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        world.house.record.engine.dispose()


@contextmanager
def launched() -> Iterator[Any]:
    """Start Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def opened(chromium, world: World, name: str | None = None, *, javascript: bool = True, width: int = 1200):
    """Return a page of a browser of its own, signed in as somebody."""
    context = chromium.new_context(
        base_url=world.house.settings.portal.public_url,
        java_script_enabled=javascript,
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    if name is not None:
        page.goto("/sign-in")
        person = world.house.identity.person(world.people[name])
        page.get_by_role("button", name=person.name).click()
        page.wait_for_url("**/")
    return page
