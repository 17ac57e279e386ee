"""Seconds and memory of a whole installation: start, approval to first cell, withdrawal, proportional memory.

Starts a demonstration of its own, walks the story and measures on the way. Run:
    .venv/bin/python benchmarks/installation.py [--rounds 3] [--port 9600]
Cold start with installation: time ./scripts/run --once in a fresh clone with UV_CACHE_DIR unset.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.assembly import Installation, open_house
from orchestrator.core.database import make_engine
from orchestrator.demonstration import asking, working
from orchestrator.demonstration.installation import demonstration_database, demonstration_settings
from orchestrator.demonstration.people import prepare
from orchestrator.demonstration.story import Story

CONTROL_PLANE = ("vault", "airlock", "controller", "web")


def session_of(leader: int) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if alive_in(process, leader)]


def alive_in(process: psutil.Process, leader: int) -> bool:
    try:
        return os.getsid(process.pid) == leader
    except ProcessLookupError:
        return False


def proportional(processes: list[psutil.Process]) -> float:
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def memory(installation, project: str) -> dict[str, float]:  # type: ignore[no-untyped-def]
    sizes = {}
    for record in installation.processes.records():
        if record.name in CONTROL_PLANE or record.group == project:
            name = "session (JupyterLab and one kernel)" if record.name.startswith("session") else record.name
            below = psutil.Process(record.pid).children(recursive=True)  # a sandbox is a session of its own
            sizes[name] = sizes.get(name, 0.0) + proportional(list({*session_of(record.pid), *below}))
    return sizes


async def first_cell(story: Story) -> None:
    async with story.stage.browser() as browser:
        await browser.enter()
        await browser.start_kernel()
        output = await browser.run("print(6 * 7)")
        assert output.text.strip() == "42"
        story.stage.seen["cell"] = time.monotonic()
        await asyncio.sleep(3)
        story.stage.seen["memory"] = memory(story.stage.seen["installation"], story.stage.seen["project"])


def one_round(port: int) -> dict[str, object]:
    state = Path(tempfile.mkdtemp(prefix="tre-", dir="/tmp"))
    settings = demonstration_settings(state, port)
    installation = Installation(settings, more=(demonstration_database(settings),))
    started = time.monotonic()
    try:
        bring_up_to_date(make_engine(settings.record_address))
        house = open_house(settings)
        cast = prepare(house)
        installation.start()
        ready = time.monotonic()
        story = Story(house, cast, lambda _step: None)
        story.stage.seen["installation"] = installation
        for step in (asking.sign_in, asking.await_sealed, asking.find, asking.apply, asking.decide, asking.approve):
            step(story.stage)
        approved = time.monotonic()
        working.wake(story.stage)
        asyncio.run(first_cell(story))
        return {
            "start": ready - started,
            "approved to first cell": story.stage.seen["cell"] - approved,
            "memory": story.stage.seen["memory"],
        }
    finally:
        installation.stop()
        shutil.rmtree(state, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=9600)
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        rounds.append(one_round(options.port))
        print(f"round {number + 1}: load average {os.getloadavg()[0]:.1f}: {rounds[-1]}")
    for name in ("start", "approved to first cell"):
        values = [float(one[name]) for one in rounds]  # type: ignore[arg-type]
        print(f"{name}: {statistics.median(values):.1f} s ({min(values):.1f} to {max(values):.1f})")
    sizes = rounds[-1]["memory"]
    assert isinstance(sizes, dict)
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{name:40} {size:6.0f} MB")
    print(f"{'together':40} {sum(sizes.values()):6.0f} MB")


if __name__ == "__main__":
    main()
