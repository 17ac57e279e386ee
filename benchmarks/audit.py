"""Durable audit entries per second against the disk's own limit, and what one proof costs, in one run.

The limit is one fdatasync per entry on a preallocated file of the same size, on the same disk. Proofs are made of
entries spread over logs of the given sizes: by the tiles that are kept of the tree, by reading every leaf as the first
version did, and on a log that has no tiles yet. Run:
    .venv/bin/python benchmarks/audit.py [--directory DIR] [--rounds 5] [--proofs 100000 1000000]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import delete, select

from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.merkle import inclusion_proof
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.audit.store import EntryRow, NodeRow
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


def proofs(directory: Path, size: int) -> tuple[float, float, float, float]:
    """A proof in ms of processor time: by tiles (median, slowest of 101), by every leaf, on a log without nodes."""
    _, record = ours(directory, 10_000, size)
    audit = AuditService(record)
    audit.sign_head(FakeSigner())
    tiled = sorted(clocked(partial(audit.prove, number * (size - 1) // 100)) for number in range(101))
    with record.read() as session:
        read = select(EntryRow.leaf).where(EntryRow.position < size).order_by(EntryRow.position)
        whole = [clocked(lambda: inclusion_proof(list(session.scalars(read)), size // 3)) for _ in range(3)]
    with record.engine.begin() as connection:
        connection.execute(delete(NodeRow))
    bare = clocked(lambda: audit.prove(size // 3))
    record.engine.dispose()
    return statistics.median(tiled), tiled[-1], min(whole), bare


def clocked(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    return (time.process_time() - started) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path.cwd())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--proofs", type=int, nargs="*", default=[100_000, 1_000_000])
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
        proved = [(size, *proofs(directory, size)) for size in arguments.proofs]
    print(f"load average {os.getloadavg()[0]:.1f}; {arguments.rounds} rounds; median (minimum to maximum)")
    names = ("fdatasync limit, /s", "one per commit, /s", "  of the limit")
    names += ("100 per commit, /s", "  of the limit", "verify, entries/s")
    for label, column in zip(names, zip(*rows, strict=True), strict=True):
        form = ".2f" if "of the" in label else ".0f"
        print(f"{label:22} {statistics.median(column):>10{form}}  ({min(column):{form}} to {max(column):{form}})")
    print("one proof, ms of processor time: by tiles (median, slowest of 101), by every leaf, on a log without nodes")
    for size, median, slowest, whole, bare in proved:
        print(f"  {size:>9,} entries {median:>8.2f} {slowest:>8.2f} {whole:>10.0f} {bare:>10.0f}")


if __name__ == "__main__":
    main()
