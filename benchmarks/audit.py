"""Durable audit entries per second against the disk's own limit, in one run.

The limit is one fdatasync per entry on a preallocated file of the same size, on the same disk. Run:
    .venv/bin/python benchmarks/audit.py [--directory DIR] [--rounds 5]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.core.database import Base, make_engine
from orchestrator.core.events import Event

ENTRIES = 1500
BODY = 264


def disk_limit(directory: Path) -> float:
    path = directory / "limit"
    with path.open("wb") as file:
        file.write(b"\0" * BODY * ENTRIES)
        os.fsync(file.fileno())
    descriptor = os.open(path, os.O_WRONLY)
    started = time.perf_counter()
    for number in range(ENTRIES):
        os.pwrite(descriptor, b"x" * BODY, number * BODY)
        os.fdatasync(descriptor)
    seconds = time.perf_counter() - started
    os.close(descriptor)
    return ENTRIES / seconds


def ours(directory: Path, per_commit: int, entries: int) -> tuple[float, Record]:
    record = Record(make_engine(f"sqlite:///{directory}/log-{per_commit}-{time.monotonic_ns()}.db"))
    Base.metadata.create_all(record.engine)
    event = Event(kind="thing.made", actor="a" * 16, subject="thing:" + "b" * 16, details={"state": "x" * 60})
    started = time.perf_counter()
    for _ in range(entries // per_commit):
        with record.change() as change:
            for _ in range(per_commit):
                change.tell(event)
    return entries / (time.perf_counter() - started), record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path.cwd())
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        directory = Path(name)
        for _ in range(arguments.rounds):
            limit = disk_limit(directory)
            single, _ = ours(directory, 1, ENTRIES)
            grouped, record = ours(directory, 100, ENTRIES * 10)
            started = time.perf_counter()
            seen = AuditService(record).verify()
            verified = seen.size / (time.perf_counter() - started)
            assert seen.sound
            rows.append((limit, single, single / limit, grouped, grouped / limit, verified))
    print(f"load average {os.getloadavg()[0]:.1f}; {arguments.rounds} rounds; median (minimum to maximum)")
    names = ("fdatasync limit, /s", "one per commit, /s", "  of the limit")
    names += ("100 per commit, /s", "  of the limit", "verify, entries/s")
    for label, column in zip(names, zip(*rows, strict=True), strict=True):
        form = ".2f" if "of the" in label else ".0f"
        print(f"{label:22} {statistics.median(column):>10{form}}  ({min(column):{form}} to {max(column):{form}})")


if __name__ == "__main__":
    main()
