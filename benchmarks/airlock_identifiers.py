"""How fast the identifier checks read a file, beside SHA-256 and beside plain regular expressions in the same run.

.venv/bin/python -m benchmarks.airlock_identifiers [--megabytes 100] [--rounds 5] [--write FILE.md]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import random
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.airlock.checks import contacts, identifiers
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen

ROOT = Path(__file__).resolve().parents[1]
PLAIN = [
    re.compile(r"(?<![\d.])\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)"),
    re.compile(r"(?i)\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"),
    re.compile(r"(?i)\b[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}\b"),
    re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? [A-Z][a-z]+"),
]


def results(size: int, seed: random.Random) -> bytes:
    """A table of results: groups, counts, shares, codes and words, without identifiers."""
    lines, length = ["group,count,share,estimate,code,period,note"], 0
    while length < size:
        line = (
            f"group {seed.randrange(900)},{seed.randrange(10, 90000)},{seed.random():.4f},{seed.gauss(0, 2):.6f},"
            f"C{seed.randrange(10, 99)}.{seed.randrange(9)},20{seed.randrange(10, 26)}-Q{seed.randrange(1, 5)},adjusted"
        )
        lines.append(line)
        length += len(line) + 1
    return ("\n".join(lines) + "\n").encode()


def records(size: int, seed: random.Random) -> bytes:
    """Rows about people: a ten-digit key, a date, a postcode and a number in each."""
    lines, length = ["key,born,postcode,value"], 0
    while length < size:
        line = (
            f"{seed.randrange(10**9, 10**10)},19{seed.randrange(30, 99)}-0{seed.randrange(1, 10)}-1"
            f"{seed.randrange(10)},"
            f"LS{seed.randrange(1, 29)} {seed.randrange(9)}AB,{seed.gauss(50, 9):.3f}"
        )
        lines.append(line)
        length += len(line) + 1
    return ("\n".join(lines) + "\n").encode()


def seconds(work: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def measure(content: bytes, rounds: int) -> dict[str, float]:
    pack = load_pack(ROOT / "policies" / "airlock" / "sdap.yaml")
    size, text = len(content) / 1e6, content.decode()

    def checks() -> None:
        file = Specimen.of(content, "file.csv")
        list(identifiers.check(file, pack))
        list(contacts.check(file, pack))

    def opened() -> None:
        _ = Specimen.of(content, "file.csv").tables

    whole, reading = seconds(checks, rounds), seconds(opened, rounds)
    return {
        "identifier checks": size / max(whole - reading, 1e-9),
        "with reading the table": size / whole,
        "SHA-256": size / seconds(lambda: hashlib.sha256(content).digest(), rounds),
        "plain re, the same kinds": size / seconds(lambda: [sum(1 for _ in each.finditer(text)) for each in PLAIN], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    seed = random.Random(1)  # noqa: S311 - invented rows
    size = options.megabytes * 1_000_000
    before = os.getloadavg()[0]
    found = {
        "results, none": measure(results(size, seed), options.rounds),
        "records, one in each row": measure(records(size, seed), options.rounds),
    }
    rows = "\n".join(
        f"| {name} | " + " | ".join(f"{each[kind]:,.0f}" for each in found.values()) + " |"
        for kind in next(iter(found.values()))
        for name in [kind]
    )
    text = f"""# Identifier checks

`.venv/bin/python -m benchmarks.airlock_identifiers --megabytes {options.megabytes}`, median of {options.rounds}
rounds (plain `re`: one), MB per processor second of one core, Python {platform.python_version()}, load {before:.1f}
before and {os.getloadavg()[0]:.1f} after.

| MB/s | {" | ".join(found)} |
|---|{"---|" * len(found)}
{rows}

Health service numbers with their check digits, full postcodes, e-mail addresses and titles with names; every byte is
read. Of postcodes, addresses and names the first 5,000 are looked at; numbers are all counted. Aim: 100 MB/s.
"""
    print(text)
    if options.write:
        options.write.write_text(text)


if __name__ == "__main__":
    main()
