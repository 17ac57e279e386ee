"""The bench's page of a table with 100,000 rows in a real Chromium, beside one plain table of all rows.

    python -m benchmarks.airlock_bench_page [--rows 100000] [--times 5] [--write]

Each look is measured twice: what the server takes to answer, and what Chromium takes from the start of the navigation
until the page is loaded, drawn, and its first row can be read. “First look” is with nothing kept from before: the
file is read, its columns are counted up. The plain table is served from memory by a bare HTTP server.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import os
import platform
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from orchestrator.airlock.bench.contents import Contents
from orchestrator.airlock.model import Submission
from orchestrator.airlock.states import State
from tests.web.chromium import launched, opened, serving
from tests.web.world import World

RESULTS = Path(__file__).resolve().parent / "results" / "airlock_bench_page.md"
DRAWN = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
    const cell = document.querySelector("table tbody tr:first-child td, .tre-lines li");
    done(cell && cell.getBoundingClientRect().height > 0 ? performance.now() : null);
})))"""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Seconds of one kind of look, median and range, and how many bytes came."""

    name: str
    server: list[float]
    processor: list[float]
    browser: list[float]
    size: int


def table(rows: int) -> bytes:
    """Return a table of eight columns as results have them: labels, counts, means, intervals, dates, redactions."""
    dice = random.Random(20261122)  # noqa: S311 - the same table in every run
    lines = ["practice,arm,month,n,mean,low,high,deaths"]
    for row in range(rows):
        mean = 60 + 20 * dice.random()
        deaths = "[REDACTED]" if dice.random() < 0.2 else str(dice.randrange(10, 400, 5))
        month = f"20{dice.randrange(15, 25)}-{dice.randrange(1, 13):02d}"
        lines.append(
            f"practice {row // 40},{dice.choice('ABCD')},{month},{dice.randrange(10, 5000)},{mean:.2f},"
            f"{mean - 2:.2f},{mean + 2:.2f},{deaths}"
        )
    return ("\n".join(lines) + "\n").encode()


def plain_page(content: bytes) -> bytes:
    """Return the whole table as one HTML page."""
    rows = content.decode().splitlines()
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in rows[0].split(","))
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row.split(",")) + "</tr>" for row in rows[1:]
    )
    page = f"<!doctype html><title>All</title><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return page.encode()


@contextlib.contextmanager
def bare_server(page: bytes) -> Iterator[str]:
    """Serve one page from memory."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # a browser that leaves early takes the rest not
                self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def in_review(world: World, content: bytes) -> Submission:
    submission = world.submitted({"table.csv": content}, title="A long table")
    state = world.worker().scanning.scan(submission.submission_id)
    if state is State.BLOCKED:
        world.house.airlock.ask_override(world.actor("researcher"), submission.submission_id, reason="To measure.")
        world.house.airlock.decide_override(
            world.actor("lead"),
            submission.submission_id,
            accept=True,
            reason="To measure.",
            seen=world.seen(submission).version,
        )
    return world.seen(submission)


def forget(world: World) -> None:
    world.app.state.contents = Contents()  # type: ignore[attr-defined]


def measured(name: str, page: Any, url: str, times: int, before: Callable[[], None] = lambda: None) -> Measure:
    """Measure several navigations to one address. The server is a thread of this process, and so is what asks it."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    server, processor, browser, size = [], [], [], 0
    for _ in range(times):
        before()
        began, worked = time.perf_counter(), time.process_time()
        answer = httpx.get(url, cookies=cookies, timeout=60)
        server.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
        assert answer.status_code == 200, answer.status_code
        size = len(answer.content)
        before()
        page.goto(url, wait_until="load", timeout=180_000)
        drawn = page.evaluate(DRAWN)
        assert drawn is not None, "no row was drawn"
        browser.append(drawn / 1000)
        page.goto("about:blank")
    made = Measure(name=name, server=server, processor=processor, browser=browser, size=size)
    print(name, *(f"{statistics.median(each):.3f}" for each in (server, processor, browser)))
    return made


def looks(world: World, submission: Submission) -> list[tuple[str, str, bool]]:
    file = submission.files[0]
    path = f"{world.house.settings.portal.public_url}/reviews/{submission.submission_id}/files/{file.file_id}"
    last = f"{path}?row=99999"
    return [
        ("first look, nothing kept", path, True),
        ("the same again", path, False),
        ("columns in figures, nothing kept", f"{path}?view=columns", True),
        ("go to row 99,999", last, False),
        ("sort 100,000 rows by a number", f"{path}?order=4&down=1", False),
        ("find rows with a word", f"{path}?find=practice+1234", False),
        ("whole file as text", f"{path}?view=plain", False),
    ]


def run(rows: int, times: int) -> tuple[list[Measure], Measure]:
    content = table(rows)
    with tempfile.TemporaryDirectory() as state, serving(Path(state)) as world, launched() as chromium:
        submission = in_review(world, content)
        page = opened(chromium, world, "checker")
        found = [
            measured(name, page, url, times, (lambda: forget(world)) if cold else (lambda: None))
            for name, url, cold in looks(world, submission)
        ]
        with bare_server(plain_page(content)) as url:
            peer = measured("plain table of all rows", page, url, times)
    return found, peer


def written(found: list[Measure], peer: Measure, rows: int, times: int, size: int) -> str:
    def span(values: list[float]) -> str:
        return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"

    first, all_rows = statistics.median(found[0].browser), statistics.median(peer.browser)
    lines = [
        "# The bench: a page of a table with many rows",
        "",
        f"`python -m benchmarks.airlock_bench_page --write`: {rows:,} rows of 8 columns, {size / 1e6:.1f} MB; median",
        f"of {times} (least–most), in seconds. {platform.machine()}, {os.cpu_count()} processors, Python",
        f"{platform.python_version()}; load of the machine {os.getloadavg()[0]:.1f} at the end of the run.",
        "",
        "| look | server answers | its processor time | first row drawn in Chromium | bytes |",
        "|---|---|---|---|---|",
        *(
            f"| {each.name} | {span(each.server)} | {span(each.processor)} | {span(each.browser)} | {each.size:,} |"
            for each in (*found, peer)
        ),
        "",
        f"On the first look the first row is drawn after {first:.2f} s; one plain table of all rows, from memory,",
        f"takes {all_rows:.2f} s, {all_rows / first:.1f} times as long. The first look checks the frozen bytes against",
        "their hash and reads the whole table; its columns in figures come after the page. Later looks use what was",
        "read. The plain table has neither search, order, figures nor findings.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the results beside the other ones")
    given = parser.parse_args()
    found, peer = run(given.rows, given.times)
    text = written(found, peer, given.rows, given.times, len(table(given.rows)))
    print(text)
    if given.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
